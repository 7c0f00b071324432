#!/usr/bin/env bash
#
# `OpenAiModel` and the example `agent` against a LiteLLM proxy, on loopback.
#
# Proves, streaming and not, that the proxy's reply is the answer, in pieces where it is streamed;
# that tokens are the same in response, event, span and metric; that the audit trail verifies; and
# that a model which the proxy does not know is an invalid request. The proxy's model answers by
# script. The comparing is done by real_input.py.
#
# Needs cargo and python3 (3.10 or newer); install-litellm.sh installs LiteLLM. The checks take a minute.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

logs='stderr litellm.log' # of $dir: what a failure shows
what=litellm
reply='The proxy says that six times seven is forty-two.'

main() {
    unset "${!OTEL_@}" "${!KAOS_@}" "${!LITELLM_@}" "${!MODEL_@}" "${!OPENAI_@}" DEBUG_MOCK_RESPONSES
    . ./models.sh
    . ./install-litellm.sh
    install_litellm
    build_turns
    start_litellm

    export MODEL_NAME=mock-model OPENAI_API_KEY=sk-kaos
    turn 'not streamed' -- --usage reported --text "$reply"
    turn 'streamed' --stream -- --usage reported --text "$reply"
    the_example_answers
    MODEL_NAME=no-such-model the_example_fails 'an unknown model' invalid_request
    stop TERM
}

the_example_answers() {
    what='the example'
    example || fail "it exits with $?"
    grep -qxF "$reply" "$dir/stdout" || fail "it says: $(cat "$dir/stdout")"
    echo "ok    $what: $reply"
    verifies "$dir/example-trail"
}

the_example_fails() { # case, kind of error
    what="the example, $1"
    ! example || fail 'it does not fail'
    grep -q "\"error_type\":\"$2\"" "$dir"/example-trail/seg-* || fail "no $2 in its trail"
    echo "ok    $what: $2"
    verifies "$dir/example-trail"
}

start_litellm() {
    local begun=$SECONDS port
    read -r port _ < <(free_ports)
    url=http://127.0.0.1:$port
    cat >"$dir/litellm.yaml" <<YAML
model_list:
  - model_name: mock-model
    litellm_params: {model: openai/mock, api_key: none, mock_response: "$reply"}
general_settings: {master_key: sk-kaos}
litellm_settings: {telemetry: false}
YAML
    LITELLM_LOCAL_MODEL_COST_MAP=True "$litellm/bin/litellm" --config "$dir/litellm.yaml" \
        --host 127.0.0.1 --port "$port" >"$dir/litellm.log" 2>&1 &
    server=$!
    disown # bash need not report how it ends
    answers_within 180 "$url/health/liveliness"
    echo "LiteLLM $version started in $((SECONDS - begun)) s"
}

main "$@"
