// The last words of the demo; its commands have shown themselves already.
import type { DemoResult } from '../audit/results.ts';
import { mark } from './paint.ts';
import type { Terminal } from './paint.ts';

/** One line, and one more for every command that did not do as it should. */
export function viewDemo({ steps, seconds, asExpected }: DemoResult, terminal: Terminal): string {
  const wrong = steps.filter(({ exit, expected }) => exit !== expected);
  return [
    '',
    asExpected
      ? `${mark(terminal, 'ok')} ${steps.length} commands did as they should, in ${seconds.toFixed(1)} s. Nothing is left behind.`
      : `${mark(terminal, 'bad')} ${wrong.length} of ${steps.length} commands did not do as they should:`,
    ...wrong.map(({ command, exit, expected }) => `  ${command}: exit ${exit}, expected ${expected}`),
    '',
  ].join('\n');
}
