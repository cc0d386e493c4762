#!/usr/bin/env bash
# The API server's own policy code of several versions behind one small program. go.mod has the newest version; what
# the others are built from stands in a file of their own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../tools.sh source-path=SCRIPTDIR
source ../tools.sh

go_env
case $VERSION in
1.18.*) flags=(-modfile 1.18.mod -tags checker) ;;
1.23.*) flags=(-modfile 1.23.mod) ;;
1.30.*) flags=(-modfile 1.30.mod) ;;
*) flags=(-modfile go.mod) ;;
esac
go list "${flags[@]}" -m k8s.io/apiserver | grep -Fx "k8s.io/apiserver v0${VERSION#1}"
go build "${flags[@]}" -trimpath -ldflags "-s -w" -o "$OUT/$PART" .
"$OUT/$PART" decide </dev/null
