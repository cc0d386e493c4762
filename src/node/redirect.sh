# The carry: new connections to the API server's port, and to the service address of the API, go to the twin. A table of
# our own in nftables, which comes and goes in one step; where that cannot be had, a chain of our own in iptables.
#
# - Only the packet that opens a connection is sent elsewhere: a kept connection stays with the server that it has, also
#   when connections are tracked from now on only.
#   What the twin has when the redirect goes stays with it where somebody else's rules translate addresses too, as those
#   of kube-proxy do; else the kernel stops doing so, and these connections are cut.
# - Loopback addresses are left alone: there the real server is asked while others are sent to the twin.
# - Only addresses of this node: a pod that speaks to port 6443 of another cluster must get there.
# - It leads to the node's address, for `redirect` would take that of the interface a packet came in by, and the
#   interfaces of pods may have none.
# - Priority -110 is before kube-proxy's own rules (-100), which would send the service address to any API server.
# - Packet filters of the node come after it, and see the twin's port: one that lets in the API server's port alone drops
#   what is sent there. So it is counted, past all filters, what has arrived.

# node PROGRAM…: one of the node's own programs
node() {
  # shellcheck disable=SC2086 # words
  $enter "$@"
}

# family ADDRESS
family() {
  case $1 in
    *:*) echo ip6 ;;
    *) echo ip ;;
  esac
}

# Address of the service without its port and brackets.
service_address() {
  bare=${service%:*}
  bare=${bare#[}
  printf '%s\n' "${bare%]}"
}

# target FAMILY: the twin as an address and port. In the family that the node's address is not of, packets stay with the
# address that they came for.
target() {
  case $1 in
    ip) printf '%s:%s\n' "$address" "$twin" ;;
    ip6) printf '[%s]:%s\n' "$address" "$twin" ;;
  esac
}

# table FAMILY: what nft reads; the table is made anew in the same step, so that adding it twice is harmless
table() {
  case $1 in
    ip) loopback=127.0.0.0/8 ;;
    ip6) loopback=::1 ;;
  esac
  to="redirect to :$twin"
  [ "$1" != "$(family "$address")" ] || to="dnat to $(target "$1")"
  by_service=''
  if [ -n "$service" ] && [ "$1" = "$(family "$(service_address)")" ]; then
    by_service="$1 daddr $(service_address) tcp dport ${service##*:} $to"
  fi
  opened="iifname != lo tcp dport $twin ct state new ct status dnat"
  printf '%s\n' "add table $1 sematext_audit" \
    "delete table $1 sematext_audit" \
    "table $1 sematext_audit {" \
    'counter sent { }' \
    'counter arrived { }' \
    'chain carry {' \
    'tcp flags & (fin | syn | rst | ack) != syn return' \
    "$1 daddr $loopback return" \
    "$by_service" \
    "fib daddr type local tcp dport $port $to" \
    '}' \
    'chain pre { type nat hook prerouting priority -110; jump carry; }' \
    'chain out { type nat hook output priority -110; jump carry; }' \
    "chain sent { type filter hook prerouting priority -99; $opened counter name sent; }" \
    "chain arrived { type filter hook input priority 300; $opened counter name arrived; }" \
    '}'
}

# with_nft FAMILY [FLAG…]
with_nft() {
  of=$1
  shift
  table "$of" | node nft "$@" -f - > /dev/null
}

# Each iptables command waits for the lock that others may hold.
tables() {
  case $1 in
    ip) program=iptables ;;
    ip6) program=ip6tables ;;
  esac
  shift
  node "$program" -w 5 -t nat "$@"
}

# The chains of ours: what comes in, what begins on the node, and what has arrived.
chains='SEMATEXT_AUDIT SEMATEXT_AUDIT_OUT SEMATEXT_AUDIT_IN'

# with_iptables FAMILY: the chains are whole before anything leads to them
with_iptables() {
  case $1 in
    ip) loopback=127.0.0.0/8 ;;
    ip6) loopback=::1/128 ;;
  esac
  to="REDIRECT --to-ports $twin"
  [ "$1" != "$(family "$address")" ] || to="DNAT --to-destination $(target "$1")"
  without_iptables "$1" 2> /dev/null
  for chain in $chains; do tables "$1" -N "$chain" || return 1; done
  for chain in SEMATEXT_AUDIT SEMATEXT_AUDIT_OUT; do
    tables "$1" -A "$chain" -d "$loopback" -j RETURN || return 1
    if [ -n "$service" ] && [ "$1" = "$(family "$(service_address)")" ]; then
      # shellcheck disable=SC2086 # words
      tables "$1" -A "$chain" -p tcp --syn -d "$(service_address)" --dport "${service##*:}" -j $to || return 1
    fi
    # shellcheck disable=SC2086 # words
    tables "$1" -A "$chain" -p tcp --syn --dport "$port" -m addrtype --dst-type LOCAL -j $to || return 1
  done
  tables "$1" -A SEMATEXT_AUDIT_IN -p tcp --dport "$twin" -m conntrack --ctstate DNAT &&
    tables "$1" -I INPUT -j SEMATEXT_AUDIT_IN &&
    tables "$1" -I PREROUTING -j SEMATEXT_AUDIT &&
    tables "$1" -I OUTPUT -j SEMATEXT_AUDIT_OUT
}

# without_iptables FAMILY
without_iptables() {
  tables "$1" -D PREROUTING -j SEMATEXT_AUDIT
  tables "$1" -D OUTPUT -j SEMATEXT_AUDIT_OUT
  tables "$1" -D INPUT -j SEMATEXT_AUDIT_IN
  for chain in $chains; do
    tables "$1" -F "$chain" && tables "$1" -X "$chain"
  done
}

# carry: nothing stays behind where it cannot be done. The other family is a courtesy to nodes that have both.
carry() {
  mine=$(family "$address")
  other=ip6
  [ "$mine" = ip ] || other=ip
  if with_nft "$mine"; then
    with_nft "$other" 2> /dev/null
    return 0
  fi
  if with_iptables "$mine"; then
    with_iptables "$other" 2> /dev/null || without_iptables "$other" 2> /dev/null
    return 0
  fi
  uncarry
  return 1
}

# uncarry: whether nothing of ours is left
uncarry() {
  carried || return 0
  for of in ip ip6; do
    node nft delete table "$of" sematext_audit
    without_iptables "$of"
  done > /dev/null 2>&1
  ! carried
}

# carried: whether something of ours is there
carried() {
  for of in ip ip6; do
    node nft list table "$of" sematext_audit && return
    for chain in $chains; do tables "$of" -S "$chain" && return; done
  done > /dev/null 2>&1
  return 1
}

# reached: how many connections that came in were sent to the twin, and how many of them came past the packet filters of
# the node. Not those that began on the node, which few filter.
reached() {
  for of in ip ip6; do
    # iptables is asked only where it was used: it waits while others hold its lock
    node nft list table "$of" sematext_audit || {
      tables "$of" -v -S SEMATEXT_AUDIT
      tables "$of" -v -S SEMATEXT_AUDIT_IN
    }
  done 2> /dev/null | awk '
    $1 == "counter" { name = $2 }
    $1 == "packets" { count[name] += $2 }
    $1 == "-A" && / --to-| SEMATEXT_AUDIT_IN / {
      name = $2 == "SEMATEXT_AUDIT" ? "sent" : "arrived"
      for (i = 3; i < NF; i++) if ($i == "-c") count[name] += $(i + 1)
    }
    END { print count["sent"] + 0, count["arrived"] + 0 }'
}

# blocked: whether packet filters of this node keep connections from the twin. What was sent is read before what has
# arrived: none is taken for lost that is on its way.
blocked() {
  # shellcheck disable=SC2046 # words
  set -- $(reached) $(reached)
  [ "${1:-0}" -gt "${4:-0}" ]
}

kept_out() {
  echo "a packet filter of the node drops connections that are sent to port $twin"
}

# gets_through: watches until ten connections have come to the twin, or for 3 s; false as soon as one is kept from it. How
# many came is in `arrived` then.
gets_through() {
  arrived=0 rounds=0
  while [ "${arrived:-0}" -lt 10 ] && [ "$rounds" -lt 15 ]; do
    if ! sleep 0.2 2> /dev/null; then
      sleep 1 # one that knows whole seconds only
      rounds=$((rounds + 4))
    fi
    rounds=$((rounds + 1))
    ! blocked || return 1
    arrived=$(reached | cut -d ' ' -f 2)
  done
}

# service_proxy: what leads connections to service addresses on this node. In IPVS mode kube-proxy has a chain of that
# name too.
service_proxy() {
  if grep -qs '^ *kube-ipvs0:' "$root/proc/net/dev"; then
    echo ipvs
    return
  fi
  for of in ip ip6; do
    if node nft list table "$of" kube-proxy > /dev/null; then
      echo nftables
    elif tables "$of" -S KUBE-SERVICES > /dev/null; then
      echo iptables
    else
      continue
    fi
    return
  done 2> /dev/null
  echo other
}

# carrier: what a carry would be done with on this node, found without doing it
carrier() {
  address=192.0.2.1 port=6443 twin=6444 service=''
  if with_nft ip --check 2> /dev/null; then
    echo nft
  elif tables ip -S PREROUTING > /dev/null 2>&1; then
    echo iptables
  else
    echo none
  fi
}
