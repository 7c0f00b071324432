#!/usr/bin/env bash
#
# What a served tool costs, on this machine, interleaved, as medians of several rounds: a Rust tool over loopback
# HTTP against the same behind the protocol's library alone (at most 1.3 times as much, observed or not), and a
# warm call of a Python tool of `kaos mcp serve` against FastMCP's (at most 2 times). Prints the ratios.
#
# Needs cargo, python3 and what mcp.sh installs.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

logs='ours.log theirs.log' # of $dir: what a failure shows
what=mcp-cost

main() {
    unset "${!OTEL_@}" "${!KAOS_@}" "${!MCP_@}"
    trap 'clean_up; [ -z "${theirs:-}" ] || kill "$theirs"' EXIT
    fastmcp=$(ls -t "$cache"/fastmcp-*/bin/python 2>/dev/null | head -n 1 | grep .) || fail 'run mcp.sh first: it installs FastMCP'
    cargo bench -q --no-run -p kaos-tests --bench mcp # the command, too, as the suite runs it
    kaos=$(cargo metadata --no-deps --format-version 1 |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release/kaos_under_test
    cargo bench -q -p kaos-tests --bench mcp -- --json >"$dir/ratios"
    start_servers
    KAOS_BENCH_OURS=127.0.0.1:$OURS KAOS_BENCH_THEIRS=127.0.0.1:$THEIRS \
        cargo bench -q -p kaos-tests --bench mcp -- --json >>"$dir/ratios"
    within_limits <"$dir/ratios" || fail 'a call costs too much'
}

start_servers() {
    read -r OURS THEIRS < <(free_ports)
    "$kaos" mcp serve --port "$OURS" mcp/cost.py >"$dir/ours.log" 2>&1 &
    server=$!
    disown # bash need not report how it ends
    "$fastmcp" mcp/cost.py "$THEIRS" >"$dir/theirs.log" 2>&1 &
    theirs=$!
    disown
    within 60 listening "$OURS" "$server" || fail 'ours does not start'
    within 60 listening "$THEIRS" "$theirs" || fail 'theirs does not start'
}

listening() { # port, process
    (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null || gone "$2"
}

within_limits() {
    awk '
        match($0, /"case":"[^"]*"/) {
            name = substr($0, RSTART + 8, RLENGTH - 9)
            match($0, /"ratio":[0-9.]+/)
            ratio = substr($0, RSTART + 8, RLENGTH - 8) + 0
            verdict = ""
            if (name ~ /ours|kaos/) {
                seen++
                must = name ~ /Python/ ? 2 : 1.3
                verdict = sprintf("must be <= %.1f: %s", must, ratio <= must ? "kept" : "MISSED")
                missed += ratio > must
            }
            printf "%-32s %8.3f  %s\n", name, ratio, verdict
        }
        END { exit missed > 0 || seen != 5 }'
}

main "$@"
