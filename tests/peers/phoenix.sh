#!/usr/bin/env bash
#
# The `otlp` example against Arize Phoenix, an OTLP backend for GenAI traces, on loopback.
#
# Proves, over gRPC and over HTTP/protobuf, that Phoenix' own API knows the example's trace as the
# events have it: each span once, the tree, what kind of operation it is, statuses, tokens, models
# and tool names, and the tokens of the whole. The comparing is done by phoenix/check.py.
#
# Needs cargo and python3 (3.10 or newer). Phoenix is PyPI's `arize-phoenix`, 850 MB, installed once
# for each version into ~/.cache/kaos-peers. Its data goes to a scratch folder.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

version=20.26.1
phoenix=$cache/phoenix-$version
logs='stderr phoenix.log' # of $dir: what a failure shows
what=phoenix

main() {
    unset "${!OTEL_@}" "${!KAOS_@}" "${!PHOENIX_@}" # the checks set what they need
    install_phoenix
    build_ours otlp
    start_phoenix
    known_as_in_the_events grpc "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$GRPC_PORT"
    known_as_in_the_events http/protobuf "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=$url/v1/traces"
    stop TERM
}

known_as_in_the_events() { # protocol, the endpoint's variable
    local result project=kaos-${1%%/*}
    what="${FUNCNAME[0]} $1"
    rm -f "$dir/events.jsonl"
    # It takes traces only.
    env "$2" OTEL_EXPORTER_OTLP_PROTOCOL="$1" OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none \
        OTEL_SERVICE_NAME=kaos-peer-check OTEL_RESOURCE_ATTRIBUTES="openinference.project.name=$project" \
        timeout -k 5 60 "$built/examples/otlp" --turns 3 --events "$dir/events.jsonl" \
        >"$dir/stdout" 2>"$dir/stderr" || fail "the example exits with $?"
    result=$(python3 phoenix/check.py "$dir/events.jsonl" "$url" "$project" 2>&1) || fail "$result"
    echo "ok    ${what//_/ }: $result"
}

start_phoenix() {
    local begun=$SECONDS
    read -r GRPC_PORT HTTP_PORT < <(free_ports)
    url=http://127.0.0.1:$HTTP_PORT
    PHOENIX_WORKING_DIR=$dir/phoenix PHOENIX_HOST=127.0.0.1 PHOENIX_PORT=$HTTP_PORT PHOENIX_GRPC_PORT=$GRPC_PORT \
        PHOENIX_TELEMETRY_ENABLED=false "$phoenix/bin/python" -m phoenix.server.main serve >"$dir/phoenix.log" 2>&1 &
    server=$!
    disown # bash need not report how it ends
    within 180 started_or_gone || fail 'Phoenix does not start'
    ! gone "$server" || fail 'Phoenix ends at once'
    echo "Phoenix $version started in $((SECONDS - begun)) s"
}

started_or_gone() {
    both_listening || gone "$server"
}

install_phoenix() {
    local begun=$SECONDS
    if [ -e "$phoenix/installed" ]; then
        echo 'Phoenix is installed already'
        return
    fi
    rm -rf "$cache"/phoenix-*
    echo "installing Phoenix $version, 850 MB"
    python3 -m venv "$phoenix"
    nice -n 10 "$phoenix/bin/python" -m pip install -q "arize-phoenix==$version"
    touch "$phoenix/installed"
    echo "installed Phoenix in $((SECONDS - begun)) s"
}

main "$@"
