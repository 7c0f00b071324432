#!/usr/bin/env bash
#
# The operator in a real Kubernetes control plane on loopback: etcd, API server, controllers, scheduler, and a node that runs
# pods as processes; agents are `kaos agent serve`, the operator `kaos operator run`, both as pods, installed by the chart.
#
# What it shows are the names of the functions in kubernetes/scenarios.py, faults.py, replicas.py, many.py, chart.py and walk_through.py; the
# last line counts them. The control plane is built once for each content of kubernetes/go.mod and its programs (about ten minutes, 4 GB
# meanwhile), into ${XDG_CACHE_HOME:-~/.cache}/kaos-peers; it starts in seconds.
#
# With K8S_SHORT=1 what takes long is left out: the walk-through of docs/kubernetes.md, replicas.py, and the 300 resources of many.py.
#
# With KAOS_ROOT, the unpacked root of the image kaos-agent (deploy/images.sh), pods of that image run in it, as its user: as root alone.
#
# Needs cargo, python3, openssl, Go 1.26, and what collector.sh built. With K8S_KEEP=1 the folder with all
# logs is left, and told.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

logs='plane/node.log plane/kube-apiserver.log collector.log' # of $dir: what a failure shows
what=kubernetes

main() {
    unset "${!OTEL_@}" "${!KAOS_@}" "${!AGENT_@}" "${!PEER_@}" "${!MEMORY_@}" "${!MODEL_@}" "${!DEFAULT_@}" "${!GATEWAY_@}"
    trap end EXIT
    kubernetes/build.sh "$cache/kubernetes" "$dir/bin" plane node helm $([ -n "${K8S_SHORT-}" ] || echo kwok)
    only_install "$@" && return
    collector=$(built_collector)
    build_ours
    "$kaos" operator crds >"$dir/crds.yaml"
    ln -s "$kaos" "$dir/bin/kaos"

    export K8S_BIN=$dir/bin K8S_STATE=$dir/plane K8S_PORT TRACES=$dir/traces.jsonl CRDS=$dir/crds.yaml
    export CHART=$PWD/../../kaos-operator/chart RECORDED=$PWD/../support/kaos-operator/helm.json
    export ARTICLE=$PWD/../support/kaos-operator/article.rendered.yaml
    export INPUTS=$PWD/../support/kaos-operator/inputs.yaml DRY_RUN=$PWD/../support/kaos-operator/dry-run-0.8.4.yaml
    K8S_PORT=$(eight_ports)
    # KAOS' own agent, if ancestor-agent.sh has installed it.
    export ANCESTOR
    ANCESTOR=$(ls -d "$cache"/ancestor-agent-*/bin/python 2>/dev/null || true)
    start_collector
    # A collector that is a pod listens where the node says, and has files of its own.
    export POD_TRACES=$dir/pod-traces.jsonl
    cat >"$dir/collector-in-pod" <<SH
#!/bin/sh
GRPC_PORT=\$2 HTTP_PORT=\$3 TRACES=$dir/\$1-traces.jsonl METRICS=$dir/\$1-metrics.jsonl LOGS=$dir/\$1-logs.jsonl exec $collector --config $PWD/team/collector.yaml
SH
    chmod +x "$dir/collector-in-pod"
    local agent=$kaos
    if [ -n "${KAOS_ROOT-}" ]; then
        agent=$dir/in-root
        in_root "$KAOS_ROOT" "$dir/root" >"$agent"
        chmod +x "$agent"
    fi
    kubernetes/up.sh "$dir/bin" "$dir/plane" -for 30m \
        -image "kaos-agent:0.1.0=env KAOS_ALLOWED_HOSTS=* $agent -- agent serve --port 8000" \
        -image "kaos-mcp-python:0.1.0=env KAOS_ALLOWED_HOSTS=* $kaos mcp serve --port 8000" \
        -image "kaos-model:0.1.0=env KAOS_ALLOWED_HOSTS=* $kaos model serve" \
        -image "axsauze/kaos-agent:v0.1.4-dev=env KAOS_ALLOWED_HOSTS=* $kaos -- agent serve --port 8000" \
        -image "axsauze/kaos-mcp-python-string:v0.1.4-dev=env KAOS_ALLOWED_HOSTS=* $kaos mcp serve --port 8000" \
        -image "registry.example/berriai/litellm:main-stable=python3 $PWD/kubernetes/model.py" \
        -image "litellm/litellm:main-stable=python3 $PWD/kubernetes/model.py" \
        -image "ancestor-agent:test=$ANCESTOR -m uvicorn pais.server:get_app --factory --host 127.0.0.1 --port 8000" \
        -image "signoz:test=python3 -m http.server 8080 --bind 127.0.0.1" \
        -image "collector:test=$dir/collector-in-pod pod 0 4318" \
        -image "otel/opentelemetry-collector-contrib:0.150.0=$dir/collector-in-pod docs 4317 4318" >/dev/null
    python3 kubernetes/scenarios.py "$@"
}

# A program that starts kaos in a copy of this root, which has what a container gets of its node: names of hosts, and who it is.
in_root() { # root, copy
    cp -a "$1" "$2"
    cp /etc/hosts /etc/resolv.conf "$2/etc/"
    chmod 755 "$2"
    cat <<SH
#!/bin/sh
if [ -n "\$KUBECONFIG" ]; then
    install -o 65532 -m 600 "\$KUBECONFIG" "$2/tmp/kubeconfig.\$\$"
    export KUBECONFIG=/tmp/kubeconfig.\$\$
fi
exec chroot --userspec=65532:65532 "$2" /kaos "\$@"
SH
}

# The first of eight ports in a row that nobody has.
eight_ports() {
    python3 -c 'import random, socket
while True:
    first = random.randrange(20000, 30000)
    try:
        sockets = [socket.create_server(("127.0.0.1", first + each)) for each in range(8)]
    except OSError:
        continue
    for each in sockets:
        each.close()
    print(first)
    break'
}

start_collector() {
    export GRPC_PORT HTTP_PORT METRICS=$dir/metrics.jsonl LOGS=$dir/logs.jsonl
    read -r GRPC_PORT HTTP_PORT < <(free_ports)
    "$collector" --config team/collector.yaml >"$dir/collector.log" 2>&1 &
    server=$!
    disown # bash need not report how it ends
    within 10 both_listening || fail 'the collector does not start'
}

end() {
    kubernetes/down.sh "$dir/plane" || true
    if [ -n "${K8S_KEEP-}" ]; then
        stop TERM
        echo "logs: $dir" >&2
    else
        clean_up
    fi
}

main "$@"
