// What a whole change of a control-plane node is interrupted on: the imitated node or a real one.
import { readdirSync, readFileSync } from 'node:fs';

/** The commands that change a node. */
export type Command = 'enable' | 'disable';

/** How a command is called; the backend is the webhook. */
export interface Wishes {
  readonly resume?: boolean;
  /** Text of a policy of the user's own. */
  readonly policy?: string;
  /** What may be felt is agreed to. */
  readonly yes?: boolean;
}

/** A command at work. */
export interface Run {
  /** `done`, or the code of the failure with its message; never comes when it was killed. */
  readonly ended: Promise<string>;
  /** All that it has told so far. */
  told(): string;
  /** kill -9. */
  kill(): void;
  /** Ctrl-C. */
  interrupt(): void;
}

/** A process of the node that is a script of this tool or an API server. */
export interface Process {
  readonly pid: number;
  /** Its words, with blanks between them. */
  readonly command: string;
}

/** A cluster of one control-plane node, and the program. */
export interface Stand {
  /** Where a path of the node is on this machine. */
  path(inside: string): string;
  run(command: Command, wishes?: Wishes): Run;
  /** Ids of the checks of `status` that say bad. @throws Error when it cannot be told */
  status(): Promise<readonly string[]>;
  /** Everything that this tool can have changed, by name: files, objects of the cluster, redirect (`none` without). */
  state(): Promise<Readonly<Record<string, string>>>;
  /** Whether the API server says on the node's own loopback address that it is ready. */
  serves(): Promise<boolean>;
  processes(): readonly Process[];
  /** A power cut; resolves when the node is up, which its API server need not be. */
  reboot(): Promise<void>;
  /** Cuts the program off for a while; resolves when it is over. */
  loseNetwork(): Promise<void>;
  stop(): Promise<void>;
}

/** A fault that comes before the command and goes after it. */
export interface Fault {
  /** Shows it; the returned function ends it. */
  show(): Promise<() => Promise<unknown>>;
  readonly wishes?: Wishes;
  /** How the command may end. */
  readonly ends: RegExp;
}

/** What the matrix is run on. */
export interface Subject {
  readonly name: string;
  /** The longest that anything may take, milliseconds. */
  readonly patienceMs: number;
  /** Between two looks. */
  readonly everyMs: number;
  /** Whether a case takes minutes: then a step has one of those who may come next, and similar steps have few. */
  readonly isSlow: boolean;
  /** How many stands are used side by side. */
  readonly atOnce: number;
  start(): Promise<Stand>;
  /** Faults that only this subject can show, or shows in its own way. */
  readonly faults: Readonly<Record<string, (stand: Stand) => Fault>>;
}

const manifest = '/etc/kubernetes/manifests/kube-apiserver.yaml';
const transaction = '/var/lib/sematext-audit/tx';

/** A file of the node; empty when there is none. */
export function read(stand: Stand, inside: string): string {
  try {
    return readFileSync(stand.path(inside), 'utf8');
  } catch {
    return ''; // not there, or gone meanwhile
  }
}

export const manifestOf = (stand: Stand): string => read(stand, manifest);

/** Where the open transaction is, in the script's word; empty when none is open. */
export const phaseOf = (stand: Stand): string => read(stand, `${transaction}/phase`).trim();

/** Names of the folders of the kubelet's logs: one for each pod that it has begun. */
export function logFolders(stand: Stand): readonly string[] {
  try {
    return readdirSync(stand.path('/var/log/pods'));
  } catch {
    return [];
  }
}

/** The twin's port is the first of those that it may have. */
export const isTwin = ({ command }: Process): boolean =>
  /\bkube-apiserver\b/.test(command) && /--secure-port=7443\b/.test(command);

export const isServer = (process: Process): boolean =>
  /\bkube-apiserver\b/.test(process.command) && !isTwin(process);

/** SIGKILL for each that is such. @returns how many */
export function killAll(stand: Stand, such: (process: Process) => boolean): number {
  const doomed = stand.processes().filter(such);
  for (const { pid } of doomed) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended meanwhile
    }
  }
  return doomed.length;
}
