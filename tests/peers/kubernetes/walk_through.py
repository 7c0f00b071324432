"""Runs what docs/kubernetes.md shows, as it stands there, and compares what is printed."""

import fnmatch
import json
import os
import re
import subprocess

from chart import ENVIRONMENT, helm
from cluster import *

ROOT = os.path.abspath(f"{os.environ['CHART']}/../..")


def shown():
    """Commands of the walk-through, each with the lines that it is said to print."""
    text = open(f"{ROOT}/docs/kubernetes.md").read()
    commands = []
    for block in re.findall(r"```console\n(.*?)```", text, re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append((line[2:], []))
            else:
                commands[-1][1].append(line)
    return commands


def is_as_shown(lines, wanted):
    """`…` on a line of its own stands for any lines, inside a line for any letters; spaces of a table are no matter."""
    if not wanted:
        return not lines
    if wanted[0] == "…":
        return any(is_as_shown(lines[at:], wanted[1:]) for at in range(len(lines) + 1))
    if not lines:
        return False
    # Brackets are no patterns.
    pattern = re.sub(r"\s+", " ", wanted[0]).replace("[", "[[]").replace("…", "*")
    return fnmatch.fnmatchcase(re.sub(r"\s+", " ", lines[0]).strip(), pattern.strip()) and is_as_shown(lines[1:], wanted[1:])


def the_walk_through_prints_what_the_documentation_shows():
    commands = shown()
    assert len(commands) > 5
    for command, wanted in commands:
        if command.startswith("kaos agent delete"):
            body = {"messages": [{"role": "user", "content": "What does the lease cost in all?"}]}
            answer = json.loads(http("http://agent-coordinator.research.svc.cluster.local:8000/v1/chat/completions", body))
            assert "45000 in all" in answer["choices"][0]["message"]["content"], answer
        done = subprocess.run(["bash", "-euc", command], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=150)
        assert done.returncode == 0, f"{command}: {done.stderr}{done.stdout}"
        assert is_as_shown(done.stdout.splitlines(), wanted), f"{command}:\n{done.stdout}"
    # Its telemetry: one trace over all six.
    traces = os.environ["POD_TRACES"].replace("pod-", "docs-")
    services = lambda: {name for name in re.findall(r'"service.name","value":\{"stringValue":"([^"]+)"', open(traces).read())}
    within(20, "spans of the whole team", lambda: os.path.exists(traces) and {"coordinator", "researcher", "analyst", "web-search"} <= services())
    helm("uninstall", "kaos", "--wait")
    for namespace in ("research", "observability"):
        kubectl("delete", "namespace", namespace, "--wait=false")
