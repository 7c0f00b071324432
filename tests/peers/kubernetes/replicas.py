"""Two operators, one of which works: it is killed, or stopped and goes on, and the other goes on with its work."""

import json
import os
import signal
import subprocess
import time
from datetime import datetime

import chart
from cluster import *

# Seconds: the other has seen up to one turn late that the Lease was renewed, waits for as long as it is good, and asks up
# to one turn later; the requests themselves are answered within one.
LEASE, TURN = 15, 2
TAKEN_OVER = LEASE + 2 * TURN + 1
# Agents that are made while one is ended: it is in the middle of them.
MANY = 12


def seconds(text):
    return datetime.fromisoformat(text).timestamp()


def lease():
    """Who holds it, and since when."""
    spec = get("lease", "kaos-operator", "kaos-system")["spec"]
    return spec.get("holderIdentity", ""), seconds(spec["acquireTime"])


def operators():
    return [it for it in items("pods", "kaos-system", "-l", chart.OPERATOR) if "running" in str(it["status"].get("containerStatuses", ""))]


def process(pod):
    return int(pod["status"]["containerStatuses"][0]["containerID"].removeprefix("process://"))


def each_write_is_of_who_holds_the_lease(since):
    """By the API server's own log: from when somebody has written the Lease, all else is written by the same, until another writes it."""
    def when(event):
        """When it is so for all: a Lease, when it is written; what else is asked for, when it has come."""
        return event["stageTimestamp" if event["objectRef"]["resource"] == "leases" else "requestReceivedTimestamp"]

    by = lambda event: event["user"]["extra"]["authentication.kubernetes.io/credential-id"][0]
    written = [it for it in audit()[since:] if it["verb"] not in ("get", "list", "watch") and it["objectRef"]["resource"] != "secrets"]
    holder, others = None, []
    for event in sorted(written, key=when):
        if event["objectRef"]["resource"] != "leases":
            others += [event] if holder and by(event) != holder else []
        elif event["responseStatus"]["code"] in (200, 201):
            holder = by(event)
    assert holder and not others, [(when(it), by(it), it["verb"], it["requestURI"]) for it in others]


def in_the_middle_of_its_work(name, does):
    """Two operators; the leader is ended in some way while it makes agents, and things change. What was seen of it."""
    kubectl("scale", "-n", "kaos-system", "deployment/kaos-operator", "--replicas=2")
    kubectl("rollout", "status", "-n", "kaos-system", "deployment/kaos-operator", "--timeout=60s", timeout=90)
    within(20, "one leads, and the other waits", lambda: len(operators()) == 2 and any(lease()[0].startswith(it["metadata"]["name"]) for it in operators()))
    holder, _ = lease()
    old = next(it for it in operators() if holder.startswith(it["metadata"]["name"]))
    since, written = len(audit()), len(writes())
    made = json.dumps({"apiVersion": "v1", "kind": "List", "items": [agent(f"{name}{number}") for number in range(MANY)]})
    making = subprocess.Popen([f"{BIN}/kubectl", f"--kubeconfig={STATE}/kubeconfig", "apply", "-n", "demo", "-f", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    making.stdin.write(made.encode())
    making.stdin.close()
    within(20, "it works", lambda: len(writes()) > written)
    ended = time.time()
    does(process(old))
    assert making.wait(30) == 0
    assert len([it for it in items("deployments") if it["metadata"]["name"].startswith(f"agent-{name}")]) < MANY, "it was in the middle of it"
    # What changes meanwhile.
    kubectl("delete", "service", "agent-researcher", "-n", "demo")
    apply(agent(f"{name}0", config={"description": "changed meanwhile"}))
    another = lambda: lease()[0] and lease()[0] != holder and lease()
    _, acquired = within(TAKEN_OVER + 5, "another holds the Lease", another)
    print(f"      another worked after {acquired - ended:.1f} s")
    assert acquired - ended <= TAKEN_OVER, f"{acquired - ended:.1f} s, not {TAKEN_OVER}"
    for number in range(MANY):
        becomes("agent", f"{name}{number}", "Ready", "True", seconds=60)
    within(10, "the Service is back", lambda: get("service", "agent-researcher"))
    told = lambda: {it["name"]: it.get("value") for it in get("deployment", f"agent-{name}0")["spec"]["template"]["spec"]["containers"][0]["env"]}
    within(10, "what changed meanwhile is seen", lambda: told().get("AGENT_DESCRIPTION") == "changed meanwhile")
    each_write_is_of_who_holds_the_lease(since)
    return old, since


def clean_up(name):
    kubectl("delete", "agents", "-n", "demo", *[f"{name}{number}" for number in range(MANY)])
    kubectl("scale", "-n", "kaos-system", "deployment/kaos-operator", "--replicas=1")
    within(30, "one operator is left", lambda: len(operators()) == 1 and lease()[0].startswith(operators()[0]["metadata"]["name"]))


def the_leader_is_killed_and_another_goes_on_with_its_work():
    in_the_middle_of_its_work("killed", lambda process: os.kill(process, signal.SIGKILL))
    clean_up("killed")


def the_leader_is_stopped_and_writes_nothing_when_it_comes_back():
    pod, since = in_the_middle_of_its_work("stopped", lambda process: os.kill(process, signal.SIGSTOP))
    stopped, name = process(pod), pod["metadata"]["name"]
    os.kill(stopped, signal.SIGCONT)
    within(10, "it has given up, and is started anew", lambda: any(it["metadata"]["name"] == name and process(it) != stopped for it in operators()))
    assert "the Lease is lost" in kubectl("logs", "-n", "kaos-system", name), "it says why"
    each_write_is_of_who_holds_the_lease(since)
    clean_up("stopped")


SCENARIOS = [
    the_leader_is_killed_and_another_goes_on_with_its_work,
    the_leader_is_stopped_and_writes_nothing_when_it_comes_back,
]
