// Knows what this repository's policy code says to a question for the oracle, and whether both say the same.
import { checkPolicy } from '../../../src/audit/policy/check.ts';
import { evaluate } from '../../../src/audit/policy/evaluate.ts';
import type { Verdict } from '../../../src/audit/policy/evaluate.ts';
import type { PolicyProblem } from '../../../src/audit/policy/problem.ts';
import { readPolicy } from '../../../src/audit/policy/read.ts';
import type { Policy } from '../../../src/audit/policy/policy.ts';
import { version } from '../../support/facts.ts';
import type { Questions } from './policy-oracle.ts';

export type Question = Questions['decide']['question'];
export type Answer = Questions['decide']['answer'];

/** What decides; another one than ours in the tests of these tests. */
export type Evaluate = typeof evaluate;

/** Both answers, in words, where they differ. */
export function disagreement(
  { policy, requests, lenient = false }: Question,
  theirs: Answer,
  server: string,
  decides: Evaluate = evaluate,
): string | undefined {
  const on = version(`v${server}`);
  const errors = checkPolicy(policy, on).filter(
    ({ id, severity }) => severity === 'error' && !(lenient && !beforeValues.includes(id)),
  );
  if (theirs.error !== undefined || errors.length > 0)
    return sameRefusal(theirs.error, errors) ? undefined : refusals(theirs.error, errors);
  const read = readPolicy(policy, on).policy;
  const verdicts = theirs.verdicts ?? [];
  for (const [i, request] of requests.entries()) {
    const ours = words(decides({ ...read, rules: read?.rules ?? [] } as Policy, request, on));
    if (ours !== words(verdicts[i])) return `API server: ${words(verdicts[i])}\nthis code:  ${ours}`;
  }
  return undefined;
}

function words(verdict: Verdict | undefined): string {
  if (verdict === undefined) return 'no verdict';
  const { level, rule, omitStages, omitManagedFields } = verdict;
  const stages = omitStages.length < 2 ? omitStages : [...new Set(omitStages)].sort();
  return `${level} by rule ${rule} without [${stages.join(' ')}]${omitManagedFields ? ' and managed fields' : ''}`;
}

function refusals(refused: string | undefined, errors: readonly PolicyProblem[]): string {
  const ours = errors.map(({ id, path, message }) => `${id} ${path}: ${message}`).join('\n            ');
  return `API server: ${refused ?? 'takes it'}\nthis code:  ${ours === '' ? 'takes it' : ours}`;
}

/** Found before an API server looks at the values. */
const beforeValues = ['unreadable', 'empty', 'not-a-mapping', 'wrong-type', 'api-version', 'kind'];

/** Of a field's value the words have to be the same, too; of the text only that it is refused. */
function sameRefusal(refused: string | undefined, errors: readonly PolicyProblem[]): boolean {
  if (refused === undefined) return errors.length === 0;
  const decoding = errors.some(({ id }) => beforeValues.includes(id));
  if (!/^\[?(?:rules|omitStages)\[|^loaded illegal/.test(refused)) return decoding;
  if (decoding) return false;
  // which an API server says last, and only where it has found nothing else
  const values = errors.filter(({ id }) => id !== 'no-rules');
  const said =
    values.length === 0
      ? errors.map(({ message }) => message)
      : values.map(({ path, message }) => `${path}: ${message}`);
  return JSON.stringify(sentences(refused)) === JSON.stringify([...new Set(said)].sort());
}

/** The API server's list of field errors, `[A, B]` or `A`, one by one; an error begins with a path. */
export function sentences(refused: string): readonly string[] {
  const list = refused.replace(/^\[(.*)\]$/s, '$1');
  return list.split(/, (?=(?:rules|omitStages)\[\d+\])/).sort();
}
