#!/usr/bin/env bash
#
# The `mcp` example against a server made with the reference Python package of the Model Context
# Protocol, over streamable HTTP on loopback and as a child process.
#
# Proves that tools are found and called, that results, errors and refused arguments end their spans
# as they should, and that the server gets the tool span's traceparent in `params._meta`. The server
# is mcp/server.py, the comparing is done by mcp/check.py.
#
# Needs cargo and python3 (3.10 or newer). The package is PyPI's `mcp`, 70 MB with what it needs,
# installed once for each version into the ignored folder .cache.

set -euo pipefail
cd "$(dirname "$0")"

version=2.3.0
package=$PWD/.cache/mcp-$version
logs='stderr server.log' # of $dir: what a failure shows
what=mcp
calls=('add={"a":2,"b":3}' 'meta={}' 'fail={}' 'add={"a":2}')

main() {
    unset "${!OTEL_@}" "${!KAOS_@}"
    . ./common.sh
    install_package
    cargo build -q -p kaos-examples --all-features --example mcp
    start_server
    calls_as_in_the_events tcp "http://127.0.0.1:$HTTP_PORT/mcp"
    stop TERM
    calls_as_in_the_events pipe stdio "$package/bin/python" "$PWD/mcp/server.py" --
}

calls_as_in_the_events() { # transport, the example's arguments before the calls…
    local result
    what="${FUNCNAME[0]} $1"
    timeout -k 5 60 cargo run -q -p kaos-examples --all-features --example mcp -- "${@:2}" "${calls[@]}" \
        >"$dir/events.jsonl" 2>"$dir/stderr" || fail "the example exits with $?"
    result=$(python3 mcp/check.py "$dir/events.jsonl" "$1" 2>&1) || fail "$result"
    echo "ok    ${what//_/ }: $result"
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

install_package() {
    local begun=$SECONDS
    if [ -e "$package/installed" ]; then
        echo 'the MCP package is installed already'
        return
    fi
    rm -rf "$PWD"/.cache/mcp-*
    echo "installing the MCP package $version"
    python3 -m venv "$package"
    nice -n 10 "$package/bin/python" -m pip install -q "mcp==$version"
    touch "$package/installed"
    echo "installed the MCP package in $((SECONDS - begun)) s"
}

main "$@"
