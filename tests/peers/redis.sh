#!/usr/bin/env bash
#
# Sessions in a real Redis, Debian's server on loopback: two processes on one session, a process that is killed or stands
# still, a server that is restarted, full, slow, behind TLS; then `kaos sessions` on what `kaos run` said. The checks are
# redis_sessions.rs. Last, two replicas of `kaos agent serve` behind a proxy that asks them in turn (replicas/check.py).
#
# Needs cargo and openssl. Where there is no redis-server on PATH, Debian's is fetched with apt-get (2 MB) and unpacked into
# ~/.cache/kaos-peers: nothing is installed.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

peers=$PWD
package=$cache/redis
logs='stdout stderr redis.log' # of $dir: what a failure shows
what=redis

main() {
    unset "${!OTEL_@}" "${!KAOS_@}" "${!MODEL_@}" DEBUG_MOCK_RESPONSES SSL_CERT_FILE
    fetch_server
    only_install "$@" && return
    certificates
    build_ours redis_sessions
    REDIS_CERTS=$dir timeout -k 5 120 "$built/examples/redis_sessions" 2>"$dir/stderr" || fail "the checks end with $?"
    command_line
    replicas
}

# Conversations go on at whichever of them is asked.
replicas() {
    local model first second result pids=() begun=$SECONDS
    what=${FUNCNAME[0]}
    unset DEBUG_MOCK_RESPONSES
    cd "$peers"
    read -r HTTP_PORT model < <(free_ports)
    "$REDIS_SERVER" --bind 127.0.0.1 --port "$HTTP_PORT" --save '' >"$dir/redis.log" &
    server=$!
    disown
    within 10 listening || fail 'the server does not start'
    export KAOS_SESSIONS=redis://127.0.0.1:$HTTP_PORT
    read -r first second < <(free_ports)
    python3 replicas/check.py model "$model" 2>"$dir/stderr" &
    pids=($!)
    for port in "$first" "$second"; do
        AGENT_NAME=a MODEL_API_URL=http://127.0.0.1:$model MODEL_NAME=m "$built/kaos" agent serve --port "$port" >"$dir/stdout" 2>&1 &
        pids+=($!)
    done
    disown "${pids[@]}"
    trap 'kill -KILL '"${pids[*]}"' 2>/dev/null || true; clean_up' EXIT
    for HTTP_PORT in "$model" "$first" "$second"; do
        within 20 listening || fail 'a replica does not start'
    done
    result=$(timeout -k 5 120 python3 replicas/check.py clients "$first" "$second" "${pids[1]}" 2>&1) || fail "$result"
    kill -TERM "${pids[@]}" 2>/dev/null || true
    stop TERM
    echo "ok    replicas: $result, $((SECONDS - begun)) s"
}

fetch_server() {
    REDIS_SERVER=$(command -v redis-server || true)
    if [[ -z $REDIS_SERVER ]]; then
        if [[ ! -e $package/fetched ]]; then
            rm -rf "$package" && mkdir -p "$package"
            echo 'fetching the Redis server'
            # Its list of packages may be missing or old.
            (cd "$package" && { apt-get -qq download "${packages[@]}" || { as_root apt-get -qq update && apt-get -qq download "${packages[@]}"; }; })
            for each in "$package"/*.deb; do
                dpkg-deb -x "$each" "$package"
            done
            touch "$package/fetched"
        fi
        REDIS_SERVER=$package/usr/bin/redis-server
        LD_LIBRARY_PATH=$(printf '%s:' "$package"/usr/lib/*-linux-gnu*)
        export LD_LIBRARY_PATH
    fi
    export REDIS_SERVER
    "$REDIS_SERVER" --version
}

packages=(redis-server redis-tools libatomic1 libjemalloc2 liblzf1 libssl3 libsystemd0)

as_root() {
    if [[ $EUID == 0 ]]; then "$@"; else sudo -n "$@"; fi
}

# An authority, and a server's certificate by it for 127.0.0.1.
certificates() {
    local name=/CN=kaos-tests
    (
        cd "$dir"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 2 -subj "$name" \
            -addext basicConstraints=critical,CA:TRUE
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj "$name-server"
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 \
            -extfile <(echo subjectAltName=IP:127.0.0.1)
    ) 2>"$dir/stderr" || fail 'no certificates'
}

command_line() {
    local port result
    what=command_line
    read -r port _ < <(free_ports)
    "$REDIS_SERVER" --bind 127.0.0.1 --port "$port" --save '' --requirepass canary-PASSWORD >"$dir/redis.log" &
    server=$!
    disown
    HTTP_PORT=$port
    within 10 listening || fail 'the server does not start'
    export KAOS_SESSIONS=redis://:canary-PASSWORD@127.0.0.1:$port
    cd "$dir"
    says() { # what is expected, in order, arguments of the command…
        local expected=$1 status=0
        shift
        "$built/kaos" "$@" >stdout 2>stderr || status=$?
        grep -zqP "$expected" <(echo "exit $status" && cat stdout stderr) || fail "kaos $*: exit $status, not /$expected/"
        ! grep -q canary stdout stderr || fail "kaos $*: the password is shown"
    }
    export DEBUG_MOCK_RESPONSES='["Twelve months."]'
    says '^exit 0\nTwelve months\.' run --quiet --session s-1 'How long?'
    says '^exit 0\nTwelve months\.' run --quiet --session $'odd\e[31m' 'And now?'
    free_at_the_end
    says '^exit 0\nTwelve months\.' run --quiet --session s-1 'Really?'
    says '^exit 0\n.*\ns-1 .* 2 .*\nodd\S*31m .* 1 ' sessions list
    says '(?s)^exit 0\n.*How long\?.*Twelve months\..*Really\?.*Twelve months\.' sessions show s-1
    says '^exit 0\n' sessions forget s-1
    says '^exit 1\n.*no session' sessions show s-1
    says '^exit 1\n.*no session' sessions forget s-1
    ! grep -q $'\e' stdout stderr || fail 'an escape sequence reaches the terminal'
    KAOS_SESSIONS='' says '^exit 2\n.*KAOS_SESSIONS' sessions list
    stop KILL
    says '^exit 1\n.*127\.0\.0\.1' sessions list
    echo 'ok    command line: kaos run continues a session, kaos sessions lists, shows and forgets it'
}

# The next command need not wait for the lease of one that has ended, however that ended.
free_at_the_end() {
    local began=$SECONDS silent status=0
    says '^exit 0\nTwelve months\.' run --quiet --session s-2 'Answered?'
    says '^exit 0\nTwelve months\.' run --quiet --session s-2 'Again?'
    DEBUG_MOCK_RESPONSES='' says '^exit 1\n' run --quiet --session s-2 --url http://127.0.0.1:1 --model none 'Failed?'
    # An endpoint that never answers.
    python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(30)' >endpoint &
    silent=$!
    within 10 test -s endpoint || fail 'no endpoint'
    DEBUG_MOCK_RESPONSES='' timeout --preserve-status 2 "$built/kaos" run --quiet --session s-2 \
        --url "http://127.0.0.1:$(<endpoint)" --model none 'Interrupted?' >stdout 2>stderr || status=$?
    kill "$silent"
    [[ $status == 143 ]] || fail "kaos run, terminated: exit $status"
    says '^exit 0\nTwelve months\.' run --quiet --session s-2 'And now?'
    ((SECONDS - began < 12)) || fail "a session is not free when its turn has ended: $((SECONDS - began)) s"
    says '^exit 0\n' sessions forget s-2
    # A name of any length is listed.
    local long
    long=$(printf 'n%.0s' {1..70000})
    says '^exit 0\nTwelve months\.' run --quiet --session "$long" 'How long?'
    says '^exit 0\nsession ' sessions list
    grep -qE '^n+ +1 ' stdout || fail 'a long name is not listed'
    says '^exit 0\n' sessions forget "$long"
    echo 'ok    command line: a session is free when its turn has ended, failed or was interrupted'
}

listening() {
    (: <"/dev/tcp/127.0.0.1/$HTTP_PORT") 2>/dev/null
}

main "$@"
