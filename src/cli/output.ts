// Standard output as people direct it: into a file, whose disk may be full, a pipe, a terminal. Node takes what a file
// took of a text for all of it; here a text is written whole, or the file ends with the last whole line of it.
import { closeSync, fstatSync, ftruncateSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { Failure } from '../errors.ts';

const newline = 0x0a;
const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is too large',
};

/** What is thrown when standard output takes nothing more, for another reason than that nobody reads it. */
export function outputFailed(error: NodeJS.ErrnoException): Failure {
  const { code = error.message } = error;
  return new Failure(
    'output-failed',
    `Standard output could not be written: ${reasons[code] ?? code}.`,
    ['What is there ends with a whole line. Make room, or write to another place, and run it again.'],
    error,
  );
}

/** Whether standard output is written at once, by the rules below: a file or a device, but no terminal and no pipe. */
const isFile = (): boolean => {
  const { stdout } = process;
  if (stdout.isTTY) return false;
  const stat = fstatSync(stdout.fd);
  return stat.isFile() || stat.isCharacterDevice();
};

/**
 * Writes a text to standard output.
 * @returns whether there is room for more
 * @throws Failure output-failed
 */
export function writeOut(text: string): boolean {
  const { stdout } = process;
  if (!isFile()) return stdout.write(text);
  const bytes = Buffer.from(text);
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(stdout.fd, bytes, done);
  } catch (error) {
    untear(stdout.fd, done - 1 - bytes.subarray(0, done).lastIndexOf(newline));
    throw outputFailed(error as NodeJS.ErrnoException);
  }
  return true;
}

/**
 * The last thing before the end. Node puts a terminal back into the mode that it found it in, unless it is closed by
 * then; behind a pipe the terminal is a pager's, which would get no more keys.
 */
export function leaveTerminal(): void {
  if (process.stdout.isTTY) return;
  for (const fd of [0, 2]) if (isatty(fd)) closeSync(fd);
}

/** Takes the beginning of a line off a file's end. */
function untear(fd: number, torn: number): void {
  const stat = fstatSync(fd);
  if (torn > 0 && stat.isFile() && stat.size >= torn) ftruncateSync(fd, stat.size - torn);
}
