// Starts programs as a shell would and keeps what they said; whatever they said is searched for secrets.
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { witness } from '../support/secrets.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const launcher = `${root}bin/kubectl-sematext_audit.cjs`;

/** How a program ended and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Environment of every program under test: nothing of the machine's but PATH. */
const clean = { PATH: process.env['PATH'], HOME: '/nonexistent', TZ: 'UTC', SEMATEXT_AUDIT_NO_CACHE: '1' };

/**
 * Runs node to its end.
 * @param during gets the process as soon as it runs, to signal it or to close its streams
 */
export async function node(
  argv: readonly string[],
  env: NodeJS.ProcessEnv = {},
  during: (child: ChildProcess) => void = () => undefined,
): Promise<Ended> {
  const child = spawn(process.execPath, argv, { cwd: root, env: { ...clean, ...env } });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  during(child);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  witness(said.stdout);
  witness(said.stderr);
  return { code, ...said };
}
