// Which lines of a block can hold a wanted event, told from texts that such a line must hold: the others are never
// decoded.
import { isAscii } from 'node:buffer';
import type { Block } from './event-lines.ts';

const newline = 0x0a;
const [openBrace, closeBrace, letterL] = [0x7b, 0x7d, 0x6c];

/** A block, and how many lines it was made from. */
interface Picked {
  readonly block: Block;
  readonly lines: number;
}

/**
 * The lines that may be wanted.
 * @param bytes whole lines; they may be overwritten after the call
 * @param first the number of the first line
 * @param literals a JSON object in one line that holds none of these is left out; with none given, no line is
 */
export function pick(bytes: Buffer, first: number, literals: readonly string[]): Picked {
  if (literals.length === 0) {
    const text = decoded(bytes);
    return { block: { text, numbers: (index) => first + index }, lines: countLines(text) };
  }
  const finders = literals.map((literal) => new Finder(bytes, literal));
  const kept: Buffer[] = [];
  const numbers: number[] = [];
  let lines = 0;
  for (let start = 0; start < bytes.length; lines++) {
    const end = bytes.indexOf(newline, start);
    // What is no object in one line is for the reader to judge, whatever it holds; so is {"log":…}, Docker's wrapping,
    // which may hold a part of a line.
    const object =
      bytes[start] === openBrace && bytes[end - 1] === closeBrace && bytes[start + 2] !== letterL;
    if (!object || finders.some((finder) => finder.within(start, end))) {
      kept.push(bytes.subarray(start, end + 1));
      numbers.push(first + lines);
    }
    start = end + 1;
  }
  const text = kept.length === 0 ? '' : decoded(Buffer.concat(kept));
  return { block: { text, numbers: (index) => numbers[index] ?? 0 }, lines };
}

// ASCII is the usual case, and to copy it is far quicker than to decode it
const decoded = (bytes: Buffer): string => bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
}

/** Where a text comes next, looked up once for all lines before it. */
class Finder {
  private readonly bytes: Buffer;
  private readonly literal: Buffer;
  private next = -1;

  constructor(bytes: Buffer, literal: string) {
    this.bytes = bytes;
    this.literal = Buffer.from(literal);
  }

  within(start: number, end: number): boolean {
    if (this.next < start) {
      const found = this.bytes.indexOf(this.literal, start);
      this.next = found === -1 ? Infinity : found;
    }
    return this.next < end;
  }
}
