// Questions on the terminal: asked on stderr, answered on stdin, never asked where nobody could answer.
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { Failure } from '../errors.ts';
import { interrupted } from './clock.ts';
import type { WorldOptions } from './world.ts';

type Terminal = Pick<WorldOptions, 'stdin' | 'stderr' | 'noInput' | 'signal'>;

/** Whether somebody is there to be asked. */
export function canAsk({ stdin, stderr, noInput }: Terminal): boolean {
  return !noInput && stdin.isTTY === true && stderr.isTTY === true;
}

/** One line from the terminal, "" at end of input; with `hidden` nothing of it is shown. @throws Failure interrupted */
function line(prompt: string, { stdin, stderr, signal }: Terminal, hidden: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(interrupted());
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const output = hidden ? nowhere : stderr;
    const terminal = createInterface({ input: stdin, output, terminal: true, historySize: 0 });
    const end = (outcome: string | Failure): void => {
      signal.removeEventListener('abort', stop);
      terminal.close();
      if (hidden || outcome instanceof Failure) stderr.write('\n');
      if (outcome instanceof Failure) reject(outcome);
      else resolve(outcome);
    };
    let over = false;
    const finish = (outcome: string | Failure): void => {
      if (!over) {
        over = true;
        end(outcome);
      }
    };
    const stop = (): void => finish(interrupted());
    signal.addEventListener('abort', stop, { once: true });
    // in raw mode Ctrl-C is a key, not a signal
    terminal.on('SIGINT', stop);
    terminal.on('close', () => finish(''));
    if (hidden) stderr.write(prompt);
    terminal.question(hidden ? '' : prompt, finish);
  });
}

/**
 * A yes/no question; y and yes in any case are yes, everything else is no.
 * @throws Failure confirmation-needed when nobody can answer; interrupted on Ctrl-C
 */
export async function ask(question: string, options: Terminal): Promise<boolean> {
  if (!canAsk(options))
    throw new Failure('confirmation-needed', `This needs a confirmation: ${question}`, [
      'Say --yes to confirm without being asked.',
      options.noInput ? 'Or leave out --no-input and answer.' : 'Or run it in a terminal and answer.',
    ]);
  return /^y(es)?$/i.test((await line(`${question} [y/N] `, options, false)).trim());
}

/**
 * A line that is typed; the usual answer for an empty one, and at once when nobody can answer.
 * @throws Failure interrupted
 */
export async function askText(question: string, usual: string, options: Terminal): Promise<string> {
  if (!canAsk(options)) return usual;
  const typed = (await line(`${question}${usual === '' ? '' : ` [${usual}]`}: `, options, false)).trim();
  return typed === '' ? usual : typed;
}

/** A line that is not shown as it is typed; ask `canAsk` before. @throws Failure interrupted */
export function askHidden(prompt: string, options: Terminal): Promise<string> {
  return line(prompt, options, true);
}
