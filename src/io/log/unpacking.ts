// A folder whose packed files are read as if they were not: by one stream that goes on where the last part ended, and
// begins anew where an earlier one is asked for.
import { createGunzip } from 'node:zlib';
import { ReadError } from '../read-file.ts';
import { blockBytes } from './folder.ts';
import type { LogFolder, Part } from './folder.ts';
import { markBytes } from './mark.ts';

/** The packed file has another name by now, or is gone. */
class Gone extends Error {}

/** The packed bytes of one file that begins with `head`. @throws Gone */
async function* packed(folder: LogFolder, name: string, head: Buffer): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  let before = head;
  let most = 8 * markBytes; // often only the beginning is wanted
  for (let at = head.length; ; most = Math.min(2 * most, blockBytes)) {
    const part = await folder.read(name, at - before.length, before.length + most);
    if (part === undefined || !part.bytes.subarray(0, before.length).equals(before)) throw new Gone();
    const bytes = part.bytes.subarray(before.length);
    at += bytes.length;
    if (bytes.length > 0) yield bytes;
    if (!part.more) return;
    before = Buffer.from(part.bytes.subarray(-markBytes));
  }
}

/** One file that is unpacked from its beginning on. */
class Stream {
  /** Its first packed bytes. */
  readonly head: Buffer;
  private readonly chunks: AsyncIterator<Buffer>;
  /** Unpacked bytes that may be asked for again, and where they begin. */
  private kept = Buffer.alloc(0);
  private from = 0;
  private ended = false;

  constructor(folder: LogFolder, name: string, head: Buffer) {
    this.head = head;
    this.chunks = unpackedChunks(packed(folder, name, head));
  }

  /** Whether a part that begins there can still be had. */
  reaches(from: number): boolean {
    return from >= this.from;
  }

  async part(from: number, most: number): Promise<Part> {
    while (!this.ended && this.from + this.kept.length <= from + most) {
      // what is skipped need not be kept
      this.drop(Math.min(from, this.from + this.kept.length));
      const { done, value } = await this.chunks.next();
      if (done === true) this.ended = true;
      else this.kept = Buffer.concat([this.kept, value]);
    }
    const begin = Math.max(0, from - this.from);
    const bytes = this.kept.subarray(begin, begin + most);
    const more = this.kept.length > begin + most;
    // who reads on asks for the last bytes once more
    this.drop(Math.max(this.from, from + bytes.length - markBytes));
    return { bytes, more };
  }

  async close(): Promise<void> {
    await this.chunks.return?.();
  }

  private drop(to: number): void {
    const count = Math.min(to - this.from, this.kept.length);
    if (count <= 0) return;
    this.kept = this.kept.subarray(count);
    this.from += count;
  }
}

/** @throws Gone; ReadError when it is damaged */
async function* unpackedChunks(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { pipeline } = await import('node:stream');
  const gunzip = createGunzip({ chunkSize: blockBytes });
  pipeline(bytes, gunzip, () => undefined); // its error is the iterator's
  yield* gunzip as AsyncIterable<Buffer>;
}

/** `folder` with its files that end in .gz unpacked; offsets are those of the unpacked bytes. */
export function unpacking(folder: LogFolder): LogFolder {
  let open: { readonly name: string; readonly stream: Stream } | undefined;
  const close = async (): Promise<void> => {
    const { stream } = open ?? {};
    open = undefined;
    await stream?.close();
  };
  return {
    names: () => folder.names(),
    read: async (name, from, most) => {
      if (!name.endsWith('.gz')) return folder.read(name, from, most);
      const head = (await folder.read(name, 0, markBytes))?.bytes;
      if (head === undefined) return undefined;
      if (open?.name !== name || !open.stream.head.equals(head) || !open.stream.reaches(from)) {
        await close();
        open = { name, stream: new Stream(folder, name, head) };
      }
      try {
        return await open.stream.part(from, most);
      } catch (error) {
        await close();
        if (error instanceof Gone) return undefined;
        if (/^Z_/.test(String((error as { code?: unknown }).code)))
          throw new ReadError('damaged', 'is damaged gzip');
        throw error;
      }
    },
  };
}
