#!/usr/bin/env bash
#
# A reader that is not ours (verify_trail.py, written from docs/audit-format.md alone) on the
# document's examples, and on trails written here: in peace, and by a writer that is killed. What is
# whole is found whole; one flipped bit is found by its record; a torn end is told from damage. The
# command `kaos audit verify` must come to the same verdict each time, and its other commands must
# show what is there.
#
# Needs cargo and python3; fetches PyPI's `cryptography` once, to sign changed trails, into ~/.cache/kaos-peers.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

python=$cache/audit/bin/python
reader=$PWD/verify_trail.py
logs=stdout # of $dir: what a failure shows

main() {
    install
    only_install "$@" && return
    build_ours write_trail
    writer=$built/examples/write_trail

    document
    in_peace
    commands
    answers
    every_segment_flipped
    tampered
    attacked
    proofs
    accepted_and_removed
    handed_over
    changed_at_random
    killed
}

document() {
    what=${FUNCNAME[0]}
    "$python" "$reader" --vectors ../../docs >"$dir/stdout" || fail 'the examples'
    ok "$(cat "$dir/stdout")"
}

in_peace() {
    what=${FUNCNAME[0]}
    key=$("$writer" "$dir/trail")
    local segments=("$dir"/trail/seg-*)
    ((${#segments[@]} >= 4)) || fail "only ${#segments[@]} segments"
    verify 0 '' "$dir/trail" --key "$key"
    verify 3 UNANCHORED "$dir/trail" --key "$key" --strict
    verify 1 'no valid signature' "$dir/trail" --key PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW
    verify 2 '' "$dir/trail" --key nonsense
    verify 2 '' "$dir/nowhere"
    ok "${#segments[@]} segments"
}

# What the command shows of a trail: trees, lines, and JSON that a program can read.
commands() {
    what=${FUNCNAME[0]}
    local events
    "$kaos" audit replay "$dir/trail" --to jsonl >"$dir/events"
    events=$(wc -l <"$dir/events")
    ((events > 0)) || fail 'no events'
    [ "$("$kaos" audit query "$dir/trail" --json | cmp - "$dir/events" && echo same)" = same ] || fail 'query'
    [ "$("$kaos" audit query "$dir/trail" | wc -l)" = "$events" ] || fail 'query, as lines'
    [ "$("$kaos" audit query "$dir/trail" --own | wc -l)" -gt "$events" ] || fail 'query --own'
    "$kaos" audit show "$dir/trail" --all >"$dir/stdout" || fail 'show'
    grep -q agent.turn "$dir/stdout" || fail 'show has no turn'
    "$kaos" audit show "$dir/trail" --all --json | python3 -c '
import json, sys
runs = [json.loads(line) for line in sys.stdin]
sys.exit(sum(len(run["records"]) for run in runs) != int(sys.argv[1]))' "$events" || fail 'show --json'
    "$kaos" audit verify "$dir/trail" --json | python3 -c '
import json, sys
sys.exit(not json.load(sys.stdin)["intact"])' || fail 'verify --json'
    "$kaos" audit keygen "$dir/made" --name made >"$dir/stdout" || fail 'keygen'
    cmp -s "$dir/stdout" "$dir/made.pub" || fail 'keygen prints another key'
    ! "$kaos" audit keygen "$dir/made" 2>"$dir/stdout" || fail 'keygen overwrites'
    exits 2 'set OTEL_EXPORTER_OTLP_ENDPOINT' "$kaos" audit replay "$dir/trail" --to otlp
    OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9 \
        exits 1 'could not be exported' "$kaos" audit replay "$dir/trail" --to otlp
    ok "$events events, shown in every way"
}

# `kaos run`: what it cannot do is said on the standard error, and what it does stands in the trail.
answers() {
    what=${FUNCNAME[0]}
    export DEBUG_MOCK_RESPONSES='["Forty-two."]'
    exits 0 'an MCP server is not available' "$kaos" run --mcp http://127.0.0.1:9/mcp --trail "$dir/run" 'What?'
    [ "$(cat "$dir/answer")" = Forty-two. ] || fail 'another answer'
    verify 0 '' "$dir/run"
    "$kaos" audit show "$dir/run" | grep -q model.inference || fail 'no model call in the trail'
    exits 2 'cannot be opened' "$kaos" run --trail /dev/null 'What?'
    "$kaos" run 'What?' >/dev/full 2>"$dir/stdout" && fail 'the answer is lost without a word'
    grep -q 'the answer cannot be written' "$dir/stdout" || fail 'a full disk'
    unset DEBUG_MOCK_RESPONSES
    ok 'with a dead MCP server, a trail that cannot be, and a full disk'
}

# One bit in the third line of each segment.
every_segment_flipped() {
    what=${FUNCNAME[0]}
    local segment first flipped=0
    for segment in "$dir"/trail/seg-*; do
        rm -rf "$dir/copy"
        cp -r "$dir/trail" "$dir/copy"
        python3 - "$dir/copy/${segment##*/}" <<'PYTHON'
import sys
with open(sys.argv[1], "r+b") as file:
    file.readline(), file.readline()
    at = file.tell() + 40
    file.seek(at)
    byte = file.read(1)[0] ^ 1
    file.seek(at)
    file.write(bytes([byte]))
PYTHON
        first=${segment##*/seg-}
        first=$((10#${first%.jsonl}))
        verify 1 "record $((first + 2)):" "$dir/copy" --key "$key"
        flipped=$((flipped + 1))
    done
    ok "$flipped flipped bits, each named by its record"
}

# The suite's tamper matrix: the same verdicts.
tampered() {
    what=${FUNCNAME[0]}
    KAOS_TAMPERED=$dir/tampered cargo test -q --workspace --all-features --test suite audit::tamper::every_way >"$dir/stdout" 2>&1 ||
        fail 'the suite'
    local trail expected arguments count=0
    for trail in "$dir"/tampered/*; do
        read -r expected arguments <"$trail/expected"
        what="tampered: ${trail##*/}"
        (cd "$trail" && verify "$expected" '' . $arguments)
        count=$((count + 1))
    done
    ((count >= 30)) || fail "only $count trails"
    what=tampered
    ok "$count trails, judged as by the suite"
}

# Who may write the files, with what, against whom: each answer was written first.
attacked() {
    what=${FUNCNAME[0]}
    KAOS_ATTACKED=$dir/attacked cargo test -q --workspace --all-features --test suite audit::attackers::each >"$dir/stdout" 2>&1 ||
        fail 'the suite'
    local trail expected arguments count=0 holder
    for trail in "$dir"/attacked/*; do
        read -r expected arguments <"$trail/expected"
        what="attacked: ${trail##*/}"
        if [ -e "$trail/hold" ]; then
            exec {holder}>>"$trail/lock"
            flock "$holder"
            (cd "$trail" && verify "$expected" '' . $arguments)
            exec {holder}>&-
        else
            (cd "$trail" && verify "$expected" '' . $arguments)
        fi
        count=$((count + 1))
    done
    ((count >= 250)) || fail "only $count trails"
    what=attacked
    ok "$count attackers and verifiers, each answered as was written first"
}

# A record, and that the trail only grew, shown to somebody who has the key and no trail.
proofs() {
    what=${FUNCNAME[0]}
    "$kaos" audit prove "$dir/trail" --record 77 >"$dir/proof" || fail 'prove --record'
    "$python" "$reader" --proof "$dir/proof" --key "$key" >"$dir/stdout" || fail 'inclusion'
    grep -qF '"trail_seq":77,' "$dir/stdout" || fail 'another record'
    sed 's/^index 77$/index 78/' "$dir/proof" >"$dir/forged"
    ! "$python" "$reader" --proof "$dir/forged" --key "$key" >"$dir/stdout" || fail 'a forged proof'
    python3 - "$dir/trail" >"$dir/older" <<'PYTHON'
import glob, json, sys
lines = [line for name in sorted(glob.glob(sys.argv[1] + "/seg-*")) for line in open(name, encoding="utf-8")]
notes = [json.loads(line)["note"] for line in lines if line.startswith('{"type":"trail_checkpoint"')]
sys.stdout.write(notes[2])
PYTHON
    "$kaos" audit prove "$dir/trail" --since "$dir/older" >"$dir/proof" || fail 'prove --since'
    "$python" "$reader" --proof "$dir/proof" --key "$key" --anchor "$dir/older" >"$dir/stdout" || fail 'consistency'
    grep -q 'grew from' "$dir/stdout" || fail 'says nothing'
    ok 'a record and a beginning, proved to the other reader'
}

# A damaged record, accepted by who has the key; then the old segments go. Both are told, and count no more.
accepted_and_removed() {
    what=${FUNCNAME[0]}
    sed -n '/^```text key\/secret$/{n;p;q}' ../../docs/audit-format.md >"$dir/secret"
    rm -rf "$dir/copy"
    cp -r "$dir/trail" "$dir/copy"
    local segments=("$dir"/copy/seg-*) sign=(--signing-key "$dir/secret")
    sed -i '3s/"timestamp"/"timestomp"/' "${segments[1]}"
    verify 1 'does not follow' "$dir/copy" --key "$key"
    exits 2 'signs it' "$kaos" audit accept "$dir/copy" --reason 'a bad sector' --who kim
    exits 2 'something is wrong' "$kaos" audit prune "$dir/copy" "${sign[@]}" --before 2500-01-01T00:00:00Z
    "$kaos" audit accept "$dir/copy" "${sign[@]}" --reason 'a bad sector' --who kim >"$dir/stdout" 2>&1 || fail accept
    verify 0 'accepted by kim: a bad sector' "$dir/copy" --key "$key"
    "$kaos" audit prune "$dir/copy" "${sign[@]}" --before 2500-01-01T00:00:00Z >"$dir/stdout" 2>&1 || fail prune
    local left=("$dir"/copy/seg-*)
    ((${#left[@]} < ${#segments[@]})) || fail 'nothing is removed'
    verify 0 'removed on purpose' "$dir/copy" --key "$key"
    ok 'a damaged record, and all old ones'
}

# The key hands over, by its holder alone; either key verifies what both signed.
handed_over() {
    what=${FUNCNAME[0]}
    rm -rf "$dir/copy"
    cp -r "$dir/trail" "$dir/copy"
    local new
    new=$("$kaos" audit keygen "$dir/new" --name new)
    exits 2 'only the key that signs it' "$kaos" audit hand-over "$dir/copy" --to "$dir/new"
    exits 2 'signs it' "$kaos" audit hand-over "$dir/copy" --signing-key "$dir/new" --to "$dir/made"
    exits 2 'nowhere cannot be opened' "$kaos" audit hand-over "$dir/nowhere" --signing-key "$dir/secret" --to "$dir/new"
    [ ! -e "$dir/nowhere" ] || fail 'a mistyped name makes a directory'
    diff -r "$dir/trail" "$dir/copy" >"$dir/stdout" || fail 'a refusal changes the trail'
    "$kaos" audit hand-over "$dir/copy" --signing-key "$dir/secret" --to "$dir/new" >"$dir/stdout" 2>&1 ||
        fail hand-over
    grep -qF "$key handed over to $new" "$dir/stdout" || fail 'does not say who'
    verify 0 '' "$dir/copy" --key "$new"
    verify 0 '' "$dir/copy" --key "$key"
    exits 2 'signs it' "$kaos" audit accept "$dir/copy" --signing-key "$dir/secret" --reason none --who kim
    ok 'to a new key, which signs from then on'
}

# Bytes, lines, files and what records say; then hashes and signatures made anew.
changed_at_random() {
    what=${FUNCNAME[0]}
    local runs=${KAOS_CHANGED:-200}
    "$python" trail_fuzz.py "$kaos" ../../docs "$dir"/attacked/0[0-3]*,\ 1 --runs "$runs" >"$dir/stdout" 2>&1 ||
        fail 'the readers differ'
    ok "$(tail -n 1 "$dir/stdout")"
}

killed() {
    what=${FUNCNAME[0]}
    "$writer" "$dir/killed" --until-killed >"$dir/key" &
    server=$!
    disown
    within 60 test -s "$dir/key" || fail 'the writer does not begin'
    stop KILL
    key=$(cat "$dir/key")
    local last status=0
    last=$(ls "$dir"/killed/seg-*.jsonl | tail -n 1)
    "$python" "$reader" "$dir/killed" --key "$key" >"$dir/stdout" || status=$?
    ((status == 0 || status == 4)) || fail "exit $status after SIGKILL"
    # Where the kernel let the last write finish, half a line stands for the one it did not.
    ((status == 4)) || head -n 2 "$last" | tail -c 300 | head -c 200 >>"$last"
    verify 4 'torn from record' "$dir/killed" --key "$key"
    # The writer puts it right.
    "$writer" "$dir/killed" >/dev/null
    [ -n "$(ls "$dir/killed/quarantine")" ] || fail 'nothing in quarantine'
    verify 0 '' "$dir/killed" --key "$key"
    ok "exit $status after SIGKILL; torn, opened again, whole"
}

# --- the reader -----------------------------------------------------------------------------------

verify() { # expected exit, expected text, arguments…
    local expected=$1 text=$2 status=0
    shift 2
    "$python" "$reader" "$@" >"$dir/stdout" 2>&1 || status=$?
    ((status == expected)) || fail "exit $status and not $expected"
    grep -qF -- "$text" "$dir/stdout" || fail "does not say: $text"
    status=0
    "$kaos" audit verify "$@" >"$dir/stdout" 2>&1 || status=$?
    ((status == expected)) || fail "kaos audit verify: exit $status and not $expected"
}

exits() { # expected exit, what the standard error says, command…
    local expected=$1 text=$2 status=0
    shift 2
    timeout -k 5 60 "$@" >"$dir/answer" 2>"$dir/stdout" </dev/null || status=$?
    ((status == expected)) || fail "exit $status and not $expected: ${*:2}"
    grep -qF -- "$text" "$dir/stdout" || fail "does not say: $text"
}

ok() { # what was seen
    echo "ok    ${what//_/ }: $1"
}

install() {
    [ -x "$python" ] || python3 -m venv "$cache/audit"
    "$python" -c 'import cryptography' 2>/dev/null || "$python" -m pip install -q 'cryptography>=42'
}

main "$@"; exit
