// A file of the user's that is made: whole or not at all, and over another one only when that is wanted.
import { randomUUID } from 'node:crypto';
import { link, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../errors.ts';
import { readError } from './read-file.ts';

interface Place {
  readonly path: string;
  /** Of the file that is there. */
  readonly mode: number | undefined;
}

/**
 * Looks at the place, so that nobody answers questions for nothing.
 * @param over whether a file that is there is replaced
 * @returns what writes the file; it throws as this does
 * @throws Failure usage when there is a file already, or something that is no file, or it cannot be written
 */
export async function openNewFile(path: string, over: boolean): Promise<(text: string) => Promise<void>> {
  const place = await lookAt(path, over);
  return async (text) => {
    const folder = dirname(place.path);
    const beside = join(folder, `.${basename(place.path)}.${randomUUID()}`);
    try {
      await put(beside, text, place.mode ?? 0o666);
      // a link is refused where a file has come meanwhile; a rename would replace it
      await (over ? rename(beside, place.path) : link(beside, place.path));
    } catch (error) {
      throw (error as { code?: unknown }).code === 'EEXIST' ? thereAlready(path) : unwritable(path, error);
    } finally {
      await rm(beside, { force: true });
    }
  };
}

async function lookAt(path: string, over: boolean): Promise<Place> {
  try {
    const there = await stat(path);
    if (!there.isFile())
      throw new Failure('usage', `${path} is there and is no file.`, ['Name another one.']);
    if (!over) throw thereAlready(path);
    // a link stays one
    return { path: await realpath(path), mode: there.mode & 0o777 };
  } catch (error) {
    if (error instanceof Failure) throw error;
    if ((error as { code?: unknown }).code !== 'ENOENT') throw unwritable(path, error);
  }
  await stat(dirname(path)).catch((error: unknown) => {
    throw unwritable(dirname(path), error);
  });
  return { path, mode: undefined };
}

async function put(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

const thereAlready = (path: string): Failure =>
  new Failure('usage', `${path} is there already, and stays as it is.`, [
    'Name another file, or say --force to replace it.',
  ]);

function unwritable(path: string, error: unknown): Failure {
  return new Failure('usage', `The file could not be written: ${path} ${readError(error).message}.`, [
    'Check the path, and the room on its disk.',
  ]);
}
