#!/usr/bin/env bash
#
# Three processes of `kaos agent serve` on loopback, and the official OpenTelemetry Collector: a coordinator that asks a
# researcher, who has a tool of an MCP server, and an analyst; team/model.py is the model of all three.
#
# Proves, streamed and not, that the three are one trace whose every parent is right and that goes on at the tool, that
# tokens are told once, that the log lines of all three have its id, and that a client that goes away cancels the turns of a
# coordinator, a researcher and an analyst who ask each other in a row. The comparing is done by team/check.py.
#
# Needs cargo, python3, and what collector.sh and mcp.sh installed.

set -euo pipefail
cd "$(dirname "$0")"

logs='stderr model.log tools.log coordinator.log researcher.log analyst.log collector.log' # of $dir: what a failure shows
pids=()

main() {
    unset "${!OTEL_@}" "${!KAOS_@}" "${!AGENT_@}" "${!PEER_@}" "${!MEMORY_@}" "${!MODEL_@}" "${!MCP_@}"
    . ./common.sh
    trap 'kill -KILL "${pids[@]}" 2>/dev/null || true; clean_up' EXIT
    what=team
    collector=$(built_collector)
    python=$(mcp_python)
    cargo build -q -p kaos-cli
    kaos=$(cargo metadata --no-deps --format-version 1 |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/debug/kaos
    read -r ANALYST RESEARCHER < <(free_ports)
    read -r COORDINATOR MODEL < <(free_ports)
    read -r TOOLS _ < <(free_ports)

    one_trace
    all_three_are_cancelled
}

one_trace() {
    local result
    what=${FUNCNAME[0]}
    start_collector
    start model "$MODEL" python3 team/model.py "$MODEL" "$dir/told"
    start tools "$TOOLS" "$python" mcp/server.py "$TOOLS"
    serve analyst "$ANALYST" "$MODEL"
    serve researcher "$RESEARCHER" "$MODEL" MCP_SERVERS=tools MCP_SERVER_tools_URL="http://127.0.0.1:$TOOLS"
    serve coordinator "$COORDINATOR" "$MODEL" \
        AGENT_SUB_AGENTS="researcher:http://127.0.0.1:$RESEARCHER,analyst:http://127.0.0.1:$ANALYST"
    python3 team/check.py ask "http://127.0.0.1:$COORDINATOR" >"$dir/asked" 2>"$dir/stderr" || fail 'it is not answered'
    end TERM
    stop TERM # it writes what it still holds
    result=$(python3 team/check.py traces "$dir" 2>&1) || fail "$result"
    echo "ok    ${what//_/ }: $result"
}

# A row of three, of which the last one's model accepts and never answers.
all_three_are_cancelled() {
    local result
    what=${FUNCNAME[0]}
    start_collector
    start model "$MODEL" python3 team/check.py silent "$MODEL"
    serve analyst "$ANALYST" "$MODEL"
    serve researcher "$RESEARCHER" 1 DEBUG_MOCK_RESPONSES="$(asks analyst)" AGENT_SUB_AGENTS="analyst:http://127.0.0.1:$ANALYST"
    serve coordinator "$COORDINATOR" 1 DEBUG_MOCK_RESPONSES="$(asks researcher)" \
        AGENT_SUB_AGENTS="researcher:http://127.0.0.1:$RESEARCHER"
    python3 team/check.py leave "http://127.0.0.1:$COORDINATOR" "$MODEL" >"$dir/asked" 2>"$dir/stderr" || fail 'nobody is asked'
    sleep 1 # well after the turns are over: what ends them now is no end of a process
    end TERM
    stop TERM
    result=$(python3 team/check.py cancelled "$dir" 2>&1) || fail "$result"
    echo "ok    ${what//_/ }: $result"
}

asks() { # agent
    echo "[{\"tool_calls\":[{\"id\":\"1\",\"name\":\"$1\",\"arguments\":{\"task\":\"count them\"}}]},\"Three.\"]"
}

serve() { # name, port, the model's port, variables…
    start "$1" "$2" env AGENT_NAME="$1" MODEL_API_URL="http://127.0.0.1:$3" MODEL_NAME="$1" LOG_LEVEL=DEBUG \
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:$GRPC_PORT" OTEL_BSP_SCHEDULE_DELAY=50 \
        "${@:4}" "$kaos" agent serve --port "$2"
}

start() { # name, port, command…
    "${@:3}" >"$dir/$1.log" 2>&1 &
    pids+=($!)
    within 30 answers "$2" || fail "$1 does not start"
}

answers() { # port
    (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

end() { # signal
    kill "-$1" "${pids[@]}" 2>/dev/null || true
    wait "${pids[@]}" 2>/dev/null || true
    pids=()
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

main "$@"
