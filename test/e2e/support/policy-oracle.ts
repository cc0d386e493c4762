// Knows how to ask the API server's own policy code, of a version: the part policy-oracle, a question and an answer a
// line (test/e2e/parts/policy-oracle/main.go).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Verdict } from '../../../src/audit/policy/evaluate.ts';
import type { Attributes } from '../../../src/audit/policy/policy.ts';
import type { Asked } from '../../../src/audit/policy/request.ts';
import { partPath } from './parts.ts';

export interface Questions {
  readonly decide: {
    readonly question: {
      readonly policy: string;
      readonly requests: readonly Attributes[];
      /** Without validation. */
      readonly lenient?: boolean;
    };
    /** Stages are sorted. */
    readonly answer:
      { readonly error: string } | { readonly error?: undefined; readonly verdicts?: Verdict[] };
  };
  readonly attributes: {
    readonly question: { readonly method: string; readonly uri: string };
    readonly answer: { readonly error: string } | ({ readonly error?: undefined } & Asked);
  };
}

export interface Oracle<Kind extends keyof Questions> {
  ask(question: Questions[Kind]['question']): Promise<Questions[Kind]['answer']>;
  /** Rejects when it did not end well. */
  stop(): Promise<void>;
}

/** Starts one; it ends with its standard input, so with the tests at the latest. */
export function startOracle<Kind extends keyof Questions>(version: string, kind: Kind): Oracle<Kind> {
  type Answer = Questions[Kind]['answer'];
  const child = spawn(partPath('policy-oracle', 'policy-oracle', version), [kind], { stdio: 'pipe' });
  const waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said = (said + chunk).slice(-2000)));
  child.stdin.on('error', () => undefined); // told by its end
  createInterface({ input: child.stdout }).on('line', (line) =>
    waiting.shift()?.resolve(JSON.parse(line) as Answer),
  );
  const end = once(child, 'close').then(([code]) => {
    const error = new Error(`policy-oracle ${version} ended with ${String(code)}: ${said}`);
    for (const { reject } of waiting.splice(0)) reject(error);
    if (code !== 0) throw error;
  });
  end.catch(() => undefined); // told by stop
  const ask = (question: Questions[Kind]['question']): Promise<Answer> =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      child.stdin.write(`${JSON.stringify(question)}\n`);
    });
  const stop = (): Promise<void> => {
    child.stdin.end();
    return end;
  };
  return { ask, stop };
}

/** Handles each item, a few at a time, so that both sides of a pipe have something to do. */
export async function each<Item>(
  items: Iterable<Item>,
  handle: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = left.next(); next.done !== true; next = left.next()) await handle(next.value);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}
