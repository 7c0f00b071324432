#!/usr/bin/env bash
#
# What users write by mistake is refused in words that say what may stand there: each line of wrong.rs after a `//~` has an
# error of the compiler that says so, no other line has one, and the guide quotes a message as it is.

set -euo pipefail
cd "$(dirname "$0")/../.."

wrong=tests/refused/wrong.rs
guide=docs/write-a-hook.md

main() {
    local failed=0 line text said expected
    if said=$(cargo rustc --quiet -p kaos-tests --example refused --color never -- --cfg refused 2>&1 </dev/null); then
        echo 'it compiles'
        return 1
    fi
    # `line text`, of what must be said and of what is.
    expected=$(awk '/\/\/~ / { sub(/.*\/\/~ /, ""); print NR + 1, $0 }' "$wrong")
    said_where=$(awk '/^error/ { what = $0 } / --> tests\/refused\/wrong.rs:/ && what { split($2, at, ":"); print at[2], what; what = "" }' <<<"$said")
    while read -r line text; do
        if ! grep "^$line " <<<"$said_where" | grep -qF -- "$text"; then
            echo "FAIL  $wrong:$line: not refused with: $text"
            failed=1
        fi
    done <<<"$expected"
    while read -r line text; do
        if ! grep -q "^$line " <<<"$expected"; then
            echo "FAIL  $wrong:$line: $text"
            failed=1
        fi
    done <<<"$said_where"
    # What the guide shows between ```text and ```.
    while IFS= read -r text; do
        if ! grep -qF -- "$text" <<<"$said"; then
            echo "FAIL  $guide quotes what the compiler does not say: $text"
            failed=1
        fi
    done < <(sed -n '/^```text/,/^```$/p' "$guide" | grep -v '^```' | sed 's/^[ 0-9|]*//')
    if [[ $failed == 0 ]]; then
        echo "ok    $(wc -l <<<"$expected") mistakes are refused as $wrong says"
    else
        echo "$said"
    fi
    return "$failed"
}

main "$@"; exit
