#!/usr/bin/env bash
#
# The ancestor's own reader (PyPI's `kaos-agents`) on the lines of runs of ours: each line is taken, with fields that are
# equal on both sides, or its kind stands in ancestor_reader.py's list of exceptions, with the reason.
#
# Needs cargo and a Python of 3.13 or newer (an interpreter of pyenv will do); installs the package once (176 MB),
# into ~/.cache/kaos-peers.

set -euo pipefail
cd "$(dirname "$0")"
. ./common.sh

version=0.1.31
package=$cache/ancestor-reader-$version

main() {
    install
    only_install "$@" && return
    build_ours write_events
    "$built/examples/write_events" | "$package/bin/python" ancestor_reader.py
}

install() {
    [[ -e $package/installed ]] && return
    local python begun=$SECONDS
    python=$(new_python) || {
        echo 'FAIL  the ancestor needs Python 3.13 or newer, and there is none on PATH nor in pyenv' >&2
        exit 1
    }
    rm -rf "$cache"/ancestor-reader-*
    "$python" -m venv "$package"
    nice -n 10 "$package/bin/python" -m pip install -q "kaos-agents==$version"
    touch "$package/installed"
    echo "installed the ancestor in $((SECONDS - begun)) s"
}

# The newest interpreter that is new enough.
new_python() {
    local candidate
    {
        command -v python3 || true
        if command -v pyenv >/dev/null; then
            ls -d "$(pyenv root)"/versions/3.*/bin/python3 2>/dev/null | sort -V || true
        fi
    } | tac | while read -r candidate; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 13))' 2>/dev/null; then
            echo "$candidate"
            break
        fi
    done | grep .
}

main "$@"
