"""What a cluster does with an operator in it. Each function is a scenario; its name is what it shows."""

import json
import os
import signal
import subprocess
import sys
import time

import chart
import faults
import many
import replicas
import rights
import walk_through
from cluster import *

INPUTS, DRY_RUN, CRDS = (os.environ[name] for name in ("INPUTS", "DRY_RUN", "CRDS"))
TRACES = [os.environ["TRACES"], os.environ["POD_TRACES"]]
GRPC = f"http://127.0.0.1:{os.environ['GRPC_PORT']}"
CALLER = "00f067aa0ba902b7"
TEAM = ["coordinator", "researcher", "analyst"]
LONG = not os.environ.get("K8S_SHORT")


def documents(path):
    """Each document of a file of YAML that is one of ours, as a text."""
    texts = open(path).read().split("\n---")
    return [text for text in texts if any(f"kind: {kind}\n" in text for kind in ("Agent", "ModelAPI", "MCPServer"))]


def crds_take_all_that_was_ever_written():
    kubectl("apply", "--server-side", "-f", CRDS)
    established("agents.kaos.tools", "mcpservers.kaos.tools", "modelapis.kaos.tools")
    kubectl("create", "namespace", "demo")
    for path in (INPUTS, DRY_RUN):
        for text in documents(path):
            # Strict: what would be dropped is an error.
            kubectl("apply", "-n", "demo", "--dry-run=server", "--validate=strict", "-f", "-", stdin=text)


def crds_refuse_what_is_wrong():
    env = {"name": "A", "value": "b", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    long = "a" * 58
    for wrong, words in [
        (resource("Agent", "a", model="m"), "modelAPI: Required"),
        (resource("Agent", "a", modelAPI="m"), "model: Required"),
        (resource("ModelAPI", "a", mode="proxy"), "supported values"),
        (resource("ModelAPI", "a", mode="Proxy", proxyConfig={"models": []}), "at least 1"),
        (resource("ModelAPI", "a", mode="Hosted", hostedConfig={}), "model: Required"),
        (resource("MCPServer", "a", params="x"), "spec.runtime is required"),
        (resource("MCPServer", "a", runtime="x", type="y"), "keep spec.runtime"),
        (resource("ModelAPI", "a", mode="Proxy", proxyConfig={"models": ["*"], "env": [{"name": "A"}]}, container={"env": []}), "keep spec.container.env"),
        (agent("a", config={"reasoningLoopMaxSteps": 99}), "less than or equal to 20"),
        (agent("a", config={"toolCallMode": "maybe"}), "supported values"),
        (agent("a", gatewayRoute={"timeout": "soon"}), "should match"),
        (agent("a", container={"env": [env]}), "value or valueFrom"),
        (agent("a", podSpec={"nodeSelector": "ssd"}), "must be of type object"),
        (agent(long), "more than 57 letters"),
        (agent("a.b"), "has a dot"),
    ]:
        said = apply(wrong, fails=True, words=["--validate=false"])
        assert words in said, f"{words}: {said}"
    said = apply(agent("a", contaner={}), fails=True, words=["--validate=strict"])
    assert "contaner" in said, said


def helm_installs_the_operator_as_a_pod_with_the_rights_that_it_prints():
    often = ["--set", "controllerManager.manager.env[0].name=OTEL_METRIC_EXPORT_INTERVAL", "--set-string", "controllerManager.manager.env[0].value=500"]
    chart.helm("install", "kaos", chart.CHART, *chart.NAMESPACE, "--skip-crds", "--set", f"telemetry.enabled=true,telemetry.endpoint={GRPC}", *often, "--wait", "--timeout", "60s")
    within(10, "it leads", lambda: "kaos_operator_leader 1" in http("http://kaos-operator.kaos-system:8080/metrics"))
    found = environment(items("pods", "kaos-system", "-l", chart.OPERATOR)[0])
    assert found["OTEL_EXPORTER_OTLP_ENDPOINT"] == GRPC and found["LOG_LEVEL"] == "INFO", found


def fast(name):
    """Telemetry of an agent of the tests comes at once."""
    return {"env": [{"name": "OTEL_BSP_SCHEDULE_DELAY", "value": "50"}, {"name": "OTEL_METRIC_EXPORT_INTERVAL", "value": "500"}]}


def all_become_ready_as_processes():
    apply(
        # Not in the order in which they need each other.
        agent("coordinator", "coordinate", agentNetwork={"access": ["researcher"]}, container=fast("coordinator")),
        agent("researcher", "research", agentNetwork={"access": ["analyst"]}, container=fast("researcher")),
        agent("analyst", "analyse", mcpServers=["calculator"], container=fast("analyst")),
        resource("MCPServer", "calculator", runtime="python-string", params="def add(a: int, b: int) -> int:\n    return a + b\n"),
        model_api(),
    )
    kubectl("wait", "-n", "demo", "--for=condition=Ready", "modelapi,mcpserver,agent", "--all", "--timeout=60s", timeout=90)
    shown = kubectl("get", "ag,mcp,api".replace("ag", "agents"), "-n", "demo")
    assert shown.count("true") == 5 and shown.count("Ready") >= 5, shown
    status = get("agent", "coordinator")["status"]
    assert status["endpoint"] == "http://agent-coordinator.demo.svc.cluster.local:8000", status
    assert status["linkedResources"] == {"modelapi": "llm"}, status
    reasons = {it["reason"] for it in items("events", "demo") if it["involvedObject"]["name"] == "coordinator"}
    assert "PodsReady" in reasons, reasons


def ask(trace, of="coordinator"):
    body = {"messages": [{"role": "user", "content": "Count."}]}
    headers = {"traceparent": f"00-{trace}-{CALLER}-01"}
    return http(f"http://agent-{of}.demo.svc.cluster.local:8000/v1/chat/completions", body, headers)


def spans(trace):
    found = []
    for line in (line for path in TRACES if os.path.exists(path) for line in open(path)):
        for group in json.loads(line).get("resourceSpans", []):
            attributes = {it["key"]: it["value"].get("stringValue") for it in group["resource"]["attributes"]}
            for scope in group["scopeSpans"]:
                found += [{**span, "resource": attributes} for span in scope["spans"] if span["traceId"] == trace]
    return found


def traced(first, of, says, services):
    """Asks until all of these take part (who a peer is it looks up in the background, after it is ready); gives the trace."""
    for number in range(5):
        trace = "%032x" % (first + number)
        answer = ask(trace, of)
        assert says in answer, answer
        there = lambda: {it["resource"]["service.name"] for it in spans(trace)} == set(services)
        try:
            within(5, f"spans of {services} in {trace}", there)
        except AssertionError:
            continue
        time.sleep(1)  # the rest of them
        return trace
    raise AssertionError(f"{services}: only {[it['resource']['service.name'] for it in spans(trace)]}")


def the_question_is_answered_and_is_one_trace_over_all_pods(first=0xABC000):
    trace = traced(first, "coordinator", "Three.", TEAM)
    turns = lambda: {it["resource"]["service.name"]: it for it in spans(trace) if it["name"] == "agent.agentic_loop"}
    whole = lambda: all(it["parentSpanId"] in {CALLER, *(other["spanId"] for other in spans(trace))} for it in spans(trace))
    within(10, "the parent of each span", whole)
    by_id = {it["spanId"]: it for it in spans(trace)}
    for above, below in zip(TEAM, TEAM[1:]):
        delegation = by_id[turns()[below]["parentSpanId"]]
        assert (delegation["name"], delegation["resource"]["service.name"]) == (f"delegate.{below}", above), delegation
    for span in by_id.values():
        named = span["resource"]["service.name"]
        assert span["resource"]["service.namespace"] == "demo" and span["resource"]["kaos.resource.name"] == named, span["resource"]
    assert any(it["name"].startswith("tool.") for it in by_id.values()), sorted(it["name"] for it in by_id.values())
    assert condition("agent", "analyst", "TelemetryConfigured") == "True/Configured"


def a_components_own_word_on_telemetry_wins():
    apply(agent("quiet", config={"telemetry": {"enabled": False}}))
    becomes("agent", "quiet", "Ready", "True")
    found = environment(pods("agent-quiet")[0])
    assert not [name for name in found if name.startswith("OTEL_")], found
    assert condition("agent", "quiet", "TelemetryConfigured") == "False/Disabled"
    apply(agent("nowhere", config={"telemetry": {"enabled": True}}), agent("own", config={"telemetry": {"endpoint": "http://127.0.0.1:1"}}))
    becomes("agent", "own", "Ready", "True")
    assert environment(pods("agent-own")[0])["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:1"


def settings_for_all_reach_processes_while_the_operator_runs():
    kubectl("patch", "configmap", "-n", "kaos-system", "kaos-operator-config", "-p", json.dumps({"data": {"DEFAULT_LOG_LEVEL": "DEBUG"}}))
    for workload, name in [("agent-coordinator", "LOG_LEVEL"), ("modelapi-llm", "LITELLM_LOG"), ("mcpserver-calculator", "LOG_LEVEL")]:
        within(40, f"{workload} is started with {name}=DEBUG", lambda: any(environment(pod).get(name) == "DEBUG" for pod in pods(workload)))
    # What means nothing changes nothing.
    kubectl("patch", "configmap", "-n", "kaos-system", "kaos-operator-config", "-p", json.dumps({"data": {"DEFAULT_LOG_LEVEL": "LOUD"}}))
    within(10, "the operator says so", lambda: "DEFAULT_LOG_LEVEL" in kubectl("logs", "-n", "kaos-system", "deployment/kaos-operator"))
    kubectl("patch", "configmap", "-n", "kaos-system", "kaos-operator-config", "-p", json.dumps({"data": {"DEFAULT_LOG_LEVEL": "INFO"}}))
    within(40, "all is as it was", lambda: all(environment(pod).get("LOG_LEVEL") == "INFO" for pod in pods("agent-coordinator")) and len(pods("agent-coordinator")) == 1)


def a_peer_that_is_created_later_is_found():
    apply(agent("early", agentNetwork={"access": ["late"]}))
    becomes("agent", "early", "Ready", "True")
    assert "PEER_AGENTS" not in environment(pods("agent-early")[0])
    assert "late" in get("agent", "early")["status"]["message"], "a peer that is not there is told"
    apply(agent("late"))
    within(40, "early knows late", lambda: any(environment(pod).get("PEER_AGENTS") == "late" for pod in pods("agent-early")))
    within(10, "nothing is told any more", lambda: "warning" not in get("agent", "early")["status"]["message"])


def a_changed_list_of_models_restarts_the_proxy():
    before = pods("modelapi-llm")[0]["metadata"]["uid"]
    apply(model_api(models=["*", "new-model"]))
    within(40, "another pod serves", lambda: [it for it in pods("modelapi-llm") if it["metadata"]["uid"] != before])
    within(20, "it has read the new list", lambda: "new-model" in http("http://modelapi-llm.demo:8000/config"))


def telemetry_over_http_goes_to_a_service_by_its_name():
    labels = {"app": "collector"}
    container = {"name": "collector", "image": "collector:test", "ports": [{"containerPort": 4318}], "readinessProbe": {"tcpSocket": {"port": 4318}}}
    kubectl("create", "namespace", "elsewhere")
    apply(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "collector"}, "spec": {"selector": labels, "ports": [{"port": 4318}]}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "collector"}, "spec": {
            "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}},
        namespace="elsewhere",
    )
    kubectl("rollout", "status", "-n", "elsewhere", "deployment/collector", "--timeout=30s")
    endpoint = "http://collector.elsewhere.svc.cluster.local:4318"
    kubectl("patch", "configmap", "-n", "kaos-system", "kaos-operator-config", "-p", json.dumps({"data": {"DEFAULT_TELEMETRY_ENDPOINT": endpoint}}))
    told = lambda name: len(pods(f"agent-{name}")) == 1 and environment(pods(f"agent-{name}")[0]).get("OTEL_EXPORTER_OTLP_PROTOCOL") == "http/protobuf"
    for name in TEAM:
        within(60, f"{name} sends over HTTP", lambda: told(name))
    the_question_is_answered_and_is_one_trace_over_all_pods(0xABC100)


def the_ancestors_agent_runs_beside_ours():
    """KAOS' own agent of today as a process, with what our operator gives it; ours asks it."""
    container = {"image": "ancestor-agent:test", "env": [{"name": "DEBUG_MOCK_RESPONSES", "value": '["three"]'}, {"name": "OTEL_BSP_SCHEDULE_DELAY", "value": "100"}]}
    apply(agent("theirs", container=container), agent("asker", "ask-theirs", agentNetwork={"access": ["theirs"]}, container=fast("asker")))
    becomes("agent", "theirs", "Ready", "True", seconds=90)
    becomes("agent", "asker", "Ready", "True", seconds=60)
    trace = traced(0xABC200, "asker", "Theirs says three.", ["asker", "theirs"])
    both = [it for it in spans(trace) if it["resource"]["service.name"] == "theirs"]
    assert all(it["resource"]["service.namespace"] == "demo" and it["resource"]["kaos.resource.name"] == "theirs" for it in both)
    kubectl("delete", "agent", "theirs", "asker", "-n", "demo")


def ours_runs_from_the_environment_that_the_ancestors_operator_rendered():
    """Its objects as they were recorded, without either operator: our programs stand in for its images."""
    kubectl("create", "namespace", "recorded")
    text = open(os.environ["ARTICLE"]).read().replace("namespace: demo", "namespace: recorded").replace(".demo.", ".recorded.")
    text = "\n---".join(it for it in text.split("\n---") if "\nkind: HTTPRoute" not in it)
    made = json.loads(kubectl("apply", "--dry-run=client", "-o", "json", "-f", "-", stdin=text))["items"]
    for it in made:
        it["metadata"] = {"name": it["metadata"]["name"], "namespace": "recorded", "labels": it["metadata"].get("labels", {})}
    made = [it for it in made if it["kind"] in ("ConfigMap", "Deployment", "Service")]
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "llm-api-key"}, "stringData": {name: "none" for name in ("api-key", "apiKey", "key", "OPENAI_API_KEY")}}
    apply(secret, *made, namespace="recorded")
    agents = [it["metadata"]["name"] for it in made if it["kind"] == "Deployment" and it["metadata"]["name"].startswith("agent-")]
    assert "agent-coordinator" in agents, agents
    kubectl("wait", "-n", "recorded", "--for=condition=Available", "deployments", "--all", "--timeout=60s", timeout=90)
    for it in made:
        if it["kind"] == "Service":
            place = f"{it['metadata']['name']}.recorded.svc.cluster.local:{it['spec']['ports'][0]['port']}"
            within(10, f"{place} is reached", lambda: reached(f"http://{place}/health"))
    for name in agents:
        body = {"messages": [{"role": "user", "content": "Hello?"}]}
        answer = json.loads(http(f"http://{name}.recorded.svc.cluster.local:8000/v1/chat/completions", body))
        assert answer["choices"][0]["message"]["content"] == "hello", answer
    kubectl("delete", "namespace", "recorded", "--wait=false")


def the_operators_own_metrics_are_sent_where_the_chart_says():
    within(20, "kaos.operator.reconcile.duration", lambda: "kaos.operator.reconcile.duration" in open(os.environ["METRICS"]).read())


SCENARIOS = [
    crds_take_all_that_was_ever_written,
    crds_refuse_what_is_wrong,
    *chart.BEFORE,
    helm_installs_the_operator_as_a_pod_with_the_rights_that_it_prints,
    all_become_ready_as_processes,
    the_operators_own_metrics_are_sent_where_the_chart_says,
    the_question_is_answered_and_is_one_trace_over_all_pods,
    a_components_own_word_on_telemetry_wins,
    a_peer_that_is_created_later_is_found,
    a_changed_list_of_models_restarts_the_proxy,
    settings_for_all_reach_processes_while_the_operator_runs,
    *([the_ancestors_agent_runs_beside_ours] if os.environ.get("ANCESTOR") else []),
    ours_runs_from_the_environment_that_the_ancestors_operator_rendered,
    telemetry_over_http_goes_to_a_service_by_its_name,
    *faults.SCENARIOS,
    *(replicas.SCENARIOS + many.SCENARIOS if LONG else []),
    rights.the_roles_grant_exactly_what_was_used,
    *chart.AFTER,
    *([walk_through.the_walk_through_prints_what_the_documentation_shows] if LONG else []),
]


NEEDED = [crds_take_all_that_was_ever_written, helm_installs_the_operator_as_a_pod_with_the_rights_that_it_prints, all_become_ready_as_processes]


def show_what_is_wrong():
    print(kubectl("get", "agents,mcpservers,modelapis,pods", "-A", "-o", "wide"))
    for pod in items("pods", "", "-A"):
        at = (pod["metadata"]["name"], "-n", pod["metadata"]["namespace"])
        if pod["metadata"]["namespace"] in ("kaos-system", "research") or not any(it["type"] == "Ready" and it["status"] == "True" for it in pod["status"].get("conditions", [])):
            said = subprocess.run([f"{BIN}/kubectl", f"--kubeconfig={STATE}/kubeconfig", "logs", *at, "--tail=15"], capture_output=True, text=True)
            print(f"--- {at[0]}: {pod['status'].get('containerStatuses')}\n{said.stdout}{said.stderr}")


def main():
    # A shell starts what runs behind it with SIGINT ignored, which what it starts would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    failed = 0
    wanted = sys.argv[1:]
    # Named by words of their names, those alone run, after what all others need; and one that fails does not end it.
    ours = [it for it in SCENARIOS if not wanted or it in NEEDED or any(word in it.__name__ for word in wanted)]
    for scenario in ours:
        began = time.monotonic()
        name = scenario.__name__.replace("_", " ")
        try:
            scenario()
        except Exception as error:
            failed += 1
            show_what_is_wrong()
            print(f"FAIL  {name}: {type(error).__name__}: {error}", flush=True)
            if not wanted:
                break
            continue
        print(f"ok    {name} ({time.monotonic() - began:.1f} s)", flush=True)
    print(f"{len(ours) - failed if wanted or not failed else ours.index(scenario)} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
