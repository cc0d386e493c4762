// Lines of audit events out of files, compressed or not, and standard input: in blocks of whole lines, read ahead by
// one, with those left out that cannot be wanted. Memory is that of two blocks, or of the longest line.
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Failure } from '../errors.ts';
import { interrupted } from './clock.ts';
import { newline, pick } from './line-block.ts';
import type { Block } from './line-block.ts';
import { readError } from './read-file.ts';
import type { Input } from './world.ts';

const blockBytes = 1024 * 1024;
/** A text of less stands where V8 has what is soon forgotten; a longer one takes time and memory of its own. */
const partBytes = 120 * 1024;

/** Standard input, and what ends the wait for it. */
interface Surroundings {
  readonly stdin: Input;
  readonly signal: AbortSignal;
}

/** The bytes of a file, unpacked where it begins as gzip does; `-` is standard input. */
const bytesOf = (path: string, { stdin, signal }: Surroundings): AsyncIterable<Buffer> =>
  path === '-' ? unpacked(inputChunks(stdin, signal), 'standard input') : unpacked(fileChunks(path), path);

async function* inputChunks(stdin: Input, signal: AbortSignal): AsyncGenerator<Buffer> {
  const { addAbortSignal } = await import('node:stream');
  addAbortSignal(signal, stdin as Readable);
  try {
    yield* stdin as AsyncIterable<Buffer>;
  } catch (error) {
    throw signal.aborted ? interrupted() : unreadable('standard input', error);
  }
}

const unreadable = (name: string, error: unknown): Failure =>
  new Failure('usage', `${name} ${readError(error).message}.`, ['Check the path.'], error);

// Two buffers by turns: the next block is read while this one is looked at.
async function* fileChunks(path: string): AsyncGenerator<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const buffers = [Buffer.allocUnsafe(blockBytes), Buffer.allocUnsafe(blockBytes)] as const;
    let turn: 0 | 1 = 0;
    let reading = file.read(buffers[turn], 0, blockBytes);
    for (;;) {
      const { bytesRead, buffer } = await reading;
      if (bytesRead === 0) return;
      turn = turn === 0 ? 1 : 0;
      reading = file.read(buffers[turn], 0, blockBytes);
      reading.catch(() => undefined); // awaited in the next turn, if there is one
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw error instanceof Failure ? error : unreadable(path, error);
  } finally {
    await file?.close();
  }
}

async function* unpacked(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const all = chunks[Symbol.asyncIterator]();
  const first = await all.next();
  const rest = async function* (): AsyncGenerator<Buffer> {
    if (first.done === true) return;
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => all };
  };
  const packed = first.done !== true && first.value[0] === 0x1f && first.value[1] === 0x8b;
  if (!packed) return yield* rest();
  const { pipeline } = await import('node:stream');
  // copies: the reader's buffers are used again before gunzip has read them
  const copied = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of rest()) yield Buffer.from(chunk);
  };
  const gunzip = createGunzip({ chunkSize: blockBytes });
  pipeline(copied(), gunzip, () => undefined); // its error is the iterator's
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    throw error instanceof Failure ? error : unreadable(name, error);
  }
}

/**
 * The lines of a file that the user named, or of standard input (`-`), in blocks.
 * @param literals a JSON object in one line that holds none of these is left out; with none given, no line is
 * @throws Failure usage when it cannot be read | interrupted
 */
export const blocks = (
  path: string,
  literals: readonly string[],
  surroundings: Surroundings,
): AsyncGenerator<Block> => inBlocks(bytesOf(path, surroundings), literals);

/** Bytes as blocks of whole lines, each as soon as its last line is whole; `literals` as in `blocks`. */
export async function* inBlocks(
  bytes: AsyncIterable<Uint8Array>,
  literals: readonly string[],
): AsyncGenerator<Block> {
  let begun: Uint8Array[] = [];
  const joined = joiner();
  let line = 1;
  const emit = (bytes: Buffer): Block => {
    const { block, lines } = pick(bytes, line, literals);
    line += lines;
    return block;
  };
  for await (const chunk of bytes) {
    const last = chunk.lastIndexOf(newline);
    if (last >= 0) {
      const whole = joined([...begun, chunk.subarray(0, last + 1)]);
      for (const part of literals.length === 0 ? parts(whole) : [whole]) yield emit(part);
    }
    if (last >= 0) begun = [];
    if (last + 1 < chunk.length) begun.push(Buffer.from(chunk.subarray(last + 1)));
  }
  if (begun.length > 0) yield emit(Buffer.concat([...begun, Buffer.from('\n')]));
}

/** Puts parts together, in one place for all calls: what a call gives is overwritten by the next. */
function joiner(): (parts: readonly Uint8Array[]) => Buffer {
  let place = Buffer.alloc(0);
  return (parts) => {
    const size = parts.reduce((sum, { length }) => sum + length, 0);
    if (place.length < size) place = Buffer.allocUnsafe(size + blockBytes);
    let end = 0;
    for (const part of parts) {
      place.set(part, end);
      end += part.length;
    }
    return place.subarray(0, size);
  };
}

/** Whole lines in parts of whole lines, of `partBytes` or one line. */
function* parts(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length;) {
    const last = bytes.lastIndexOf(newline, start + partBytes - 1);
    const end = 1 + (last >= start ? last : bytes.indexOf(newline, start));
    yield bytes.subarray(start, end);
    start = end;
  }
}
