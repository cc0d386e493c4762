#!/usr/bin/env bash
# etcd from its Go module; serves API servers 1.18 and 1.37 alike.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../tools.sh source-path=SCRIPTDIR
source ../tools.sh

go_env
go build -trimpath -ldflags "-s -w" -o "$OUT/etcd" go.etcd.io/etcd/server/v3
"$OUT/etcd" --version
