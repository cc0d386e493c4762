// Reading a file that somebody named: whole, as text, and never more than it may be.
import { open } from 'node:fs/promises';
import { Failure } from '../errors.ts';
import { interrupted } from './clock.ts';

/** A file that could not be had; the message says why and stands after the file's name. */
export class ReadError extends Error {
  override readonly name = 'ReadError';
  /** The system's code, such as ENOENT; "too-large" or "binary" for ours. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const sentences: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EISDIR: 'is a folder',
  EACCES: 'may not be used by you',
  EPERM: 'may not be used by you',
  ELOOP: 'is a link to itself',
  ENAMETOOLONG: 'is too long a name',
  ERR_INVALID_ARG_VALUE: 'is not a file name',
  Z_BUF_ERROR: 'is damaged gzip',
  Z_DATA_ERROR: 'is damaged gzip',
};

/** What went wrong with a file, whatever was thrown. */
export function readError(error: unknown): ReadError {
  if (error instanceof ReadError) return error;
  const code = String((error as { code?: unknown }).code ?? 'unknown');
  return new ReadError(code, sentences[code] ?? `could not be read (${code})`);
}

/** Bytes as UTF-8 text without a BOM. @throws ReadError binary */
export function decode(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // falls through: not UTF-8 is binary as well
  }
  throw new ReadError('binary', 'is not a text file');
}

/** All bytes of `chunks`. @throws ReadError too-large after more than `maxBytes` */
export async function gather(chunks: AsyncIterable<Uint8Array | string>, maxBytes: number): Promise<Buffer> {
  const had: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    const buffer = Buffer.from(chunk as Uint8Array);
    bytes += buffer.length;
    if (bytes > maxBytes) throw new ReadError('too-large', `is larger than ${maxBytes} bytes`);
    had.push(buffer);
  }
  return Buffer.concat(had);
}

/**
 * The text of a file and its permission bits; a pipe (such as a shell's process substitution) has none.
 * @param maxBytes more than this is refused before it is read to its end: the file may be endless
 * @throws ReadError
 */
export async function readText(path: string, maxBytes: number): Promise<{ text: string; mode: number }> {
  try {
    const file = await open(path, 'r');
    const stat = await file.stat();
    const bytes = await gather(file.createReadStream({ highWaterMark: 65_536 }), maxBytes);
    return { text: decode(bytes), mode: stat.isFile() ? stat.mode & 0o777 : 0 };
  } catch (error) {
    throw readError(error);
  }
}

/** Standard input, and what ends the reading of it. */
interface Input {
  readonly stdin: unknown;
  readonly signal: AbortSignal;
}

/** All of standard input, as text. @throws ReadError | Failure interrupted, at once when the run is cancelled */
export async function readInput({ stdin, signal }: Input, maxBytes: number): Promise<string> {
  const stop = new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(interrupted());
    signal.addEventListener('abort', () => reject(interrupted()), { once: true });
  });
  return decode(await Promise.race([gather(stdin as AsyncIterable<Buffer | string>, maxBytes), stop]));
}

/** The most that is read of a policy. */
const mostBytes = 1024 * 1024;

/**
 * A file that the user named; `-` is standard input.
 * @throws Failure usage when it cannot be had | interrupted
 */
export async function readNamed(path: string, input: Input, maxBytes = mostBytes): Promise<string> {
  const isInput = path === '-';
  try {
    return isInput ? await readInput(input, maxBytes) : (await readText(path, maxBytes)).text;
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    const [what, next] = isInput ? ['What came on standard input', []] : [path, ['Check the path.']];
    throw new Failure('usage', `${what} ${error.message}.`, next);
  }
}
