#!/usr/bin/env bash
#
# The audit trail on disks that fail for real: a full one (a tmpfs of 64 KiB in a user namespace),
# one whose system calls fail (strace injects the errors), and one whose machine loses power (the
# image of a mounted ext4 is copied while eight turns write).
#
# Proves that every record that was acknowledged is in the trail afterwards, that the trail verifies,
# and that nothing is lost when a full disk has room again.
#
# Needs cargo, root for the loop mount, user namespaces, and strace and mkfs.ext4, which it installs
# with apt if they are missing. What the machine lacks it names, and fails. Arguments are cargo's; by
# default `--release`.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

logs='said strace' # of $dir: what a failure shows
writer=audit::killed::writes_until_killed
reader=audit::killed::holds_what_was_acked

main() {
    unset "${!OTEL_@}" "${!KAOS_@}"
    trap 'stop_writer; unmount; clean_up' EXIT
    need strace strace
    need mkfs.ext4 e2fsprogs
    need unshare util-linux
    suite=$(cargo test -q -p kaos-tests --test suite --no-run --message-format=json "${@:---release}" |
        sed -nE 's/.*"executable":"([^"]+suite-[^"]+)".*/\1/p' | tail -n 1)
    [ -x "$suite" ] || { echo 'the suite is not built' >&2 && exit 1; }

    full_disk
    # The first ones of each thread pass: those of opening the trail.
    failing_calls fdatasync EIO 10+37
    failing_calls fdatasync ENOSPC 5+11
    failing_calls fsync EIO 4+3
    failing_calls rename EIO 2+3
    failing_calls ftruncate,fdatasync EIO 9+23
    calls_that_fail_for_good
    power_cuts 10
}

need() { # command, package
    type -P "$1" >/dev/null && return
    echo "installing $2"
    apt-get install -qq -y "$2" >/dev/null 2>&1 || true
    type -P "$1" >/dev/null || lacks "$1 (package $2)"
}

lacks() { # facility
    echo "this machine lacks $1, so the audit trail cannot be tested with it" >&2
    exit 1
}

# --- the checks ---------------------------------------------------------------------------------

full_disk() {
    what=${FUNCNAME[0]}
    unshare -rm mount -t tmpfs -o size=64k tmpfs /mnt || lacks 'user namespaces with mounts'
    mkfifo "$dir/stdin"
    mkdir "$dir/small"
    export -f on_a_full_disk within fail
    export dir suite writer reader what logs
    unshare -rm bash -euc on_a_full_disk || fail 'see above'
}

# In a namespace of its own: what is mounted here, nobody else sees.
on_a_full_disk() {
    mount -t tmpfs -o size=64k tmpfs "$dir/small"
    export KAOS_TESTS_TRAIL=$dir/small/trail KAOS_TESTS_SAID=$dir/said
    "$suite" --exact "$writer" --nocapture <>"$dir/stdin" >"$dir/said" 2>&1 &
    within 30 grep -q '^failing: ' "$dir/said" || fail 'the disk never was full'
    grep -q 'No space left on device' "$dir/said" || fail 'it does not say why'
    grep -qs '"waiting":[1-9]' "$dir"/small/trail/seg-*.jsonl || fail 'the reserve holds no last word'
    mount -o remount,size=1m "$dir/small"
    echo >"$dir/stdin"
    within 30 grep -q '^ended' "$dir/said" || fail 'it does not end when there is room'
    wait
    # Nothing is lost: what was pushed is to be found, too.
    sed -i 's/^p /a /' "$dir/said"
    holds || fail "$result"
    echo "ok    full disk: $result"
}

failing_calls() { # calls, error, when
    what="${FUNCNAME[0]} $1 $2"
    local trail=$dir/injected count
    rm -rf "$trail"
    KAOS_TESTS_TRAIL=$trail KAOS_TESTS_TURNS=40 injected "$1" "$2" "$3" || fail 'the writer fails'
    grep -q '^ended' "$dir/said" || fail 'the writer does not end'
    count=$(grep -c INJECTED "$dir/strace") || fail 'no call failed'
    sed -i 's/^p /a /' "$dir/said"
    KAOS_TESTS_TRAIL=$trail KAOS_TESTS_SAID=$dir/said holds || fail "$result"
    echo "ok    ${what//_/ }: $count calls failed, $result"
}

calls_that_fail_for_good() {
    what=${FUNCNAME[0]}
    local trail=$dir/injected
    rm -rf "$trail"
    # It says that records are lost, and exits with an error.
    ! KAOS_TESTS_TRAIL=$trail injected fdatasync EIO 60+ || fail 'it hides that records are lost'
    grep -q '^failing: .*Input/output error' "$dir/said" || fail 'it does not say why'
    KAOS_TESTS_TRAIL=$trail KAOS_TESTS_SAID=$dir/said holds || fail "$result"
    echo "ok    ${what//_/ }: $result"
}

injected() { # calls, error, when
    timeout -k 5 120 strace -f -qq -o "$dir/strace" -e "trace=$1" -e "inject=$1:error=$2:when=$3" \
        "$suite" --exact "$writer" --nocapture </dev/null >"$dir/said" 2>&1
}

power_cuts() { # how many
    what=${FUNCNAME[0]}
    local cut before=0
    mkdir "$dir/disk" "$dir/after"
    truncate -s 96M "$dir/image"
    mkfs.ext4 -q "$dir/image"
    mount -o loop "$dir/image" "$dir/disk" || lacks 'loop mounts (or this is not root)'
    KAOS_TESTS_TRAIL=$dir/disk/trail "$suite" --exact "$writer" --nocapture </dev/null >"$dir/said" 2>&1 &
    server=$!
    disown
    for cut in $(seq "$1"); do
        what="power cut $cut"
        within 30 more_acks "$before" || fail 'nothing is acked'
        # The process stands still for the copy: a disk that loses power has one state.
        kill -STOP "$server"
        cp "$dir/said" "$dir/said-then"
        cp --sparse=always "$dir/image" "$dir/image-then"
        kill -CONT "$server"
        before=$(grep -c '^a ' "$dir/said-then")
        mount -o loop "$dir/image-then" "$dir/after"
        KAOS_TESTS_TRAIL=$dir/after/trail KAOS_TESTS_SAID=$dir/said-then holds || fail "$result"
        umount "$dir/after"
        echo "ok    $what: $result"
    done
    stop KILL
    umount "$dir/disk"
}

more_acks() { # than so many
    (($(grep -c '^a ' "$dir/said" || true) > $1 + 100))
}

# Leaves what it says in $result.
holds() {
    result=$("$suite" --exact "$reader" --nocapture 2>&1) || return 1
    result=$(grep 'all of them in the trail' <<<"$result")
}
export -f holds

stop_writer() {
    [ -z "${server:-}" ] || stop KILL
}

unmount() {
    local at
    for at in "$dir/after" "$dir/disk"; do
        ! mountpoint -q "$at" || umount "$at"
    done
}

main "$@"
