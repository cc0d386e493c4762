# Phases stage and arm: everything that the change needs, and that its undoing needs, is laid down beforehand. Before
# the folder tx is there nothing has begun; after that nothing is missing.

# no_guard: none is at work any more. That of a transaction that has ended goes by itself, when the kubelet gets to it.
no_guard() {
  waited=0
  while beats; do
    [ "$waited" -lt 30 ] || refuse guard-running 'the guard of an earlier transaction is still at work'
    waited=$((waited + 1))
    sleep 1
  done
}

plan() {
  printf '%s\n' "run=$run" "manifest=$manifest" "old=$old" "new=$new" "config=$config"
}

# sent: what came along is what the arguments say
sent() {
  [ "$(sha "$files/manifest")" = "$new" ] || refuse wrong-files 'the manifest that was sent is not the new one'
  [ "$old" != "$new" ] || refuse wrong-arguments 'old and new are the same'
  [ "$config" = none ] && return
  for file in "$files"/config.*; do
    [ ! -f "$file" ] || return 0
  done
  refuse wrong-files 'no files of the configuration were sent'
}

# prepare: all that the transaction needs, into a folder that is not yet the transaction
prepare() {
  mkdir -p "$state" && chmod 700 "$state" && rm -rf "$tx" && mkdir "$tx" || return 1
  copy "$root$manifest" "$tx/old.yaml" && [ "$(sha "$tx/old.yaml")" = "$old" ] || return 1
  cp -p "$tx/old.yaml" "$tx/new.yaml" && cat "$files/manifest" > "$tx/new.yaml" && flush "$tx/new.yaml" || return 1
  echo confirmed | write "$tx/confirmed" && echo restored | write "$tx/restored" || return 1
  plan | write "$tx/plan" && enter_phase staged && configure && beside old && beside new
}

configure() {
  [ "$config" = none ] && return
  mkdir -p "$etc/$config" && chmod 700 "$etc" "$etc/$config" || return 1
  for file in "$files"/config.*; do
    there=$etc/$config/${file##*/config.}
    [ "$(sha "$there")" = "$(sha "$file")" ] || write "$there" < "$file" || return 1
  done
  flush "$etc"
}

phase_stage() {
  made_of 0-9a-f "$old" || refuse wrong-arguments old
  made_of 0-9a-f "$new" || refuse wrong-arguments new
  made_of 0-9a-z "$config" || refuse wrong-arguments config
  made_of 0-9 "$need" || refuse wrong-arguments need
  folder=${manifest%/*}
  take
  if [ -d "$tx" ]; then
    [ "$(plan)" = "$(cat "$tx/plan")" ] || refuse open-transaction "of run $(owner)"
    undecided
    ok
  fi
  no_guard
  unchanged "$old"
  sent
  for there in "$manifests" "$root/etc/kubernetes" "$state"; do
    [ "$(room "$there")" -ge "$need" ] || refuse disk-full "less than $need KiB in ${there#"$root"}"
  done
  tx=$state/tx.$run
  if ! prepare; then
    rm -rf "$tx" "$manifests"/.sematext-audit.*
    sweep
    refuse write-failed 'nothing is left of what was written'
  fi
  mv -f "$tx" "$state/tx" || fail write-failed "$state/tx"
  # Where another run was first, this one's folder has gone into that one's.
  tx=$state/tx
  if ! recall; then
    rm -rf "$tx/tx.$run"
    refuse open-transaction 'another run was first'
  fi
  flush "$state"
  rm -rf "$state"/tx.*
  sweep
}

disarm() {
  rm -f "$guard" "$state/guard.sh" "$tx/armed"
}

arguments_of_arm() {
  made_of 0-9 "$deadline" || refuse wrong-arguments deadline
  made_of 0-9 "$port" || refuse wrong-arguments port
  made_of 0-9 "${twin:-0}" || refuse wrong-arguments twin
  made_of 0-9a-fA-F.: "$address" || refuse wrong-arguments address
  [ -n "$service" ] || return 0
  made_of 0-9a-fA-F.: "$(service_address)" || refuse wrong-arguments service
  made_of 0-9 "${service##*:}" || refuse wrong-arguments service
}

armed() {
  printf '%s\n' "deadline=$deadline" "port=$port" "twin=${twin:-none}" "address=$address" \
    "service=${service:-none}" "boot=$(booted)"
}

# phase_arm WORD…: the arguments once more, for those of an arm that was killed are known by now too
phase_arm() {
  open
  undecided
  in_phase staged armed carried swapped
  if [ "$was" = staged ]; then
    take "$@"
    arguments_of_arm
    if ! [ -f "$files/guard.sh" ] || ! [ -f "$files/guard.yaml" ]; then
      refuse wrong-files 'no guard was sent'
    fi
    if ! { armed | write "$tx/armed" && write "$state/guard.sh" < "$files/guard.sh" &&
      write "$guard" < "$files/guard.yaml"; }; then
      disarm
      refuse write-failed 'the guard could not be written'
    fi
    guard_beats
    enter_phase armed || fail write-failed "$tx/phase"
  fi
  beats "$run" || refuse guard-silent 'the guard does not run'
}

# guard_beats: the kubelet has started it. It looks into the folder at least every 20 s.
guard_beats() {
  waited=0
  until beats "$run"; do
    if [ "$waited" -ge 60 ]; then
      disarm
      refuse guard-silent 'the kubelet did not start the guard within 60 s'
    fi
    waited=$((waited + 1))
    sleep 1
  done
}
