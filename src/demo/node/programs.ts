// The programs of an imitated node that cannot be this machine's own: nft and iptables, which write their rules to files
// that the node obeys; sleep, in the node's time; curl and wget, which know whether an API server serves; df.
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Programs that a node may lack. */
export type Tool = 'nft' | 'iptables' | 'curl' | 'wget';

const sleep = (second: number): string => `
case $1 in
  *.*) exec /bin/sleep 0.01 ;;
esac
ms=$(($1 * ${second}))
fraction=$((1000 + ms % 1000))
exec /bin/sleep $((ms / 1000)).\${fraction#1}
`;

const none = (text: string): string => `
none() {
  echo '${text}' >&2
  exit 1
}`;

// As far as redirect.sh uses it: one table in each text. What is read is whole before anything is changed. What the
// counters say is in the file `reached` (redirect.ts), for both families alike.
const nft = (rules: string): string => `${none('Error: No such file or directory')}
check=''
[ "\${1-}" != --check ] || { check=yes; shift; }
case "$1 \${2-}" in
  '-f -')
    depth=0 at='' gone='' table=''
    set -f
    while IFS= read -r line; do
      if [ "$depth" -eq 0 ]; then
        set -- $line
        case "$1 \${2-}" in
          ' ') continue ;;
          'add table') at=$3.$4 table="table $3 $4 {
}" gone='' ;;
          'delete table') [ "$at" = "$3.$4" ] || [ -e "${rules}/nft/$3.$4" ] || none; at=$3.$4 table='' gone=yes ;;
          'table '*) at=$2.$3 table=$line gone='' depth=1 ;;
          *) echo "Error: syntax error, unexpected $1" >&2; exit 1 ;;
        esac
      else
        table="$table
$line"
        case $line in *'{'*) depth=$((depth + 1)) ;; esac
        case $line in *'}'*) depth=$((depth - 1)) ;; esac
      fi
    done
    [ "$depth" -eq 0 ] || { echo 'Error: syntax error, unexpected end of file' >&2; exit 1; }
    [ -z "$check" ] || exit 0
    if [ -n "$gone" ]; then rm -f "${rules}/nft/$at"; else
      rm -f "${rules}/reached"
      printf '%s\\n' "$table" > "${rules}/.new.$$" && mv -f "${rules}/.new.$$" "${rules}/nft/$at"
    fi ;;
  'delete table') [ -e "${rules}/nft/$3.$4" ] || none; rm -f "${rules}/nft/$3.$4" ;;
  'list table') [ -e "${rules}/nft/$3.$4" ] || none
    cat "${rules}/nft/$3.$4"
    set -- $(cat "${rules}/reached" 2> /dev/null || echo 0 0)
    printf 'counter %s {\\n packets %s bytes 0\\n}\\n' sent "$1" arrived "$2" ;;
  *) echo "nft: not imitated: $*" >&2; exit 64 ;;
esac
`;

// The rules as iptables -S writes them, of the table nat alone.
const iptables = (rules: string): string => `
file=${rules}/iptables/\${0##*/}
[ "$1 $2 $3 $4" = '-w 5 -t nat' ] || { echo "iptables: not imitated: $*" >&2; exit 64; }
shift 4
command=$1 chain=\${2-}
[ -f "$file" ] || printf '%s\\n' '-P PREROUTING ACCEPT' '-P INPUT ACCEPT' '-P OUTPUT ACCEPT' '-N KUBE-SERVICES' > "$file"
shift 2
${none('iptables: No chain/target/match by that name.')}
known() {
  grep -qE "^-(N|P) $chain( |\\$)" "$file"
}
put() {
  cat > "$file.$$" && mv -f "$file.$$" "$file"
}
rule="-A $chain $*"
case $command in
  -S) known || none; grep -E "^-. $chain( |\\$)" "$file" ;;
  -v) chain=$1; known || none
    set -- $(cat "${rules}/reached" 2> /dev/null || echo 0 0)
    grep "^-A $chain " "$file" | sed "/--dst-type/s/\$/ -c $1 0/; /--ctstate/s/\$/ -c $2 0/" ;;
  -N) rm -f "${rules}/reached"; known && { echo 'iptables: Chain already exists.' >&2; exit 1; }; { cat "$file"; echo "-N $chain"; } | put ;;
  -A) known || none; { cat "$file"; echo "$rule"; } | put ;;
  -I) known || none
    { grep -v '^-A' "$file"; echo "$rule"; grep '^-A' "$file"; } | put ;;
  -C) grep -qxF -e "$rule" "$file" || none ;;
  -D) grep -qxF -e "$rule" "$file" || none
    awk -v "rule=$rule" '$0 == rule && !done { done = 1; next } { print }' "$file" | put ;;
  -F) known || none; grep -v "^-A $chain " "$file" | put ;;
  -X) known || none
    if grep -qE -e "^-A $chain |-j $chain( |\\$)" "$file"; then echo 'iptables: Too many links.' >&2; exit 1; fi
    grep -vxF -e "-N $chain" "$file" | put ;;
  *) echo "iptables: not imitated: $command" >&2; exit 64 ;;
esac
`;

const asks = (serving: string): string => `
for url; do :; done
port=\${url#https://127.0.0.1:}
code=000
[ ! -f "${serving}/\${port%%/*}" ] || code=200
`;

const curl = (serving: string): string => `
[ "$*" != --version ] || exit 0
${asks(serving)}
printf %s "$code"
[ "$code" != 000 ] || exit 7
`;

const wget = (serving: string): string => `
[ "$*" != --help ] || exit 0
${asks(serving)}
[ "$code" != 000 ] || { echo 'failed: Connection refused.' >&2; exit 4; }
printf ok
`;

const absent = `
echo "$0: not found" >&2
exit 127
`;

const fullDisk = `
echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'
echo '/dev/vda 41152736 41152736 0 100% /'
`;

/** What the programs depend on. */
export interface Setting {
  /** Of the programs, the rules and what serves; outside the node's root. */
  readonly home: string;
  /** Real milliseconds of a second of the node. */
  readonly second: number;
  readonly without: readonly Tool[];
}

/** Folders of a node's programs, rules and serving ports. */
export interface Places {
  readonly programs: string;
  readonly rules: string;
  /** One file for each port whose server is ready, named by its number. */
  readonly serving: string;
}

/** Writes the programs. */
export function writePrograms({ home, second, without }: Setting): Places {
  const [programs, rules, serving] = [join(home, 'bin'), join(home, 'rules'), join(home, 'serving')];
  for (const folder of [programs, serving, join(rules, 'nft'), join(rules, 'iptables')])
    mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string): void => {
    writeFileSync(join(programs, name), `#!/bin/sh\n${text.trim()}\n`);
    chmodSync(join(programs, name), 0o755);
  };
  const tool = (name: Tool, text: string): void => write(name, without.includes(name) ? absent : text);
  write('sleep', sleep(Math.max(1, Math.round(second))));
  symlinkSync('/bin/true', join(programs, 'sync')); // nothing here has to outlive this machine
  tool('nft', nft(rules));
  tool('iptables', iptables(rules));
  write('ip6tables', without.includes('iptables') ? absent : iptables(rules));
  tool('curl', curl(serving));
  tool('wget', wget(serving));
  return { programs, rules, serving };
}

/** What df says from now on. */
export function setDisk(programs: string, full: boolean): void {
  const file = join(programs, 'df');
  rmSync(file, { force: true });
  if (!full) return;
  writeFileSync(file, `#!/bin/sh\n${fullDisk.trim()}\n`);
  chmodSync(file, 0o755);
}

/** Takes all rules away, as a reboot does. */
export function clearRules(rules: string): void {
  for (const kind of ['nft', 'iptables']) {
    rmSync(join(rules, kind), { recursive: true, force: true });
    mkdirSync(join(rules, kind), { recursive: true });
  }
  rmSync(join(rules, 'reached'), { force: true });
}
