#!/usr/bin/env bash
# Build a Kubernetes control plane (etcd, apiserver, controller-manager, scheduler, kubectl), a node, kwok and helm
# from Go modules, once for the same sources, versions and Go release: CACHE keeps each program under their hash.
# usage: build.sh CACHE BIN [plane|node|helm|kwok ...]     default: plane node
# BIN gets a link to each program under its name. Where modules come from is Go's own configuration.
set -euo pipefail
mkdir -p "$1" "$2"
cache=$(cd "$1" && pwd) bin=$(cd "$2" && pwd)
shift 2
[ $# -gt 0 ] || set -- plane node
cd "$(dirname "${BASH_SOURCE[0]}")"

kubernetes=$(sed -n 's/^\tk8s.io\/kubernetes //p' go.mod)
helm=$(sed -n 's/^\thelm.sh\/helm\/v4 \(v[^ ]*\).*/\1/p' go.mod)
minor=${kubernetes#v1.} minor=${minor%%.*}
stamp=k8s.io/component-base/version
export GOFLAGS=-mod=readonly GOTOOLCHAIN=local GOCACHE=$cache/go-build.$$

build() { # name, package, link flags
  local name=$1 package=$2 link=$3 key begun=$SECONDS made
  key=$({ go version; cat go.mod go.sum; [[ $package != ./* ]] || cat "$package"/*.go; echo "$package $link"; } | sha256sum | cut -c1-16)
  made=$cache/$name-$key
  if [ ! -x "$made" ]; then
    # What an earlier program of this script has compiled helps this one; afterwards it is 4 GB that nobody needs.
    trap 'rm -rf "$GOCACHE"' EXIT
    nice -n 10 go build -p 2 -trimpath -ldflags "-s -w $link" -o "$made.$$" "$package"
    mv "$made.$$" "$made"
    echo "$name built in $((SECONDS - begun)) s"
  fi
  ln -sfn "$made" "$bin/$name"
}

for what; do
  case $what in
    plane)
      build plane ./plane "-X $stamp.gitVersion=$kubernetes -X $stamp.gitMajor=1 -X $stamp.gitMinor=$minor -X $stamp.gitTreeState=clean"
      for name in etcd kube-apiserver kube-controller-manager kube-scheduler kubectl; do
        ln -sfn "$(readlink "$bin/plane")" "$bin/$name"
      done
      ;;
    node) build node ./node "" ;;
    helm) build helm helm.sh/helm/v4/cmd/helm "-X helm.sh/helm/v4/internal/version.version=$helm" ;;
    kwok) build kwok sigs.k8s.io/kwok/cmd/kwok "" ;;
    *) echo "unknown: $what" >&2; exit 2 ;;
  esac
done
