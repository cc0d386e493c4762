#!/usr/bin/env bash
# Builds the real parts the end-to-end tests run against, into a cache outside
# the clone. Names them all in parts.txt; one line of output per part.
#
#   build.sh                          every part
#   build.sh etcd kube-apiserver      these, in every version listed
#   build.sh kube-apiserver-1.37.2    just this one
#
# A part is built in a temporary folder and renamed into place when complete,
# so an interrupted build is never taken for a finished one. To build a part
# again, delete its folder. What the tools said is kept in <cache>/logs.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${SEMATEXT_AUDIT_PARTS:-${XDG_CACHE_HOME:-$HOME/.cache}/kubectl-sematext-audit}
mkdir -p "$cache/parts" "$cache/logs"
cache=$(cd "$cache" && pwd)
work=

cleanup() {
  if [ -n "$work" ]; then
    chmod -R u+w "$work"
    rm -rf "$work"
  fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

table() { grep -Ev '^(#|$)' "$here/parts.txt"; }

# build_one NAME VERSION FOLDER: one part, unless it is there already.
build_one() {
  local part=$1-$2 started=$SECONDS
  local done_dir=$cache/parts/$part log=$cache/logs/$part.log

  exec 9>"$cache/parts/.$part.lock"
  if command -v flock >/dev/null; then
    flock 9
  fi
  if [ -d "$done_dir" ]; then
    printf '%-24s cached\n' "$part"
    return 0
  fi
  work=$(mktemp -d "$cache/parts/.$part.XXXXXX")
  if ! OUT=$work PART=$1 VERSION=$2 bash "$here/$3/build.sh" >"$log" 2>&1 9>&-; then
    printf '%-24s FAILED, see %s; its last lines:\n' "$part" "$log" >&2
    tail -n 15 "$log" >&2
    return 1
  fi
  chmod 755 "$work"
  mv -T "$work" "$done_dir"
  work=
  printf '%-24s built in %d s\n' "$part" "$((SECONDS - started))"
}

# wanted ROW-PART ROW-NAME ARGS...: is this row asked for?
wanted() {
  local part=$1 name=$2 arg
  shift 2
  [ $# -eq 0 ] && return 0
  for arg; do
    if [ "$arg" = "$part" ] || [ "$arg" = "$name" ]; then
      return 0
    fi
  done
  return 1
}

for arg; do
  if ! table | awk -v a="$arg" '$1 == a || $1 "-" $2 == a { found = 1 } END { exit !found }'; then
    printf 'no part named %s; there are:\n' "$arg" >&2
    table | awk '{ print "  " $1 "-" $2 }' >&2
    exit 2
  fi
done

while read -r name version folder; do
  if wanted "$name-$version" "$name" "$@"; then
    build_one "$name" "$version" "$folder" </dev/null
  fi
done < <(table)
