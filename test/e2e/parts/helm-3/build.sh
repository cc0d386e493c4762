#!/usr/bin/env bash
# helm 3 from its Go module, with the version stamped in as its releases have it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../tools.sh source-path=SCRIPTDIR
source ../tools.sh

go_env
module=helm.sh/helm/v3
go build -trimpath -ldflags "-s -w -X $module/internal/version.version=v$VERSION" -o "$OUT/helm" "$module/cmd/helm"
test "$("$OUT/helm" version --template '{{.Version}}')" = "v$VERSION"
