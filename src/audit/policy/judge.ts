// Whether a policy decides about a case as it is expected to, and why where it does not.
import type { ServerVersion } from '../facts.ts';
import type { Expected, PolicyCase } from './cases.ts';
import { evaluate } from './evaluate.ts';
import type { Verdict } from './evaluate.ts';
import { whyNot } from './explain.ts';
import type { Policy } from './policy.ts';
import type { PolicyTestFailure } from './results.ts';
import { recordedStages } from './stages.ts';

/** A policy, for an API server of a version, and where its rules stand. */
export interface Judged {
  readonly policy: Policy;
  readonly version: ServerVersion;
  readonly lineOf: (rule: number) => number;
}

/** How the decision about a case differs from what is expected; undefined where it does not. */
export function judge(
  { name, attributes, expect }: PolicyCase,
  subject: Judged,
): PolicyTestFailure | undefined {
  const { policy, version, lineOf } = subject;
  const verdict = evaluate(policy, attributes, version);
  // most cases do not ask for them
  const stages = expect.stages === undefined ? [] : recordedStages(attributes, verdict);
  const differing = fields.filter(
    (field) => !agrees(expect[field], field === 'stages' ? stages : verdict[field]),
  );
  if (differing.length === 0) return undefined;
  const got = { ...verdict, stages };
  const differs = differing.map((field) => ({ field, expected: expect[field] ?? [], got: got[field] }));
  const { user = null, ...asked } = attributes;
  const { rule } = verdict;
  return {
    name,
    request: { user, ...asked },
    differs,
    rule,
    ...(rule !== -1 && { line: lineOf(rule) }),
    why: reasons(expect.rule ?? -1, verdict, attributes, subject),
  };
}

const fields = ['level', 'rule', 'omitStages', 'omitManagedFields', 'stages'] as const;

/** Lists are sets. */
function agrees(expected: Expected[keyof Expected], got: Expected[keyof Expected]): boolean {
  if (expected === undefined || expected === got) return true;
  if (typeof expected !== 'object' || typeof got !== 'object') return false;
  return got.every((one) => expected.includes(one)) && expected.every((one) => got.includes(one));
}

function reasons(
  expected: number,
  { rule, level }: Verdict,
  attributes: PolicyCase['attributes'],
  { policy, version, lineOf }: Judged,
): readonly string[] {
  const place = (index: number): string => `rules[${index}], line ${lineOf(index)},`;
  const decided = rule === -1 ? 'no rule matches, so the level is None' : `${place(rule)} decides: ${level}`;
  const wanted = policy.rules[expected];
  if (wanted === undefined || expected === rule) return [decided];
  if (rule !== -1 && expected > rule) return [decided, `${place(expected)} comes after it`];
  return [decided, `${place(expected)} does not match: ${whyNot(wanted, expected, attributes, version).why}`];
}
