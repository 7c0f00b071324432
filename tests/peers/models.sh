# What the checks against model servers share: turns of real_input.rs and of the example. Sourced
# after common.sh; $url is the server's base URL.

build_turns() {
    build_ours real_input agent
}

# A turn, judged by real_input.py with the same options and these; its trail, by the command.
turn() { # name, --stream, --intent, --calculate as wanted, -- options of real_input.py…
    local options=() result key
    what=$1
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    rm -rf "$dir/trail"
    MODEL_API_URL=$url timeout -k 5 300 "$built/examples/real_input" \
        "${options[@]}" --trail "$dir/trail" >"$dir/said.json" 2>"$dir/stderr" || fail "the turn exits with $?"
    result=$(python3 real_input.py "${options[@]}" "$@" <"$dir/said.json" 2>&1) || fail "$result"
    echo "ok    $what: $result"
    key=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["key"])' <"$dir/said.json")
    verifies "$dir/trail" --key "$key"
}

# The example against the server: how it ended is its caller's to judge.
example() {
    rm -rf "$dir/example-trail"
    KAOS_LEARN_LIVE=1 MODEL_API_URL=$url KAOS_TRAIL=$dir/example-trail \
        timeout -k 5 300 "$built/examples/agent" >"$dir/stdout" 2>"$dir/stderr"
}

verifies() { # trail, options of the command…
    local result
    result=$("$kaos" audit verify "$@" 2>&1) || fail "$result"
    echo "ok    $what: $(head -n 1 <<<"$result")"
}

# Starts nothing itself: waits for $server to answer at this URL.
answers_within() { # seconds, URL
    within "$1" answers_or_gone "$2" || fail "the server does not answer within $1 s"
    ! gone "$server" || fail 'the server ends at once'
}

answers_or_gone() { # URL
    python3 -c 'import sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=5).close()' "$1" 2>/dev/null || gone "$server"
}
