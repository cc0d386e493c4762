// Opens a log that somebody named, on this machine or on a node.
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Failure } from '../../errors.ts';
import { ReadError } from '../read-file.ts';
import type { Clock, Cluster } from '../world.ts';
import { followLog } from './follow.ts';
import type { LogWish } from './follow.ts';
import type { Piece } from './lines.ts';
import { localFolder } from './local-folder.ts';
import { readPosition } from './mark.ts';
import { nodeFolder } from './node-folder.ts';

/** Where a log is. */
export interface LogPlace {
  /** Of the file; on a node, an absolute path below /var/log. */
  readonly path: string;
  /** The node that it is on; none for this machine. */
  readonly node?: string;
}

/** What is wanted of it; the position is as it was kept, by whomever. */
export type LogAsked = Omit<LogWish, 'position'> & { readonly position?: unknown };

/** What opening takes of the world. */
export interface Around {
  cluster(): Promise<Cluster>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

// A look at a node is three requests, which the API server audits as well.
const pollMs = { local: 250, node: 1000 };

/**
 * The lines of a log in pieces; the first has none and says that the log can be read.
 * @throws Failure usage when a file of this machine cannot be read, or the position is none; cluster-answer when a file
 *   of a node cannot be read | those of `nodeFolder` | interrupted
 */
export async function* openLog(place: LogPlace, asked: LogAsked, around: Around): AsyncGenerator<Piece> {
  const { path, node } = place;
  const { clock, signal } = around;
  const { position, ...rest } = asked;
  const wish = position === undefined ? rest : { ...rest, position: readPosition(position, node ?? path) };
  const folder =
    node === undefined ? localFolder(dirname(path)) : nodeFolder(await around.cluster(), node, dirname(path));
  try {
    const ticking = { clock, signal, pollMs: node === undefined ? pollMs.local : pollMs.node };
    yield* followLog(folder, basename(path), wish, ticking);
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    if (node === undefined)
      throw new Failure('usage', `${path} ${error.message}.`, ['Check the path.'], error);
    throw new Failure('cluster-answer', `${path} on node ${node} ${error.message}.`, [], error);
  }
}

/**
 * Whether a path of this machine is a file that can grow, and be read on from a place: no standard input (`-`), no pipe,
 * nothing packed. So it is when there is nothing: that is for `openLog` to say.
 */
export async function canGrow(path: string): Promise<boolean> {
  if (path === '-') return false;
  let file: FileHandle | undefined;
  try {
    if (!(await stat(path)).isFile()) return false;
    file = await open(path, 'r');
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return !buffer.equals(gzipBegins);
  } catch {
    return true;
  } finally {
    await file?.close();
  }
}
const gzipBegins = Buffer.from([0x1f, 0x8b]);
