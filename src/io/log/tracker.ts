// Which file holds what comes next of a log: the log itself, or one that it was renamed or copied to. A file is known by
// what was read of it, never by its name, and what was found out holds only if it is still so afterwards: between any
// two looks the log may be rotated, packed, emptied, or thinned out.
import { newline } from '../line-block.ts';
import { ReadError } from '../read-file.ts';
import { blockBytes } from './folder.ts';
import type { LogFolder, Part } from './folder.ts';
import { beginning, hash, markAt, markBytes, overlapOf, printOf } from './mark.ts';
import type { Mark, Print } from './mark.ts';
import { losses } from './notes.ts';
import { backupsOf } from './siblings.ts';

/** Bytes that come next. */
export interface Chunk {
  readonly file: string;
  /** Whether these are the first bytes of a file. */
  readonly fresh: boolean;
  /** Where they begin. */
  readonly from: Mark;
  /** With the `overlapOf(from)` bytes before them. */
  readonly bytes: Buffer;
  /** The rotated file before this one. */
  readonly previous: Print | undefined;
  /** Whether nothing was behind them in the log when they were read. */
  readonly last: boolean;
  /** Whether what was begun before and not ended will never be ended. */
  readonly torn: boolean;
}

/** A rotated file that was copied from the log before all was written that was read of the log. */
interface Copy {
  readonly file: string;
  readonly print: Print;
}

/** How often a look is repeated because files come and go, before one that is listed and cannot be had is left out. */
const looks = 20;

/** Follows one log from a place on. */
export class Tracker {
  /** Sentences for the user since they were last taken away. */
  readonly notes: string[] = [];
  private readonly folder: LogFolder;
  private readonly base: string;
  private readonly patient: boolean;
  private cursor: Mark;
  private previous: Print | undefined;
  /** Where the file of the cursor was last. */
  private file: string;
  private torn = false;
  /** The first bytes of the cursor's file, where this run read them; at most 1 KiB. */
  private head = Buffer.alloc(0);
  private readonly spoilt = new Set<string>();

  /** @param patient whether the beginning of a line can wait for its end */
  constructor(
    folder: LogFolder,
    base: string,
    { mark, previous, patient }: { mark: Mark; previous: Print | undefined; patient: boolean },
  ) {
    this.patient = patient;
    this.folder = folder;
    this.base = base;
    this.file = base;
    this.cursor = mark;
    this.previous = previous;
  }

  /**
   * What comes next; undefined when there is nothing more for now.
   * @param seen since when something may have been lost, if something was
   */
  async next(seen: string | undefined): Promise<Chunk | undefined> {
    for (;;) {
      if (this.cursor.offset === 0) return this.begin(seen);
      const part = await this.probe(this.file);
      if (part === undefined) await this.search(seen);
      else if (part.bytes.length > overlapOf(this.cursor)) return this.take(part);
      else if (this.file === this.base || !(await this.forward())) return undefined;
    }
  }

  private take(part: Part): Chunk {
    const { cursor, file, previous, torn } = this;
    const last = file === this.base && !part.more;
    const chunk = { file, fresh: cursor.offset === 0, from: cursor, bytes: part.bytes, previous, last, torn };
    if (cursor.offset < markBytes) this.head = Buffer.from(part.bytes.subarray(0, markBytes));
    this.cursor = markAt(cursor, part.bytes, part.bytes.length);
    this.torn = false;
    return chunk;
  }

  /** The first bytes of the file that came after the previous one. */
  private async begin(seen: string | undefined): Promise<Chunk | undefined> {
    for (let look = 1; ; look++) {
      const backups = await this.backups();
      const anchor = await this.anchorIn(backups);
      const younger = [...backups.slice(anchor + 1), this.base];
      const { file, part, settled } = await this.firstFilled(younger);
      if (!(await this.stands(backups, anchor)) || (!settled && look < looks)) continue;
      if (part === undefined || (await this.mustWait(part, younger.slice(younger.indexOf(file) + 1))))
        return undefined;
      if (anchor < 0) this.forgetPrevious(seen);
      this.file = file;
      return this.take(part);
    }
  }

  /** The first of these files that holds something; `settled` tells whether all that are listed were there. */
  private async firstFilled(
    files: readonly string[],
  ): Promise<{ readonly file: string; readonly part?: Part; readonly settled: boolean }> {
    let settled = true;
    for (const file of files) {
      const part = await this.part(file, 0, blockBytes);
      if (part === undefined && file !== this.base) settled = false;
      if (part !== undefined && part.bytes.length > 0) return { file, part, settled };
    }
    return { file: this.base, settled };
  }

  /** All events begin alike: with less than its first line, one file is like the other. */
  private async mustWait({ bytes }: Part, younger: readonly string[]): Promise<boolean> {
    if (!this.patient || bytes.length >= markBytes || bytes.includes(newline)) return false;
    return (await this.filled(younger)) === undefined;
  }

  // the oldest are removed first: with it, what came next may have gone
  private forgetPrevious(seen: string | undefined): void {
    if (this.previous !== undefined) this.notes.push(losses.rotated(this.base, seen));
    this.previous = undefined;
  }

  /** Whether the backups are still these, and the previous one is still there among them. */
  private async stands(backups: readonly string[], anchor: number): Promise<boolean> {
    const now = await this.backups();
    if (now.join('/') !== backups.join('/')) return false;
    const name = backups[anchor];
    return name === undefined || this.previous === undefined || this.isPrintOf(this.previous, name);
  }

  /** Index of the previous file, the youngest that may be it; -1 where there is none. */
  private async anchorIn(backups: readonly string[]): Promise<number> {
    if (this.previous === undefined) return -1;
    for (let i = backups.length - 1; i >= 0; i--)
      if (await this.isPrintOf(this.previous, backups[i] as string)) return i;
    return -1;
  }

  /** From a rotated file that was read to its end to the next one; false while there is none. */
  private async forward(): Promise<boolean> {
    const backups = await this.backups();
    const at = backups.indexOf(this.file);
    const next = at < 0 ? this.base : await this.filled([...backups.slice(at + 1), this.base]);
    // a writer that still has the old file open writes to it until it opens the next
    if (next === undefined) return false;
    // renamed just now, and to be looked for; or copied, and not yet emptied
    if (at < 0 || (await this.isOurs(next))) {
      this.file = next;
      return true;
    }
    const rest = await this.probe(this.file);
    if (rest === undefined || rest.bytes.length > overlapOf(this.cursor)) return true;
    this.previous = printOf(this.cursor);
    this.cursor = beginning;
    return true;
  }

  /** The first of these files that holds something. */
  private async filled(files: readonly string[]): Promise<string | undefined> {
    for (const file of files) if (((await this.part(file, 0, 1))?.bytes.length ?? 0) > 0) return file;
    return undefined;
  }

  /** Finds the file of the cursor under another name, or what is left when it is nowhere. */
  private async search(seen: string | undefined): Promise<void> {
    let before: string | undefined;
    for (let look = 1; ; look++) {
      const backups = await this.backups();
      let copy: Copy | undefined;
      let settled = true;
      // towards the older ones, as names change: so none slips past
      for (const file of [this.base, ...backups.toReversed()]) {
        const found = await this.resemblance(file);
        if (found === 'ours') {
          this.file = file;
          return;
        }
        if (file === this.base) continue;
        if (found === 'missing') settled = false;
        else if (found !== 'other') copy ??= { file, print: found };
      }
      const state = JSON.stringify([backups, copy]);
      if (before === state && (settled || look > looks)) return this.lose(backups, copy, seen);
      before = state;
    }
  }

  /** What a file has to do with the cursor's: of a copy that is shorter than what was read, its print. */
  private async resemblance(file: string): Promise<'ours' | 'missing' | 'other' | Print> {
    const print = printOf(this.cursor);
    const part = await this.part(file, 0, print.length);
    if (part === undefined) return 'missing';
    const { length } = part.bytes;
    if (length === print.length && hash(part.bytes) === print.sha256)
      return (await this.isOurs(file)) ? 'ours' : print;
    const begun = length > 0 && length < print.length && this.head.subarray(0, length).equals(part.bytes);
    return begun ? { length, sha256: hash(part.bytes) } : 'other';
  }

  /** Goes on with what is there and younger than what was read. */
  private async lose(
    backups: readonly string[],
    copy: Copy | undefined,
    seen: string | undefined,
  ): Promise<void> {
    const exists = (await this.part(this.base, 0, 1)) !== undefined;
    if (copy !== undefined) {
      this.notes.push(losses.copied(this.base, copy.file));
      this.previous = copy.print;
    } else {
      const anchor = await this.anchorIn(backups);
      // the oldest are removed first: with this one gone, all that are left are younger
      if (anchor < 0) this.previous = undefined;
      const how = anchor + 1 < backups.length ? 'rotated' : exists ? 'emptied' : 'removed';
      this.notes.push(losses[how](this.base, seen));
    }
    this.cursor = beginning;
    // what is written after a copy may be all that was missing of a line
    this.torn = copy === undefined;
  }

  /** The bytes from the cursor on, with the overlap; undefined where the file of the cursor is not. */
  private async probe(file: string): Promise<Part | undefined> {
    const overlap = overlapOf(this.cursor);
    if (this.spoilt.has(file)) return { bytes: Buffer.alloc(overlap), more: false };
    const part = await this.part(file, this.cursor.offset - overlap, overlap + blockBytes);
    // no more can be had of one that turned out to be damaged
    if (this.spoilt.has(file)) return { bytes: Buffer.alloc(overlap), more: false };
    if (part === undefined || part.bytes.length < overlap) return undefined;
    return hash(part.bytes.subarray(0, overlap)) === this.cursor.tail ? part : undefined;
  }

  private async isOurs(file: string): Promise<boolean> {
    if (!(await this.isPrintOf(printOf(this.cursor), file))) return false;
    return !this.spoilt.has(file) && (await this.probe(file)) !== undefined && !this.spoilt.has(file);
  }

  private async isPrintOf({ length, sha256 }: Print, file: string): Promise<boolean> {
    const part = await this.part(file, 0, length);
    return part !== undefined && part.bytes.length === length && hash(part.bytes) === sha256;
  }

  /** A part of a file; of a rotated one that cannot be read nothing, and a note. */
  private async part(file: string, from: number, most: number): Promise<Part | undefined> {
    try {
      return await this.folder.read(file, from, most);
    } catch (error) {
      if (file === this.base || !(error instanceof ReadError)) throw error;
      if (!this.spoilt.has(file)) this.notes.push(losses.unreadable(file, error.message));
      this.spoilt.add(file);
      return { bytes: Buffer.alloc(0), more: false };
    }
  }

  private async backups(): Promise<readonly string[]> {
    return backupsOf(this.base, await this.folder.names());
  }
}
