// A check is a named question about facts. Checks have no order and no memory: to ask again is to gather again.
import type { Code } from '../../errors.ts';
import type { Facts, Look, Unseen } from '../facts.ts';
import type { Sink } from '../sink/sematext.ts';

/** What the checks are asked about: the facts, and the sink that the user named (none when none was). */
export interface Subject {
  readonly facts: Facts;
  readonly sink: Sink | undefined;
}

/** `unknown` means that the check could not look; it is never taken for `ok`. `skipped`: the question does not arise. */
export type Answer =
  | { readonly result: 'ok' | 'skipped'; readonly evidence: string }
  | { readonly result: 'bad'; readonly evidence: string; readonly hint: string }
  | { readonly result: 'unknown'; readonly evidence: string; readonly hint: string; readonly code?: Code };

/** @typeParam S what it is asked about; more than the usual where a command looked at more */
export interface Check<S extends Subject = Subject> {
  readonly id: string;
  readonly title: string;
  /** `error`: a bad or unknown answer makes the whole answer "no"; `warning`: it is told and does no more. */
  readonly severity: 'error' | 'warning';
  /** What a bad answer exits as. */
  readonly code: Code;
  readonly ask: (subject: S) => Answer;
}

/** One check's answer, as it is shown and as it stands in the JSON. */
export interface Finding {
  readonly id: string;
  readonly title: string;
  readonly severity: 'error' | 'warning';
  readonly code: Code;
  readonly result: Answer['result'];
  readonly evidence: string;
  readonly hint?: string;
  /** The check's page. */
  readonly page: string;
}

/** Where the page of each check is published; the files themselves are docs/checks/ID.md. */
const pages = 'https://github.com/sematext/kubectl-sematext-audit/blob/main/docs/checks';

/**
 * Asks every check.
 * @param skip ids that the user does not want asked; their result is `skipped`
 */
export function answerAll<S extends Subject>(
  checks: readonly Check<S>[],
  subject: S,
  skip: readonly string[] = [],
): readonly Finding[] {
  return checks.map(({ id, title, severity, code, ask }) => {
    const answer: Answer = skip.includes(id)
      ? { result: 'skipped', evidence: 'left out on request' }
      : ask(subject);
    return { id, title, severity, code, ...answer, page: `${pages}/${id}.md` };
  });
}

/** The findings that stand in the way: bad or unknown answers of checks that count. */
export function obstacles(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(
    ({ severity, result }) => severity === 'error' && (result === 'bad' || result === 'unknown'),
  );
}

export const ok = (evidence: string): Answer => ({ result: 'ok', evidence });
export const skipped = (evidence: string): Answer => ({ result: 'skipped', evidence });
export const bad = (evidence: string, hint: string): Answer => ({ result: 'bad', evidence, hint });

/** @param code what a look that failed exits as; a check's own code says that it has an answer */
export const unknown = (
  { why, unseen }: Pick<Unseen, 'why'> & Partial<Unseen>,
  hint: string,
  code: Code = 'unhealthy',
): Answer => ({
  result: 'unknown',
  evidence: why,
  hint,
  code: unseen === 'forbidden' ? 'cluster-forbidden' : unseen === 'failed' ? code : 'unhealthy',
});

/** Asks on only when the look brought something; otherwise the answer is `unknown`, with this hint and code. */
export function whenSeen<T>(
  look: Look<T>,
  said: string | { readonly hint: string; readonly code: Code },
  then: (value: T) => Answer,
): Answer {
  if ('seen' in look) return then(look.seen);
  return typeof said === 'string' ? unknown(look, said) : unknown(look, said.hint, said.code);
}
