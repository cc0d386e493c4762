// Knows where the program under test is: bundled now from the sources, in a folder of its own, laid out as users get
// it. A dist/ that is stale, or built anew meanwhile, changes nothing.
import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { folder } from './running.ts';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));

/** The launcher, and a home for what it caches. */
export interface Shipped {
  readonly launcher: string;
  readonly home: string;
}

let shipped: Promise<Shipped> | undefined;

/** Builds the program, once for all tests of this process. */
export function ship(): Promise<Shipped> {
  return (shipped ??= build());
}

async function build(): Promise<Shipped> {
  const { path } = await folder('program');
  await cp(join(root, 'bin'), join(path, 'bin'), { recursive: true });
  await execute(process.execPath, [join(root, 'scripts', 'build.mjs'), join(path, 'dist')], { cwd: root });
  return { launcher: join(path, 'bin', 'kubectl-sematext_audit.cjs'), home: path };
}
