"""The roles of the operator beside what the API server's audit log says that it used."""

import json

from cluster import *

# Asked by an admission plugin while another request is answered, which is no request of its own: without it no owner
# reference could be written here.
UNSEEN = {("update", "kaos.tools", f"{plural}/finalizers") for plural in ("agents", "mcpservers", "modelapis")}


def granted():
    rules = json.loads(kubectl("get", "clusterrole", "kaos-operator", "-o", "json"))["rules"]
    rules += json.loads(kubectl("get", "role", "kaos-operator", "-n", "kaos-system", "-o", "json"))["rules"]
    return {(verb, group, name) for rule in rules for verb in rule["verbs"] for group in rule["apiGroups"] for name in rule["resources"]}


def used():
    found, refused = set(), []
    for event in audit():
        at = event.get("objectRef")
        if not at:
            continue
        name = at["resource"] + (f"/{at['subresource']}" if at.get("subresource") else "")
        code = event["responseStatus"]["code"]
        verb = event["verb"]
        found.add((verb, at.get("apiGroup", ""), name))
        if verb == "patch" and code == 201:
            found.add(("create", at.get("apiGroup", ""), name))
        if code == 403:
            # A new API server says no until it has read its roles.
            refused.append(((verb, at.get("apiGroup", ""), name), event["requestURI"]))
    return found, refused


def the_roles_grant_exactly_what_was_used():
    found, refused = used()
    refused = [it for it in refused if it[0] not in granted()]
    assert not refused, refused
    too_much = granted() - found - UNSEEN
    assert not too_much, f"granted and never used: {sorted(too_much)}"
    too_little = found - granted()
    assert not too_little, f"used and not granted: {sorted(too_little)}"
