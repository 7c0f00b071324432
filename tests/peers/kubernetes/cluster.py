"""The cluster of the scenarios, through kubectl, and what they say of it."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request

BIN, STATE = os.environ["K8S_BIN"], os.environ["K8S_STATE"]
PROXY = f"http://127.0.0.1:{int(os.environ['K8S_PORT']) + 7}"


def kubectl(*words, stdin=None, fails=False, timeout=60):
    """What kubectl prints; of one that is to fail, what it says."""
    command = [f"{BIN}/kubectl", f"--kubeconfig={STATE}/kubeconfig", *words]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout)
    assert (done.returncode != 0) == fails, f"kubectl {' '.join(words)}: {done.stderr}{done.stdout if fails else ''}"
    return done.stderr if fails else done.stdout


def apply(*objects, namespace="demo", fails=False, words=()):
    stdin = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    return kubectl("apply", "-n", namespace, "-f", "-", *words, stdin=stdin, fails=fails)


def get(kind, name, namespace="demo"):
    """An object; None if it is not there."""
    command = ["get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found"]
    text = kubectl(*command)
    return json.loads(text) if text.strip() else None


def items(kind, namespace="demo", *words):
    return json.loads(kubectl("get", kind, *(["-n", namespace] if namespace else []), "-o", "json", *words))["items"]


def resource(kind, name, **spec):
    return {"apiVersion": "kaos.tools/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def agent(name, model="hello", model_api="llm", **more):
    return resource("Agent", name, modelAPI=model_api, model=model, **more)


def model_api(name="llm", models=("*",), **more):
    return resource("ModelAPI", name, mode="Proxy", proxyConfig={"models": list(models)}, **more)


def within(seconds, what, check):
    """Until it is so; what it gives."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{seconds} s were not enough: {what}")
        time.sleep(0.1)


def condition(kind, name, which, namespace="demo"):
    """`True/PodsReady`."""
    found = get(kind, name, namespace) or {}
    for it in found.get("status", {}).get("conditions", []):
        if it["type"] == which:
            return f"{it['status']}/{it['reason']}"
    return ""


def becomes(kind, name, which, value, seconds=30, namespace="demo"):
    return within(seconds, f"{kind} {name}: {which} is {condition(kind, name, which, namespace)}, not {value}", lambda: condition(kind, name, which, namespace).startswith(value))


def pods(workload, namespace="demo"):
    """Its pods that serve and are not on their way out."""
    kind, name = workload.split("-", 1)
    found = items("pods", namespace, "-l", f"app={kind},{kind}={name}")
    ready = lambda pod: any(it["type"] == "Ready" and it["status"] == "True" for it in pod["status"].get("conditions", []))
    return [pod for pod in found if ready(pod) and not pod["metadata"].get("deletionTimestamp")]


def environment(pod):
    """The variables of a pod's process, as the system has them; none of one that has gone since it was listed."""
    process = pod["status"]["containerStatuses"][0]["containerID"].removeprefix("process://")
    try:
        pairs = open(f"/proc/{process}/environ").read().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def http(url, body=None, headers=None, timeout=20):
    """Asks a Service by its name."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": PROXY}))
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, {"content-type": "application/json", **(headers or {})})
    with opener.open(request, timeout=timeout) as answer:
        return answer.read().decode()


def reached(url):
    """Whether the Service has a Pod that answers, whatever it says: Endpoints come to be known after a Pod is ready."""
    try:
        http(url)
    except urllib.error.HTTPError as error:
        return error.code != 502
    return True


def audit(user="system:serviceaccount:kaos-system:kaos-operator"):
    """What the operator has asked for: requests that are over, in order."""
    asked = []
    for line in open(f"{STATE}/audit.jsonl"):
        try:
            event = json.loads(line)
        except ValueError:
            continue  # it is being written
        if event["user"]["username"] == user and event["stage"] in ("ResponseComplete", "ResponseStarted"):
            asked.append(event)
    return asked


def writes():
    """What the operator wrote, but for its Lease."""
    known = [it for it in audit() if it["verb"] not in ("get", "list", "watch")]
    return [it for it in known if it.get("objectRef", {}).get("resource") != "leases"]


def established(*names):
    """CRDs that the API server serves."""
    holds = lambda crd: any(it["type"] == "Established" and it["status"] == "True" for it in crd.get("status", {}).get("conditions") or [])
    for name in names:
        within(20, f"{name} is established", lambda: holds(get("crd", name)))
