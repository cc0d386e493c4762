// Log files in a folder of this machine.
import { open, readdir } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { readError } from '../read-file.ts';
import type { LogFolder, Part } from './folder.ts';

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(readError(error).code);

/** The files in `folder`; what it throws is a ReadError. */
export function localFolder(folder: string): LogFolder {
  return {
    names: () =>
      readdir(folder).catch((error: unknown) => {
        if (isMissing(error)) return [];
        throw readError(error);
      }),
    read: async (name, from, most) => {
      let file: FileHandle | undefined;
      try {
        file = await open(join(folder, name), 'r');
        return await part(file, from, most);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw readError(error);
      } finally {
        await file?.close();
      }
    },
  };
}

async function part(file: FileHandle, from: number, most: number): Promise<Part> {
  const { size } = await file.stat();
  const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(most, size - from)));
  let had = 0;
  while (had < buffer.length) {
    const { bytesRead } = await file.read(buffer, had, buffer.length - had, from + had);
    if (bytesRead === 0) break; // cut meanwhile
    had += bytesRead;
  }
  return { bytes: buffer.subarray(0, had), more: had === buffer.length && from + had < size };
}
