// The log backend: every API server writes its events to a file on its node, which an agent ships, or to stdout.
// Source: apiserver pkg/server/options/audit.go, plugin/pkg/audit/{log,buffered}, lumberjack (rotation).
import { logFolder } from '../change.ts';
import type { Change } from '../change.ts';
import {
  defaultEventBytes,
  eventBytesBounds,
  hashOf,
  outOfBounds,
  placeOf,
  policyFile,
  truncation,
} from './static.ts';
import type { Bounds, Circumstances, FlagValues } from './static.ts';

/** What the user may choose. */
export interface LogSettings {
  /** Of the file in use, on the node and in the container alike; `-` is stdout. */
  readonly path: string;
  /**
   * `blocking` writes an event before its request goes on, `batch` soon after. By default: blocking to a file, which
   * takes microseconds, fails no request when it fails, and leaves nothing unwritten when the process is killed; a
   * disk that hangs is etcd's trouble first. Batch to stdout: that is a pipe, and while nobody reads it (a runtime that
   * is restarted) a write would stop the API server.
   */
  readonly mode?: 'blocking' | 'batch';
  /** Rotated files are kept this many days, this many at most, of this many MiB each: 1.1 GB on a node. */
  readonly days: number;
  readonly files: number;
  readonly mebibytes: number;
  /** An event that is bigger loses its bodies. */
  readonly eventBytes: number;
}

// Those that Talos and RKE2 ship. The agent is behind by seconds; the rest is for the day that it stands still.
export const defaultLogSettings: LogSettings = {
  path: `${logFolder}/audit.log`,
  days: 30,
  files: 10,
  mebibytes: 100,
  eventBytes: defaultEventBytes,
};

/**
 * Files and flags that make an API server write its events to a file or to stdout.
 * @param policy YAML, as `checkPolicy` accepts it
 * @param settings as `logProblems` has nothing against
 */
export function logChange(
  settings: Partial<LogSettings>,
  policy: string,
  circumstances: Circumstances,
): Change {
  const chosen = { ...defaultLogSettings, ...settings };
  const files = [{ name: policyFile, content: policy }];
  const hash = hashOf(files, circumstances);
  const { path } = chosen;
  const writes = path === '-' ? undefined : path.slice(0, path.lastIndexOf('/'));
  return { files, hash, flags: flagsFor(chosen, hash), writes };
}

/**
 * Sets also what is the default: a manifest may have another value, and the defaults of rotation changed with 1.36
 * (before: nothing is ever deleted). Not audit-log-compress: an agent that is behind could not read the file any more.
 */
function flagsFor(settings: LogSettings, hash: string): FlagValues {
  const { path, mode = path === '-' ? 'batch' : 'blocking', eventBytes } = settings;
  return [
    ['audit-policy-file', placeOf(hash, policyFile)],
    ['audit-log-path', path],
    ['audit-log-format', 'json'],
    ['audit-log-version', 'audit.k8s.io/v1'],
    ['audit-log-mode', mode],
    ...(mode === 'batch' ? batching : []),
    ...(path === '-' ? [] : rotation(settings)),
    ...truncation('log', eventBytes),
  ];
}

// Event by event, as fast as they come: a batch would only be later. 10,000 wait at most.
const batching: FlagValues = [
  ['audit-log-batch-buffer-size', '10000'],
  ['audit-log-batch-max-size', '1'],
  ['audit-log-batch-throttle-enable', 'false'],
];

const rotation = ({ days, files, mebibytes }: LogSettings): FlagValues => [
  ['audit-log-maxage', String(days)],
  ['audit-log-maxbackup', String(files)],
  ['audit-log-maxsize', String(mebibytes)],
];

/** Every flag that this backend may set, to be taken back later. */
export const logFlags: readonly string[] = flagsFor({ ...defaultLogSettings, mode: 'batch' }, '').map(
  ([name]) => name,
);

// 0 would be no bound at all: for days and files always, for the size from 1.36 on.
const bounds: Bounds<'days' | 'files' | 'mebibytes' | 'eventBytes'> = {
  days: [1, 3650],
  files: [1, 10_000],
  mebibytes: [1, 10_000],
  eventBytes: eventBytesBounds,
};

/** What is wrong with these settings, a sentence each: what the API server refuses, or would do harm with. */
export function logProblems(settings: Partial<LogSettings>): readonly string[] {
  const chosen = { ...defaultLogSettings, ...settings };
  const { path, eventBytes, mebibytes } = chosen;
  return [
    ...(path === '-' ? [] : pathProblems(path)),
    ...outOfBounds(chosen, bounds),
    // what is larger than a file is never written
    ...(eventBytes > mebibytes * 1024 * 1024 ? ['eventBytes must not be above mebibytes'] : []),
  ];
}

function pathProblems(path: string): readonly string[] {
  if (!/^(?:\/[\w.-]+){2,}$/.test(path) || /\/\.\.?(?:\/|$)/.test(path))
    return [
      'the log path must be absolute, plain, and in a folder: /var/log/kubernetes/audit/audit.log, or - for stdout',
    ];
  // rotation renames a device; in the manifests folder the kubelet takes every file for a pod
  if (/^\/(?:dev|proc|sys|etc)\//.test(path))
    return [`the log path must not be in ${/^\/\w+/.exec(path)?.[0] ?? ''}`];
  return [];
}

/** What whoever logs to stdout has to live with. */
export function stdoutLimits(): readonly string[] {
  return [
    `Events share the container log with the API server's own lines: an agent has to pick those that begin with {"kind":"Event".`,
    'The container runtime cuts lines at 16 KiB, and agents that put them together again may damage them: take a policy without bodies.',
    'The kubelet rotates the container log (by default 5 files of 10 MiB), and removes it with the pod: an agent that stands still loses events soon.',
    'The API server writes to stdout behind the request: when the container runtime does not read, it drops events after 10,000.',
  ];
}
