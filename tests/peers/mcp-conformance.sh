#!/usr/bin/env bash
#
# MCP's own conformance suite against our tool server (tests/peers/mcp_conformance.rs), and our client
# against the suite's servers.
#
# A scenario without a check counts as failed here (the suite calls it passed). What fails all the same
# stands in mcp-conformance/exceptions, with the reason; anything else fails this script, and so does an
# exception that passes. The last line counts scenarios and checks.
#
# Needs cargo, npm and python3. The suite needs Node 22, which comes from npm, too: 240 MB, installed once
# for each version into ~/.cache/kaos-peers.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

versions=(0.1.16 0.2.0-alpha.12)
node_version=22
logs='server.log' # of $dir: what a failure shows
what=mcp-conformance

# The scenarios, with the version of the protocol that they are of: the suite 0.1.16 knows those until 2025-11-25,
# the alpha those and 2026-07-28.
stable=(server-initialize ping tools-list tools-call-simple-text tools-call-image tools-call-audio
    tools-call-embedded-resource tools-call-mixed-content tools-call-with-logging tools-call-error
    tools-call-with-progress tools-call-sampling tools-call-elicitation json-schema-2020-12
    server-sse-multiple-streams server-sse-polling dns-rebinding-protection)
latest=(server-stateless http-header-validation tools-list tools-call-simple-text tools-call-image tools-call-audio
    tools-call-embedded-resource tools-call-mixed-content tools-call-error tools-call-with-progress json-schema-2020-12
    server-sse-multiple-streams dns-rebinding-protection)
client=(initialize tools_call sse-retry)
latest_client=(request-metadata tools_call)

main() {
    unset "${!OTEL_@}" "${!KAOS_@}"
    local version
    for version in "${versions[@]}"; do
        install_suite "$version"
    done
    only_install "$@" && return
    build_ours mcp_conformance
    start_server
    run 0.1.16 2025-11-25 server "${stable[@]}"
    run 0.2.0-alpha.12 2025-11-25 server "${stable[@]}"
    run 0.2.0-alpha.12 2026-07-28 server "${latest[@]}"
    run 0.1.16 2025-11-25 client "${client[@]}"
    run 0.2.0-alpha.12 2025-11-25 client "${client[@]}"
    run 0.2.0-alpha.12 2026-07-28 client "${latest_client[@]}"
    python3 mcp-conformance/count.py "$dir/results" mcp-conformance/exceptions || fail 'the list of exceptions is not what happened'
}

install_suite() {
    local at=$cache/mcp-conformance-$1
    [ ! -e "$at/installed" ] || return 0
    echo "installing the conformance suite $1"
    mkdir -p "$at"
    (cd "$at" && nice npm install --silent --no-fund --no-audit "node@$node_version" "@modelcontextprotocol/conformance@$1")
    touch "$at/installed"
}

run() { # version of the suite, version of the protocol, side, scenarios…
    local at=$cache/mcp-conformance-$1 side=$3 scenario
    local suite=("$at/node_modules/node/bin/node" "$at/node_modules/@modelcontextprotocol/conformance/dist/index.js")
    for scenario in "${@:4}"; do
        local out=$dir/results/$side.$scenario@$2,$1
        mkdir -p "$out"
        local spec=()
        [ "$1" = 0.1.16 ] || spec=(--spec-version "$2")
        if [ "$side" = server ]; then
            timeout -k 5 60 "${suite[@]}" server --url "http://127.0.0.1:$HTTP_PORT/mcp" --scenario "$scenario" "${spec[@]}" -o "$out" \
                >"$out/log" 2>&1 || true
        else
            timeout -k 5 60 "${suite[@]}" client --command "$built/examples/mcp_conformance client" --scenario "$scenario" "${spec[@]}" -o "$out" \
                >"$out/log" 2>&1 || true
        fi
    done
}

start_server() {
    read -r _ HTTP_PORT < <(free_ports)
    "$built/examples/mcp_conformance" serve "$HTTP_PORT" >"$dir/server.log" 2>&1 &
    server=$!
    disown # bash need not report how it ends
    within 60 listening_or_gone || fail 'the server does not start'
    ! gone "$server" || fail 'the server ends at once'
}

listening_or_gone() {
    (: <"/dev/tcp/127.0.0.1/$HTTP_PORT") 2>/dev/null || gone "$server"
}

main "$@"
