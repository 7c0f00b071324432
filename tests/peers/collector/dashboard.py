"""Compares docs/grafana-dashboard.json and the alerts of the research team with what the Collector gives to Prometheus.

    dashboard.py DASHBOARD ALERTS PAGE
        PAGE is what the Collector's Prometheus exporter answered. Each metric of each query is there, and has
        each label that the query names.
"""

import json
import re
import sys

NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"
# Counted only by hooks with a queue, of which the example has none.
ABSENT = {"kaos_hooks_dropped_total"}


def series(page):
    """name → the labels of its series."""
    known = {}
    for line in page.splitlines():
        found = re.match(rf"({NAME})(?:\{{(.*)\}})? ", line)
        if found and not line.startswith("#"):
            labels = re.findall(rf'({NAME})="(?:[^"\\]|\\.)*"', found[2] or "")
            known.setdefault(found[1], set()).update(labels)
    return known


def main(dashboard, alerts, page):
    known = series(open(page).read())
    board = json.load(open(dashboard))
    queries = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    rules = re.findall(r"^ +expr: (.+)$", open(alerts).read(), re.MULTILINE)
    wrong, seen = [], set()
    if len(rules) != 3:
        wrong.append(f"{len(rules)} rules")
    queries += rules
    for query in queries:
        matchers = re.findall(r"\{([^}]*)\}", query)
        labels = {label for each in matchers for label in re.findall(rf"({NAME})\s*(?:=~|!~|!=|=)", each)}
        labels |= {label for by in re.findall(r"by \(([^)]*)\)", query) for label in re.findall(NAME, by)}
        bare = re.sub(r'"[^"]*"', "", query)
        metrics = set(re.findall(r"\b((?:kaos|gen_ai|mcp)_[a-zA-Z0-9_]*)[{\[]", bare))
        if not metrics:
            wrong.append(f"no metric in {query}")
        for metric in metrics - ABSENT:
            seen.add(metric)
            if metric not in known:
                wrong.append(f"{metric} is not there")
            elif labels - known[metric]:
                wrong.append(f"{metric} has no {sorted(labels - known[metric])}")
    if wrong:
        sys.exit("\n".join(sorted(set(wrong))))
    print(f"{len(queries)} queries, {len(seen)} metrics")


main(*sys.argv[1:])
