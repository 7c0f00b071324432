"""What goes wrong in a cluster, and what the operator makes of it."""

import json
import os
import signal
import subprocess
import threading
import time

import chart
from cluster import *


def a_resource_that_nobody_touches_causes_no_request():
    time.sleep(3)  # what was before may end
    before = len(audit())
    time.sleep(20)
    after = audit()[before:]
    after = [it for it in after if it.get("objectRef", {}).get("resource") != "leases" and it["verb"] != "watch"]
    assert not after, [(it["verb"], it["requestURI"]) for it in after]


def a_dependency_that_is_deleted_and_comes_back():
    apply(model_api("short"), agent("leans", model_api="short"))
    becomes("agent", "leans", "Ready", "True")
    before = pods("agent-leans")[0]["metadata"]["uid"]
    kubectl("delete", "modelapi", "short", "-n", "demo")
    becomes("agent", "leans", "DependenciesReady", "False/DependencyMissing")
    assert get("agent", "leans")["status"]["phase"] == "Waiting"
    within(20, "what was made of it goes", lambda: not get("deployment", "modelapi-short") and not get("service", "modelapi-short") and not get("configmap", "litellm-config-short"))
    apply(model_api("short"))
    becomes("agent", "leans", "DependenciesReady", "True")
    becomes("agent", "leans", "Ready", "True")
    assert pods("agent-leans")[0]["metadata"]["uid"] == before, "the agent was not started anew for that"


def secret(value):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"key": value}}


def a_secret_that_is_missing_is_told_and_one_that_changes_restarts_who_reads_it():
    env = [{"name": "MY_KEY", "valueFrom": {"secretKeyRef": {"name": "key", "key": "key"}}}]
    apply(agent("keyed", container={"env": env}))
    becomes("agent", "keyed", "DependenciesReady", "False/InputMissing")
    apply(secret("one"))
    becomes("agent", "keyed", "DependenciesReady", "True")
    # Whatever it writes.
    levels("DEBUG")
    within(40, "the first value", lambda: [environment(it).get("MY_KEY") for it in pods("agent-keyed")] == ["one"])
    apply(secret("two"))
    within(40, "the second value", lambda: [environment(it).get("MY_KEY") for it in pods("agent-keyed")] == ["two"])
    # A label is no content.
    pod = pods("agent-keyed")[0]["metadata"]["uid"]
    kubectl("label", "secret", "key", "-n", "demo", "touched=yes")
    time.sleep(3)
    assert [it["metadata"]["uid"] for it in pods("agent-keyed")] == [pod]
    log = kubectl("logs", "-n", "kaos-system", "deployment/kaos-operator")
    assert "DEBUG" in log and "two" not in log.split(), "a value is in the log"
    levels("INFO")


def levels(level):
    """How much the operator itself writes."""
    kubectl("set", "env", "-n", "kaos-system", "deployment/kaos-operator", f"LOG_LEVEL={level}")
    kubectl("rollout", "status", "-n", "kaos-system", "deployment/kaos-operator", "--timeout=60s", timeout=90)


def a_name_at_the_limit():
    name = "a" * 57
    apply(agent(name))
    becomes("agent", name, "Ready", "True")
    assert len(f"agent-{name}") == 63 and get("service", f"agent-{name}")
    kubectl("delete", "agent", name, "-n", "demo")


def foreign(name):
    labels = {"x": "y"}
    container = {"name": "c", "image": "nothing"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}}


def a_foreign_object_of_our_name_is_left_alone_and_told():
    apply(foreign("agent-taken"))
    before = get("deployment", "agent-taken")
    apply(agent("taken"))
    becomes("agent", "taken", "Ready", "False/NameTaken")
    status = get("agent", "taken")["status"]
    assert status["phase"] == "Failed" and "there is a Deployment agent-taken" in status["message"], status
    assert get("deployment", "agent-taken")["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    reasons = {it["reason"]: it["type"] for it in items("events") if it["involvedObject"]["name"] == "taken"}
    assert reasons.get("NameTaken") == "Warning", reasons
    kubectl("delete", "deployment", "agent-taken", "-n", "demo")
    becomes("agent", "taken", "Ready", "True", seconds=60)
    kubectl("delete", "agent", "taken", "-n", "demo")


def what_somebody_makes_at_the_same_time_is_theirs_or_ours_and_never_both():
    names = [f"race{number}" for number in range(20)]
    lists = [[agent(name) for name in names], []]
    for name in names:
        spec = {"selector": {"app": "theirs"}, "ports": [{"name": "theirs", "port": 9}]}
        lists[1].append({"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"agent-{name}", "labels": {"theirs": "yes"}}, "spec": spec})
    command = [f"{BIN}/kubectl", f"--kubeconfig={STATE}/kubeconfig", "create", "-n", "demo", "-f", "-"]
    running = []
    for made in lists:
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": made}).encode()
        running.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        running[-1].stdin.write(text)
        running[-1].stdin.close()
    for each in running:
        each.wait(30)
    for name in names:
        within(30, f"{name} says how it is", lambda: condition("agent", name, "Ready"))
    services = {it["metadata"]["name"]: it for it in items("services") if it["metadata"]["name"].startswith("agent-race")}
    assert len(services) == len(names), sorted(services)
    ours = 0
    for name, service in services.items():
        is_ours, is_theirs = bool(service["metadata"].get("ownerReferences")), "theirs" in service["metadata"]["labels"]
        assert is_ours != is_theirs and len(service["spec"]["ports"]) == 1, service
        ours += is_ours
        if is_theirs:
            becomes("agent", name.removeprefix("agent-"), "Ready", "False/NameTaken")
    print(f"      {ours} of {len(names)} are ours")
    kubectl("delete", "agents", "-n", "demo", *names)
    kubectl("delete", "services", "-n", "demo", "-l", "theirs=yes")


def what_somebody_changes_or_deletes_comes_back():
    kubectl("delete", "service", "agent-early", "-n", "demo")
    within(10, "the Service is back", lambda: get("service", "agent-early"))
    change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "other:1"}]
    kubectl("patch", "deployment", "agent-early", "-n", "demo", "--type=json", "-p", json.dumps(change))
    image = lambda: get("deployment", "agent-early")["spec"]["template"]["spec"]["containers"][0]["image"]
    within(10, "the image is back", lambda: image().startswith("kaos-agent:"))
    # How many there are is theirs to say.
    kubectl("scale", "deployment", "agent-early", "-n", "demo", "--replicas=2")
    within(30, "two serve", lambda: len(pods("agent-early")) == 2)
    time.sleep(1)
    assert get("deployment", "agent-early")["spec"]["replicas"] == 2


def an_agent_that_nobody_is_to_find_any_more_loses_its_service():
    apply(agent("shy"))
    becomes("agent", "shy", "Ready", "True")
    apply(agent("shy", agentNetwork={"expose": False}))
    within(10, "no Service", lambda: not get("service", "agent-shy"))
    within(10, "no endpoint", lambda: "endpoint" not in get("agent", "shy")["status"])


def what_the_ancestors_operator_made_is_adopted_in_place():
    """As KAOS' own operator leaves it: its finalizer, its Deployment, its owner reference, with a variable that we do not make."""
    kubectl("scale", "-n", "kaos-system", "deployment/kaos-operator", "--replicas=0")
    within(30, "no operator", lambda: not items("pods", "kaos-system", "-l", chart.OPERATOR))
    old = agent("old")
    old["metadata"]["finalizers"] = ["kaos.tools/agent-finalizer"]
    apply(old)
    uid = get("agent", "old")["metadata"]["uid"]
    labels = {"app": "agent", "agent": "old"}
    owner = {"apiVersion": "kaos.tools/v1alpha1", "kind": "Agent", "name": "old", "uid": uid, "controller": True, "blockOwnerDeletion": True}
    container = {"name": "agent", "image": "kaos-agent:0.1.0", "ports": [{"containerPort": 8000}], "env": [
        {"name": name, "value": value} for name, value in [
            ("AGENT_NAME", "old"), ("MODEL_API_URL", "http://modelapi-llm.demo.svc.cluster.local:8000"), ("MODEL_NAME", "hello"), ("OTEL_PYTHON_OF_OLD", "1")]]}
    made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "agent-old", "labels": labels, "ownerReferences": [owner]},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}}
    kubectl("create", "-n", "demo", "--field-manager=manager", "-f", "-", stdin=json.dumps(made))
    within(30, "the old pod serves", lambda: pods("agent-old"))
    before = get("deployment", "agent-old")["metadata"]["uid"]
    kubectl("scale", "-n", "kaos-system", "deployment/kaos-operator", "--replicas=1")
    becomes("agent", "old", "Ready", "True", seconds=60)
    gone = lambda: pods("agent-old") and all("OTEL_PYTHON_OF_OLD" not in environment(it) for it in pods("agent-old"))
    within(40, "what we do not make is gone", gone)
    assert get("deployment", "agent-old")["metadata"]["uid"] == before, "it is the same Deployment"
    within(10, "no finalizer", lambda: "finalizers" not in get("agent", "old")["metadata"])
    kubectl("delete", "agent", "old", "-n", "demo", "--timeout=20s")


def what_is_left_of_the_ancestors_operator_keeps_nothing_from_going():
    for kind, made in [("MCPServer", resource("MCPServer", "left", runtime="python-string", params="def one() -> int:\n    return 1\n")), ("ModelAPI", model_api("left"))]:
        made["metadata"]["finalizers"] = [f"kaos.tools/{kind.lower()}-finalizer"]
        apply(made)
        becomes(kind.lower(), "left", "Ready", "True")
        kubectl("delete", kind.lower(), "left", "-n", "demo", "--timeout=20s")


def a_configuration_that_becomes_a_secrets_is_no_configmap_any_more():
    apply(model_api("own-config"))
    becomes("modelapi", "own-config", "Ready", "True")
    assert get("configmap", "litellm-config-own-config")
    text = json.dumps({"model_list": [{"model_name": "*", "litellm_params": {"model": "x"}}]})
    config = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "config"}, "stringData": {"my.yaml": text}}
    changed = model_api("own-config")
    changed["spec"]["proxyConfig"]["configYaml"] = {"fromSecretKeyRef": {"name": "config", "key": "my.yaml"}}
    apply(config, changed)
    within(20, "no ConfigMap", lambda: not get("configmap", "litellm-config-own-config"))
    volume = get("deployment", "modelapi-own-config")["spec"]["template"]["spec"]["volumes"][0]
    assert volume["secret"]["secretName"] == "config", volume
    kubectl("delete", "modelapi", "own-config", "-n", "demo")


def conflicts():
    """Somebody else writes the same objects all the time."""
    over = threading.Event()

    def disturb():
        number = 0
        while not over.is_set():
            number += 1
            kubectl("annotate", "--overwrite", "-n", "demo", "agent/late", "deployment/agent-late", "service/agent-late", f"number={number}")

    other = threading.Thread(target=disturb)
    other.start()
    try:
        for number in range(5):
            apply(agent("late", config={"description": f"number {number}"}))
            described = lambda: {it["name"]: it.get("value") for it in get("deployment", "agent-late")["spec"]["template"]["spec"]["containers"][0]["env"]}
            within(20, "the description is there", lambda: described().get("AGENT_DESCRIPTION") == f"number {number}")
    finally:
        over.set()
        other.join()
    kubectl("rollout", "status", "-n", "demo", "deployment/agent-late", "--timeout=60s", timeout=90)
    becomes("agent", "late", "Ready", "True")


def process(name):
    lines = [line.split() for line in open(f"{STATE}/pids")]
    return next(int(pid) for known, pid in lines if known == name)


def the_api_server_is_restarted():
    old = process("kube-apiserver")
    command = open(f"/proc/{old}/cmdline").read().split("\0")[:-1]
    os.kill(old, signal.SIGKILL)
    time.sleep(2)
    with open(f"{STATE}/kube-apiserver.log", "a") as log:
        new = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    text = open(f"{STATE}/pids").read().replace(f"kube-apiserver {old}\n", f"kube-apiserver {new.pid}\n")
    open(f"{STATE}/pids", "w").write(text)
    answers = lambda: subprocess.run([f"{BIN}/kubectl", f"--kubeconfig={STATE}/kubeconfig", "get", "--raw", "/readyz"], capture_output=True).returncode == 0
    within(60, "it answers", answers)
    apply(agent("after"))
    becomes("agent", "after", "Ready", "True", seconds=90)


def the_operator_is_killed_at_any_time():
    """At each step of a reconcile: kubernetes::mocked. Here with all that a real cluster does meanwhile."""
    find = lambda: [it for it in items("pods", "kaos-system", "-l", chart.OPERATOR) if "running" in str(it["status"].get("containerStatuses", ""))]
    for number, delay in enumerate([0.0, 0.02, 0.05, 0.1, 0.3]):
        before = within(60, "an operator", find)[0]
        status = before["status"]["containerStatuses"][0]
        apply(agent(f"k{number}"))
        time.sleep(delay)
        os.kill(int(status["containerID"].removeprefix("process://")), signal.SIGKILL)
        within(30, "it is started again", lambda: any(it["status"]["containerStatuses"][0]["containerID"] != status["containerID"] for it in find()))
    for number in range(5):
        # The Lease of who was killed has to be over first, and a pod that ends often is started less often.
        becomes("agent", f"k{number}", "Ready", "True", seconds=90)


def routes_of_a_gateway():
    group, plural = "gateway.networking.k8s.io", "httproutes"
    any_ = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}", "annotations": {"api-approved.kubernetes.io": "unapproved, a stand-in of tests"}},
        "spec": {"group": group, "scope": "Namespaced", "names": {"kind": "HTTPRoute", "plural": plural, "singular": "httproute", "listKind": "HTTPRouteList"},
                 "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": any_}}]},
    }
    kubectl("apply", "-f", "-", stdin=json.dumps(crd))
    established(f"{plural}.{group}")
    chart.helm("upgrade", "kaos", chart.CHART, "--reuse-values", "--set", "gatewayAPI.enabled=true,gatewayAPI.gatewayName=front", "--wait", "--timeout", "60s")
    route = within(60, "a route", lambda: get("httproute", "mcp-calculator"))
    assert route["spec"]["parentRefs"] == [{"name": "front", "namespace": "kaos-system"}], route
    assert route["spec"]["rules"][0]["matches"][0]["path"]["value"] == "/demo/mcp/calculator", route
    within(20, "a route of an agent", lambda: get("httproute", "agent-early"))
    apply(agent("early", agentNetwork={"access": ["late"], "expose": False}))
    within(20, "no route any more", lambda: not get("httproute", "agent-early"))


SCENARIOS = [
    a_resource_that_nobody_touches_causes_no_request,
    a_dependency_that_is_deleted_and_comes_back,
    a_secret_that_is_missing_is_told_and_one_that_changes_restarts_who_reads_it,
    a_name_at_the_limit,
    a_foreign_object_of_our_name_is_left_alone_and_told,
    what_somebody_makes_at_the_same_time_is_theirs_or_ours_and_never_both,
    what_somebody_changes_or_deletes_comes_back,
    an_agent_that_nobody_is_to_find_any_more_loses_its_service,
    what_the_ancestors_operator_made_is_adopted_in_place,
    what_is_left_of_the_ancestors_operator_keeps_nothing_from_going,
    a_configuration_that_becomes_a_secrets_is_no_configmap_any_more,
    conflicts,
    routes_of_a_gateway,
    the_api_server_is_restarted,
    the_operator_is_killed_at_any_time,
]
