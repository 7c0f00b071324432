#!/usr/bin/env bash
#
# OpenAI's own Python client against `kaos agent serve`, on loopback.
#
# Proves that it reads whole and streamed answers, tokens, sessions and headers, and that it knows each error as the
# type it has for it and asks again only where that helps. The agent's model is a server of the script's own,
# openai/model.py; the comparing is done by openai/check.py.
#
# Needs cargo and python3 (3.10 or newer). The package is PyPI's `openai`, 40 MB with what it needs, installed once for
# each version into ~/.cache/kaos-peers.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

version=3.57.0
package=$cache/openai-$version
logs='model.log server.log check.log' # of $dir: what a failure shows
what=openai
model=''

main() {
    unset "${!OTEL_@}" "${!KAOS_@}"
    trap 'kill "$model" 2>/dev/null || true; clean_up' EXIT
    install_package
    only_install "$@" && return
    build_ours
    read -r MODEL_PORT HTTP_PORT < <(free_ports)
    python3 openai/model.py "$MODEL_PORT" >"$dir/model.log" 2>&1 &
    model=$!
    disown
    AGENT_NAME=assistant KAOS_API_TOKEN=s3cret MODEL_NAME=m MODEL_API_URL=http://127.0.0.1:$MODEL_PORT/v1 \
        "$kaos" agent serve --port "$HTTP_PORT" >"$dir/server.log" 2>&1 &
    server=$!
    disown
    within 60 listening_or_gone || fail 'the server does not start'
    ! gone "$server" || fail 'the server ends at once'
    result=$(timeout -k 5 60 "$package/bin/python" openai/check.py "$HTTP_PORT" 2>"$dir/check.log") || fail "the client: $result"
    echo "ok    openai $version: $result"
    kill -TERM "$server"
    within 10 gone "$server" || fail 'the server does not end'
    server=''
}

listening_or_gone() {
    { (: <"/dev/tcp/127.0.0.1/$HTTP_PORT") && (: <"/dev/tcp/127.0.0.1/$MODEL_PORT"); } 2>/dev/null || gone "$server"
}

install_package() {
    local begun=$SECONDS
    if [ -e "$package/installed" ]; then
        echo 'the OpenAI package is installed already'
        return
    fi
    rm -rf "$cache"/openai-*
    echo "installing the OpenAI package $version"
    python3 -m venv "$package"
    nice -n 10 "$package/bin/python" -m pip install -q "openai==$version"
    touch "$package/installed"
    echo "installed the OpenAI package in $((SECONDS - begun)) s"
}

main "$@"
