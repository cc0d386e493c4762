// Programs that stand in for the node's own, found first on the scripts' PATH. They do what the real ones do as far as
// the scripts can see it, in a folder of the imitated node, and write down how they were called.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Time passes only by the guard's own ticks, a hundred times as fast; what others wait for comes while they wait. A
 * sleep of an hour is how the guard waits for its end. What a test has put into `tick` is done in between.
 */
const sleep = `
case $1 in
  *.*) exec /bin/sleep 0.01 ;;
esac
[ "$1" -lt 60 ] || exec /bin/sleep 3600
[ -n "\${TICKS:-}" ] || exec /bin/sleep "\${NAP:-0.05}"
ulimit -S -f unlimited
read -r up _ < "$NODE/proc/uptime"
if mv "$SHIMS/jump" "$SHIMS/jumped" 2>/dev/null; then up=$((up + $(cat "$SHIMS/jumped"))); fi
printf '%s\\n' "$((up + $1)) 0" > "$SHIMS/uptime" && mv -f "$SHIMS/uptime" "$NODE/proc/uptime"
[ ! -e "$SHIMS/tick" ] || . "$SHIMS/tick"
exec /bin/sleep 0.01
`;

const nft = `
[ ! -e "$SHIMS/no-nft" ] || exit 127
echo "nft $*" >> "$SHIMS/calls"
case $* in
  '--check -f -') cat > /dev/null ;;
  '-f -') cat > "$SHIMS/rules"; mv "$SHIMS/rules" "$SHIMS/table-$(sed -n 's/^table \\([^ ]*\\) .*/\\1/p' "$SHIMS/rules")" ;;
  'delete table '*) rm "$SHIMS/table-$3" ;;
  'list table '*' kube-proxy') grep -qsx nftables "$SHIMS/proxy" ;;
  'list table '*)
    test -e "$SHIMS/table-$3" || exit 1
    set -- $(cat "$SHIMS/reached" 2> /dev/null || echo 10 10)
    printf 'counter %s {\\n packets %s bytes 0\\n}\\n' sent "$1" arrived "$2" ;;
esac
`;

const iptables = `
[ ! -e "$SHIMS/no-iptables" ] || exit 127
echo "\${0##*/} $*" >> "$SHIMS/calls"
[ "$1 $2 $3 $4" = '-w 5 -t nat' ] || [ "$3 $4" = '-t nat' ] || exit 2
rules=$SHIMS/\${0##*/}; touch "$rules"
shift 4
case $1 in
  -v) [ "$2 $3" = '-S SEMATEXT_AUDIT_IN' ] && grep -qx "chain $3" "$rules" && echo "-A $3 -p tcp -c 10 600" ;;
  -S)
    case $2 in
      KUBE-SERVICES) grep -qsx iptables "$SHIMS/proxy" ;;
      PREROUTING) ;;
      *) grep -qx "chain $2" "$rules" ;;
    esac ;;
  -N) ! grep -qx "chain $2" "$rules" && echo "chain $2" >> "$rules" ;;
  -X) grep -qx "chain $2" "$rules" && grep -vx "chain $2" "$rules" > "$rules.new"; mv "$rules.new" "$rules" 2>/dev/null ;;
  -F) grep -qx "chain $2" "$rules" && grep -v "^rule $2 " "$rules" > "$rules.new"; mv "$rules.new" "$rules" 2>/dev/null ;;
  -A | -I) at=$2; shift 2; echo "rule $at $*" >> "$rules" ;;
  -C) at=$2; shift 2; grep -qxF -- "rule $at $*" "$rules" ;;
  -D) at=$2; shift 2; grep -qxF -- "rule $at $*" "$rules" && grep -vxF -- "rule $at $*" "$rules" > "$rules.new" && mv "$rules.new" "$rules" ;;
esac
`;

const curl = `
[ ! -e "$SHIMS/no-curl" ] || exit 127
[ "$1" = --version ] || cat "$SHIMS/readyz" 2>/dev/null || printf 200
`;

/** Counts the changes that a script makes to the disk, and kills it, with all its children, before the given one. */
const mortal = (program: string): string => `
count=0
[ ! -e "$SHIMS/count" ] || read -r count < "$SHIMS/count"
count=$((count + 1))
echo "$count" > "$SHIMS/count"
[ "$count" != "$KILL_AT" ] || kill -9 0
PATH=$REAL_PATH
exec ${program} "$@"
`;

/** Programs that change the disk. */
export const mortals = ['sync', 'mv', 'ln', 'cp', 'rm', 'mkdir', 'rmdir', 'chmod'];

/** Puts the shims into a folder: `usual` for every run, `mortal` for one that is to be killed. */
export function layShims(folder: string): void {
  const put = (kind: string, name: string, text: string): void => {
    mkdirSync(join(folder, kind), { recursive: true });
    const path = join(folder, kind, name);
    writeFileSync(path, `#!/bin/sh\n${text.trim()}\n`);
    chmodSync(path, 0o755);
  };
  const usual = { sleep, nft, iptables, ip6tables: iptables, curl, wget: 'exit 127' };
  for (const [name, text] of Object.entries(usual)) put('usual', name, text);
  for (const name of mortals) put('mortal', name, mortal(name));
}
