#!/usr/bin/env bash
#
# Teams of processes on loopback, and the official OpenTelemetry Collector.
#
# First three of `kaos agent serve`: a coordinator that asks a researcher, who has a tool of an MCP server, and an analyst;
# team/model.py is the model of all three. Then the research team of the examples, which `kaos up` starts.
#
# Proves, streamed and not, that the three are one trace whose every parent is right and that goes on at the tool, that
# tokens are told once, that the log lines of all three have its id, and that a client that goes away cancels the turns of a
# coordinator, a researcher and an analyst who ask each other in a row. Of the research team, that one question is the same
# trace over gRPC and over HTTP, with the same tree as in the suite, and that with a full disk under its trails it says so,
# and goes on once there is room; and screens.py looks at it in terminals and in a pipe. The comparing is done by team/check.py.
#
# `team.sh litellm` proves the same of the research team with LiteLLM as its ModelAPI, and nothing else: that its spans are
# below the calls that it answered and have their tokens, and that what was said is in none of them.
#
# Needs cargo, python3, and what collector.sh and, without `litellm`, mcp.sh installed; install-litellm.sh installs LiteLLM.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

logs='up.log stderr litellm.log model.log tools.log coordinator.log researcher.log analyst.log collector.log' # of $dir: what a failure shows
pids=()

main() {
    unset "${!OTEL_@}" "${!KAOS_@}" "${!AGENT_@}" "${!PEER_@}" "${!MEMORY_@}" "${!MODEL_@}" "${!MCP_@}"
    trap 'kill -KILL "${pids[@]}" 2>/dev/null || true; "${kaos:-true}" down 2>/dev/null || true; clean_up' EXIT
    what=team
    collector=$(built_collector)
    build_ours
    export XDG_STATE_HOME=$dir/state
    read -r ANALYST RESEARCHER < <(free_ports)
    read -r COORDINATOR MODEL < <(free_ports)
    read -r TOOLS _ < <(free_ports)

    if [ "${1:-}" = litellm ]; then
        . ./install-litellm.sh
        install_litellm
        behind_litellm grpc
        behind_litellm http/protobuf
        return
    fi
    python=$(mcp_python)
    one_trace
    all_three_are_cancelled
    research_team grpc
    research_team http/protobuf
    a_full_disk
    what=screens
    python3 screens.py "$kaos" 2>&1 || fail 'a terminal shows something else than docs/screens.md; `screens.py KAOS --write` writes what it shows'
}

scripted=../../examples/research-team/scripted.yaml
question='What does the lease cost in all?'

# One question to the research team, whose telemetry goes to the Collector.
research_team() { # protocol
    local result
    what="the research team over $1"
    start_collector
    OTEL_EXPORTER_OTLP_PROTOCOL=$1 up -f "$scripted" --log-level DEBUG --telemetry "http://127.0.0.1:$(port_for "$1")"
    invoke --trace coordinator "$question"
    down
    stop TERM
    result=$(python3 team/check.py research "$dir" ../suite/command/team/traced.txt 2>&1) || fail "$result"
    echo "ok    $what: $result"
}

# The same question, with LiteLLM between the agents and the model by script, which another process has.
behind_litellm() { # protocol
    local result script
    what="the research team with LiteLLM over $1"
    start_collector
    printf "model_list: [{model_name: '*', litellm_params: {model: 'openai/*'}}]" >"$dir/models.yaml"
    script=$(sed -n '/value: |/,/^---$/{/value: |/d;/^---$/d;p}' "$scripted")
    start model "$MODEL" env DEBUG_MOCK_RESPONSES="$script" "$kaos" model serve --config "$dir/models.yaml" --port "$MODEL"
    { litellm_as_its_model && sed '1,/^---$/d' "$scripted"; } >"$dir/team.yaml"
    OTEL_EXPORTER_OTLP_PROTOCOL=$1 PATH=$litellm/bin:$PATH \
        up --litellm -f "$dir/team.yaml" --log-level DEBUG --telemetry "http://127.0.0.1:$(port_for "$1")"
    invoke --trace coordinator "$question"
    # It hands on what it holds ten times a second, and nothing when it ends.
    within 20 python3 team/check.py litellm_has_told "$dir" 2>/dev/null || true
    down
    [ ! -s "$dir/stderr" ] || fail 'one of them does not end as it should'
    "$kaos" logs llm >"$dir/litellm.log"
    end TERM
    stop TERM
    result=$(python3 team/check.py litellm "$dir" ../suite/command/team/traced.txt 2>&1) || fail "$result"
    echo "ok    $what: $result"
}

litellm_as_its_model() {
    cat <<YAML
apiVersion: kaos.tools/v1alpha1
kind: ModelAPI
metadata: {name: llm, namespace: research}
spec:
  mode: Proxy
  proxyConfig:
    provider: openai
    apiBase: http://127.0.0.1:$MODEL/v1
    apiKey: {value: none}
    models: [coordinator, researcher, analyst]
  container:
    env:
    - {name: LITELLM_LOCAL_MODEL_COST_MAP, value: 'True'} # it would ask the network for prices
---
YAML
}

# The disk of the trails is full while the team runs: what cannot be recorded, a tool's call or another agent's, is denied, and
# a line says why; nobody ends. Once there is room all is asked and recorded again, and the trails verify and tell of it.
a_full_disk() {
    local disk=$dir/disk
    what=${FUNCNAME[0]}
    mkdir -p "$disk"
    if ! unshare -rm true 2>/dev/null; then
        fail 'this machine lacks user namespaces with mounts'
    fi
    export -f in_small_disk invoke up down fail within
    export dir kaos scripted question what logs disk
    unshare -rm bash -euo pipefail -c in_small_disk || exit 1
    echo "ok    ${what//_/ }: said in words, and recorded again once there is room"
}

in_small_disk() {
    local agent
    mount -t tmpfs -o size=1m tmpfs "$disk"
    up -f "$scripted" --trail "$disk/trail"
    invoke coordinator "$question"
    # All that is left is taken.
    dd if=/dev/zero of="$disk/filler" bs=4k 2>/dev/null || true
    "$kaos" invoke coordinator "$question" >"$dir/asked" 2>&1 || true
    # The model's script goes on without what the others would have said: the tokens are the coordinator's alone.
    grep -q '530 + 101 tokens' "$dir/asked" && fail 'agents are asked though nothing can be recorded'
    "$kaos" logs coordinator >"$dir/lines"
    grep -q 'span=delegate.researcher phase=error .*error_type=denied' "$dir/lines" || fail 'nothing says that it was denied'
    grep -q 'the audit trail cannot be written' "$dir/lines" || fail 'nothing says why'
    "$kaos" status >"$dir/status" || fail "a component has gone: $(cat "$dir/status")"
    rm "$disk/filler"
    within 60 recovers || fail 'it does not go on once there is room'
    "$kaos" down 2>"$dir/stderr" || fail 'it does not end'
    for agent in coordinator researcher analyst; do
        "$kaos" audit verify "$disk/trail/$agent" >"$dir/verified" 2>&1 || fail "$agent: $(cat "$dir/verified")"
        grep -q '^INTACT' "$dir/verified" || fail "$agent: $(cat "$dir/verified")"
    done
    "$kaos" audit verify "$disk/trail/coordinator" | grep -q 'could not be written; nothing of then is lost' || fail 'the trail does not say so'
}

recovers() {
    "$kaos" invoke coordinator "$question" >"$dir/asked" 2>&1 && grep -q '530 + 101 tokens' "$dir/asked"
}
export -f recovers

up() { # arguments
    "$kaos" up -d "$@" >"$dir/up.log" 2>&1 || fail 'the team does not start'
}

invoke() { # arguments
    "$kaos" invoke "$@" >"$dir/asked" 2>&1 || fail "it is not answered: $(cat "$dir/asked")"
}

down() {
    "$kaos" down 2>"$dir/stderr" || fail 'it does not end'
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
