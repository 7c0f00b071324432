#!/usr/bin/env bash
#
# KAOS' own agent of today (PyPI's pydantic-ai-server 0.8.4) beside ours, on loopback, with the official OpenTelemetry
# Collector: as the far side that ours asks, and as the near side that asks ours.
#
# Proves that each delegation is one trace, with the far side's spans beneath the near side's delegation, and the right
# answer. The comparing is done by team/ancestor.py.
#
# Needs cargo, Python 3.12 or newer (one of pyenv's, else python3), and what collector.sh built. The package is 282 MB with
# what it needs, installed once into ~/.cache/kaos-peers.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

version=0.8.4
package=$cache/ancestor-agent-$version
logs='ours.log theirs.log collector.log' # of $dir: what a failure shows
what=ancestor_agent
pids=()

main() {
    unset "${!OTEL_@}" "${!KAOS_@}" "${!AGENT_@}" "${!PEER_@}" "${!MEMORY_@}" "${!MODEL_@}"
    trap 'kill -KILL "${pids[@]}" 2>/dev/null || true; clean_up' EXIT
    collector=$(built_collector)
    install_package
    build_ours
    read -r OURS THEIRS < <(free_ports)

    theirs_is_asked
    theirs_asks
}

theirs_is_asked() {
    what=${FUNCNAME[0]}
    start_collector
    theirs '["three"]' ''
    ours "$(asks theirs),\"Three.\"]" "theirs:http://127.0.0.1:$THEIRS"
    ask_and_compare "$OURS" ours theirs
}

theirs_asks() {
    what=${FUNCNAME[0]}
    start_collector
    ours '["three"]' ''
    # Theirs takes calls as texts that are JSON.
    theirs "$(python3 -c 'import json; print(json.dumps([json.dumps({"tool_calls": [{"name": "delegate_to_ours", "arguments": {"task": "count them"}}]}), "Three."]))')" ours
    ask_and_compare "$THEIRS" theirs ours
}

ask_and_compare() { # port, near side, far side
    local result
    python3 team/ancestor.py ask "http://127.0.0.1:$1" >"$dir/asked" 2>"$dir/stderr" || fail "$(cat "$dir/stderr")"
    kill -TERM "${pids[@]}" 2>/dev/null || true
    wait "${pids[@]}" 2>/dev/null || true
    pids=()
    stop TERM # it writes what it still holds
    result=$(python3 team/ancestor.py one_trace "$TRACES" "$2" "$3" 2>&1) || fail "$result"
    echo "ok    ${what//_/ }: $result"
}

asks() { # agent
    echo "[{\"tool_calls\":[{\"id\":\"1\",\"name\":\"$1\",\"arguments\":{\"task\":\"count them\"}}]}"
}

ours() { # replies, sub-agents
    AGENT_NAME=ours DEBUG_MOCK_RESPONSES=$1 AGENT_SUB_AGENTS=$2 OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$GRPC_PORT \
        OTEL_SERVICE_NAME=ours "$kaos" agent serve --port "$OURS" >"$dir/ours.log" 2>&1 &
    pids+=($!)
    within 20 answers "$OURS" || fail 'ours does not start'
}

theirs() { # replies, peer
    local peers=()
    [ -z "$2" ] || peers=(PEER_AGENTS="$2" PEER_AGENT_OURS_CARD_URL="http://127.0.0.1:$OURS")
    env AGENT_NAME=theirs DEBUG_MOCK_RESPONSES="$1" MODEL_API_URL=http://127.0.0.1:1 MODEL_NAME=m OTEL_SDK_DISABLED=false \
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:$GRPC_PORT" OTEL_SERVICE_NAME=theirs OTEL_BSP_SCHEDULE_DELAY=100 \
        "${peers[@]}" "$package/bin/python" -m uvicorn pais.server:get_app --factory --host 127.0.0.1 --port "$THEIRS" \
        >"$dir/theirs.log" 2>&1 &
    pids+=($!)
    within 60 answers "$THEIRS" || fail 'theirs does not start'
}

answers() { # port
    (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

start_collector() {
    export GRPC_PORT HTTP_PORT TRACES=$dir/traces.jsonl METRICS=$dir/metrics.jsonl LOGS=$dir/logs.jsonl
    read -r GRPC_PORT HTTP_PORT < <(free_ports)
    rm -f "$TRACES" "$METRICS" "$LOGS"
    "$collector" --config team/collector.yaml >"$dir/collector.log" 2>&1 &
    server=$!
    disown # bash need not report how it ends
    within 10 both_listening || fail 'the collector does not start'
}

install_package() {
    local python
    if [ -e "$package/installed" ]; then
        echo "KAOS' agent is installed already"
        return
    fi
    python=$(ls -d "$(pyenv root 2>/dev/null)"/versions/3.1[2-9]*/bin/python3 2>/dev/null | sort -V | head -1) || true
    python=${python:-$(command -v python3)}
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' || fail "$python is older than Python 3.12"
    rm -rf "$package"
    "$python" -m venv "$package"
    "$package/bin/pip" install -q "pydantic-ai-server==$version" \
        opentelemetry-instrumentation-{fastapi,httpx,logging,starlette}==0.60b1 \
        opentelemetry-sdk==1.39.1 opentelemetry-exporter-otlp==1.39.1
    touch "$package/installed"
}

main "$@"
