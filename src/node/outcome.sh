# How a transaction ends. The phases and the guard both call these, at the same time if it happens so: each step may be
# done twice, and everything is known before the first. When one fails while tx has gone, the other was faster.
#
# The manifest is replaced by a rename, and only by that. Its source lies beside the manifest from the beginning, so
# that a full disk cannot keep the old one from being put back; and whoever has decided to put it back takes the new
# one's away first, so that a swap that is late finds nothing to rename.

# sum old|new: the SHA-256 of that manifest
sum() {
  case $1 in
    old) printf '%s\n' "$old" ;;
    new) printf '%s\n' "$new" ;;
  esac
}

# beside old|new: that manifest lies ready beside the real one
beside() {
  [ "$(sha "$manifests/.sematext-audit.$1")" = "$(sum "$1")" ] || copy "$tx/$1.yaml" "$manifests/.sematext-audit.$1"
}

# put old|new: what lies beside over the manifest. Which process has to leave for it is noted before, if there is room.
# Where another was faster, the one that serves may already be the one that stays: looked for first, noted only if the
# manifest was still another one after that.
put() {
  leaves="$1 $(booted) $(server "$port")"
  [ "$(sha "$root$manifest")" = "$(sum "$1")" ] || printf '%s\n' "$leaves" | write "$tx/leaving"
  mv -f "$manifests/.sematext-audit.$1" "$root$manifest" && flush "$manifests"
}

# undo: the manifest is the old one. Only after the decision to. 1 where somebody else has changed the manifest since:
# then it is left alone; 2 when it could not be done, and must be tried again.
undo() {
  rm -f "$manifests/.sematext-audit.new"
  now=$(phase)
  was=${now:-$was}
  case $was:$(sha "$root$manifest") in
    *:"$old") return 0 ;;
    swapped:"$new" | swapped: | restoring:"$new" | restoring:) ;;
    *) return 1 ;;
  esac
  beside old && put old
  [ "$(sha "$root$manifest")" = "$old" ] || return 2 # that it could not be renamed may be since another was faster
  enter_phase restoring
  return 0
}

# finish OUTCOME [REASON]: the transaction is over. What is half written lies in its folder, which goes: the guard may be
# ended in the midst of this when a phase was faster.
finish() {
  uncarry && printf '%s\n' "$run $1${2:+ $2}" | write "$tx/last.$$" || return 1
  mv -f "$tx/last.$$" "$state/last" && flush "$state" || return 1
  rm -rf "$state/tx.closed"
  mv -f "$tx" "$state/tx.closed" 2> /dev/null
  tidy
}

# finish_confirmed: the new manifest stands
finish_confirmed() {
  uncarry || return 1
  # Until the last node has changed, this one may have to go back, and its old manifest must find its files.
  kept=$state/previous.yaml
  [ -f "$state/original.yaml" ] || kept=$state/original.yaml
  copy "$tx/old.yaml" "$kept" || return 1
  printf '%s\n' "$new" | write "$state/applied" && finish confirmed
}

# finish_undone STATUS: after `undo`, of which that is the status
finish_undone() {
  why=$(cat "$tx/reason" 2> /dev/null || printf %s "$why") # may have been written since
  case $was:$1 in
    swapped:0 | restoring:0) finish restored "$why" ;;
    swapped:* | restoring:*) finish left manifest-changed ;;
    *) finish aborted "$why" ;;
  esac
}

# tidy: away with all that only an open transaction needs. The guard's manifest is the last, for with it goes the guard.
tidy() {
  rm -rf "$state/tx.closed"
  rm -f "$state"/.sematext-audit.* "$manifests"/.sematext-audit.* "$etc"/.sematext-audit.*
  sweep
  rm -f "$state/guard.sh" "$guard"
}

# sweep: away with each configuration that no manifest names. A folder of that name is made after the manifest that
# names it has been laid into tx.RUN, which becomes tx in one step: looked for in that order, it is found in one of them.
sweep() {
  for found in "$etc"/*; do
    [ ! -d "$found" ] || named "${found##*/}" || rm -rf "$found"
  done
  named kubernetes/sematext-audit || rmdir "$etc" 2> /dev/null
  return 0
}

# in_manifests TEXT: whether a static pod manifest has it
in_manifests() {
  cat "$manifests"/* 2> /dev/null | grep -qF "$1"
}

named() {
  cat "$state"/tx.*/new.yaml "$tx/new.yaml" "$tx/old.yaml" "$state/previous.yaml" "$state/original.yaml" \
    "$manifests"/* 2> /dev/null |
    grep -qF "$1"
}
