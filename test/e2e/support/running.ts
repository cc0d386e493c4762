// Knows how to run a program beside the tests: its output, its end, a free port and a folder for it.
// Only processes started here are ever ended, by their own handle; no process or folder outlives the test run.
import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

const keptOutput = 4 * 1024 * 1024;
const children = new Set<ChildProcess>();
const folders = new Set<string>();

/** What to run. */
export interface Program {
  name: string;
  command: string;
  args: readonly string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  /** What it reads on its standard input; default nothing. */
  input?: string;
}

/** A program that was started here. */
export interface Running {
  readonly pid: number;
  readonly args: readonly string[];
  /** Everything it wrote, stdout and stderr together (the last 4 MB). */
  log(): string;
  /** How it ended, or undefined while it runs. */
  ended(): string | undefined;
  /** Asks it to end, and makes it end after the grace; returns when it is gone. */
  stop(graceMs?: number): Promise<void>;
}

/** Starts a program; throws when it cannot be started at all. */
export async function run(program: Program): Promise<Running> {
  const { name, command, args, input = '', ...options } = program;
  const child = spawn(command, args, { ...options, stdio: 'pipe' });
  child.stdin.on('error', () => undefined); // it may end before it has read everything
  child.stdin.end(input);
  let output = '';
  let ending: string | undefined;
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-keptOutput);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ending = `${name} ended with ${signal ?? `code ${code}`}; its last words:\n${output.slice(-2000)}`;
      children.delete(child);
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`${name} did not start: ${error.message}`)));
  });
  leaveNothing();
  children.add(child);
  return {
    pid: child.pid ?? -1,
    args,
    log: () => output,
    ended: () => ending,
    stop: (graceMs = 5000) => end(child, gone, graceMs),
  };
}

async function end(child: ChildProcess, gone: Promise<void>, graceMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await gone;
  clearTimeout(patience);
}

function leaveNothing(): void {
  if (process.listeners('exit').includes(endAll)) return;
  process.on('exit', endAll);
  process.once('SIGTERM', () => process.exit(143));
}

function endAll(): void {
  for (const child of children) child.kill('SIGKILL');
  for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}

/** Waits until a started program answers; fails at once when it has ended. */
export async function ready(name: string, program: Running, ask: () => Promise<boolean>): Promise<void> {
  await eventually({
    what: `${name} to be ready`,
    timeoutMs: 180_000,
    ask: async () => ((await ask()) ? true : undefined),
    hopeless: () => program.ended(),
  }).catch(async (error: unknown) => {
    const said = program.log().slice(-2000);
    await program.stop(0);
    throw new Error(`${String(error)}\n${said}`);
  });
}

/** A port on 127.0.0.1 that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/** A folder of one's own under the system's temporary folder, and its removal. */
export async function folder(name: string): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `sematext-audit-${name}-`));
  leaveNothing();
  folders.add(path);
  const remove = async (): Promise<void> => {
    await rm(path, { recursive: true, force: true, maxRetries: 5 });
    folders.delete(path);
  };
  return { path, remove };
}
