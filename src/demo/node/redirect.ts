// The redirects that the node script has made (src/node/redirect.sh), read from where the stand-ins of nft and iptables
// have put them (programs.ts), and what they do to a new connection.
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A new connection: from outside or a pod (prerouting), or from the node itself (output). */
export interface Opening {
  readonly hook: 'prerouting' | 'output';
  /** `node`: an address of the node itself that is not loopback. */
  readonly to: string;
  readonly port: number;
}

function texts(folder: string): readonly string[] {
  try {
    return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  } catch {
    // no rule was ever made
    return [];
  }
}

/** The port that a rule of nft sends this connection to. */
function byTable(text: string, { hook, to, port }: Opening): number | undefined {
  if (!text.includes(`hook ${hook}`)) return undefined;
  for (const line of text.split('\n')) {
    const rule = /(?:^|\s)tcp dport (\d+) (?:dnat to \S*:|redirect to :)(\d+)/.exec(line);
    const address = /(?:^|\s)ip6? daddr (\S+)/.exec(line)?.[1];
    if (rule && Number(rule[1]) === port && (address ?? 'node') === to) return Number(rule[2]);
  }
  return undefined;
}

/** The port that a rule of iptables sends this connection to. */
function byChains(text: string, { hook, to, port }: Opening): number | undefined {
  const lines = text.split('\n');
  const entered = new RegExp(`^-A ${hook.toUpperCase()} -j (\\S+)`);
  const chains = lines.flatMap((line) => entered.exec(line)?.[1] ?? []);
  for (const line of lines.filter((one) => chains.includes(one.split(' ')[1] ?? ''))) {
    const target = /(?:--to-destination \S*:|--to-ports )(\d+)/.exec(line)?.[1];
    const address = / -d (\S+)/.exec(line)?.[1] ?? 'node';
    if (target && line.includes(`--dport ${port} `) && address === to) return Number(target);
  }
  return undefined;
}

/** Where a new connection is sent by the rules in a folder; undefined: nowhere else. */
export function redirected(rules: string, opening: Opening): number | undefined {
  const tables = texts(join(rules, 'nft')).map((text) => byTable(text, opening));
  const chains = texts(join(rules, 'iptables')).map((text) => byChains(text, opening));
  return [...tables, ...chains].find((port) => port !== undefined);
}

/** Counts one more connection from outside that was redirected, and whether it came past the node's packet filter. */
export function countRedirected(rules: string, arrived: boolean): void {
  const file = join(rules, 'reached');
  let counts = '0 0';
  try {
    counts = readFileSync(file, 'utf8');
  } catch {
    // the first one since the rules were made
  }
  const [sent = 0, came = 0] = counts.split(' ').map(Number);
  // in one step: the kernel's counters are never read empty, and an empty one reads as a connection that was lost
  writeFileSync(`${file}.new`, `${sent + 1} ${came + (arrived ? 1 : 0)}\n`);
  renameSync(`${file}.new`, file);
}
