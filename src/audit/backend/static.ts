// What the webhook and the log backend have in common: the policy file, the hash of a configuration, and the size of an event.
import { folderOf } from '../change.ts';
import type { Change, ChangeFile } from '../change.ts';
import type { ServerVersion } from '../facts.ts';

export interface Circumstances {
  /** Digest of a text, as hex digits; from the caller, since this room is pure. */
  readonly digest: (text: string) => string;
  /** Short digest of the Logs token; empty where there is none. */
  readonly fingerprint: string;
  readonly version: ServerVersion;
}

export type FlagValues = Change['flags'];

/**
 * Sematext's smallest plan refuses an event of more than 64 KB; the receiver adds about 0.3 KB (host, severity).
 * Bigger events lose their bodies and are marked audit.k8s.io/truncated; what is too big without bodies is lost.
 */
export const defaultEventBytes = 60 * 1024;

/** As large as the API server's default; see `truncation`. */
const batchBytes = 10 * 1024 * 1024;

export const eventBytesBounds = [4096, batchBytes] as const;

/**
 * Truncation is on at every size: it also is what keeps one event that cannot be encoded from taking its batch along
 * (kubernetes PR 139419; up to 1.36 a patch that is no JSON is such a one). Source: apiserver
 * plugin/pkg/audit/truncate; the batch size has no effect there, but the API server does not start when it is below
 * the event's.
 */
export function truncation(backend: 'webhook' | 'log', eventBytes: number): FlagValues {
  return [
    [`audit-${backend}-truncate-enabled`, 'true'],
    [`audit-${backend}-truncate-max-event-size`, String(eventBytes)],
    [`audit-${backend}-truncate-max-batch-size`, String(batchBytes)],
  ];
}

export const policyFile = 'policy.yaml';

/**
 * Folder name of a configuration: 12 hex digits that change when a file or the token does. The log backend's files
 * know no token; its agent does, and is to be seen to have changed.
 */
export function hashOf(files: readonly ChangeFile[], { digest, fingerprint }: Circumstances): string {
  const content = files.map(({ name, content }) => [name, content]);
  return digest(JSON.stringify([fingerprint, ...content])).slice(0, 12);
}

/** Where the API server finds a file of a configuration. */
export function placeOf(hash: string, file: string): string {
  return `${folderOf(hash)}/${file}`;
}

export type Bounds<K extends string> = Readonly<Record<K, readonly [least: number, most: number]>>;

/** Says of each number that is no whole one, or out of its bounds, what it must be. */
export function outOfBounds<K extends string>(
  values: Readonly<Record<K, number>>,
  bounds: Bounds<K>,
): readonly string[] {
  const names = Object.keys(bounds) as K[];
  return names.flatMap((name) => {
    const [least, most] = bounds[name];
    const value = values[name];
    const fits = Number.isInteger(value) && value >= least && value <= most;
    return fits ? [] : [`${name} must be a whole number from ${least} to ${most}, and is ${value}`];
  });
}
