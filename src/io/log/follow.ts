// A log from a place on, in pieces of whole lines: to its end, or as it grows, whatever rotation does to its file.
import { interrupted } from '../clock.ts';
import { ReadError } from '../read-file.ts';
import type { Clock } from '../world.ts';
import type { LogFolder } from './folder.ts';
import { Lines } from './lines.ts';
import type { Piece } from './lines.ts';
import { beginning, hash, markBytes } from './mark.ts';
import type { Position } from './mark.ts';
import { backupsOf, rotatedAt } from './siblings.ts';
import { Tracker } from './tracker.ts';
import { unpacking } from './unpacking.ts';

/** What is wanted of a log. */
export interface LogWish {
  /** Whether what is written later is wanted too; without it, the end is where the log ended when that was reached. */
  readonly follow: boolean;
  /** A JSON object in one line that holds none of these is left out; with none given, no line is. */
  readonly literals: readonly string[];
  /** Where an earlier run ended. Without it, the log is read from its beginning. */
  readonly position?: Position;
  /** Milliseconds: rotated files that may hold lines that were written since then are read before it. */
  readonly since?: number;
}

/** What following takes of the world. */
export interface Ticking {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long to wait at the end of the log before it is looked at again. */
  readonly pollMs: number;
}

/**
 * The lines of a log. The first piece has none: it says that the log can be read, and where from.
 * @param base name of the log in its folder
 * @throws ReadError ENOENT when it is not there; Failure interrupted; and what `folder` throws
 */
export async function* followLog(
  packedFolder: LogFolder,
  base: string,
  wish: LogWish,
  { clock, signal, pollMs }: Ticking,
): AsyncGenerator<Piece> {
  const folder = unpacking(packedFolder);
  const start = await startOf(folder, base, wish);
  const tracker = new Tracker(folder, base, { mark: start, previous: start.previous, patient: wish.follow });
  const lines = new Lines(base, start, wish.literals);
  yield lines.looked();
  for (;;) {
    if (signal.aborted) throw interrupted();
    const now = clock.now().toISOString();
    const chunk = await tracker.next(lines.position.seen);
    const atEnd = chunk === undefined || chunk.last;
    if (atEnd) lines.reached(now);
    yield lines.looked(tracker.notes.splice(0));
    if (chunk !== undefined) yield* lines.take(chunk);
    if (!wish.follow && atEnd) break;
    if (chunk === undefined) await clock.sleep(pollMs);
  }
  yield* lines.rest();
}

async function startOf(folder: LogFolder, base: string, wish: LogWish): Promise<Position> {
  for (;;) {
    const backups = backupsOf(base, await folder.names());
    const log = await folder.read(base, 0, markBytes);
    if (log === undefined && (wish.position === undefined || backups.length === 0))
      throw new ReadError('ENOENT', 'does not exist');
    if (wish.position !== undefined) return wish.position;
    const last = await lastOf(folder, unwanted(base, backups, wish), log?.bytes);
    // rotated meanwhile, it would be another one
    if (backupsOf(base, await folder.names()).join('/') !== backups.join('/')) continue;
    if (last === undefined) return { ...beginning, line: 1 };
    if (!(await readable(folder, last.name)).equals(last.bytes)) continue;
    return { ...beginning, line: 1, previous: { length: last.bytes.length, sha256: hash(last.bytes) } };
  }
}

/** The backups that are older than everything that is wanted. */
function unwanted(base: string, backups: readonly string[], { since }: LogWish): readonly string[] {
  const first = backups.findIndex((name) => since !== undefined && (rotatedAt(base, name) ?? since) >= since);
  return first < 0 ? backups : backups.slice(0, first);
}

/** The first bytes of the youngest of these that holds something and is no copy of the log, which is copied just now. */
async function lastOf(
  folder: LogFolder,
  backups: readonly string[],
  log: Buffer = Buffer.alloc(0),
): Promise<{ readonly name: string; readonly bytes: Buffer } | undefined> {
  for (const name of backups.toReversed()) {
    const bytes = await readable(folder, name);
    if (bytes.length > 0 && !log.subarray(0, bytes.length).equals(bytes)) return { name, bytes };
  }
  return undefined;
}

async function readable(folder: LogFolder, name: string): Promise<Buffer> {
  try {
    return (await folder.read(name, 0, markBytes))?.bytes ?? Buffer.alloc(0);
  } catch (error) {
    if (error instanceof ReadError) return Buffer.alloc(0);
    throw error;
  }
}
