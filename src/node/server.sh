# Which process serves a port, from /proc; how often an API server was started, from the kubelet's folders of logs.

sockets() {
  cat "$root/proc/net/tcp" "$root/proc/net/tcp6" 2> /dev/null
}

# listens PORT. State 0A is LISTEN (include/net/tcp_states.h); ports are in hex.
listens() {
  sockets | grep -Eq "^ *[0-9]+: [0-9A-F]+:$(printf '%04X' "$1") [0-9A-F]+:[0-9A-F]+ 0A "
}

# listening: all ports that somebody listens on
listening() {
  sockets | awk '
    function number(hex, at, sum) {
      for (at = 1; at <= 4; at++) sum = sum * 16 + index("0123456789ABCDEF", substr(hex, at, 1)) - 1
      return sum
    }
    $4 == "0A" { print number(substr($2, length($2) - 3)) }' | sort -nu
}

# started PID: when, in ticks since boot; the 22nd field of stat, of which the second may hold anything in parentheses.
# With it a process is told from a later one that got the same id.
started() {
  sed 's/.*) //' "$root/proc/$1/stat" 2> /dev/null | cut -d ' ' -f 20
}

# server PORT: `PID STARTED SHA` of the API server's process that listens there, the SHA-256 that of its command line;
# nothing where it cannot be told
server() {
  # shellcheck disable=SC2013 # words: inodes
  for inode in $(sockets | awk -v "port=:$(printf '%04X' "$1")" '$4 == "0A" && $2 ~ port "$" { print $10 }'); do
    for line in $(grep -l apiserver "$root"/proc/[0-9]*/cmdline 2> /dev/null); do
      # shellcheck disable=SC2010 # all names there are numbers
      ls -l "${line%cmdline}fd" 2> /dev/null | grep -q "socket:\[$inode\]" || continue
      pid=${line%/cmdline}
      pid=${pid##*/}
      printf '%s %s %s\n' "$pid" "$(started "$pid")" "$(sha "$line")"
      return
    done
  done
}

# starts: `FOLDER NUMBER` for each API server's folder of logs; the kubelet names a log by how often it has started the
# container before (pkg/kubelet/kuberuntime), and removes the older ones
starts() {
  for logs in "$root"/var/log/pods/*_kube-apiserver-*/kube-apiserver; do
    [ -d "$logs" ] || continue
    highest=-1
    for one in "$logs"/*.log; do
      number=${one##*/}
      number=${number%.log}
      made_of 0-9 "$number" && [ "$number" -gt "$highest" ] && highest=$number
    done
    printf '%s %s\n' "${logs#"$root"}" "$highest"
  done
}
