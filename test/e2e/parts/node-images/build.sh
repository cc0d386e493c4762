#!/usr/bin/env bash
# OCI archives of what runs on a control-plane node, one layer each, made from the parts that were built before. Named
# as kubeadm names them; an image's folders and its PATH are those of the distroless base the real ones have.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../tools.sh source-path=SCRIPTDIR
source ../tools.sh

parts=$(dirname "$OUT")
scratch=$OUT/scratch
registry=registry.k8s.io

# blob FILE LAYOUT: moves a file into the layout, prints its digest and size as JSON members.
blob() {
  local sum size
  sum=$(sha256sum "$1" | cut -d' ' -f1)
  size=$(stat -c %s "$1")
  mv "$1" "$2/blobs/sha256/$sum"
  printf '"digest":"sha256:%s","size":%d' "$sum" "$size"
}

# image NAME TAG PROGRAM PATH: NAME.tar, an image with this program at this path.
image() {
  local name=$1 tag=$2 program=$3 path=$4
  local root=$scratch/$name/root layout=$scratch/$name/layout
  local arch layer layer_sum config manifest
  local oci=application/vnd.oci.image
  arch=$(go env GOARCH)
  mkdir -p "$root"/{bin,etc,lib,proc,run,sbin,sys,tmp,usr/bin,usr/local/bin,usr/sbin,var} "$root$(dirname "$path")"
  mkdir -p "$layout/blobs/sha256"
  chmod 1777 "$root/tmp"
  echo 'root:x:0:0:root:/root:/sbin/nologin' >"$root/etc/passwd"
  cp "$program" "$root$path"
  chmod 755 "$root$path"
  tar --create --file "$scratch/layer" --directory "$root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner .
  layer_sum=$(sha256sum "$scratch/layer" | cut -d' ' -f1)
  layer=$(blob "$scratch/layer" "$layout")
  cat >"$scratch/config" <<EOF
{"architecture":"$arch","os":"linux",
"config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Entrypoint":["$path"],"WorkingDir":"/"},
"rootfs":{"type":"layers","diff_ids":["sha256:$layer_sum"]}}
EOF
  config=$(blob "$scratch/config" "$layout")
  cat >"$scratch/manifest" <<EOF
{"schemaVersion":2,"mediaType":"$oci.manifest.v1+json",
"config":{"mediaType":"$oci.config.v1+json",$config},
"layers":[{"mediaType":"$oci.layer.v1.tar",$layer}]}
EOF
  manifest=$(blob "$scratch/manifest" "$layout")
  cat >"$layout/index.json" <<EOF
{"schemaVersion":2,"manifests":[{"mediaType":"$oci.manifest.v1+json",$manifest,
"platform":{"architecture":"$arch","os":"linux"},
"annotations":{"io.containerd.image.name":"$registry/$name:$tag","org.opencontainers.image.ref.name":"$tag"}}]}
EOF
  echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
  tar --create --file "$OUT/$name.tar" --directory "$layout" oci-layout index.json blobs
  rm -rf "${scratch:?}/$name"
  echo "$registry/$name:$tag"
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
