// `policy test` as text and as JUnit: the cases that do not agree, with what was expected, what is, and why.
import type { PolicyTestFailure, PolicyTestResult } from '../../audit/policy/results.ts';
import { junit } from '../junit.ts';
import { fold, mark, paint } from '../paint.ts';
import type { Terminal } from '../paint.ts';
import { requestWords } from './explain.ts';

/** Each failure in a few lines, then how many there are. */
export function viewPolicyTest(result: PolicyTestResult, terminal: Terminal): string {
  const { passed, failed, failures } = result;
  const sign = mark(terminal, failed === 0 ? 'ok' : 'bad');
  return [
    ...failures.flatMap((one) => [...failureLines(one, terminal), '']),
    `${sign} ${passed} passed, ${failed} failed`,
    '',
  ].join('\n');
}

function failureLines(failure: PolicyTestFailure, terminal: Terminal): readonly string[] {
  const { differs, why } = told(failure);
  const line = (text: string): string => `    ${fold(text, terminal, 6)}`;
  return [
    `${mark(terminal, 'bad')} ${paint(terminal, 'bold', fold(failure.name, terminal, 2))}`,
    line(asked(failure)),
    ...[...differs, ...why].map(line),
  ];
}

const asked = (failure: PolicyTestFailure): string =>
  `${requestWords(failure)}, by ${failure.request.user?.name ?? 'nobody: authentication failed'}`;

function told({ differs, why }: PolicyTestFailure): { differs: readonly string[]; why: readonly string[] } {
  const value = (one: unknown): string => (Array.isArray(one) ? one.join(', ') || 'none' : String(one));
  return {
    differs: differs.map(
      ({ field, expected, got }) => `${field}: expected ${value(expected)}, got ${value(got)}`,
    ),
    why,
  };
}

/** JUnit: a test case per case. @param all names of those that passed, and the others */
export function viewPolicyTestJunit(
  { policy }: PolicyTestResult,
  all: readonly (string | PolicyTestFailure)[],
): string {
  const cases = all.map((failure) => {
    if (typeof failure === 'string') return { name: failure };
    const { differs, why } = told(failure);
    const body = [asked(failure), ...differs, ...why].join('\n');
    return { name: failure.name, outcome: { kind: 'failure' as const, message: differs.join('; '), body } };
  });
  return junit({ name: `sematext-audit policy test ${policy}`, cases });
}
