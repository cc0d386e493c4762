#!/usr/bin/env bash
# Sematext's Logagent from npm. Not a dependency of this project (257 MB, old
# transitive packages): it is installed into the cache, from the lock here,
# without running any install script.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

cp package.json package-lock.json "$OUT/"
cd "$OUT"
npm ci --ignore-scripts --omit=optional --omit=dev --no-audit --no-fund --loglevel=error
test "$(node -p 'require("./node_modules/@sematext/logagent/package.json").version')" = "$VERSION"
