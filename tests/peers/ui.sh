#!/usr/bin/env bash
#
# `kaos ui` in a real browser: the research team of the walk-through is asked, with trails; Chromium opens every page of what
# they hold, clicks, filters, compares, asks an agent and sees its run grow, without a mouse, at 400 px, in the dark; and then
# sees what somebody did to copies of the trails. ui/check.py is the one who looks.
#
# Proves that no page says anything on the browser's console, asks another host, or breaks its own security policy.
# With KAOS_UI_LARGE=1 it measures 100 000 runs instead, with an optimised kaos (KAOS_PROGRAM, if there is one). With KAOS_SCREENSHOTS=1 it writes the pictures of docs/ui.md anew.
#
# Needs cargo, python3, and Chromium (Debian's `chromium`, or CHROMIUM=program; as root it is installed). PyPI's `playwright`
# is installed once for each version into ~/.cache/kaos-peers.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

version=1.65.2
package=$cache/playwright-$version
logs='up.log ui.log check.log' # of $dir: what a failure shows
what=ui
pids=()

main() {
    unset "${!OTEL_@}" "${!KAOS_AGENT@}" "${!MODEL_@}"
    trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; clean_up' EXIT
    install_package
    if [ -n "${KAOS_UI_LARGE:-}" ]; then
        large
        return
    fi
    find_chromium
    only_install "$@" && return
    build_ours
    export XDG_STATE_HOME=$dir/state XDG_CACHE_HOME=$dir/cache
    record
    read_in ui --key "$dir/trail.key.pub"
    look all "$url" "$dir"
    tampered
    hostile
    echo "ok    ui: in $SECONDS s"
}

# The walk-through's team, asked; with a failure, a conversation, and a run of another program.
record() {
    "$kaos" audit keygen "$dir/trail.key" --name research >/dev/null
    "$kaos" up -f ../../examples/research-team/scripted.yaml --trail "$dir/trails" --trail-key "$dir/trail.key" >"$dir/up.log" 2>&1 &
    pids+=($!)
    within 90 grep -q 'are ready after' "$dir/up.log" || fail 'the team does not start'
    ask coordinator 'What does the lease cost in all?' --session lease-7
    ask researcher 'How long does the lease run?' --session lease-7
    ask analyst 'What is 36 times 1250? My card is 4111 1111 1111 1111.'
    ask coordinator 'And what does it cost in all, with the deposit?' --session lease-7
    script '[{"tool_calls":[{"name":"search","arguments":{"query":"lease"}}]}, "Three years."]' 'How long is the lease?' short
    script '[{"tool_calls":[{"name":"levitate","arguments":{"query":"rent"}}]}, "It is 1250 a month."]' 'How long is the lease?' short
}

ask() { # agent, question, more…
    "$kaos" invoke "$@" >/dev/null 2>>"$dir/up.log" || fail "$1 does not answer"
}

script() { # replies, question, session
    DEBUG_MOCK_RESPONSES=$1 OTEL_SDK_DISABLED=true "$kaos" run "$2" --session "$3" --trail "$dir/trails/alone" --trail-key "$dir/trail.key" >/dev/null 2>>"$dir/up.log" ||
        fail 'kaos run does not answer'
}

read_in() { # log's name, arguments…
    "$kaos" ui --port 0 "${@:2}" >"$dir/$1.log" 2>&1 &
    server=$!
    disown
    within 30 grep -q 'the page is at' "$dir/$1.log" || fail 'kaos ui does not start'
    url=$(grep -o 'http://[^ ]*' "$dir/$1.log")
}

look() { # what, url, folder
    timeout -k 5 150 "$package/bin/python" ui/check.py "$chromium" "$@" 2>"$dir/check.log" || fail "$1"
}

# What somebody did to a copy is on every page.
tampered() {
    stop TERM
    local each
    for each in flipped cut forged; do
        cp -r "$dir/trails/alone" "$dir/$each"
        python3 ui/tamper.py "$each" "$dir/$each"
        read_in "$each" "$dir/$each"
        look tampered "$url" "$each"
        stop TERM
    done
}

# 100 000 runs in 2 GB, and a run of 5 000 spans.
large() {
    find_chromium
    cargo build -q --release -p kaos-reference --example write_runs
    local target run
    target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/release
    kaos=${KAOS_PROGRAM:-$target/kaos}
    [ -n "${KAOS_PROGRAM:-}" ] || cargo build -q --release -p kaos-cli
    export XDG_STATE_HOME=$dir/state XDG_CACHE_HOME=$dir/cache
    run=$("$target/examples/write_runs" "$dir/large" "${KAOS_UI_RUNS:-100000}" "${KAOS_UI_BYTES:-17500}" 5000)
    du -sm "$dir/large" | cut -f1 | sed 's/$/ MB/'
    read_in ui "$dir/large"
    look large "$url" "$server $run"
    stop TERM
}

# Every text of a copy is hostile: markup, script, escapes, endless words.
hostile() {
    cp -r "$dir/trails/researcher" "$dir/hostile"
    python3 ui/hostile.py "$dir/hostile"
    read_in hostile "$dir/hostile"
    look hostile "$url" -
    stop TERM
    "$kaos" audit show "$dir/hostile" --html "$dir/hostile.html" || fail 'no page is written of it'
    look written "file://$dir/hostile.html" -
}

install_package() {
    [ ! -e "$package/installed" ] || return 0
    rm -rf "$cache"/playwright-*
    python3 -m venv "$package"
    nice -n 10 "$package/bin/python" -m pip install -q "playwright==$version"
    touch "$package/installed"
}

find_chromium() {
    chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
    [ -n "$chromium" ] || chromium=$(install_chromium)
}

install_chromium() {
    { [ "$(id -u)" = 0 ] && command -v apt-get; } >/dev/null || fail 'there is no Chromium: CHROMIUM=program'
    { apt-get -qq update && apt-get -qq -o DPkg::Lock::Timeout=600 install -y --no-install-recommends chromium; } >&2
    command -v chromium
}

main "$@"; exit
