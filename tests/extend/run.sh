#!/usr/bin/env bash
#
# Shows what it takes to add something: each patch of index.txt compiles and the named tests pass with it, or the compiler
# refuses it in the words that stand there. The tree is copied, so nothing here is changed.

set -euo pipefail
cd "$(dirname "$0")/../.."

patches=$PWD/tests/extend
target=${CARGO_TARGET_DIR:-$PWD/target}
export CARGO_TARGET_DIR=$target/extend

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

main() {
    git ls-files -z | tar --null --files-from=- -cf - | tar -xf - -C "$copy"
    cd "$copy"
    local patch expected failed=0
    while read -r patch expected; do
        git apply "$patches/$patch"
        if ! as_expected "$expected"; then
            echo "FAIL  $patch: not as expected: $expected"
            failed=1
        else
            echo "ok    $patch: $expected"
        fi
        git apply --reverse "$patches/$patch"
    done < <(grep -v -e '^#' -e '^$' "$patches/index.txt")
    for patch in "$patches"/*.patch; do
        grep -q "^${patch##*/} " "$patches/index.txt" || { echo "FAIL  ${patch##*/} is not in index.txt"; failed=1; }
    done
    return "$failed"
}

# The last lines of what the compiler or the tests say are shown where they differ.
as_expected() { # what index.txt says
    local output
    case $1 in
        'refused '*)
            if output=$(cargo check --quiet -p kaos-events 2>&1 </dev/null); then
                echo 'it compiles'
                return 1
            fi
            grep -qF "${1#refused }" <<<"$output" || { tail -20 <<<"$output"; return 1; }
            ;;
        *)
            local tests
            read -ra tests <<<"$1"
            output=$(cargo test --quiet -p kaos-tests --test suite -- "${tests[@]}" 2>&1 </dev/null) &&
                grep -q 'ok\. [1-9][0-9]* passed' <<<"$output" || { tail -20 <<<"$output"; return 1; }
            ;;
    esac
}

main "$@"; exit
