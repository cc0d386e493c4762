// The node script on this very machine, for --local: no pod, no cluster between the tool and the node.
import { spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../errors.ts';
import { makeScratch } from './scratch.ts';

/** This machine's name as a kubelet would give it to its node. */
export function nodeName(): string {
  return hostname().toLowerCase();
}

/**
 * Runs one phase and gives what it printed.
 * @param words the phase and its arguments
 * @param files what goes along, token and all; they lie in a 0700 folder as 0600 files while the phase runs
 * @throws Failure usage when this is not root
 */
export async function runPhase(
  words: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<string> {
  if (process.getuid?.() !== 0)
    throw new Failure('usage', '--local changes files of this node, which only root may.', [
      'run it as root on the control-plane node: sudo -E kubectl sematext-audit …',
    ]);
  const folder = await makeScratch();
  try {
    for (const [name, text] of Object.entries(files)) await folder.write(name, text);
    return await outputOf('/bin/sh', [join(folder.path, 'transaction.sh'), ...words, `files=${folder.path}`]);
  } finally {
    await folder.remove();
  }
}

// Not ended by Ctrl-C, which the terminal sends to the whole group: a phase is short, and is better whole.
function outputOf(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
  });
}
