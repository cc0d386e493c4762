// Knows how to run a system program to its end; anything but success is a throw that says what it said.
import { execFile } from 'node:child_process';

/** What a program printed. */
export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it; throws with its output when it fails. */
export function command(program: string, args: readonly string[], input = ''): Promise<Printed> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program} ${args.join(' ')} failed (${error.code}): ${stderr}${stdout}`));
      else resolve({ stdout, stderr });
    });
    child.stdin?.on('error', () => undefined); // it may end before it has read everything
    child.stdin?.end(input);
  });
}
