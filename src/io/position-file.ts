// The file that keeps, across runs, where each source was read to: whole or not at all, and for its owner alone.
import { open, rename } from 'node:fs/promises';
import { Failure } from '../errors.ts';
import { readError, ReadError, readText } from './read-file.ts';
import type { PositionFile, Positions } from './world.ts';

const schema = 'tail-position.v1';
/** A position is some kilobytes for each source; anything much longer is the wrong file. */
const mostBytes = 64 * 1024 * 1024;

/** The file of this path; nothing is read or written yet. */
export function openPositionFile(path: string): PositionFile {
  return {
    read: async () => {
      try {
        const { text } = await readText(path, mostBytes);
        return text === '' ? {} : positionsIn(text, path); // as mktemp makes it
      } catch (error) {
        if (!(error instanceof ReadError)) throw error;
        if (error.code === 'ENOENT') return {};
        throw new Failure('usage', `${path} ${error.message}.`, ['Check the path.']);
      }
    },
    write: async (positions) => {
      try {
        const file = await open(`${path}.new`, 'w', 0o600);
        try {
          await file.writeFile(`${JSON.stringify({ schema, positions })}\n`);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(`${path}.new`, path);
      } catch (error) {
        throw new Failure('usage', `The position could not be kept: ${path} ${readError(error).message}.`, [
          'Check the path, and the room on its disk.',
        ]);
      }
    },
  };
}

function positionsIn(text: string, path: string): Positions {
  const none = new Failure('usage', `${path} does not hold a position of tail.`, [
    'Name another file, or delete it to begin anew.',
  ]);
  let value: { readonly schema?: unknown; readonly positions?: unknown } | null;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    throw none;
  }
  const positions = value?.schema === schema ? value.positions : undefined;
  if (typeof positions !== 'object' || positions === null || Array.isArray(positions)) throw none;
  return positions as Positions;
}
