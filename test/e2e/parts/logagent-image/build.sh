#!/usr/bin/env bash
# An OCI archive that stands for Sematext's image of Logagent: the same Node, Logagent from npm with its package at the
# root, as the image has it. The libraries are this machine's, for the real image is Alpine's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../tools.sh source-path=SCRIPTDIR
source ../tools.sh
# shellcheck source=../images.sh source-path=SCRIPTDIR
source ../images.sh

parts=$(dirname "$OUT")
scratch=$OUT/scratch
root=$scratch/root
node=$parts/node-$(awk '$1 == "node" { print $2 }' ../parts.txt)/node

bare "$root"
cp "$node" "$root/usr/local/bin/node"
ldd "$node" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp --dereference "$library" "$root$library"
done
cp -R "$parts/logagent-$VERSION/node_modules" "$root/node_modules"
package=$root/node_modules/@sematext/logagent
cp -R "$package/node_modules/." "$root/node_modules/" # its own versions go before the shared ones
rm -r "$package/node_modules"
cp -R "$package/." "$root/"
rm -r "$package"
archive "$root" "docker.io/sematext/logagent:$VERSION" /usr/local/bin/node "$OUT/logagent.tar"
rm -rf "$scratch"
