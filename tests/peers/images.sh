#!/usr/bin/env bash
#
# The images of deploy/images.sh, made twice: the same digests, and what runs in one is the image's user with the image's program, also as
# pods of a cluster. Without a registry or a daemon. Needs root, buildah, what deploy/images.sh needs, and what kubernetes.sh needs;
# KAOS_PROGRAM is a static kaos that is built already.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

logs='build.log'
what=images

main() {
    command -v buildah >/dev/null || fail 'buildah is not there'
    local time
    for time in 1 2; do
        ../../deploy/images.sh "$dir/$time" 2>"$dir/build.log" >"$dir/made-$time" || fail 'an image is not built'
    done
    cmp "$dir/made-1" "$dir/made-2" || fail 'the same sources have other digests'
    cat "$dir/made-1"
    echo 'ok    the same sources have the same digests'

    local size said
    size=$(awk '$1 ~ /^kaos-agent:/ { print int($3) }' "$dir/made-1")
    ((size < 40)) || fail "kaos-agent has $size MB packed"
    echo 'ok    kaos-agent has less than 40 MB'

    said=$(in_image kaos-agent /kaos --version)
    [[ $said == kaos\ * ]] || fail "it says $said"
    said=$(in_image kaos-agent /kaos agent serve || true)
    [[ $said == *AGENT_NAME* ]] || fail "without variables it says $said"
    echo 'ok    the program runs in an empty root, as user 65532'

    said=$(KAOS_ROOT=$dir/1/root ./kubernetes.sh the_question_is_answered 2>&1) || { echo "$said" >&2; fail 'pods of its root do not serve'; }
    grep -q '^ok    the question is answered' <<<"$said" || fail "$said"
    echo 'ok    the operator and the agents of a cluster run in its root, as user 65532, and answer'
    echo '4 passed, 0 failed'
}

in_image() { # name, command…
    local buildah=(buildah --root "$dir/storage" --runroot "$dir/storage/run") container
    export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
    container=$("${buildah[@]}" from "oci:$dir/1/$1:$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' ../../Cargo.toml)" 2>/dev/null)
    shift
    "${buildah[@]}" config --env OTEL_SDK_DISABLED=true "$container"
    [ "$("${buildah[@]}" inspect --format '{{.OCIv1.Config.User}}' "$container")" = 65532:65532 ] || fail 'its user is another'
    "${buildah[@]}" run --isolation chroot "$container" -- "$@" 2>&1
    "${buildah[@]}" rm "$container" >/dev/null
}

main "$@"
