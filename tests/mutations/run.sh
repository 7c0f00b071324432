#!/usr/bin/env bash
#
# Shows that the tests keep the invariants: each patch of index.txt breaks one, and its test fails; where a script stands
# in the place of a test, that fails.
#
# The tree is copied, so nothing here is changed. A patch that does not apply or compile, or a test
# that does not exist, is an error; so is a patch that its test lets through. `run.sh queue_model` runs
# the lines of index.txt in which that stands.

set -euo pipefail
cd "$(dirname "$0")/../.."

patches=$PWD/tests/mutations
wanted=${1:-}
target=${CARGO_TARGET_DIR:-$PWD/target}
export CARGO_TARGET_DIR=$target/mutations

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

main() {
    # Younger than what an earlier run has built, perhaps of a patch.
    git ls-files -z | tar --null --files-from=- -cf - | tar -xmf - -C "$copy"
    cd "$copy"
    all_pass_unpatched
    local patch test failed=0
    while read -r patch test; do
        if verdict=$(caught "$patch" "$test"); then
            printf 'caught  %-48s %s\n' "$patch" "$test"
        else
            printf 'LIVES   %-48s %s (%s)\n' "$patch" "$test" "$verdict"
            failed=1
        fi
    done < <(index)
    for patch in "$patches"/*.patch; do
        if ! grep -q "^${patch##*/} " "$patches/index.txt"; then
            echo "LIVES   ${patch##*/} (not in index.txt)"
            failed=1
        fi
    done
    all_pass_unpatched # whatever failed above failed by its patch
    return "$failed"
}

# The lines of index.txt: a patch and the test that catches it.
index() {
    grep -v -e '^#' -e '^$' "$patches/index.txt" | grep -e "$wanted"
}

# Built for being built again: what a patch changes, and no more, in a few seconds.
quick=(--config profile.dev.debug=0 --config profile.dev.package.kaos-hooks.opt-level=0)

suite() {
    timeout "${limit:-300}" cargo test "${quick[@]}" --quiet -p kaos-tests --test suite "$@" </dev/null
}

all_pass_unpatched() {
    local tests output
    mapfile -t tests < <(index | awk '$2 !~ "/" { print $2 }' | sort -u)
    local script
    for script in $(index | awk '$2 ~ "/" { print $2 }' | sort -u); do
        output=$("$script" 2>&1 </dev/null) || { echo "$output"; return 1; }
    done
    ((${#tests[@]})) || return 0
    limit=1800 suite --no-run
    output=$(suite -- --exact "${tests[@]}" 2>&1) || { echo "$output"; return 1; }
    if ! grep -q "ok. ${#tests[@]} passed" <<<"$output"; then
        echo "$output"
        echo "index.txt names ${#tests[@]} tests; not all of them exist"
        return 1
    fi
}

# Whether the test fails with the patch; says why not.
caught() {
    local output
    if ! git apply "$patches/$1" 2>&1; then
        echo 'does not apply'
        return 1
    fi
    if [[ $2 == */* ]]; then
        output=$("$2" 2>&1 </dev/null) || true
        # It has to have looked, and to have seen a change: what does not compile is no proof.
        if grep -q CHANGED <<<"$output"; then
            git apply --reverse "$patches/$1"
            return 0
        fi
        tail -3 <<<"$output"
    elif ! output=$(limit=1800 suite --no-run 2>&1); then
        tail -5 <<<"$output"
        echo 'does not compile'
    elif output=$(suite -- --exact "$2" 2>&1); then
        echo 'the test passes'
    else
        git apply --reverse "$patches/$1"
        return 0
    fi
    git apply --reverse "$patches/$1"
    return 1
}

main "$@"; exit
