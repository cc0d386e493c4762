#!/usr/bin/env bash
# containerd, its client and its shim for runc, from their module. Kubelet 1.37 needs containerd 2, and each containerd
# its own shim; runc itself is Debian's (the module's has no seccomp without libseccomp-dev).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../tools.sh source-path=SCRIPTDIR
source ../tools.sh

go_env
for program in containerd ctr containerd-shim-runc-v2; do
  go build -trimpath -ldflags "-s -w -X github.com/containerd/containerd/v2/version.Version=$VERSION" \
    -o "$OUT/$program" "github.com/containerd/containerd/v2/cmd/$program"
done
"$OUT/containerd" --version
