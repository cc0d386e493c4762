// What a static backend needs of every API server: flags, files, a folder to write to. Not how to get it there, which
// is the target's part. The token's slot stands for the token in every file.
import { names } from './names.ts';

/** Folder of the configurations on a node; each has a folder of its own in it, named by its hash. */
export const configRoot = '/etc/kubernetes/sematext-audit';

/** Where the audit log is written; a folder of its own, for rotation renames and makes files in it. */
export const logFolder = '/var/log/kubernetes/audit';

/** Pod annotation with the hash of the configuration in force: what tells a mirror pod that it runs the new one. */
export const { hashAnnotation } = names;

export interface ChangeFile {
  /** Without a folder: `policy.yaml`. */
  readonly name: string;
  /** May hold the token's slot; on the node it is 0600. */
  readonly content: string;
}

export interface Change {
  /** Without dashes, in the order in which they are written. */
  readonly flags: readonly (readonly [name: string, value: string])[];
  readonly files: readonly ChangeFile[];
  /**
   * 12 hex digits that change when a file or the token does; the folder of the files under `configRoot`. Undefined
   * where there are no files.
   */
  readonly hash: string | undefined;
  /** A folder on the node that the API server writes to. */
  readonly writes: string | undefined;
}

/** The folder of a change's files on the node, and in the API server's container. */
export function folderOf(hash: string): string {
  return `${configRoot}/${hash}`;
}
