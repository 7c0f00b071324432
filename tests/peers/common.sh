# What the checks against real peers share: a scratch folder, a cache, a server, and their end. Sourced.

dir=$(mktemp -d)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kaos-peers # of what is installed and built once, whatever the checkout
mkdir -p "$cache"
server='' # the process id of what listens at the moment
export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1
export PYTHONPATH=$PWD PYTHONDONTWRITEBYTECODE=1 # events.py
trap clean_up EXIT

fail() { # reason; $what is the check, $logs are files of $dir to show the end of
    echo "FAIL  ${what//_/ }: $1"
    for log in $logs; do
        [ ! -s "$dir/$log" ] || { echo "--- end of $log" && tail -n 8 "$dir/$log"; }
    done
    exit 1
} >&2

# Two, on one line.
free_ports() {
    python3 -c 'import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
ports = [each.getsockname()[1] for each in sockets]
for each in sockets:
    each.close() # before anybody can take it for the server
print(*ports)'
}

# Whether a script is to install and build what is not ours, and no more.
only_install() { # the script's arguments
    [ "${1-}" = install ]
}

# Builds the command and examples of ours out of what the suite's dependencies were compiled to, with the same features:
# nothing is compiled twice. Leaves the folder in `built`, the command in `kaos`.
build_ours() { # examples…
    cargo build -q --workspace --all-features --bin kaos "${@/#/--example=}"
    built=$(cargo metadata --no-deps --format-version 1 |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/debug
    kaos=$built/kaos
}

# Where collector.sh has built the Collector of today's manifest.
built_collector() {
    local built
    built=$cache/collector-$(git hash-object collector/builder.yaml)/build/collector
    [ -x "$built" ] || fail 'run collector.sh first: it builds the collector'
    echo "$built"
}

# The Python that mcp.sh has installed last, with its server of tools.
mcp_python() {
    ls -t "$cache"/mcp-[0-9]*/bin/python 2>/dev/null | head -n 1 | grep . || fail 'run mcp.sh first: it installs a server of tools'
}

both_listening() {
    (: <"/dev/tcp/127.0.0.1/$GRPC_PORT" && : <"/dev/tcp/127.0.0.1/$HTTP_PORT") 2>/dev/null
}

port_for() { # protocol
    case $1 in grpc) echo "$GRPC_PORT" ;; *) echo "$HTTP_PORT" ;; esac
}

stop() { # signal
    kill "-$1" "$server" 2>/dev/null || true
    within 10 gone "$server" || kill -KILL "$server"
    server=''
}

gone() { # process id
    ! kill -0 "$1" 2>/dev/null
}

within() { # seconds, command…
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.02
    done
}

clean_up() {
    [ -z "$server" ] || stop KILL
    rm -rf "$dir"
}
