"""The chart: Helm and the API server take it, its values reach every process, and what runs goes on whatever becomes of the operator."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.request

from cluster import *

CHART, RECORDED = os.environ["CHART"], os.environ["RECORDED"]
GRPC = f"http://127.0.0.1:{os.environ['GRPC_PORT']}"
OPERATOR = "app.kubernetes.io/name=kaos-operator"
ENVIRONMENT = {**os.environ, "KUBECONFIG": f"{STATE}/kubeconfig", "HOME": STATE, "PATH": f"{BIN}:{os.environ['PATH']}"}
NAMESPACE = ["-n", "kaos-system", "--create-namespace"]

# Values to render with, as --set has them.
MATRIX = [
    "",
    "telemetry.enabled=true,telemetry.endpoint=http://collector.observability:4317",
    "telemetry.enabled=true,telemetry.endpoint=https://collector.observability:4318,logLevel=debug",
    "telemetry.enabled=true",
    "defaultImages.agentRuntime=x/agent:1,defaultImages.ollama=,defaultImages.mcpKubernetes=x/k:1",
    "mcpRuntimes.custom.mine.image=x/y:1,mcpRuntimes.custom.mine.paramsEnvVar=P,mcpRuntimes.custom.slack.image=z:1",
    "gatewayAPI.enabled=true,gateway.defaultTimeouts.agent=0s",
    "gatewayAPI.enabled=true,gatewayAPI.gatewayNamespace=front,gatewayAPI.gatewayName=edge",
    "controllerManager.replicas=2,controllerManager.manager.image.tag=test,controllerManager.manager.imagePullPolicy=Always",
    "controllerManager.nodeSelector.disk=ssd,controllerManager.manager.resources.limits.memory=1Gi,serviceAccount.annotations.who=me",
]

# What is refused, and words of what is said.
REFUSED = [
    ("telemetry.enabled=maybe", ["telemetry/enabled", "want boolean"]),
    ("telemetry.endpoint=collector:4317", ["telemetry/endpoint", "https?://"]),
    ("telemtry.enabled=true", ["telemtry", "not allowed"]),
    ("logLevel=loud", ["logLevel", "'TRACE'"]),
    ("controllerManager.replicas=many", ["controllerManager/replicas", "want integer"]),
    ("controllerManager.manager.args=x", ["controllerManager/manager", "args"]),
    ("gatewayAPI.listenerPort=70000", ["gatewayAPI/listenerPort", "65,535"]),
    ("gateway.defaultTimeouts.mcp=soon", ["gateway/defaultTimeouts/mcp"]),
    ("gatewayAPI.enabled=true,gatewayAPI.createGateway=true", ["gatewayAPI.gatewayClassName is required when createGateway is true"]),
]


def run(program, *words, fails=False, timeout=120):
    """What a program prints; of one that is to fail, what it says."""
    done = subprocess.run([f"{BIN}/{program}", *words], capture_output=True, text=True, timeout=timeout, env=ENVIRONMENT)
    assert (done.returncode != 0) == fails, f"{program} {' '.join(words)}: {done.returncode}: {done.stderr}{done.stdout}"
    return done.stderr if fails else done.stdout


def helm(*words, fails=False):
    # The scenarios write what is Helm's, too.
    force = ["--force-conflicts"] if words[0] == "upgrade" else []
    return run("helm", *words, *force, *([] if "-n" in words or words[0] in ("lint", "template") else ["-n", "kaos-system"]), fails=fails)


def taken(text):
    """What the API server makes of objects, without what it or who applies them adds, in their order."""
    objects = {}
    for it in json.loads(kubectl("apply", "--dry-run=server", "-o", "json", "--validate=strict", "-f", "-", stdin=text, timeout=200))["items"]:
        metadata, kind = it["metadata"], it["kind"]
        annotations = {name: text for name, text in metadata.get("annotations", {}).items() if kind == "ServiceAccount" and "kubectl" not in name}
        it["metadata"] = {"name": metadata["name"], "namespace": metadata.get("namespace"), "annotations": annotations}
        if kind == "Service":
            it["spec"].pop("clusterIP"), it["spec"].pop("clusterIPs")
        if "runtimes.yaml" in it.get("data", {}):
            it["data"] = json.loads(it["data"]["runtimes.yaml"])
        it.pop("status", None)
        objects.setdefault((kind, metadata["name"]), []).append(it)
    return objects


def the_chart_is_taken_by_helm_and_the_api_server_and_is_what_the_program_makes_without_helm():
    said = helm("lint", "--strict", CHART)
    assert "0 chart(s) failed" in said, said
    kubectl("create", "namespace", "kaos-system")
    # All at once: an API server is asked about each object anyway.
    by_helm = taken("\n---\n".join(helm("template", "kaos", CHART, "-n", "kaos-system", "--set", values) for values in MATRIX))
    by_kaos = taken("\n---\n".join(run("kaos", "install", "--dry-run", *(["--set", values] if values else [])) for values in MATRIX))
    assert by_helm.keys() == by_kaos.keys(), sorted(by_helm.keys() ^ by_kaos.keys())
    for key, objects in by_helm.items():
        assert len(objects) == len(by_kaos[key]) == len(MATRIX), key
        for values, one, other in zip(MATRIX, objects, by_kaos[key]):
            assert one == other, f"{values}: {key}:\n{json.dumps(one)}\n{json.dumps(other)}"
    # Its class is not known here: rendered, not applied.
    made = helm("template", "kaos", CHART, "--set", "gatewayAPI.enabled=true,gatewayAPI.createGateway=true,gatewayAPI.gatewayClassName=envoy")
    assert 'gatewayClassName: "envoy"' in made


def the_chart_refuses_values_in_words():
    for values, words in REFUSED:
        said = helm("template", "kaos", CHART, "--set", values, fails=True)
        assert all(word in said for word in words), f"{values}: {said}"


def running():
    """The pods of the demo, by workload, but for the short-lived ones."""
    return {it["metadata"]["uid"] for it in items("pods", "demo") if not it["metadata"].get("deletionTimestamp")}


def nothing_restarts(before, what):
    time.sleep(3)
    assert running() == before, f"{what}: pods are other ones: {running() ^ before}"


def settled():
    """What runs, when nothing starts or ends any more."""
    kubectl("wait", "-n", "demo", "--for=condition=Progressing=False", "agents,mcpservers,modelapis", "--all", "--timeout=90s", timeout=100)
    return running()


def has(pod, name, value):
    """Whether a pod has this variable; one that has just ended has none."""
    try:
        return environment(pod).get(name) == value
    except FileNotFoundError:
        return False


def values_reach_every_process_and_a_rollback_takes_them_back():
    revision = json.loads(helm("status", "kaos", "-o", "json"))["version"]
    level = lambda workload, name, value: lambda: any(has(pod, name, value) for pod in pods(workload))
    helm("upgrade", "kaos", CHART, "--reuse-values", "--set", "logLevel=debug", "--wait", "--timeout", "90s")
    both = [("agent-coordinator", "LOG_LEVEL"), ("mcpserver-calculator", "LOG_LEVEL"), ("modelapi-llm", "LITELLM_LOG")]
    for workload, name in both:
        within(60, f"{workload} has {name}=DEBUG", level(workload, name, "DEBUG"))
    within(30, "the operator has LOG_LEVEL=DEBUG", lambda: any(has(it, "LOG_LEVEL", "DEBUG") for it in items("pods", "kaos-system", "-l", OPERATOR)))
    helm("rollback", "kaos", str(revision), "--wait", "--timeout", "90s", "--force-conflicts")
    for workload, name in both:
        within(60, f"{workload} has {name}=INFO again", level(workload, name, "INFO"))


def uninstalled_the_operator_leaves_all_running():
    before = settled()
    helm("uninstall", "kaos", "--wait")
    assert not items("deployments", "kaos-system") and not get("clusterrole", "kaos-operator")
    assert get("crd", "agents.kaos.tools") and get("agent", "coordinator")
    nothing_restarts(before, "uninstalled")


def a_release_of_kaos_own_chart_is_upgraded_and_its_agents_go_on():
    """Its objects as they were recorded; of its Deployment, what was."""
    recorded = json.load(open(RECORDED))[0]
    before = running()
    names = {it["kind"]: it["name"] for it in recorded["objects"] if it["kind"] != "ConfigMap"}
    labels = {"control-plane": "controller-manager"}
    account = {"serviceAccountName": names["ServiceAccount"], "containers": [{**recorded["manager"], "image": "axsauze/kaos-operator:v0.1.4-dev"}]}
    rbac = "rbac.authorization.k8s.io"
    made = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": names["ServiceAccount"]}},
        {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": names["ClusterRole"]}, "rules": recorded["clusterrole"]},
        {"apiVersion": f"{rbac}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": names["ClusterRoleBinding"]},
         "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": names["ClusterRole"]},
         "subjects": [{"kind": "ServiceAccount", "name": names["ServiceAccount"], "namespace": "kaos-system"}]},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kaos-operator-config"}, "data": recorded["kaos-operator-config"]},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kaos-mcp-runtimes"}, "data": {"runtimes.yaml": json.dumps(recorded["kaos-mcp-runtimes"])}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": names["Deployment"]},
         "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": account}}},
    ]
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/templates")
        json.dump({"apiVersion": "v2", "name": "kaos-operator", "version": "0.1.4"}, open(f"{folder}/Chart.yaml", "w"))
        for number, object in enumerate(made):
            json.dump(object, open(f"{folder}/templates/{number}.yaml", "w"))
        helm("install", "kaos", folder)
    # Whoever makes the objects now reads the new settings: the images that the pods have, so that nothing need be started anew.
    run("kaos", "install", "--set", f"telemetry.enabled=true,telemetry.endpoint={GRPC}")
    assert [it["metadata"]["name"] for it in items("deployments", "kaos-system")] == ["kaos-operator"]
    assert not get("clusterrole", names["ClusterRole"])
    nothing_restarts(before, "upgraded")
    apply(agent("after-upgrade"))
    becomes("agent", "after-upgrade", "Ready", "True", seconds=60)


def the_commands_ask_the_cluster():
    listed = run("kaos", "agent", "list", "-n", "demo")
    assert listed.startswith("NAME") and "coordinator" in listed and "true" in listed, listed
    assert "calculator" in run("kaos", "mcp", "list", "-A") and "llm" in run("kaos", "modelapi", "list", "-A")
    keyed = run("kaos", "agent", "get", "coordinator", "-n", "demo")
    assert "modelAPI: llm" in keyed and "managedFields" not in keyed, keyed
    assert "listens at" in run("kaos", "agent", "logs", "coordinator", "-n", "demo"), "the agent's own words"
    assert run("kaos", "agent", "invoke", "coordinator", "Count.", "-n", "demo") == "Three.\n"
    assert run("kaos", "agent", "invoke", "coordinator", "Count.", "-n", "demo", "--stream").strip() == "Three."
    assert run("kaos", "mcp", "invoke", "calculator", "add", '{"a": 2, "b": 3}', "-n", "demo").splitlines()[0] == "5"
    said = run("kaos", "mcp", "invoke", "calculator", "add", '{"a": 2}', "-n", "demo", fails=True)
    assert said.startswith("kaos: add: "), said
    assert run("kaos", "modelapi", "invoke", "llm", "Hello?", "--model", "hello", "-n", "demo").strip() == "hello"
    said = run("kaos", "agent", "invoke", "nobody", "Count.", "-n", "demo", fails=True)
    assert "there is no Agent nobody in the namespace demo" in said and "coordinator" in said, said
    run("kaos", "agent", "delete", "after-upgrade", "-n", "demo")
    within(20, "it is gone", lambda: not get("agent", "after-upgrade"))


def without_helm_the_same_objects_are_installed_and_uninstalled():
    before = settled()
    run("kaos", "uninstall")
    assert not items("deployments", "kaos-system"), "by Helm"
    values = ["--set", f"telemetry.enabled=true,telemetry.endpoint={GRPC}"]
    run("kaos", "install", "--without-helm", *values, timeout=150)
    nothing_restarts(before, "installed without Helm")
    labels = get("deployment", "kaos-operator", "kaos-system")["metadata"]["labels"]
    assert labels["app.kubernetes.io/managed-by"] == "kaos", labels
    # What is not Helm's becomes Helm's.
    run("kaos", "install", *values, timeout=150)
    assert get("deployment", "kaos-operator", "kaos-system")["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"
    run("kaos", "uninstall")
    run("kaos", "install", "--without-helm", *values, timeout=150)
    # Half of it is gone already: the rest is taken away all the same.
    kubectl("delete", "deployment", "kaos-operator", "-n", "kaos-system")
    run("kaos", "uninstall")
    within(20, "all is gone", lambda: not items("deployments", "kaos-system") and not get("clusterrole", "kaos-operator"))
    said = run("kaos", "uninstall", fails=True)
    assert "there is no operator" in said, said
    nothing_restarts(before, "uninstalled without Helm")


def the_backend_of_telemetry_is_shown_at_a_port_of_this_machine():
    kubectl("create", "namespace", "monitoring")
    labels = {"app": "signoz"}
    container = {"name": "signoz", "image": "signoz:test", "ports": [{"containerPort": 8080, "name": "web"}], "readinessProbe": {"httpGet": {"path": "/", "port": 8080}}}
    port = {"port": 8080, "targetPort": "web"}
    apply(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "my-signoz", "labels": {"app.kubernetes.io/name": "signoz"}}, "spec": {"selector": labels, "ports": [port]}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "signoz"}, "spec": {
            "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}},
        namespace="monitoring",
    )
    kubectl("rollout", "status", "-n", "monitoring", "deployment/signoz", "--timeout=30s")
    forwarding = subprocess.Popen([f"{BIN}/kaos", "ui", "--monitoring-enabled", "--monitoring-port", "0"], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    try:
        address = re.search(r"SigNoz is at (http://127.0.0.1:\d+)", forwarding.stdout.readline()).group(1)
        page = lambda: urllib.request.urlopen(address, timeout=5).read()
        assert b"Directory listing" in page()
        kubectl("delete", "pod", "-n", "monitoring", "-l", "app=signoz")
        kubectl("rollout", "status", "-n", "monitoring", "deployment/signoz", "--timeout=30s")

        def again():
            try:
                return b"Directory listing" in page()
            except OSError:
                return False

        within(20, "another pod answers at the same address", again)
        forwarding.send_signal(signal.SIGINT)
        assert forwarding.wait(10) == 0
    finally:
        forwarding.kill()
    said = run("kaos", "ui", "--monitoring-enabled=jaeger", fails=True)
    assert "there is no Jaeger in the namespace monitoring" in said and "my-signoz (8080)" in said, said
    kubectl("delete", "namespace", "monitoring", "--wait=false")


def a_page_shows_the_agents_of_a_namespace_and_asks_one():
    page = subprocess.Popen([f"{BIN}/kaos", "ui", "--cluster=demo", "--port", "0"], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    try:
        address, token = re.search(r"(http://127.0.0.1:\d+)/#token=(\S+)", page.stderr.readline()).groups()
        team = json.load(urllib.request.urlopen(f"{address}/api/agents", timeout=10))
        shown = {it["resource"]: it for it in team["components"]}
        assert team["namespace"] == "demo" and shown["coordinator"]["stage"] == "ready", team
        assert {"calculator", "llm"} <= shown.keys(), team
        question = json.dumps({"agent": "coordinator", "question": "Count."}).encode()
        asked = urllib.request.Request(f"{address}/api/ask", question, {"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            frames = [json.loads(line[5:]) for line in answer.read().decode().splitlines() if line.startswith("data:") and "[DONE]" not in line]
        said = "".join(it["choices"][0]["delta"].get("content") or "" for it in frames if it.get("choices"))
        assert said == "Three.", frames
        page.send_signal(signal.SIGINT)
        assert page.wait(10) == 0
    finally:
        page.kill()


BEFORE = [
    the_chart_is_taken_by_helm_and_the_api_server_and_is_what_the_program_makes_without_helm,
    the_chart_refuses_values_in_words,
]
AFTER = [
    values_reach_every_process_and_a_rollback_takes_them_back,
    uninstalled_the_operator_leaves_all_running,
    a_release_of_kaos_own_chart_is_upgraded_and_its_agents_go_on,
    the_commands_ask_the_cluster,
    a_page_shows_the_agents_of_a_namespace_and_asks_one,
    the_backend_of_telemetry_is_shown_at_a_port_of_this_machine,
    without_helm_the_same_objects_are_installed_and_uninstalled,
]
