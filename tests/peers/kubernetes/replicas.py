"""Two operators, one of which works: it is killed, or stopped and goes on, and the other goes on with its work."""

import base64
import json
import os
import re
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


def token(pod):
    """What the audit log calls the token of a pod."""
    text = open(environment(pod)["KUBECONFIG"]).read()
    claims = re.search(r"token: \S+?\.(\S+?)\.", text).group(1)
    return "JTI=" + json.loads(base64.urlsafe_b64decode(claims + "=="))["jti"]


def written(since):
    """By whose token, when and what."""
    events = sorted(writes()[since:], key=lambda it: it["requestReceivedTimestamp"])
    by = lambda it: it["user"]["extra"]["authentication.kubernetes.io/credential-id"][0]
    return [(by(it), seconds(it["requestReceivedTimestamp"]), it["verb"], it["requestURI"]) for it in events]


def in_the_middle_of_its_work(name, does):
    """Two operators; the leader is ended in some way while it makes agents, and things change. What was seen of it."""
    kubectl("scale", "-n", "kaos-system", "deployment/kaos-operator", "--replicas=2")
    kubectl("rollout", "status", "-n", "kaos-system", "deployment/kaos-operator", "--timeout=60s", timeout=90)
    within(20, "one leads, and the other waits", lambda: len(operators()) == 2 and any(lease()[0].startswith(it["metadata"]["name"]) for it in operators()))
    holder, _ = lease()
    tokens = {it["metadata"]["name"]: token(it) for it in operators()}
    old = next(it for it in operators() if holder.startswith(it["metadata"]["name"]))
    since = len(writes())
    made = json.dumps({"apiVersion": "v1", "kind": "List", "items": [agent(f"{name}{number}") for number in range(MANY)]})
    making = subprocess.Popen([f"{BIN}/kubectl", f"--kubeconfig={STATE}/kubeconfig", "apply", "-n", "demo", "-f", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    making.stdin.write(made.encode())
    making.stdin.close()
    within(20, "it works", lambda: len(writes()) > since)
    ended = time.time()
    does(process(old))
    assert making.wait(30) == 0
    assert len([it for it in items("deployments") if it["metadata"]["name"].startswith(f"agent-{name}")]) < MANY, "it was in the middle of it"
    # What changes meanwhile.
    kubectl("delete", "service", "agent-researcher", "-n", "demo")
    apply(agent(f"{name}0", config={"description": "changed meanwhile"}))
    another = lambda: lease()[0] and lease()[0] != holder and lease()
    who, acquired = within(TAKEN_OVER + 5, "another holds the Lease", another)
    print(f"      another worked after {acquired - ended:.1f} s")
    assert acquired - ended <= TAKEN_OVER, f"{acquired - ended:.1f} s, not {TAKEN_OVER}"
    for number in range(MANY):
        becomes("agent", f"{name}{number}", "Ready", "True", seconds=60)
    within(10, "the Service is back", lambda: get("service", "agent-researcher"))
    told = lambda: {it["name"]: it.get("value") for it in get("deployment", f"agent-{name}0")["spec"]["template"]["spec"]["containers"][0]["env"]}
    within(10, "what changed meanwhile is seen", lambda: told().get("AGENT_DESCRIPTION") == "changed meanwhile")
    return old, tokens[old["metadata"]["name"]], tokens[who.rsplit("_", 2)[0]], since, acquired


def one_wrote_at_a_time(old, new, since, acquired):
    all_ = written(since)
    before = [it for it in all_ if it[1] < acquired and it[0] != old]
    after = [it for it in all_ if it[1] >= acquired and it[0] != new]
    assert not before and not after, (before, after)
    assert {it[0] for it in all_} == {old, new}, "both have written"


def clean_up(name):
    kubectl("delete", "agents", "-n", "demo", *[f"{name}{number}" for number in range(MANY)])
    kubectl("scale", "-n", "kaos-system", "deployment/kaos-operator", "--replicas=1")
    within(30, "one operator is left", lambda: len(operators()) == 1 and lease()[0].startswith(operators()[0]["metadata"]["name"]))


def the_leader_is_killed_and_another_goes_on_with_its_work():
    _, old, new, since, acquired = in_the_middle_of_its_work("killed", lambda process: os.kill(process, signal.SIGKILL))
    one_wrote_at_a_time(old, new, since, acquired)
    clean_up("killed")


def the_leader_is_stopped_and_writes_nothing_when_it_comes_back():
    pod, old, new, since, acquired = in_the_middle_of_its_work("stopped", lambda process: os.kill(process, signal.SIGSTOP))
    stopped = process(pod)
    assert old != new, "the other goes on"
    os.kill(stopped, signal.SIGCONT)
    name = pod["metadata"]["name"]
    within(10, "it has given up, and is started anew", lambda: any(it["metadata"]["name"] == name and process(it) != stopped for it in operators()))
    assert "the Lease is lost" in kubectl("logs", "-n", "kaos-system", name), "it says why"
    one_wrote_at_a_time(old, new, since, acquired)
    clean_up("stopped")


SCENARIOS = [
    the_leader_is_killed_and_another_goes_on_with_its_work,
    the_leader_is_stopped_and_writes_nothing_when_it_comes_back,
]
