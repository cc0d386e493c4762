// `policy test`: whether a policy decides about each case of a file as it is expected to.
import type { ServerVersion } from '../../audit/facts.ts';
import { NoCases, readCases } from '../../audit/policy/cases-text.ts';
import { judge } from '../../audit/policy/judge.ts';
import type { Judged } from '../../audit/policy/judge.ts';
import type { PolicyTestFailure, PolicyTestResult } from '../../audit/policy/results.ts';
import { newestKnown } from '../../audit/versions.ts';
import { Failure } from '../../errors.ts';
import type { World } from '../../io/world.ts';
import { loadPolicy } from './load.ts';

export interface PolicyTestRequest {
  readonly policy: string;
  /** A path; `-` for standard input. */
  readonly cases: string;
  readonly version: ServerVersion | undefined;
}

/** A run: what is shown of it, and of every case its name or how it failed. */
export interface PolicyTestRun {
  readonly result: PolicyTestResult;
  readonly all: readonly (string | PolicyTestFailure)[];
}

const mostBytes = 256 * 1024 * 1024;

/**
 * @param tell is told what of the policy is taken otherwise than it may be meant
 * @throws Failure usage when the file of cases is wrong, policy-invalid
 */
export async function testPolicy(
  world: World,
  request: PolicyTestRequest,
  tell: (text: string) => void,
): Promise<PolicyTestRun> {
  const { version = newestKnown } = request;
  if (request.policy === '-' && request.cases === '-')
    throw new Failure('usage', 'Standard input cannot be both the policy and the cases.');
  const { name, policy, lineOf } = await loadPolicy(world, request.policy, version, tell);
  const file = request.cases === '-' ? 'standard input' : request.cases;
  const all = judged(file, await world.read(request.cases, mostBytes), { policy, version, lineOf });
  const failures = all.filter((one) => typeof one !== 'string');
  const [passed, failed] = [all.length - failures.length, failures.length];
  const kubernetes = `1.${version.minor}`;
  return { result: { policy: name, cases: file, kubernetes, passed, failed, failures }, all };
}

function judged(file: string, text: string, subject: Judged): PolicyTestRun['all'] {
  const all: (string | PolicyTestFailure)[] = [];
  try {
    for (const one of readCases(text, subject.version)) all.push(judge(one, subject) ?? one.name);
  } catch (error) {
    if (!(error instanceof NoCases)) throw error;
    const { place, message } = error;
    const where = place === undefined ? file : `${file}:${place.line}:${place.column}`;
    throw new Failure('usage', `${where}: ${message.replace(/\.$/, '')}.`, [
      'How cases are written: docs/policy-cases.md',
    ]);
  }
  return all;
}
