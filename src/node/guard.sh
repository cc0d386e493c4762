# The guard: a static pod that puts the old manifest back when nobody has confirmed the new one in time, or when the
# new API server ends again and again. It needs no API server, and outlives the CLI, the helper and a reboot. It acts
# only on the transaction that it was started for, ends what others began to end, and takes itself away.
#
# Whatever happens to it, and whenever: it is started again, and what is on the disk says what to do next.

# answers PORT: whether the server there says that it is ready, or that one must say who one is, which it does when it
# serves. 2 where this node has nothing to ask with.
answers() {
  ready=https://127.0.0.1:$1/readyz
  if node curl --version > /dev/null 2>&1; then
    case $(node curl -ks -m 3 --noproxy '*' -o /dev/null -w '%{http_code}' "$ready" 2> /dev/null) in
      200 | 401 | 403) return 0 ;;
      *) return 1 ;;
    esac
  fi
  node wget --help > /dev/null 2>&1 || return 2
  case $(node wget -q -T 3 --no-check-certificate -O - "$ready" 2>&1) in
    ok | *' 401'* | *' 403'*) return 0 ;;
    *) return 1 ;;
  esac
}

# looping BEFORE: the folder, and the number of its newest log, of an API server that was started three times since
# `starts` was written to that file: it ends each time
looping() {
  [ -f "$1" ] || return
  starts | while read -r logs number; do
    before=$(awk -v "logs=$logs" '$1 == logs { print $2 }' < "$1")
    [ $((number - ${before:--1})) -ge 3 ] && printf '%s %s\n' "$logs" "$number" && return
  done
}

# last_words FOLDER NUMBER: the last line that the API server wrote before it ended, which is in the log before the
# newest one, without the kubelet's time and stream; short, in one line, and without what may be a token
last_words() {
  for number in $(($2 - 1)) "$2"; do
    words=$(tail -n 1 "$root$1/$number.log" 2> /dev/null | sed 's/^[^ ]* std[a-z]* [FP] //')
    [ -z "$words" ] || break
  done
  some='[0-9a-fA-F]'
  printf '%s\n' "$words" | tr -d '\000-\011\013-\037\177' |
    sed "s/$some\{8\}-$some\{4\}-$some\{4\}-$some\{4\}-$some\{12\}/<token>/g" | cut -c 1-300
}

# tell TEXT: for those who read its log
tell() {
  printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"
}

# Seconds that this guard was at work, over all its starts: not those for which the machine was off, and no jump of the
# clock.
resume() {
  elapsed=0
  since=$(uptime)
  [ -f "$state/alive" ] && read -r of spent at in < "$state/alive" || return 0
  [ "$of" = "$run" ] && made_of 0-9 "$spent" && made_of 0-9 "$at" || return 0
  elapsed=$spent
  [ "$in" != "$(booted)" ] || since=$at
}

# beat: says that the guard lives (beats, in base.sh). Not flushed: after a crash an old one is good enough.
beat() {
  present=$(uptime)
  elapsed=$((elapsed + present - since))
  since=$present
  printf '%s\n' "$run $elapsed $present $(booted)" > "$state/.sematext-audit.alive" &&
    mv -f "$state/.sematext-audit.alive" "$state/alive"
}

# leave: nothing is to be guarded (any more). The kubelet ends this pod when its manifest is gone.
leave() {
  [ -d "$tx" ] || tidy
  beats "$run" && rm -f "$state/alive"
  tell 'nothing to guard'
  exec sleep 3600
}

# give_up REASON
give_up() {
  why=$1
  printf '%s\n' "$why" | write "$tx/reason"
  if decide restored; then tell "taken back: $why"; fi
}

# watch: whether it has to be taken back
watch() {
  if [ "$was" = swapped ]; then
    looping=$(looping "$tx/logs")
    if [ -n "$looping" ]; then
      # shellcheck disable=SC2086 # two words
      give_up "the API server ends again and again: $(last_words $looping)"
    fi
  elif [ "$boot" != "$(booted)" ]; then
    give_up 'the node was rebooted before the swap'
  elif [ -n "$twin" ] && blocked; then
    # The phase that looks for this itself is faster, unless it was killed.
    lost=$((lost + 1))
    [ "$lost" -lt 3 ] || give_up "$(kept_out)"
  fi
  [ "$elapsed" -lt "$deadline" ] || [ -n "$(decision)" ] || give_up "not confirmed within $deadline s"
}

# keep_carry: a redirect to a twin that has gone is worse than none. Not after one look: what /proc lists of the sockets
# may miss one while others come and go.
keep_carry() {
  [ -n "$twin" ] || return
  if listens "$twin"; then
    missed=0
    return
  fi
  missed=$((missed + 1))
  if [ "$missed" -ge 3 ] && carried && uncarry; then
    tell "nobody listens on port $twin: nothing is sent there any more"
  fi
}

# end_leaving: where nothing carries the traffic, the process that has to leave for the new manifest is ended when its
# port is closed and what it had begun has had 3 s: else it uses up its grace period of 30 s, idle
end_leaving() {
  if [ -n "$twin" ] || [ ! -f "$tx/leaving" ]; then return; fi
  pid=''
  read -r _ in pid start _ < "$tx/leaving"
  if [ -z "$pid" ] || [ "$in" != "$(booted)" ] || [ "$(started "$pid")" != "$start" ]; then return; fi
  if listens "$port"; then
    closed=0
    return
  fi
  closed=$((closed + 1))
  if [ "$closed" -gt 3 ]; then
    tell "process $pid has closed its port: ended"
    kill -9 "$pid"
  fi
}

# serves UNDONE: whether the API server of the manifest that is there now serves. Not the one that has to leave for it,
# which may do so for a while. Which one it is may not be told for once: /proc misses a socket while others come and go,
# and the port may just have been closed. Where nothing can ask it, it must listen for 15 s.
serves() {
  if ! listens "$port"; then
    listening_since=$elapsed untold=0
    return 1
  fi
  # shellcheck disable=SC2046 # words
  set -- "$1" $(server "$port")
  if [ $# -ne 4 ]; then
    untold=$((untold + 1))
    [ "$untold" -ge 3 ] || return 1
  elif [ "$1" -eq 0 ]; then
    untold=0
    put_in='' in='' pid='' start='' command=''
    [ ! -f "$tx/leaving" ] || read -r put_in in pid start _ < "$tx/leaving"
    [ ! -f "$tx/serving" ] || read -r _ _ command < "$tx/serving"
    [ "$put_in $in $pid $start" != "old $(booted) $2 $3" ] || return 1
    [ "${command:-$4}" = "$4" ] || return 1
  fi
  answers "$port"
  case $? in
    0) return 0 ;;
    2) [ $((elapsed - listening_since)) -ge 15 ] ;;
    *) return 1 ;;
  esac
}

# take_back: after the decision, the guard's own or that of a phase. The redirect stays until the old server serves;
# when nobody listens at its end either, and 120 s have passed, waiting longer helps nobody.
take_back() {
  undo
  undone=$?
  [ "$undone" -ne 2 ] || return
  case $was in
    swapped | restoring)
      if [ -z "$restoring_since" ]; then restoring_since=$elapsed listening_since=$elapsed; fi
      if ! serves "$undone"; then
        [ $((elapsed - restoring_since)) -ge 120 ] || return
        if [ -n "$twin" ] && listens "$twin"; then return; fi
      fi
      ;;
  esac
  finish_undone "$undone" && tell "$(cat "$state/last")"
}

take "$@" || exit 2
missed=0 closed=0 untold=0 lost=0 listening_since=0 restoring_since='' confirmed_since=''
resume
while :; do
  case $(owner) in
    "$run") ;;
    '') [ -d "$tx" ] || leave ;; # else it could not be read for once
    *) leave ;;
  esac
  beat
  # Without a deadline the guard is there, but not armed: arm was ended in between.
  if recall && [ -n "$deadline" ]; then
    [ -n "$(decision)" ] || watch
    keep_carry
    end_leaving
    case $(decision) in
      restored) take_back ;;
      confirmed)
        # The phase that has decided so puts everything away itself; only when it was killed is that left to do.
        confirmed_since=${confirmed_since:-$elapsed}
        [ $((elapsed - confirmed_since)) -lt 10 ] || finish_confirmed
        ;;
    esac
  fi
  sleep 1
done
