// Runs the shipped program against embedded parts, as a user would, and keeps what it said for the secret scan.
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApiServer } from '../../src/demo/api-server.ts';
import type { ApiServer, ApiServerOptions } from '../../src/demo/api-server.ts';
import { startSematext } from '../../src/demo/sematext.ts';
import type { Sematext } from '../../src/demo/sematext.ts';
import { secrets, temporary, witness } from '../support/secrets.ts';

const program = 'bin/kubectl-sematext_audit.cjs';

export interface Ran {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A cluster, a sink, and the program to run against both. */
export interface Place {
  readonly api: ApiServer;
  readonly sematext: Sematext;
  /** Runs one command line; `env` on top of one with token and key; `onOutput` is called first when it starts. */
  run(
    line: string,
    env?: Record<string, string | undefined>,
    onOutput?: (all: string, end: () => void) => void,
  ): Promise<Ran>;
  stop(): Promise<void>;
}

/** Starts both parts; the default API server is 1.18.19 and honours AuditSinks. */
export async function openPlace(options: ApiServerOptions = {}): Promise<Place> {
  if (!existsSync('dist/main.js')) throw new Error('the program is not built: npm run build');
  const sematext = await startSematext({ apiKey: secrets.apiKey });
  const sinks = { version: '1.18.19', auditSinks: { served: true, honoured: true } } as const;
  const api = await startApiServer(options.version === undefined ? { ...sinks, ...options } : options);
  const run: Place['run'] = (line, env = {}, onOutput = () => undefined) => {
    const folder = temporary(); // one for each run: the scan after a test removes it
    const kubeconfig = join(folder.path, 'kubeconfig');
    writeFileSync(kubeconfig, api.kubeconfig(), { mode: 0o600 });
    const own = {
      KUBECONFIG: kubeconfig,
      LOGS_TOKEN: secrets.token,
      SEMATEXT_API_KEY: secrets.apiKey,
      TZ: 'UTC',
    };
    const urls = ['--receiver-url', sematext.receiverUrl, '--search-url', sematext.searchUrl];
    const words = line.split(' ').filter((word) => word !== '');
    const argv = /^(enable|status|test-event)/.test(line) ? [...words, ...urls] : words;
    return start(argv, { ...process.env, ...own, ...env }, onOutput);
  };
  const stop = async (): Promise<void> => {
    await api.stop();
    await sematext.stop();
  };
  return { api, sematext, run, stop };
}

function start(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  onOutput: (all: string, end: () => void) => void,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    let ended = false; // a second Ctrl-C would end it at once
    const end = (): void => void (ended ||= child.kill('SIGINT'));
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text;
        onOutput(said.stdout, end);
      });
    onOutput('', end);
    child.on('error', reject);
    child.on('close', (exit) => {
      witness(said.stdout);
      witness(said.stderr);
      resolve({ exit, ...said });
    });
  });
}
