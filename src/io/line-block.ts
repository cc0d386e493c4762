// Whole lines of bytes as text, with those left out that cannot be wanted: the same for a file that is read once and
// for one that is followed.
import { isAscii } from 'node:buffer';

/** The byte that ends a line. */
export const newline = 0x0a;
const [openBrace, closeBrace, letterL] = [0x7b, 0x7d, 0x6c];

/** Whole lines, each with its newline, and the number of each in its source, counted from 1. */
export interface Block {
  readonly text: string;
  /** Whether each character is one byte. */
  readonly ascii: boolean;
  readonly numbers: (index: number) => number;
}

/**
 * A block of whole lines without those that cannot be wanted.
 * @param first the number of the first line
 * @param literals a JSON object in one line that holds none of these is left out; with none given, no line is
 * @returns the block, and how many lines there were
 */
export function pick(
  bytes: Buffer,
  first: number,
  literals: readonly string[],
): { block: Block; lines: number } {
  if (literals.length === 0) {
    const block = decoded(bytes);
    return { block: { ...block, numbers: (index) => first + index }, lines: countLines(block.text) };
  }
  const finders = literals.map((literal) => new Finder(bytes, literal));
  const kept: Buffer[] = [];
  const numbers: number[] = [];
  let lines = 0;
  // most lines hold none, and most of the time is spent in this loop
  let found = -1;
  for (let start = 0; start < bytes.length; lines++) {
    const end = bytes.indexOf(newline, start);
    if (found < start)
      found = finders.reduce((least, finder) => Math.min(least, finder.from(start)), Infinity);
    // What is no object in one line is for the reader to judge, whatever it holds; so is {"log":…}, Docker's wrapping,
    // which may hold a part of a line.
    const object =
      bytes[start] === openBrace && bytes[end - 1] === closeBrace && bytes[start + 2] !== letterL;
    if (!object || found < end) {
      kept.push(bytes.subarray(start, end + 1));
      numbers.push(first + lines);
    }
    start = end + 1;
  }
  return { block: { ...decoded(Buffer.concat(kept)), numbers: (index) => numbers[index] ?? 0 }, lines };
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** The characters of literals, the rarest in audit logs first. */
const byRarity = 'JKLQY_@CHXBGNOWzjDPUFSMAExZwVqIyTRhgf975kl846vbp3-0m12dcnouiratse';

/**
 * The end of a text that begins with its rarest character; of its last three characters only the first may be that. The
 * search of a Buffer looks for the first character alone and compares the rest where that is found: the rarer it is, the
 * quicker, up to twenty times.
 */
export function rareEnd(text: string): string {
  const rank = (at: number): number => byRarity.indexOf(text.charAt(at));
  let best = 0;
  for (let at = 1; at <= text.length - 3; at++) if (rank(at) < rank(best)) best = at;
  return text.slice(best);
}

/** Where a text comes next, or the rare end of it, looked up once for all lines before it. */
class Finder {
  private readonly bytes: Buffer;
  private readonly literal: Buffer;
  private next = -1;

  constructor(bytes: Buffer, literal: string) {
    this.bytes = bytes;
    this.literal = Buffer.from(rareEnd(literal));
  }

  /** The first place of it from `start` on; Infinity where there is none. */
  from(start: number): number {
    if (this.next < start) {
      const found = this.bytes.indexOf(this.literal, start);
      this.next = found === -1 ? Infinity : found;
    }
    return this.next;
  }
}

// ASCII is the usual case, and to copy it is far quicker than to decode it
function decoded(bytes: Buffer): Pick<Block, 'text' | 'ascii'> {
  const ascii = isAscii(bytes);
  return { text: bytes.toString(ascii ? 'latin1' : 'utf8'), ascii };
}
