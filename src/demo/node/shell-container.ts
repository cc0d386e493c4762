// A container that runs a shell script of the node: for real, on this machine, as the user of this program, with the
// paths of its mounts put in place of those that it would see.
import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { endedBy, type Exit, type Launch, type Running } from './container.ts';
import type { Mount } from './mounts.ts';

/** What is special about the node that it runs on. */
export interface ShellPlace {
  /** Folder of programs that stand for the node's own. */
  readonly programs: string;
  /** Whether writing to a file fails, as on a full disk. */
  readonly full: () => boolean;
}

const pathLetter = String.raw`[\w./-]`;

/**
 * A word of a command as it has to be here. Its own root is this machine's, so that entering the host's is left out; and
 * the folders of programs are this machine's too.
 */
export function mapped(word: string, mounts: readonly Mount[]): string {
  const host = mounts.filter(({ at }) => !['/usr', '/bin', '/lib', '/lib64', '/sbin'].includes(at));
  let text = word.replace(/enter=\/usr\/sbin\/chroot \/host\b/g, 'enter=');
  for (const { at, source } of host)
    text = text.replace(new RegExp(`(?<!${pathLetter})${at}(?![\\w.-])`, 'g'), () =>
      source.replace(/\/$/, ''),
    );
  return text;
}

/** Reads a stream as text, whole characters only. */
function pipe(stream: NodeJS.ReadableStream | null, take: (text: string) => void): void {
  const decoder = new StringDecoder('utf8');
  stream?.on('data', (chunk: Buffer) => take(decoder.write(chunk)));
}

// a write beyond the limit fails with an error, as one to a full disk does, when its signal is ignored
const limited = ['/bin/sh', '-c', `trap '' XFSZ; ulimit -f 0; exec "$@"`, 'sh'];

function wordsOf({ container: { command = [], args = [] }, mounts }: Launch): string[] {
  return [...command, ...args].map((word) => mapped(word, mounts));
}

function environment({ container }: Launch, programs: string): Record<string, string> {
  const own = Object.fromEntries((container.env ?? []).map(({ name, value = '' }) => [name, value]));
  return { ...own, PATH: `${programs}:${own['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin'}` };
}

/** Starts one. */
export function startShellContainer({ programs, full }: ShellPlace, launch: Launch): Running {
  const { log } = launch;
  const [program = '', ...args] = full() ? [...limited, ...wordsOf(launch)] : wordsOf(launch);
  const env = environment(launch, programs);
  const child = spawn(program, args, { cwd: '/', env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let why: 'OOMKilled' | undefined;
  const signal = (name: NodeJS.Signals): void => {
    try {
      // with everything that it has started
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // it has ended meanwhile
    }
  };
  let timer: NodeJS.Timeout | undefined;
  pipe(child.stdout, (text) => log(text, 'stdout'));
  pipe(child.stderr, (text) => log(text, 'stderr'));
  const ended = new Promise<Exit>((resolve) => {
    child.once('error', (error) => {
      log(`${error.message}\n`);
      resolve({ exitCode: 128, reason: 'Error' });
    });
    child.once('close', (code, by) => {
      clearTimeout(timer);
      signal('SIGKILL'); // what it has left behind goes with the container
      if (by !== null) resolve(endedBy(by === 'SIGTERM' ? by : 'SIGKILL', why));
      else resolve({ exitCode: code ?? 0, reason: code === 0 ? 'Completed' : 'Error' });
    });
  });
  return {
    ended,
    stop: (graceMs) => {
      // the first process of a container ignores SIGTERM unless it handles it, which a plain script does not
      clearTimeout(timer);
      timer = setTimeout(() => signal('SIGKILL'), graceMs);
    },
    kill: (reason) => {
      why = reason;
      signal('SIGKILL');
    },
  };
}
