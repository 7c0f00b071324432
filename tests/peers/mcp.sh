#!/usr/bin/env bash
#
# Both sides of the Model Context Protocol with peers that are not ours, over streamable HTTP on loopback and as child
# processes.
#
# Our client: the `mcp` example against a server made with the reference Python package. Proves that tools are found and
# called, that results, errors and refused arguments end their spans as they should, and that the server gets the tool
# span's traceparent in `params._meta`. The server is mcp/server.py, the comparing is done by mcp/check.py.
#
# Our server: `kaos mcp serve` with the tools of mcp/served/tools.py, against three clients (mcp/served/python_mcp.py,
# python_fastmcp.py, typescript_sdk.mjs). Proves that each lists and calls, and that what they give as `_meta.traceparent`
# is the parent of the calls' spans, in which a tool's own span is one more; mcp/served/check.py compares.
#
# Needs cargo, node and python3 (3.10 or newer). The packages are PyPI's `mcp`, `fastmcp` and OpenTelemetry's SDK, and
# npm's `@modelcontextprotocol/sdk`: 260 MB with what they need, installed once for each version into ~/.cache/kaos-peers.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

version=2.3.0
otel=1.45.2
fastmcp=4.1.6
sdk=1.32.2
package=$cache/mcp-$version-$otel
fastmcp_package=$cache/fastmcp-$fastmcp
sdk_package=$cache/mcp-sdk-$sdk
logs='stderr server.log' # of $dir: what a failure shows
what=mcp
calls=('add={"a":2,"b":3}' 'meta={}' 'fail={}' 'add={"a":2}')
export CALLS='[["add",{"a":2,"b":3}],["fail",{}],["order",{"order":{"item":"pen","count":2}}],["observed",{}]]'

main() {
    unset "${!OTEL_@}" "${!KAOS_@}" "${!MCP_@}"
    trap 'clean_up; [ -z "${receiver:-}" ] || kill "$receiver"' EXIT
    install_packages
    only_install "$@" && return
    build_ours mcp
    start_server
    calls_as_in_the_events tcp "http://127.0.0.1:$HTTP_PORT/mcp"
    stop TERM
    calls_as_in_the_events pipe stdio "$package/bin/python" "$PWD/mcp/server.py" --

    start_receiver
    clients_over_http
    clients_over_stdio
}

calls_as_in_the_events() { # transport, the example's arguments before the calls…
    local result
    what="${FUNCNAME[0]} $1"
    timeout -k 5 60 "$built/examples/mcp" "${@:2}" "${calls[@]}" \
        >"$dir/events.jsonl" 2>"$dir/stderr" || fail "the example exits with $?"
    result=$(python3 mcp/check.py "$dir/events.jsonl" "$1" 2>&1) || fail "$result"
    echo "ok    ${what//_/ }: $result"
}

serves() { # arguments of `kaos mcp serve`…: its command line
    echo "$kaos" mcp serve --python "$package/bin/python" --memory 0 "$PWD/mcp/served/tools.py" "$@"
}

clients_over_http() {
    local -a command
    read -ra command < <(serves --port 0)
    "${command[@]}" >"$dir/stdout" 2>"$dir/server.log" &
    server=$!
    disown
    within 60 said_where || fail 'the server does not say where it is'
    local url
    url=$(sed -n 's|.* at \(http://.*\)|\1|p' "$dir/server.log")
    clients "$url"
    stop TERM
    compare tcp "$dir/server.log"
}

said_where() {
    grep -q ' at http://' "$dir/server.log" || gone "$server"
}

# What a client writes to its standard error is what the server does.
clients_over_stdio() {
    local -a command
    read -ra command < <(serves --stdio)
    clients "${command[@]}"
    compare pipe
}

clients() { # how to reach the server…
    client python_mcp "$package/bin/python" mcp/served/python_mcp.py "$@"
    client python_fastmcp "$fastmcp_package/bin/python" mcp/served/python_fastmcp.py "$@"
    client typescript_sdk env SDK="$sdk_package" node mcp/served/typescript_sdk.mjs "$@"
}

client() { # name, command…
    local trace
    what="the client $1"
    trace=$(python3 -c 'import secrets; print(secrets.token_hex(16))')
    echo "00-$trace-00f067aa0ba902b7-01" >"$dir/$1.caller"
    CALLER=$(<"$dir/$1.caller") timeout -k 5 60 "${@:2}" >"$dir/$1.seen" 2>"$dir/$1.stderr" || {
        cp "$dir/$1.stderr" "$dir/stderr"
        fail "it exits with $?"
    }
}

compare() { # transport, the server's standard error, if it is not the client's
    local name result
    for name in python_mcp python_fastmcp typescript_sdk; do
        what="$name over $1"
        export CALLER
        CALLER=$(<"$dir/$name.caller")
        within 10 exported "${CALLER:3:32}" || true
        result=$(python3 mcp/served/check.py "$dir/$name.seen" "$dir/spans" "${2:-$dir/$name.stderr}" "$1" 2>&1) || fail "$result"
        echo "ok    ${what//_/ }: $result"
    done
}

exported() { # trace
    (($(grep -c "$1" "$dir/spans") >= 5))
}

start_receiver() {
    "$package/bin/python" mcp/served/receiver.py "$dir/spans" >"$dir/receiver.port" &
    receiver=$!
    disown
    within 30 test -s "$dir/receiver.port" || fail 'the receiver does not start'
    export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
    OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$(<"$dir/receiver.port")
    export OTEL_EXPORTER_OTLP_ENDPOINT
}

start_server() {
    read -r _ HTTP_PORT < <(free_ports)
    "$package/bin/python" mcp/server.py "$HTTP_PORT" >"$dir/server.log" 2>&1 &
    server=$!
    disown # bash need not report how it ends
    within 60 listening_or_gone || fail 'the server does not start'
    ! gone "$server" || fail 'the server ends at once'
}

listening_or_gone() {
    (: <"/dev/tcp/127.0.0.1/$HTTP_PORT") 2>/dev/null || gone "$server"
}

install_packages() {
    local begun=$SECONDS
    in_python "$package" "$cache"/mcp-[0-9]* -- "mcp==$version" "opentelemetry-sdk==$otel" "opentelemetry-exporter-otlp-proto-http==$otel"
    in_python "$fastmcp_package" "$cache"/fastmcp-* -- "fastmcp==$fastmcp"
    if [ ! -e "$sdk_package/installed" ]; then
        rm -rf "$cache"/mcp-sdk-*
        mkdir -p "$sdk_package"
        (cd "$sdk_package" && nice npm install --silent --no-fund --no-audit "@modelcontextprotocol/sdk@$sdk")
        touch "$sdk_package/installed"
    fi
    echo "installed the MCP packages in $((SECONDS - begun)) s"
}

in_python() { # folder, those of other versions…, --, packages…
    local at=$1
    shift
    [ ! -e "$at/installed" ] || return 0
    while [ "$1" != -- ]; do
        rm -rf "$1"
        shift
    done
    shift
    python3 -m venv "$at"
    nice -n 10 "$at/bin/python" -m pip install -q "$@"
    touch "$at/installed"
}

main "$@"
