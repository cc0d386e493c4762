// Runs another program to its end, its output handed on as it comes.
import { spawn } from 'node:child_process';

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** Added to this process's environment; undefined takes a name away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** What it reads on standard input; nothing when not given. */
  readonly input?: string;
  /** Both streams, as they come. */
  readonly onOutput?: (text: string) => void;
}

/** How a program ended: 130 when a signal ended it. */
export interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @throws Error when it cannot be started */
export function runProgram({ file, args, env, cwd, signal, input, onOutput }: Program): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const stop = (): void => void child.kill('SIGINT');
    signal?.addEventListener('abort', stop, { once: true });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        said[name] += text;
        onOutput?.(text);
      });
    // one that ends before it has read all says by its exit what was wrong
    child.stdin?.on('error', () => undefined).end(input);
    child.on('error', reject);
    child.on('close', (code) => {
      signal?.removeEventListener('abort', stop);
      resolve({ exit: code ?? 130, ...said });
    });
  });
}
