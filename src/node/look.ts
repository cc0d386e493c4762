// What the phase `look` tells of a control-plane node, as data.
import type { PhaseAnswer } from './protocol.ts';

/** Words of tx/phase (transaction.sh), in their order. */
export const states = ['staged', 'armed', 'carried', 'swapped', 'restoring'] as const;
export type State = (typeof states)[number];

const proxies = ['iptables', 'nftables', 'ipvs'] as const;

export interface NodeLook {
  /** The file that defines kube-apiserver; undefined where there is none in the folder. */
  readonly manifest: { readonly path: string; readonly sha256: string; readonly text: string } | undefined;
  /** Further files that define one: the kubelet would take the last of all. */
  readonly others: readonly string[];
  /** The manifest as it was before this tool first changed it. */
  readonly original: { readonly sha256: string; readonly text: string } | undefined;
  /** SHA-256 of the manifest that this tool put there last. */
  readonly applied: string | undefined;
  readonly open:
    | {
        readonly run: string;
        readonly state: State;
        readonly decision: 'confirmed' | 'restored' | undefined;
        /** Why it is being taken back. */
        readonly reason: string | undefined;
      }
    | undefined;
  readonly last: Last | undefined;
  /** Files of the configurations that lie there. */
  readonly files: readonly { readonly hash: string; readonly name: string; readonly sha256: string }[];
  /** KiB: the manifests folder, /var/lib, the log's folder. */
  readonly free: { readonly etc: number; readonly var: number; readonly log: number };
  /** What can redirect the traffic of the API port. */
  readonly carry: 'nft' | 'iptables' | 'none';
  /** What leads connections to service addresses: a mode of kube-proxy, or something else. */
  readonly serviceProxy: 'iptables' | 'nftables' | 'ipvs' | 'other';
  /** Whether a redirect of ours is in place. */
  readonly carried: boolean;
  /** Whether the guard's manifest is there; whether it has said so within the last seconds. */
  readonly guard: { readonly armed: boolean; readonly alive: boolean };
  /** TCP ports with a listener. */
  readonly listening: readonly number[];
  /** As in kubernetes.io/arch. */
  readonly arch: string;
}

/** How a transaction ended. `left`: somebody else changed the manifest meanwhile, and it was left at that. */
export interface Last {
  readonly run: string;
  readonly outcome: 'confirmed' | 'restored' | 'aborted' | 'left';
  readonly reason: string | undefined;
}

/**
 * Reads the answer of `look`.
 * @returns undefined when its end is missing or it is not an answer of `look`
 */
export function nodeLook(answer: PhaseAnswer): NodeLook | undefined {
  if (answer.outcome !== 'ok') return undefined;
  const all = (key: string): readonly string[] =>
    answer.lines.flatMap(([name, value]) => (name === key ? [value] : []));
  const one = (key: string): string | undefined => all(key).find((value) => value !== '' && value !== 'none');
  const arch = one('arch');
  if (arch === undefined) return undefined;
  const kib = (key: string): number => Number(one(key) ?? 0);
  const carry = one('carry');
  const serviceProxy = one('service-proxy');
  return {
    manifest: manifestOf(one('manifest'), fileOf(one('manifest-base64'), one('sha'))),
    others: all('other'),
    original: fileOf(one('original-base64'), one('original')),
    applied: one('applied'),
    open: openOf(one('tx'), one('decision'), one('reason')),
    last: lastOf(one('last')),
    files: all('config').flatMap(configOf),
    free: { etc: kib('free-etc'), var: kib('free-var'), log: kib('free-log') },
    carry: carry === 'nft' || carry === 'iptables' ? carry : 'none',
    serviceProxy: proxies.find((known) => known === serviceProxy) ?? 'other',
    carried: one('carried') === 'yes',
    guard: { armed: one('guard') === 'yes', alive: one('alive') === 'yes' },
    listening: all('listening').map(Number),
    arch,
  };
}

interface File {
  readonly sha256: string;
  readonly text: string;
}

function fileOf(base64: string | undefined, sha256: string | undefined): File | undefined {
  if (base64 === undefined || sha256 === undefined) return undefined;
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return { sha256, text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) };
}

function manifestOf(path: string | undefined, file: File | undefined): NodeLook['manifest'] {
  return path === undefined || file === undefined ? undefined : { path, ...file };
}

function openOf(
  tx: string | undefined,
  decision: string | undefined,
  reason: string | undefined,
): NodeLook['open'] {
  const [run, word] = tx?.split(' ') ?? [];
  const state = states.find((known) => known === word);
  if (run === undefined || state === undefined) return undefined;
  return {
    run,
    state,
    decision: decision === 'confirmed' || decision === 'restored' ? decision : undefined,
    reason,
  };
}

function lastOf(line: string | undefined): Last | undefined {
  const [, run, outcome, reason] =
    /^(\S+) (confirmed|restored|aborted|left)(?: (.*))?$/.exec(line ?? '') ?? [];
  if (run === undefined) return undefined;
  return { run, outcome: outcome as Last['outcome'], reason };
}

function configOf(line: string): NodeLook['files'] {
  const [, hash, name, sha256] = /^(\S+) (.+) ([0-9a-f]{64})$/.exec(line) ?? [];
  return hash === undefined || name === undefined || sha256 === undefined ? [] : [{ hash, name, sha256 }];
}
