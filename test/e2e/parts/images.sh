# shellcheck shell=bash
# How an OCI archive of one layer is made from a folder, without a registry or an engine. Sourced by the recipes of
# images.

# blob FILE LAYOUT: moves a file into the layout, prints its digest and size as JSON members.
blob() {
  local sum size
  sum=$(sha256sum "$1" | cut -d' ' -f1)
  size=$(stat -c %s "$1")
  mv "$1" "$2/blobs/sha256/$sum"
  printf '"digest":"sha256:%s","size":%d' "$sum" "$size"
}

# bare ROOT: the folders of the distroless base, and root.
bare() {
  mkdir -p "$1"/{bin,etc,lib,proc,run,sbin,sys,tmp,usr/bin,usr/local/bin,usr/sbin,var}
  chmod 1777 "$1/tmp"
  echo 'root:x:0:0:root:/root:/sbin/nologin' >"$1/etc/passwd"
}

# archive ROOT REFERENCE PROGRAM FILE: what is in ROOT as the image REFERENCE, which runs PROGRAM, into FILE. Works in
# the folder that ROOT is in.
archive() {
  local root=$1 reference=$2 program=$3 file=$4
  local scratch layout arch layer layer_sum config manifest
  local oci=application/vnd.oci.image
  scratch=$(dirname "$root")
  layout=$scratch/layout
  arch=$(go env GOARCH)
  rm -rf "$layout"
  mkdir -p "$layout/blobs/sha256"
  tar --create --file "$scratch/layer" --directory "$root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner .
  layer_sum=$(sha256sum "$scratch/layer" | cut -d' ' -f1)
  layer=$(blob "$scratch/layer" "$layout")
  cat >"$scratch/config" <<EOF
{"architecture":"$arch","os":"linux",
"config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Entrypoint":["$program"],"WorkingDir":"/"},
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
"annotations":{"io.containerd.image.name":"$reference","org.opencontainers.image.ref.name":"${reference##*:}"}}]}
EOF
  echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
  tar --create --file "$file" --directory "$layout" oci-layout index.json blobs
  rm -rf "$layout" "$root"
  echo "$reference"
}
