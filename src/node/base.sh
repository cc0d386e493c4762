# Common part of transaction.sh and guard.sh, which are sent with it in front: arguments, places on the node, writing
# so that a file is old or new and never half, and what is known of the open transaction. POSIX sh, without here-documents
# (bash makes files of them, and the pods have no place for these); only programs that every node of a kubelet has, from
# coreutils or busybox.
#
# Arguments are words key=value. Common to all: root= (put before every path: /host in a pod, empty on the node itself),
# enter= (words put before the node's own programs, such as `chroot /host`), folder= (of the static pod manifests), run=.
set -u
umask 077
LC_ALL=C
PATH=${PATH-}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

root='' enter='' files='' run='' folder=/etc/kubernetes/manifests
manifest='' old='' new='' config=none need=0 deadline='' port='' twin='' address='' service='' log='' drop='' id=''
boot='' was='' why=''

# take WORD…: arguments into the variables of their names; each script uses some of them
# shellcheck disable=SC2034
take() {
  for word in "$@"; do
    value=${word#*=}
    case $word in
      root=*) root=$value ;;
      enter=*) enter=$value ;;
      files=*) files=$value ;;
      folder=*) folder=$value ;;
      run=*) run=$value ;;
      manifest=*) manifest=$value ;;
      old=*) old=$value ;;
      new=*) new=$value ;;
      config=*) config=$value ;;
      need=*) need=$value ;;
      deadline=*) deadline=$value ;;
      port=*) port=$value ;;
      twin=none | service=none) ;;
      twin=*) twin=$value ;;
      address=*) address=$value ;;
      service=*) service=$value ;;
      boot=*) boot=$value ;;
      log=*) log=$value ;;
      drop=*) drop=$value ;;
      id=*) id=$value ;;
      *) return 1 ;;
    esac
  done
  etc=$root/etc/kubernetes/sematext-audit
  state=$root/var/lib/sematext-audit
  tx=$state/tx
  manifests=$root$folder
  guard=$manifests/sematext-audit-guard.yaml
}

# Debian's awk is a link into /etc/alternatives, which leads nowhere in a pod. It reads standard input alone, for files
# have other paths there.
awk() {
  # shellcheck disable=SC2086 # words
  if [ -n "$enter" ]; then $enter awk "$@"; else command awk "$@"; fi
}

# made_of CHARACTERS WORD: whether the word has no other ones, and is not empty
made_of() {
  case $2 in
    '' | *[!$1]*) return 1 ;;
  esac
}

# sha FILE: its SHA-256; nothing where there is no such file
sha() {
  [ -f "$1" ] && sha256sum < "$1" | cut -d ' ' -f 1
}

# flush FILE|FOLDER: on the disk now. Programs that know no argument here flush everything, which will do.
flush() {
  sync "$1"
}

# write FILE: what comes on standard input, whole or not at all. A temporary name begins with a dot: in the manifests
# folder the kubelet reads every other file.
write() {
  temporary=${1%/*}/.sematext-audit.$$
  cat > "$temporary" && flush "$temporary" && mv -f "$temporary" "$1" && flush "${1%/*}" && return
  rm -f "$temporary"
  return 1
}

# copy FROM TO: the same for a copy, with owner and mode
copy() {
  temporary=${2%/*}/.sematext-audit.$$
  cp -p "$1" "$temporary" && flush "$temporary" && mv -f "$temporary" "$2" && flush "${2%/*}" && return
  rm -f "$temporary"
  return 1
}

# What is known of the open transaction is in its folder:
#   plan      run, manifest, old, new, config: written once, by stage
#   armed     deadline, port, twin, address, service, boot: written once, by arm
#   phase     staged, armed, carried, swapped or restoring
#   confirmed, restored   the two decisions, each a file that holds its name
#   decision  a hard link to one of them, made once, by whoever is first: it needs no room on a full disk
#   reason    why it is being taken back
#   old.yaml, new.yaml    the manifests

# owner: the run whose transaction is open
owner() {
  sed -n 's/^run=//p' "$tx/plan" 2> /dev/null
}

# recall: the open transaction's facts into the variables of their names, its phase into `was`, and into `why` the reason
# for which it is being taken back; false where this run has none
recall() {
  [ "$(owner)" = "$run" ] || return 1
  for known in "$tx/plan" "$tx/armed"; do
    [ -f "$known" ] || continue
    while read -r fact; do
      take "$fact" || return 1
    done < "$known"
  done
  folder=${manifest%/*}
  take
  was=$(phase)
  why=$(cat "$tx/reason" 2> /dev/null)
  [ -n "$was" ]
}

phase() {
  cat "$tx/phase" 2> /dev/null
}

# enter_phase WORD
enter_phase() {
  printf '%s\n' "$1" | write "$tx/phase" && was=$1
}

decision() {
  cat "$tx/decision" 2> /dev/null
}

# decide confirmed|restored: whether that is the decision that stands
decide() {
  ln "$tx/$1" "$tx/decision" 2> /dev/null && flush "$tx"
  [ "$(decision)" = "$1" ]
}

# Seconds since this boot: unlike the clock they never jump.
uptime() {
  read -r seconds _ < "$root/proc/uptime" && printf '%s\n' "${seconds%%.*}"
}

# The id of this boot.
booted() {
  cat "$root/proc/sys/kernel/random/boot_id"
}

# beats [RUN]: whether a guard, of that run or of any, has said within 5 s that it lives
beats() {
  [ -f "$state/alive" ] && read -r of _ at in < "$state/alive" || return 1
  [ "$of" = "${1-$of}" ] && [ "$in" = "$(booted)" ] && made_of 0-9 "$at" && [ $(($(uptime) - at)) -lt 5 ]
}

# defining: paths on the node of all manifests that define a pod kube-apiserver, in YAML or JSON
defining() {
  for file in "$manifests"/*; do
    [ -f "$file" ] || continue
    grep -v '^[[:space:]]*#' "$file" |
      grep -Eq "(^|[^[:alnum:]_./-])name[\"']?[[:space:]]*:[[:space:]]*[\"']?kube-apiserver([\"',}[:space:]]|$)" &&
      printf '%s\n' "${file#"$root"}"
  done
}
