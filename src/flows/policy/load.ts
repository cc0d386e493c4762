// A policy that the user named, as an API server of a version reads it, with the lines that its rules stand in.
import { positions, problemsIn } from '../../audit/policy/check.ts';
import type { Policy } from '../../audit/policy/policy.ts';
import { preset } from '../../audit/policy/presets.ts';
import type { PolicyProblem } from '../../audit/policy/problem.ts';
import { readPolicy } from '../../audit/policy/read.ts';
import type { ServerVersion } from '../../audit/facts.ts';
import { Failure } from '../../errors.ts';
import type { World } from '../../io/world.ts';
import { openPolicy } from './open.ts';

export interface LoadedPolicy {
  /** The preset's, or the file's. */
  readonly name: string;
  readonly policy: Policy;
  /** Where a rule begins, from 1 on. */
  readonly lineOf: (rule: number) => number;
}

/** How many problems are told at most. */
const mostTold = 10;

/**
 * @param said as for `openPolicy`
 * @param tell is told what the API server takes, but not as it was meant
 * @throws Failure usage when it cannot be had, policy-invalid when no API server of that version would start with it
 */
export async function loadPolicy(
  world: World,
  said: string,
  version: ServerVersion,
  tell: (text: string) => void,
): Promise<LoadedPolicy> {
  const choice = await openPolicy(world, said);
  const [name, text] =
    'preset' in choice
      ? [choice.preset, preset(choice.preset, version)]
      : [choice.file === '-' ? 'standard input' : choice.file, choice.text];
  const reading = readPolicy(text, version);
  const problems = problemsIn(text, reading, version.minor);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw refused(name, errors, version);
  for (const problem of problems) tell(`${sentence(name, problem)}.`);
  const at = positions(text);
  const lineOf = (rule: number): number => at(reading.offsetOf(`rules[${rule}]`)).line;
  return { name, policy: reading.policy as Policy, lineOf }; // it has no error
}

function refused(name: string, errors: readonly PolicyProblem[], { minor }: ServerVersion): Failure {
  const told = errors.slice(0, mostTold).map((error) => `${sentence(name, error)}.`);
  const more = errors.length > mostTold ? [`and ${errors.length - mostTold} more`] : [];
  return new Failure('policy-invalid', `An API server of 1.${minor} would not start with ${name}.`, [
    ...told,
    ...more,
  ]);
}

function sentence(name: string, { line, column, path, message, hint }: PolicyProblem): string {
  const what = path === '' ? message : `${path}: ${message}`;
  return `${name}:${line}:${column} ${what}${hint === undefined ? '' : `; ${hint}`}`;
}
