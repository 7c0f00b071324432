#!/usr/bin/env python3
"""Of what the program is made: `sbom.py TARGET FOLDER` writes sbom.cdx.json (CycloneDX 1.6) and licences.txt, from Cargo's own
resolution of the lock file, without dates or random numbers, so that the same sources give the same files."""

import json
import subprocess
import sys

target, folder = sys.argv[1:]
command = ["cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={target}"]
metadata = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
packages = {it["id"]: it for it in metadata["packages"]}
nodes = {it["id"]: it for it in metadata["resolve"]["nodes"]}

# What the program links: from kaos-cli along normal dependencies.
program = next(it["id"] for it in metadata["packages"] if it["name"] == "kaos-cli")
linked, waiting = set(), [program]
while waiting:
    package = waiting.pop()
    if package not in linked:
        linked.add(package)
        waiting += [it["pkg"] for it in nodes[package]["deps"] if any(kind["kind"] is None for kind in it["dep_kinds"])]

components = []
for package in sorted((packages[it] for it in linked), key=lambda it: (it["name"], it["version"])):
    licence = {"expression": package["license"].replace("/", " OR ")} if package["license"] else {"license": {"name": "see the package"}}
    components.append({"type": "library", "name": package["name"], "version": package["version"], "purl": f"pkg:cargo/{package['name']}@{package['version']}", "licenses": [licence]})
document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": {"type": "application", "name": "kaos", "version": packages[program]["version"]}}, "components": components}
with open(f"{folder}/sbom.cdx.json", "w") as file:
    json.dump(document, file, indent=1, sort_keys=True)
    file.write("\n")
by_licence = {}
for component in components:
    licence = component["licenses"][0]
    by_licence.setdefault(licence.get("expression", "see the package"), []).append(f"{component['name']} {component['version']}")
with open(f"{folder}/licences.txt", "w") as file:
    for licence, names in sorted(by_licence.items()):
        file.write(f"{licence} ({len(names)})\n  {', '.join(names)}\n")
