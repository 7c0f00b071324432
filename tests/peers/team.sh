#!/usr/bin/env bash
#
# Three processes of `kaos agent serve` on loopback, and the official OpenTelemetry Collector: a coordinator that asks a
# researcher, who asks an analyst, each with a scripted model.
#
# Proves, streamed and not, that the three are one trace whose every parent is right, that tokens are told once, and that a
# client that goes away cancels the turns of all three. The comparing is done by team/check.py.
#
# Needs cargo, python3, and what collector.sh built.

set -euo pipefail
cd "$(dirname "$0")"

logs='coordinator.log researcher.log analyst.log collector.log' # of $dir: what a failure shows
kaos=../../target/debug/kaos
pids=()

main() {
    unset "${!OTEL_@}" "${!KAOS_@}" "${!AGENT_@}" "${!PEER_@}" "${!MEMORY_@}" "${!MODEL_@}"
    . ./common.sh
    trap 'kill -KILL "${pids[@]}" 2>/dev/null || true; clean_up' EXIT
    collector=$(ls .cache/collector-*/build/collector) || fail 'run collector.sh first: it builds the collector'
    cargo build -q -p kaos-cli
    read -r ANALYST RESEARCHER < <(free_ports)
    read -r COORDINATOR SILENT < <(free_ports)

    one_trace
    all_three_are_cancelled
}

one_trace() {
    local result
    what=${FUNCNAME[0]}
    start_collector
    serve analyst "$ANALYST" '["three"]'
    serve researcher "$RESEARCHER" "$(asks analyst),\"there are three\"]" "analyst:http://127.0.0.1:$ANALYST"
    serve coordinator "$COORDINATOR" "$(asks researcher),\"Three.\"]" "researcher:http://127.0.0.1:$RESEARCHER"
    python3 team/check.py ask "http://127.0.0.1:$COORDINATOR" >"$dir/asked" 2>"$dir/stderr" || fail "$(cat "$dir/stderr")"
    end TERM
    stop TERM # it writes what it still holds
    result=$(python3 team/check.py traces "$TRACES" "$dir/asked" 2>&1) || fail "$result"
    echo "ok    ${what//_/ }: $result"
}

# The analyst's model is one that accepts and never answers.
all_three_are_cancelled() {
    local result
    what=${FUNCNAME[0]}
    start_collector
    python3 team/check.py silent "$SILENT" &
    pids+=($!)
    within 10 answers "$SILENT" || fail 'the silent model does not start'
    serve analyst "$ANALYST" '' '' "http://127.0.0.1:$SILENT"
    serve researcher "$RESEARCHER" "$(asks analyst),\"there are three\"]" "analyst:http://127.0.0.1:$ANALYST"
    serve coordinator "$COORDINATOR" "$(asks researcher),\"Three.\"]" "researcher:http://127.0.0.1:$RESEARCHER"
    python3 team/check.py leave "http://127.0.0.1:$COORDINATOR" "$SILENT" >"$dir/asked" 2>"$dir/stderr" || fail "$(cat "$dir/stderr")"
    sleep 1 # well after the turns are over: what ends them now is no end of a process
    end TERM
    stop TERM
    result=$(python3 team/check.py cancelled "$TRACES" "$dir/asked" 2>&1) || fail "$result"
    echo "ok    ${what//_/ }: $result"
}

asks() { # agent
    echo "[{\"tool_calls\":[{\"id\":\"1\",\"name\":\"$1\",\"arguments\":{\"task\":\"count them\"}}]}"
}

serve() { # name, port, replies, sub-agents, the model's URL
    AGENT_NAME=$1 DEBUG_MOCK_RESPONSES=$3 AGENT_SUB_AGENTS=${4:-} MODEL_API_URL=${5:-http://127.0.0.1:1} MODEL_NAME=m \
        OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$GRPC_PORT OTEL_SERVICE_NAME=$1 OTEL_BSP_SCHEDULE_DELAY=50 \
        "$kaos" agent serve --port "$2" >"$dir/$1.log" 2>&1 &
    pids+=($!)
    within 20 answers "$2" || fail "$1 does not start"
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
