// Places in a log file, by what was read of it: its beginning and the bytes before the place. Names change with each
// rotation, and over HTTP there is nothing else to know a file by.
import { createHash } from 'node:crypto';
import { Failure } from '../../errors.ts';

/** How much of a file's beginning, and of what is before a place, is compared; bytes. */
export const markBytes = 1024;

/** A place in a file. */
export interface Mark {
  readonly offset: number;
  /** SHA-256 of the first bytes of the file up to the place, at most 1 KiB of them; hex. */
  readonly head: string;
  /** The same of the last bytes before the place. */
  readonly tail: string;
}

/** By what a file is known again. */
export interface Print {
  /** Of the beginning that was looked at, bytes. */
  readonly length: number;
  readonly sha256: string;
}

/** Where a later run goes on. */
export interface Position extends Mark {
  /** Number of the line that begins there, or goes on there; from 1. */
  readonly line: number;
  /** When the log was last read to its end, ISO 8601; absent where it was not yet. */
  readonly seen?: string;
  /** The rotated file before this one. */
  readonly previous?: Print;
}

/** SHA-256 as hex. */
export const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const nothing = hash(Buffer.alloc(0));

/** The beginning of any file. */
export const beginning: Mark = { offset: 0, head: nothing, tail: nothing };

/** How many bytes before a mark are compared. */
export const overlapOf = ({ offset }: Mark): number => Math.min(markBytes, offset);

/** By what the file of a mark is known again. */
export const printOf = (mark: Mark): Print => ({ length: overlapOf(mark), sha256: mark.head });

/**
 * The mark behind some bytes that were read on from `mark`.
 * @param bytes beginning with the `overlapOf(mark)` bytes before it
 * @param end index in `bytes` of the new place, not before the mark's own
 */
export function markAt(mark: Mark, bytes: Buffer, end: number): Mark {
  const offset = mark.offset - overlapOf(mark) + end;
  const whole = mark.offset >= markBytes;
  return {
    offset,
    // only while the file is read from its beginning are its first bytes among these
    head: whole ? mark.head : hash(bytes.subarray(0, Math.min(markBytes, end))),
    tail: hash(bytes.subarray(Math.max(0, end - markBytes), end)),
  };
}

const isSha256 = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isTime = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);
const isCount = (value: unknown, least: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least;
const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

function readPrint(value: unknown): Print | undefined {
  const { length, sha256 } = fields(value);
  if (!isCount(length, 1) || length > markBytes || !isSha256(sha256)) return undefined;
  return { length, sha256 };
}

/**
 * A position out of a file that anybody may have changed.
 * @param source whose it is, for the message
 * @throws Failure usage
 */
export function readPosition(value: unknown, source: string): Position {
  const { offset, head, tail, line, seen, previous } = fields(value);
  const before = readPrint(previous);
  const good =
    isCount(offset, 0) &&
    isSha256(head) &&
    isSha256(tail) &&
    isCount(line, 1) &&
    (seen === undefined || isTime(seen)) &&
    (previous === undefined || before !== undefined);
  if (!good)
    throw new Failure('usage', `The position of ${source} is none that this tool wrote.`, [
      'Start without it: what was read before comes again.',
    ]);
  return {
    ...{ offset, head, tail, line },
    ...(seen !== undefined && { seen }),
    ...(before !== undefined && { previous: before }),
  };
}
