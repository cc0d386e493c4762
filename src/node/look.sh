# Phases look and find: what is on the node, and what can be done there; what is in its audit log. They change nothing.

# room FOLDER: KiB where it is, or where it will be
room() {
  there=$1
  while [ -n "$there" ] && [ ! -d "$there" ]; do there=${there%/*}; done
  df -Pk "${there:-/}" | awk 'NR == 2 { print $4 }'
}

look_at_manifest() {
  path=$(defining | grep -xF "$folder/kube-apiserver.yaml" || defining | head -n 1)
  [ -n "$path" ] || return
  say "manifest=$path"
  say "sha=$(sha "$root$path")"
  defining | grep -vxF "$path" | sed 's/^/other=/'
  say "manifest-base64=$(base64 < "$root$path" | tr -d '\n')"
}

look_at_state() {
  if [ -f "$state/original.yaml" ]; then
    say "original=$(sha "$state/original.yaml")"
    say "original-base64=$(base64 < "$state/original.yaml" | tr -d '\n')"
  fi
  [ ! -f "$state/applied" ] || say "applied=$(cat "$state/applied")"
  [ ! -f "$state/last" ] || say "last=$(cat "$state/last")"
  if [ -d "$tx" ]; then
    say "tx=$(owner) $(phase)"
    say "decision=$(decision)"
    say "reason=$(cat "$tx/reason" 2> /dev/null)"
  fi
  for file in "$etc"/*/*; do
    [ -f "$file" ] || continue
    hash=${file%/*}
    say "config=${hash##*/} ${file##*/} $(sha "$file")"
  done
}

phase_look() {
  look_at_manifest
  look_at_state
  say "free-etc=$(room "$manifests")"
  say "free-var=$(room "$state")"
  say "free-log=$(room "$root$log")"
  say "carry=$(carrier)"
  say "service-proxy=$(service_proxy)"
  if carried; then say carried=yes; else say carried=no; fi
  if [ -f "$guard" ]; then say guard=yes; else say guard=no; fi
  if beats; then say alive=yes; else say alive=no; fi
  listening | sed 's/^/listening=/'
  say "arch=$(uname -m | sed 's/^x86_64$/amd64/; s/^aarch64$/arm64/')"
}

# phase_find: in how many lines of the log an id stands
phase_find() {
  made_of A-Za-z0-9- "$id" || refuse wrong-arguments id
  say "found=$(grep -cF "$id" "$root$log" 2> /dev/null || [ -f "$root$log" ] || echo 0)"
}
