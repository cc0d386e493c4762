// Runs another program to its end, its output handed on as it comes.
import { spawn } from 'node:child_process';

export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  /** Added to this process's environment; undefined takes a name away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** Both streams, as they come. */
  readonly onOutput?: (text: string) => void;
}

/**
 * @returns its exit number, 130 when a signal ended it, and its standard output
 * @throws Error when it cannot be started
 */
export function runProgram({
  file,
  args,
  env,
  cwd,
  signal,
  onOutput,
}: Program): Promise<{ exit: number; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stop = (): void => void child.kill('SIGINT');
    signal?.addEventListener('abort', stop, { once: true });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      onOutput?.(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => onOutput?.(text));
    child.on('error', reject);
    child.on('close', (code) => {
      signal?.removeEventListener('abort', stop);
      resolve({ exit: code ?? 130, stdout });
    });
  });
}
