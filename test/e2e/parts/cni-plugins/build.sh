#!/usr/bin/env bash
# What pods outside the host's network need, and a node to be Ready: a veth pair for each, an address from a range.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../tools.sh source-path=SCRIPTDIR
source ../tools.sh

go_env
plugins=github.com/containernetworking/plugins
go build -trimpath -ldflags '-s -w' -o "$OUT/ptp" $plugins/plugins/main/ptp
go build -trimpath -ldflags '-s -w' -o "$OUT/host-local" $plugins/plugins/ipam/host-local
CNI_COMMAND=VERSION "$OUT/ptp" </dev/null
