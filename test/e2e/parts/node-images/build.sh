#!/usr/bin/env bash
# OCI archives of what runs on a control-plane node, one layer each, made from the parts that were built before. Named
# as kubeadm names them; an image's folders and its PATH are those of the distroless base the real ones have.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../tools.sh source-path=SCRIPTDIR
source ../tools.sh
# shellcheck source=../images.sh source-path=SCRIPTDIR
source ../images.sh

parts=$(dirname "$OUT")
scratch=$OUT/scratch
registry=registry.k8s.io

# image NAME TAG PROGRAM PATH: NAME.tar, an image with this program at this path.
image() {
  local name=$1 tag=$2 program=$3 path=$4 root=$scratch/root
  bare "$root"
  mkdir -p "$root$(dirname "$path")"
  cp "$program" "$root$path"
  chmod 755 "$root$path"
  archive "$root" "$registry/$name:$tag" "$path" "$OUT/$name.tar"
}

kubernetes() { # kubernetes NAME...: images of these programs, in the version of this part
  local name
  for name; do
    image "$name" "v$VERSION" "$parts/$name-$VERSION/$name" "/usr/local/bin/$name"
  done
}

mkdir -p "$scratch"
kubernetes kube-apiserver kube-controller-manager kube-scheduler
if [ "$VERSION" = 1.37.2 ]; then # with what nodes of either version need
  etcd=$(awk '$1 == "etcd" { print $2 }' ../parts.txt)
  image etcd "$etcd-0" "$parts/etcd-$etcd/etcd" /usr/local/bin/etcd
  go_env
  (cd pause && go build -trimpath -ldflags '-s -w' -o "$scratch/program" .)
  image pause 3.10.2 "$scratch/program" /pause
fi
rm -rf "$scratch"
