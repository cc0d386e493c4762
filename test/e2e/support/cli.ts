// Knows how to run the shipped program as a user does: its own process, a kubeconfig, the secrets in the environment.
// Everything it writes is searched for secrets when the test ends.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type {
  DisableResult,
  EnableResult,
  StatusResult,
  TestEventResult,
} from '../../../src/audit/results.ts';
import { secrets, witness } from '../../support/secrets.ts';
import { eventually } from './eventually.ts';
import { ship } from './program.ts';

/** How to run it; what is not given is not there. */
export interface Invocation {
  kubeconfig?: string;
  /** LOGS_TOKEN; the tests' first token when not given, none when empty. */
  token?: string;
  /** SEMATEXT_API_KEY; the tests' key when not given, none when empty. */
  apiKey?: string;
  env?: Record<string, string>;
}

/** How a run ended. */
export interface End {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** A run under way. */
export interface CliRun {
  readonly ended: Promise<End>;
  /** Resolves once stderr holds the text; throws when the run ended without. */
  says(text: string): Promise<void>;
  /** All that it wrote to stderr so far. */
  said(): string;
  /** All that it wrote to stdout so far. */
  shown(): string;
  kill(signal: NodeJS.Signals): void;
}

/** The result of a command in its document. */
export interface Results {
  enable: EnableResult;
  disable: DisableResult;
  status: StatusResult;
  'test-event': TestEventResult;
  'policy apply': EnableResult;
}

/** What stands in a document in place of a result when the run failed. */
export interface ErrorDocument {
  readonly error: { code: string; message: string; next: string[]; exit: number };
}

/** Starts a command. */
export async function startCli(args: readonly string[], how: Invocation = {}): Promise<CliRun> {
  const { launcher, home } = await ship();
  const { kubeconfig, token = secrets.token, apiKey = secrets.apiKey } = how;
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    ...(kubeconfig !== undefined && { KUBECONFIG: kubeconfig }),
    ...(token !== '' && { LOGS_TOKEN: token }),
    ...(apiKey !== '' && { SEMATEXT_API_KEY: apiKey }),
    ...how.env,
  };
  const started = performance.now();
  const child = spawn(process.execPath, [launcher, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  let ended: string | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const end = new Promise<End>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      witness(stdout);
      witness(stderr);
      ended = `it ended with ${signal ?? code}:\n${stdout}${stderr}`;
      resolve({ code, signal, stdout, stderr, ms: performance.now() - started });
    });
  });
  const ask = (text: string) => async () => (stderr.includes(text) ? true : undefined);
  return {
    ended: end,
    kill: (signal) => void child.kill(signal),
    said: () => stderr,
    shown: () => stdout,
    says: async (text) => {
      const hopeless = (): string | undefined => (stderr.includes(text) ? undefined : ended);
      await eventually({ what: `"${text}"`, timeoutMs: 180_000, everyMs: 10, ask: ask(text), hopeless });
    },
  };
}

/** Runs a command to its end. */
export async function cli(args: readonly string[], how: Invocation = {}): Promise<End> {
  return (await startCli(args, how)).ended;
}

/** A command that ended with its result as a document. */
export type Told<T> = End & { readonly result: T };

/** The document in stdout, as the result of a command; fails, showing all output, when there is another one. */
export function resultOf<K extends keyof Results>(command: K, end: End): Told<Results[K]> {
  const result = documentIn(end) as Results[K] & { schema?: string };
  const schema = command === 'policy apply' ? 'enable' : command; // it is enable with another policy
  assert.equal(result.schema, `${schema}.v1`, shown(end));
  return { ...end, result };
}

/** The error in stdout; fails, showing all output, when there is none. */
export function errorOf(end: End): ErrorDocument['error'] {
  const { error } = documentIn(end) as Partial<ErrorDocument>;
  assert.ok(error, shown(end));
  assert.equal(error.exit, end.code, shown(end));
  return error;
}

/** Whichever of the two it is: a result, or an error. */
export function documentOf<T extends object>(end: End): Partial<T> & Partial<ErrorDocument> {
  return documentIn(end);
}

function documentIn(end: End): object {
  try {
    return JSON.parse(end.stdout) as object;
  } catch {
    throw new Error(`stdout is no document: ${shown(end)}`);
  }
}

/** All of a run, for the message of an assertion. */
export function shown({ code, signal, stdout, stderr }: End): string {
  return `exit ${signal ?? code}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`;
}
