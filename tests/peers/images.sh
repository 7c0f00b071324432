#!/usr/bin/env bash
#
# The images of deploy/images.sh, made twice: the same digests, and what runs in one is the image's user with the image's program, also as
# pods of a cluster; and a tool in Python in the image for those. Without a registry or a daemon.
#
# Needs root, and what kubernetes.sh needs; Debian's buildah, debootstrap and musl-tools are installed where they are missing. KAOS_PROGRAM is a
# static kaos that is built already.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

logs='build.log'
what=images
tools='def add(a: int, b: int) -> int:
    """Adds."""
    return a + b
'

main() {
    install_tools
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
    size=$(du --apparent-size --block-size=MB -s "$dir/1/root" | cut -f1)
    ((${size%MB} < 40)) || fail "kaos-agent has $size unpacked"
    echo "ok    kaos-agent has less than 40 MB: $size unpacked"

    said=$(in_image kaos-agent /kaos --version)
    [[ $said == kaos\ * ]] || fail "it says $said"
    said=$(in_image kaos-agent /kaos agent serve || true)
    [[ $said == *AGENT_NAME* ]] || fail "without variables it says $said"
    echo 'ok    the program runs in an empty root, as user 65532'

    said=$(KAOS_ROOT=$dir/1/root ./kubernetes.sh the_question_is_answered 2>&1) || { echo "$said" >&2; fail 'pods of its root do not serve'; }
    grep -q '^ok    the question is answered' <<<"$said" || fail "$said"
    echo 'ok    the operator and the agents of a cluster run in its root, as user 65532, and answer'
    python_tools
    echo '5 passed, 0 failed'
}

install_tools() {
    local missing=()
    command -v buildah >/dev/null || missing+=(buildah)
    command -v debootstrap >/dev/null || missing+=(debootstrap)
    if [ -z "${KAOS_PROGRAM-}" ]; then
        command -v musl-gcc >/dev/null || missing+=(musl-tools)
        rustup target add x86_64-unknown-linux-musl
    fi
    ((${#missing[@]} == 0)) || { apt-get -qq update && apt-get -qq install -y --no-install-recommends "${missing[@]}"; } >&2
}

# The image with Python is of the Debian of today: it is made once, and serves.
python_tools() {
    local said
    ../../deploy/images.sh "$dir/python" python 2>"$dir/build.log" >"$dir/made" || fail 'the image with Python is not built'
    grep '^kaos-mcp-python:' "$dir/made" || fail 'it is not told'
    build_ours mcp
    read -r HTTP_PORT _ < <(free_ports)
    layouts=$dir/python in_image kaos-mcp-python /kaos mcp serve --port "$HTTP_PORT" >"$dir/build.log" &
    server=$!
    disown
    within 60 serves || fail 'it does not serve'
    said=$("$built/examples/mcp" "http://127.0.0.1:$HTTP_PORT/mcp" 'add={"a":2,"b":3}') || fail 'its tool cannot be called'
    grep -qF '"result":"5\n' <<<"$said" || fail "$said"
    # It is asked to end as a container is.
    kill -TERM "$(pgrep -f "^/kaos mcp serve --port $HTTP_PORT")"
    within 20 gone "$server" || fail 'it does not end'
    server=''
    echo 'ok    a tool in Python answers in its image, as user 65532'
}

serves() {
    (: <"/dev/tcp/127.0.0.1/$HTTP_PORT") 2>/dev/null
}

in_image() { # name, command…
    local buildah=(buildah --root "$dir/storage" --runroot "$dir/storage/run") container version
    export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
    version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' ../../Cargo.toml)
    # By its name alone: a path with capital letters is no name to buildah.
    container=$(cd "${layouts:-$dir/1}" && "${buildah[@]}" from "oci:$1:$version" 2>>"$dir/build.log") || fail 'its layout cannot be read'
    shift
    "${buildah[@]}" config --env OTEL_SDK_DISABLED=true --env MCP_TOOLS_STRING="$tools" "$container"
    [ "$("${buildah[@]}" inspect --format '{{.OCIv1.Config.User}}' "$container")" = 65532:65532 ] || fail 'its user is another'
    "${buildah[@]}" run --isolation chroot "$container" -- "$@" 2>&1
    "${buildah[@]}" rm "$container" >/dev/null
}

main "$@"
