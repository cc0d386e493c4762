# The change of one control-plane node's API server, phase by phase: `sh transaction.sh PHASE key=value …`. Whatever
# dies, and whenever: what is on the disk says what to do next, and the manifest is the old one or the new one, whole.
# Each phase may be repeated. How it is spoken to, and its codes: protocol.ts.
#
# Sent along, in files=: manifest (the new one), config.NAME (files of the configuration), guard.sh and guard.yaml,
# reason (one line). The secrets are in config.* alone.

say() {
  printf '%s\n' "$*"
}

ok() {
  say ok
  exit 0
}

# refuse CODE TEXT: this phase changed nothing
refuse() {
  over
  say "refused $*"
  exit 3
}

# fail CODE TEXT: something went wrong half-way
fail() {
  over
  say "failed $*"
  exit 4
}

# over: where this run's transaction has ended as the phase wants it to, by the guard or by the phase itself earlier, all
# is well; what a killed phase left is put away
wanted=''
over() {
  if [ -n "$wanted" ] && [ ! -d "$tx" ] && grep -Eq "^$run ($wanted)( |$)" "$state/last" 2> /dev/null; then
    tidy
    ok
  fi
}

# open: this run's transaction is open, and its facts are known
open() {
  recall && return
  [ ! -d "$tx" ] || refuse open-transaction "of run $(owner)"
  ended=$(sed -n "s/^$run //p" "$state/last" 2> /dev/null)
  [ -z "$ended" ] || refuse decided "this run has ended: $ended"
  refuse no-transaction 'this run has staged nothing here'
}

# lost: somebody else has decided, and may have ended it already
lost() {
  open
  refuse decided "$(decision)"
}

# not_written PLACE: this phase could not write there; perhaps since it is over
not_written() {
  open
  undecided
  refuse write-failed "$1"
}

# undecided: nobody has decided how this ends
undecided() {
  [ -z "$(decision)" ] || refuse decided "$(decision)${why:+: $why}"
}

# in_phase WORD…
in_phase() {
  for word in "$@"; do
    [ "$was" != "$word" ] || return 0
  done
  refuse wrong-phase "it is $was, not $*"
}

# unchanged SHA: the manifest is that one, and no other file defines the same pod
unchanged() {
  [ -f "$root$manifest" ] || refuse not-found "$manifest"
  [ ! -h "$root$manifest" ] || refuse other-manifest "$manifest is a link"
  [ "$(sha "$root$manifest")" = "$1" ] || refuse manifest-changed "$manifest is not what it was"
  others=$(defining | grep -vxF "$manifest")
  [ -z "$others" ] || refuse other-manifest "$others"
}

phase_carry() {
  open
  undecided
  in_phase armed carried
  [ -n "$twin" ] || refuse carry-impossible 'there is no twin'
  beats "$run" || refuse guard-silent 'the guard does not run'
  listens "$twin" || refuse carry-lost "nobody listens on port $twin"
  carry || refuse carry-impossible 'neither nft nor iptables can do it here'
  if ! gets_through; then
    uncarry
    refuse carry-blocked "$(kept_out)"
  fi
  say "arrived=$arrived"
  # The guard takes the redirect away after it has decided: what was added later would stay.
  if [ -n "$(decision)" ] || ! recall; then
    uncarry
    refuse decided 'the guard has ended it'
  fi
  enter_phase carried || fail write-failed "$tx/phase"
}

phase_swap() {
  open
  undecided
  in_phase armed carried swapped
  [ "$was" != swapped ] || [ "$(sha "$root$manifest")" != "$new" ] || ok
  unchanged "$old"
  beats "$run" || refuse guard-silent 'the guard does not run'
  if [ "$was" = carried ]; then
    carried || refuse carry-lost 'the redirect is gone'
    listens "$twin" || refuse carry-lost 'the twin is gone'
    ! blocked || refuse carry-blocked "$(kept_out)"
  fi
  if ! { beside old && beside new && server "$port" | write "$tx/serving" && starts | write "$tx/logs"; }; then
    not_written "$manifests or $tx"
  fi
  before=$was
  enter_phase swapped || not_written "$tx/phase"
  # A guard that decides from here on reads this word and takes it as done; one that decided before is seen here. In
  # between it has taken away what is to be renamed.
  [ -z "$(decision)" ] && put new && ok
  [ -z "$(decision)" ] || fail decided 'the guard has ended it; the manifest was not touched'
  enter_phase "$before" || fail write-failed "$tx/phase"
  refuse write-failed "$manifest"
}

phase_uncarry() {
  if [ -d "$tx" ]; then
    open
    [ "$was" != carried ] || enter_phase armed || refuse write-failed "$tx/phase"
  fi
  uncarry || fail carry-impossible 'the redirect is still there'
}

phase_confirm() {
  wanted=confirmed
  open
  if [ "$(decision)" != confirmed ]; then
    undecided
    in_phase swapped
    unchanged "$new"
    decide confirmed || lost
  fi
  finish_confirmed || fail write-failed 'confirmed, but not all is put away yet'
}

phase_restore() {
  wanted='restored|left'
  open
  if [ "$(decision)" != restored ]; then
    undecided
    in_phase swapped
    if [ -f "$files/reason" ]; then
      why=$(head -n 1 "$files/reason")
      printf '%s\n' "$why" | write "$tx/reason"
    fi
    decide restored || lost
  fi
  in_phase swapped restoring
  undo
  case $? in
    1) fail manifest-changed "$manifest was changed by somebody else and is left alone" ;;
    2) fail write-failed "$manifest" ;;
  esac
}

phase_settle() {
  wanted='restored|left'
  open
  [ "$(decision)" = restored ] || refuse wrong-phase 'nothing is being restored'
  in_phase swapped restoring
  undo
  undone=$?
  [ "$undone" -ne 2 ] || fail write-failed "$manifest"
  finish_undone "$undone" || fail write-failed 'the guard goes on with it'
}

phase_abort() {
  rm -rf "$state/tx.$run"
  if [ ! -d "$tx" ] && ! grep -q "^$run " "$state/last" 2> /dev/null; then
    tidy
    ok
  fi
  wanted=aborted
  open
  [ "$(decision)" = restored ] || undecided
  in_phase staged armed carried
  decide restored || lost
  undo
  undone=$?
  case $was in
    swapped | restoring) fail decided 'a swap was under way: the guard restores' ;;
  esac
  finish_undone "$undone" || fail write-failed 'the guard goes on with it'
}

# phase_twin_log: the twin's log, and what it has rotated, get names as the API server gives to rotated ones
# (gopkg.in/natefinch/lumberjack.v2), by which it counts and removes them, and by which agents find them. With drop=yes
# they go: the change that they belong to was not made.
phase_twin_log() {
  [ -n "$log" ] || refuse wrong-arguments log
  name=${log##*/}
  end=''
  case $name in *.*) end=.${name##*.} ;; esac
  begin=$root${log%"$end"}
  if [ "$drop" = yes ]; then
    rm -f "$begin-twin$end" "$begin"-twin-*"$end" "$begin"-twin-*"$end.gz" || fail write-failed "$begin-twin$end"
    rmdir "${begin%/*}" 2> /dev/null
    return 0
  fi
  for file in "$begin"-twin-*"$end" "$begin"-twin-*"$end.gz"; do
    there=$begin-${file#"$begin"-twin-}
    if [ -f "$file" ] && [ ! -e "$there" ]; then mv -f "$file" "$there" || fail write-failed "$file"; fi
  done
  [ -f "$begin-twin$end" ] || return 0
  moment=$(date -u +%Y-%m-%dT%H-%M-%S)
  thousandth=0
  while [ -e "$begin-$moment.$(printf %03d "$thousandth")$end" ]; do thousandth=$((thousandth + 1)); done
  mv -f "$begin-twin$end" "$begin-$moment.$(printf %03d "$thousandth")$end" || fail write-failed "$begin-twin$end"
}

# phase_tidy: the change has come to every node: nobody goes back to what was before it
phase_tidy() {
  [ ! -d "$tx" ] || refuse open-transaction "of run $(owner)"
  rm -f "$state/previous.yaml"
  sweep
}

# phase_remove: what a manifest names stays: a user may have put files of their own beside ours (docs say where)
phase_remove() {
  [ ! -d "$tx" ] || refuse open-transaction "of run $(owner)"
  no_guard
  for used in "$etc"/*; do
    [ ! -d "$used" ] || ! in_manifests "${used#"$root"}" || refuse in-use "a manifest names ${used#"$root"}"
  done
  uncarry || fail carry-impossible 'the redirect is still there'
  rm -rf "$state" "$state-agent" || fail write-failed "$state"
  tidy
}

task=${1-}
[ $# -eq 0 ] || shift
take "$@" || refuse wrong-arguments "$word"
made_of A-Za-z0-9- "$run" || refuse wrong-arguments run
case $task in
  look) phase_look ;;
  stage) phase_stage ;;
  arm) phase_arm "$@" ;;
  carry) phase_carry ;;
  swap) phase_swap ;;
  uncarry) phase_uncarry ;;
  confirm) phase_confirm ;;
  restore) phase_restore ;;
  settle) phase_settle ;;
  abort) phase_abort ;;
  twin-log) phase_twin_log ;;
  tidy) phase_tidy ;;
  remove) phase_remove ;;
  find) phase_find ;;
  *) refuse wrong-arguments "no phase $task" ;;
esac
ok
