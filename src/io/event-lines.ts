// Lines of audit events out of files, compressed or not, and standard input: in blocks of whole lines, read ahead by
// one, with those left out that cannot be wanted. Memory is that of two blocks, or of the longest line.
import { readSync } from 'node:fs';
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

const blockBytes = 512 * 1024;
/** A text of less stands where V8 has what is soon forgotten; a longer one takes time and memory of its own. */
const partBytes = 120 * 1024;

/** Standard input, and what ends the wait for it. */
interface Surroundings {
  readonly stdin: Input;
  readonly signal: AbortSignal;
}

/** The bytes of a file, unpacked where it begins as gzip does; `-` is standard input. */
const bytesOf = (path: string, { stdin, signal }: Surroundings): AsyncIterable<Buffer> =>
  path === '-'
    ? unpacked(inputChunks(stdin, signal), 'standard input')
    : unpacked(fileChunks(path, signal), path);

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

// A regular file is read in this very thread, which is three times as quick as in another one, whose processor has what
// was read in its own cache; between two blocks all else has its turn. What may make us wait is read elsewhere.
async function* fileChunks(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const regular = (await file.stat()).isFile();
    const buffer = Buffer.allocUnsafe(blockBytes);
    for (;;) {
      if (regular) await new Promise(setImmediate);
      if (signal.aborted) throw interrupted();
      const bytesRead = regular
        ? readSync(file.fd, buffer, 0, blockBytes, null)
        : (await file.read(buffer, 0, blockBytes)).bytesRead;
      if (bytesRead === 0) return;
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
    try {
      yield first.value;
      yield* { [Symbol.asyncIterator]: () => all };
    } finally {
      await all.return?.(); // who has read enough stops at the first chunk, which is ours
    }
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
  chunks: AsyncIterable<Uint8Array>,
  literals: readonly string[],
): AsyncGenerator<Block> {
  let begun: Uint8Array[] = [];
  let line = 1;
  const emit = (bytes: Buffer): Block => {
    const { block, lines } = pick(bytes, line, literals);
    line += lines;
    return block;
  };
  for await (const bytes of chunks) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length); // the same memory
    const last = chunk.lastIndexOf(newline);
    let from = 0;
    if (last >= 0 && begun.length > 0) {
      from = chunk.indexOf(newline) + 1;
      const block = emit(Buffer.concat([...begun, chunk.subarray(0, from)]));
      if (block.text !== '') yield block;
      begun = [];
    }
    const whole = chunk.subarray(from, last + 1);
    for (const part of literals.length === 0 ? parts(whole) : [whole]) {
      const block = emit(part);
      if (block.text !== '') yield block;
    }
    if (last + 1 < chunk.length) begun.push(Buffer.from(chunk.subarray(last + 1)));
  }
  if (begun.length > 0) yield emit(Buffer.concat([...begun, Buffer.from('\n')]));
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
