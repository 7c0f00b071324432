"""Three hundred resources on nodes that are none (kwok): how long it takes, what the operator writes, what memory it needs."""

import json
import os
import subprocess
import time
from collections import Counter

import chart
from cluster import *

EACH = 100
KINDS = ["modelapis", "mcpservers", "agents"]
NODES = [f"fake-{number}" for number in range(3)]

# Bounds, with what was measured of the debug build on two busy cores (docs/kubernetes.md says why they are these).
READY = 300  # seconds until all are ready
WRITES = 12  # of one resource: its objects, its statuses, its events
AGAIN = 8  # of one that is changed, likewise
MEMORY = 150  # MiB at most, ever
GROWTH = 1.1  # of what is resident after all were changed for the third time, to after the first


def kwok():
    """Nodes of kwok, and no room anywhere else. What ends it all."""
    with open(f"{STATE}/kwok.log", "w") as log:
        command = [f"{BIN}/kwok", f"--kubeconfig={STATE}/kubeconfig", f"--config={os.path.dirname(__file__)}/stages.yaml", "--manage-all-nodes=false",
                   "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake", "--node-lease-duration-seconds=40"]
        running = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    with open(f"{STATE}/pids", "a") as pids:
        pids.write(f"kwok {running.pid}\n")
    for name in NODES:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "annotations": {"kwok.x-k8s.io/node": "fake"}}}
        kubectl("apply", "-f", "-", stdin=json.dumps(node))
    kubectl("cordon", "local")
    kubectl("wait", "--for=condition=Ready", "nodes", *NODES, "--timeout=30s")

    def end():
        kubectl("delete", "namespace", "many", "--timeout=300s", timeout=310)
        kubectl("delete", "nodes", *NODES)
        kubectl("uncordon", "local")
        running.terminate()
        running.wait(10)

    return end


def three_hundred(**more):
    made = []
    for number in range(EACH):
        made.append(model_api(f"m{number}", **more))
        made.append(resource("MCPServer", f"t{number}", runtime="python-string", params="def one() -> int:\n    return 1\n", **more))
        made.append(agent(f"a{number}", model_api=f"m{number}", mcpServers=[f"t{number}"], **more))
    # A few at a time, and checked by the API server alone: kubectl asks twice for each.
    for first in range(0, len(made), 25):
        apply(*made[first : first + 25], namespace="many", words=["--validate=false"])


def whose(event):
    """The resource of which something was written."""
    at = event["objectRef"]
    return "an event" if at["resource"] == "events" else at["name"].removeprefix("litellm-config-").split("-")[-1]


def quiet():
    """Until nothing was written for five seconds."""
    seen, since = len(writes()), time.monotonic()
    while time.monotonic() < since + 5:
        time.sleep(1)
        now = len(writes())
        if now != seen:
            seen, since = now, time.monotonic()
    return seen


def memory(process, name):
    """MiB: `VmRSS` is what is resident now, `VmHWM` the most that ever was."""
    line = next(it for it in open(f"/proc/{process}/status") if it.startswith(name))
    return int(line.split()[1]) / 1024


def told(what, events, bound):
    # Pods of other namespaces may have their own news.
    events = [it for it in events if it["objectRef"].get("namespace") == "many"]
    of_each = Counter(whose(it) for it in events if it["objectRef"]["resource"] != "events")
    conflicts = sum(1 for it in events if it["responseStatus"]["code"] == 409)
    reported = sum(1 for it in events if it["objectRef"]["resource"] == "events")
    most = max(of_each.values())
    print(f"      {what}: {len(events)} writes, {reported} of them events, {conflicts} conflicts; of one resource {sum(of_each.values()) / len(of_each):.1f}, at most {most}")
    assert len(of_each) == 3 * EACH, sorted(of_each)
    assert most <= bound, of_each.most_common(5)


def three_hundred_resources_are_made_with_few_writes_and_little_memory():
    # A new process, which no stall of a busy machine ends: it is measured to its end.
    kubectl("set", "env", "-n", "kaos-system", "deployment/kaos-operator", "LEADER_ELECTION=false")
    kubectl("rollout", "status", "-n", "kaos-system", "deployment/kaos-operator", "--timeout=60s", timeout=90)
    operators = lambda: items("pods", "kaos-system", "-l", chart.OPERATOR)
    within(30, "one operator", lambda: len(operators()) == 1)
    process = int(operators()[0]["status"]["containerStatuses"][0]["containerID"].removeprefix("process://"))
    kubectl("create", "namespace", "many")
    end = kwok()
    try:
        they_are_made_and_then_it_is_quiet(process)
        they_are_changed_and_memory_does_not_grow(process)
        assert memory(process, "VmHWM") <= MEMORY, f"{memory(process, 'VmHWM'):.0f} MiB"
    finally:
        end()
        kubectl("set", "env", "-n", "kaos-system", "deployment/kaos-operator", "LEADER_ELECTION-")
        kubectl("rollout", "status", "-n", "kaos-system", "deployment/kaos-operator", "--timeout=60s", timeout=90)


def they_are_made_and_then_it_is_quiet(process):
    before = quiet()
    print(f"      memory before: {memory(process, 'VmRSS'):.0f} MiB")
    began = time.monotonic()
    three_hundred()
    kubectl("wait", "-n", "many", "--for=condition=Ready", ",".join(KINDS), "--all", f"--timeout={READY}s", timeout=READY + 10)
    took = time.monotonic() - began
    made = quiet()
    print(f"      {3 * EACH} resources ready after {took:.0f} s; memory {memory(process, 'VmRSS'):.0f} MiB, at most {memory(process, 'VmHWM'):.0f} MiB")
    assert took <= READY, f"{took:.0f} s"
    told("made", writes()[before:made], WRITES)
    asked = len(audit())
    time.sleep(20)
    more = [it for it in audit()[asked:] if it["objectRef"]["resource"] != "leases" and it["verb"] != "watch"]
    assert not more, [(it["verb"], it["requestURI"]) for it in more]


def they_are_changed_and_memory_does_not_grow(process):
    resident = []
    for number in range(3):
        before, began = len(writes()), time.monotonic()
        three_hundred(container={"env": [{"name": "CHANGED", "value": str(number)}]})
        settled = quiet()
        resident.append(memory(process, "VmRSS"))
        print(f"      all changed in {time.monotonic() - began - 5:.0f} s; memory {resident[-1]:.0f} MiB")
        told("changed", writes()[before:settled], AGAIN)
    assert not [it["metadata"]["name"] for kind in KINDS for it in items(kind, "many") if not it["status"]["ready"]]
    assert resident[-1] <= resident[0] * GROWTH, resident


SCENARIOS = [three_hundred_resources_are_made_with_few_writes_and_little_memory]
