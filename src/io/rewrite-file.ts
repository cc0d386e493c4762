// Changing a file that the user named: whole or not at all, with the mode that it has, and only while it is what was read.
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { Failure } from '../errors.ts';
import { decode, readError } from './read-file.ts';

const mark = '\ufeff';

/**
 * Puts one text in the place of another.
 * @param before what was read of it; a byte order mark, which reading leaves out, stays
 * @throws Failure usage when it cannot be written, or holds something else by now
 */
export async function rewriteNamed(path: string, before: string, after: string): Promise<void> {
  try {
    const real = await realpath(path); // a link stays one
    const bytes = await readFile(real);
    if (decode(bytes) !== before)
      throw new Failure('usage', `${path} was changed by somebody else meanwhile, and was left alone.`, [
        'Run it again.',
      ]);
    const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    await put(real, `${marked ? mark : ''}${after}`);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('usage', `${path} could not be mended: it ${readError(error).message}.`, [
      'Check the rights on it and its folder, and the room on its disk.',
    ]);
  }
}

async function put(path: string, text: string): Promise<void> {
  const { mode, uid, gid } = await stat(path);
  const next = `${path}.${process.pid}.new`;
  try {
    const file = await open(next, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.chown(uid, gid).catch(() => undefined); // only root may give a file away, and need not
      await file.chmod(mode & 0o7777);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (error) {
    await rm(next, { force: true });
    throw error;
  }
}
