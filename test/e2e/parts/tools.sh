# shellcheck shell=bash
# What the recipes share: missing tools, and the flags every Go build takes.
# Sourced by each part's build.sh, which gets OUT, PART and VERSION from the
# entry script.

# need COMMAND PACKAGE: installs the Debian package when the command is missing.
need() {
  if command -v "$1" >/dev/null; then
    return 0
  fi
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "$1 is missing: install it (Debian: apt-get install $2)" >&2
    return 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2"
}

# go_env: static binaries, only what go.mod and go.sum pin.
go_env() {
  if ! command -v go >/dev/null; then
    echo "go is missing: install Go 1.26 or newer from https://go.dev/dl/" >&2
    return 1
  fi
  export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off
}

# kubernetes_ldflags: without the stamps clients see v0.0.0-master.
kubernetes_ldflags() {
  local major minor rest package flags="-s -w"
  IFS=. read -r major minor rest <<<"$VERSION"
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=v$major.$minor.$rest"
    flags+=" -X $package.gitMajor=$major -X $package.gitMinor=$minor"
    flags+=" -X $package.gitTreeState=clean"
  done
  echo "$flags"
}
