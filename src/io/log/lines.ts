// Whole lines out of the chunks of a log, and the place behind the last of them.
import { newline, pick } from '../line-block.ts';
import type { Block } from '../line-block.ts';
import { markAt, overlapOf } from './mark.ts';
import type { Position } from './mark.ts';
import type { Chunk } from './tracker.ts';

/** Whole lines of a log; none when it was only looked at. */
export interface Piece extends Block {
  /** Name of the file that they are from. */
  readonly file: string;
  /** Where a later run goes on behind them. */
  readonly position: Position;
  /** The same before one of them, by its number; undefined where it is none of them. */
  before(line: number): Position | undefined;
  /** Sentences for the user. */
  readonly notes: readonly string[];
  /** Whether this is one line that had no newline: if it is not whole, its end may still come behind `position`. */
  readonly unended: boolean;
}

const none = { text: '', ascii: true, numbers: () => 0, before: () => undefined, notes: [], unended: false };

// A line that was cut in two, when the log was emptied while it was written, goes on in the next file. One that was
// never ended does not: the next file begins with an event.
function goesOn(begun: Buffer, data: Buffer): boolean {
  if (data.subarray(0, 15).equals(eventBegins)) return false;
  try {
    JSON.parse(begun.toString('utf8'));
    return false;
  } catch {
    return true;
  }
}
const eventBegins = Buffer.from('{"kind":"Event"');

function firstOther(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] === 0) at++;
  return at;
}

/** Takes the chunks of one log in their order. */
export class Lines {
  private readonly literals: readonly string[];
  private file: string;
  private line: number;
  /** A line without its end. */
  private begun: Buffer[] = [];
  /** Behind what was begun. */
  private end: Position;
  private settled: Position;

  constructor(file: string, position: Position, literals: readonly string[]) {
    this.file = file;
    this.literals = literals;
    this.line = position.line;
    this.end = position;
    this.settled = position;
  }

  /** Behind the last whole line. */
  get position(): Position {
    return this.settled;
  }

  /** The log was read to its end at `seen`. */
  reached(seen: string): void {
    this.settled = { ...this.settled, seen };
    this.end = { ...this.end, seen };
  }

  /** No lines. */
  looked(notes: readonly string[] = []): Piece {
    return { ...none, file: this.file, position: this.settled, notes };
  }

  /** The lines that end in a chunk. */
  take(chunk: Chunk): readonly Piece[] {
    const pieces: Piece[] = [];
    if (chunk.torn) this.begun = [];
    let start = overlapOf(chunk.from);
    // where a log was emptied, a writer that does not append leaves a hole of zeros before its next line
    if (chunk.fresh || this.begun.length === 0) start = firstOther(chunk.bytes, start);
    const data = chunk.bytes.subarray(start);
    if (chunk.fresh) {
      if (this.begun.length > 0 && !goesOn(Buffer.concat(this.begun), data)) pieces.push(this.unended());
      this.line = 1;
    }
    this.file = chunk.file;
    const last = data.lastIndexOf(newline);
    if (last >= 0) {
      const bytes = Buffer.concat([...this.begun, data.subarray(0, last + 1)]);
      const { block, lines } = pick(bytes, this.line, this.literals);
      const before = this.beforeLines(chunk, start);
      this.line += lines;
      this.begun = [];
      this.settled = this.at(chunk, start + last + 1);
      pieces.push({ ...none, ...block, file: this.file, position: this.settled, before });
    }
    if (last + 1 < data.length) this.begun.push(data.subarray(last + 1));
    this.end = this.at(chunk, chunk.bytes.length);
    return pieces;
  }

  /** What was begun and not ended, as it is. */
  rest(): readonly Piece[] {
    return this.begun.length === 0 ? [] : [this.unended()];
  }

  private unended(): Piece {
    // whether it is wanted is for the reader to judge, who sees whether it is whole
    const { block } = pick(Buffer.concat([...this.begun, Buffer.from('\n')]), this.line, []);
    this.begun = [];
    this.settled = this.end;
    return { ...none, ...block, file: this.file, position: this.end, unended: true };
  }

  /** Finds the places of the lines of a chunk that are delivered next. */
  private beforeLines(chunk: Chunk, start: number): Piece['before'] {
    const { line: first, settled, begun } = this;
    const head = begun.length > 0 || !chunk.fresh ? settled : this.at(chunk, 0);
    return (line) => {
      if (line <= first) return line === first ? head : undefined;
      let at = start;
      for (let n = first; n < line; n++) at = chunk.bytes.indexOf(newline, at) + 1;
      return at === 0 ? undefined : this.at(chunk, at, line);
    };
  }

  private at({ from, bytes, previous }: Chunk, end: number, line = this.line): Position {
    const { seen } = this.settled;
    const mark = markAt(from, bytes, end);
    return { ...mark, line, ...(seen !== undefined && { seen }), ...(previous && { previous }) };
  }
}
