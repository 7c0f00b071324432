#!/usr/bin/env bash
#
# Images as OCI layouts, without a registry or a daemon: kaos-agent (the program kaos: agents, and the operator), kaos-model (a model
# API) and, with `python`, kaos-mcp-python (tools in Python). The same program makes the same digests.
# usage: images.sh OUT [python]     OUT/NAME is the layout of NAME:VERSION; OUT/root is its unpacked root
#
# Needs a Rust toolchain with the target (rustup target add x86_64-unknown-linux-musl; Debian musl-tools), buildah, python3 and
# ca-certificates; python needs debootstrap and root. KAOS_PROGRAM is a static program that is built already.
# To a registry: skopeo copy oci:OUT/kaos-agent:VERSION docker://HOST/kaos-agent:VERSION

set -euo pipefail
mkdir -p "$1"
out=$(cd "$1" && pwd)
what=${2-}
cd "$(dirname "${BASH_SOURCE[0]}")"

target=x86_64-unknown-linux-musl
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' ../Cargo.toml)

main() {
    if [ -z "${KAOS_PROGRAM-}" ]; then
        # Where the sources lie is not in the program: the same everywhere. As one unit it is a fifth smaller.
        export CARGO_PROFILE_RELEASE_STRIP=symbols CARGO_PROFILE_RELEASE_LTO=thin CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
        RUSTFLAGS="--remap-path-prefix=$(cd .. && pwd)=/src --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" \
            cargo build --release --locked -p kaos-cli --target "$target"
        KAOS_PROGRAM=../target/$target/release/kaos
    fi
    rm -rf "$out/context" "$out/root"
    mkdir -p "$out/context"
    root "$out/root"
    python3 sbom.py "$target" "$out/root/usr/share/kaos"
    cp -a "$out/root" "$out/context/root"
    image kaos-agent Containerfile
    image kaos-model Containerfile.model
    if [ "$what" = python ]; then
        python_root "$out/context/python-root"
        image kaos-mcp-python Containerfile.mcp-python
    fi
    rm -rf "$out/context"
}

# All that is in the image: the program, whom to trust, a place for files.
root() {
    mkdir -p "$1/etc/ssl/certs" "$1/usr/share/kaos" "$1/tmp"
    cp "$KAOS_PROGRAM" "$1/kaos"
    chmod 755 "$1/kaos"
    cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
    cp ../LICENSE "$1/usr/share/kaos/" 2>/dev/null || true
    echo 'kaos:x:65532:65532::/tmp:/sbin/nologin' >"$1/etc/passwd"
    echo 'kaos:x:65532:' >"$1/etc/group"
    chmod 1777 "$1/tmp"
}

# python3 of Debian with its whole library, which tools take for granted, without what only an installation needs.
python_root() {
    debootstrap --variant=minbase --include=python3,ca-certificates bookworm "$1" >"$out/debootstrap.log"
    rm -rf "$1"/var/{cache,lib/apt,log}/* "$1"/usr/share/{doc,locale,man,info} "$1"/dev "$1"/etc/machine-id
    find "$1" -name __pycache__ -prune -exec rm -rf {} +
    echo 'kaos:x:65532:65532::/tmp:/usr/sbin/nologin' >>"$1/etc/passwd"
}

image() { # name, file
    local storage=$out/storage
    rm -rf "$out/$1" "$storage"
    # Times are of the epoch, owners root: the digest is of the content alone.
    STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot buildah --root "$storage" --runroot "$storage/run" \
        bud --quiet --disable-compression=false --identity-label=false --timestamp 0 --tag "oci:$out/$1:$version" -f "$2" "$out/context" >/dev/null
    rm -rf "$storage"
    python3 - "$out/$1" "$1:$version" <<'PY'
import json, os, sys
folder, name = sys.argv[1:]
digest = json.load(open(f"{folder}/index.json"))["manifests"][0]["digest"]
manifest = json.load(open(f"{folder}/blobs/{digest.replace(':', '/')}"))
size = sum(layer["size"] for layer in manifest["layers"])
print(f"{name} {digest} {size / 1e6:.1f} MB packed")
PY
}

main
