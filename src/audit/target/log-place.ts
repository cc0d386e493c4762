// Where on its node an API server writes its audit log: the flag names a path in the container, the pod's volumes tell
// what that is outside.
import type { ApiServerPod } from '../facts.ts';
import { flagsFromArgv } from '../flags.ts';

/** A folder or file of the container. */
export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath: string;
}

/** A mirror pod as far as its files are concerned. */
export interface MountedPod extends Pick<ApiServerPod, 'name' | 'nodeName' | 'argv'> {
  readonly mounts: readonly VolumeMount[];
  /** Path on the node of each volume that is one of the node's, by its name. */
  readonly hostPaths: Readonly<Record<string, string>>;
}

/** The log's path on the node, or why there is no such. */
export type LogFile =
  | { readonly path: string }
  | { readonly none: 'no-log' | 'container-log' }
  /** In the container only. */
  | { readonly inside: string };

/** Where an API server writes its audit log. */
export function logFileOf({ argv, mounts, hostPaths }: MountedPod): LogFile {
  const flag = flagsFromArgv(argv)['audit-log-path'] ?? '';
  if (flag === '') return { none: 'no-log' };
  if (flag === '-' || /^\/dev\/std(out|err)$/.test(flag)) return { none: 'container-log' };
  const path = normal(flag);
  const around = mounts
    .map((mount) => ({ ...mount, mountPath: normal(mount.mountPath) }))
    .filter(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath.replace(/\/$/, '')}/`))
    .reduce<VolumeMount | undefined>(
      (a, b) => (a && a.mountPath.length > b.mountPath.length ? a : b),
      undefined,
    );
  const host = around && hostPaths[around.name];
  if (around === undefined || host === undefined) return { inside: path };
  return { path: normal(`${host}/${around.subPath}/${path.slice(around.mountPath.length)}`) };
}

/** An absolute path without empty parts, `.` and `..`. */
function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/'))
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  return `/${parts.join('/')}`;
}
