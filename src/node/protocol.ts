// How the CLI and the node script (transaction.sh) speak: the phases, their arguments, and what their answers mean.
// A phase is run once, from its start to its end; all that it printed is its answer. Nothing secret is in either.
//
// An answer is lines `key=value`, then one last line: `ok`, `refused CODE text` (this phase changed nothing) or `failed
// CODE text` (it went wrong half-way; the same phase again, or look, tells more). Without that line nothing is known.

export const phases = [
  'look',
  'stage',
  'arm',
  'carry',
  'swap',
  'uncarry',
  'confirm',
  'restore',
  'settle',
  'abort',
  'twin-log',
  'tidy',
  'remove',
  'find',
] as const;
export type Phase = (typeof phases)[number];

/** Folder of static pod manifests, where nothing else is said. */
export const manifestFolder = '/etc/kubernetes/manifests';

/** What each phase is told besides the run that it belongs to. Paths are those of the node. */
export interface PhaseArguments {
  look: {
    /** Folder of the static pod manifests. */
    readonly folder: string;
    /** Folder of the audit log, for its free space. */
    readonly log: string;
  };
  stage: {
    /** Path of the manifest that the plan was made from. */
    readonly manifest: string;
    /** SHA-256 of that manifest, and of the one that is sent as the file `manifest`. */
    readonly old: string;
    readonly new: string;
    /** Of the configuration that is sent as files `config.NAME`; undefined where there is none. */
    readonly config: string | undefined;
    /** KiB that must be free in each of the folders that are written to. */
    readonly need: number;
  };
  arm: {
    /** Seconds until the guard puts the old manifest back, unless it was confirmed. */
    readonly deadline: number;
    /** The API server's own port. */
    readonly port: number;
    /** The twin's; undefined where nothing carries the traffic. */
    readonly twin: number | undefined;
    /** The node's address that the API server is reached by. */
    readonly address: string;
    /** IP:PORT of the service kubernetes.default; IPv6 in brackets. */
    readonly service: string | undefined;
  };
  carry: object;
  swap: object;
  uncarry: object;
  confirm: object;
  /** Why is sent as the file `reason`, not as an argument. */
  restore: object;
  settle: object;
  abort: object;
  'twin-log': {
    /** Path of the audit log whose twin's file is put among the rotated ones. */
    readonly log: string;
    /** It is deleted instead, and the folder when nothing else is in it. */
    readonly drop: 'yes' | undefined;
  };
  /** After the last node: the files that only the manifest before this one named go. */
  tidy: { readonly folder: string };
  remove: {
    /** Folder of the static pod manifests. */
    readonly folder: string;
  };
  find: {
    /** Path of an audit log. */
    readonly log: string;
    /** An auditID: answered is in how many lines it stands. */
    readonly id: string;
  };
}

/**
 * The arguments of the script after its name: the phase, the run, then `key=value`; what is undefined stays out.
 * @param run id of the transaction: every phase acts on this one and refuses another's
 */
export function phaseArguments<P extends Phase>(
  phase: P,
  run: string,
  args: PhaseArguments[P],
): readonly string[] {
  const given = Object.entries(args as Readonly<Record<string, string | number | undefined>>);
  const words = given.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]));
  return [phase, `run=${run}`, ...words];
}

/** Why a phase refused or failed. Nothing else is taken for the end of an answer. */
export const phaseCodes = [
  /** The manifest is not the one that it should be. */
  'manifest-changed',
  /** Another file in the folder defines kube-apiserver too. */
  'other-manifest',
  'disk-full',
  /** Another run's transaction is open. */
  'open-transaction',
  /** This run has no open transaction. */
  'no-transaction',
  /** The phases before it have not been done, or a later one has. */
  'wrong-phase',
  /** The guard does not run. */
  'guard-silent',
  /** The guard of an earlier transaction has not ended. */
  'guard-running',
  'carry-impossible',
  /** The redirect is gone, or nobody listens where it leads. */
  'carry-lost',
  /** A packet filter of the node keeps connections from the twin: the redirect was taken away again. */
  'carry-blocked',
  /** The guard, or somebody else, decided otherwise. */
  'decided',
  'not-found',
  /** What was sent is not what the arguments say. */
  'wrong-files',
  'wrong-arguments',
  /** The manifest still uses what would be removed. */
  'in-use',
  'write-failed',
] as const;
export type PhaseCode = (typeof phaseCodes)[number];

/** What a phase said, in its order. */
type Lines = readonly (readonly [key: string, value: string])[];

export type PhaseAnswer =
  | { readonly outcome: 'ok'; readonly lines: Lines }
  | {
      readonly outcome: 'refused' | 'failed';
      readonly code: PhaseCode;
      readonly text: string;
      readonly lines: Lines;
    }
  /** Its end is missing: the pod was killed, or its log was cut off. It may have done all, part or nothing. */
  | { readonly outcome: 'unknown'; readonly lines: Lines };

/**
 * Reads an answer. Lines of others (warnings of programs that the script runs, the kubelet's own) are passed over.
 * @param text the whole log as it came: an end without its line feed may have been cut off, and counts as missing
 */
export function parseAnswer(text: string): PhaseAnswer {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1).split(/\r?\n/);
  const lines = whole.flatMap((line) => {
    const [, key, value] = /^([a-z][a-z0-9-]*)=(.*)$/.exec(line) ?? [];
    return key === undefined || value === undefined ? [] : [[key, value] as const];
  });
  const ends = whole.flatMap((line) => endOf(line) ?? []);
  const end = ends.at(-1);
  return end === undefined ? { outcome: 'unknown', lines } : { ...end, lines };
}

/** Whether a phase was refused since its run's transaction has ended already, however it did. */
export function isOver(answer: PhaseAnswer): boolean {
  if (answer.outcome !== 'refused') return false;
  return (
    answer.code === 'no-transaction' ||
    (answer.code === 'decided' && answer.text.startsWith('this run has ended'))
  );
}

type End =
  | { readonly outcome: 'ok' }
  | { readonly outcome: 'refused' | 'failed'; readonly code: PhaseCode; readonly text: string };

function endOf(line: string): End | undefined {
  if (line === 'ok') return { outcome: 'ok' };
  const [, outcome, word, text] = /^(refused|failed) ([a-z-]+) (.*)$/.exec(line) ?? [];
  const code = phaseCodes.find((one) => one === word);
  if (code === undefined || text === undefined) return undefined;
  return { outcome: outcome === 'refused' ? 'refused' : 'failed', code, text };
}
