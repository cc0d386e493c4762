// Knows how to look for a policy that an API server of a version takes for another one than this repository's code
// does, and how to show it: the smallest one, with both answers.
import { parse } from 'yaml';
import type { Attributes } from '../../../src/audit/policy/policy.ts';
import { shrink } from '../../support/shrink.ts';
import type { Json } from '../../support/shrink.ts';
import { disagreement } from './policy-agreement.ts';
import type { Answer, Evaluate, Question } from './policy-agreement.ts';
import { each, startOracle } from './policy-oracle.ts';
import type { Oracle } from './policy-oracle.ts';

/** How many of them are shown; the search ends with the last. */
const enough = 3;

export interface Hunt {
  /** Version of the API server: 1.37.2. */
  readonly server: string;
  readonly questions: Iterable<Question>;
  /** Called with each question and what the API server's code says. */
  readonly told?: (question: Question, answer: Answer) => void;
  /** What decides here, if not our evaluator. */
  readonly decides?: Evaluate;
}

/** What was found, each as text; empty where both agree about everything. */
export async function hunt(hunt: Hunt): Promise<readonly string[]> {
  const { server, questions, decides, told } = hunt;
  const oracle = startOracle(server, 'decide');
  const found: Question[] = [];
  try {
    await each(questions, async (question) => {
      if (found.length >= enough) return;
      const answer = await oracle.ask(question);
      if (disagreement(question, answer, server, decides) !== undefined) found.push(question);
      else told?.(question, answer);
    });
    const shown: string[] = [];
    for (const question of found.slice(0, enough))
      shown.push(await smallest(oracle, question, server, decides));
    return shown;
  } finally {
    await oracle.stop();
  }
}

async function smallest(
  oracle: Oracle<'decide'>,
  { policy, requests, lenient = false }: Question,
  server: string,
  decides: Evaluate | undefined,
): Promise<string> {
  const asked = (policy: Json, request: Json | undefined): Question => ({
    policy: typeof policy === 'string' ? policy : JSON.stringify(policy),
    requests: request === undefined ? [] : [{ ...nothing, ...(request as Partial<Attributes>) }],
    lenient,
  });
  const answers = async (question: Question): Promise<string | undefined> =>
    disagreement(question, await oracle.ask(question), server, decides);
  const fails = async (policy: Json, request: Json | undefined): Promise<boolean> =>
    (await answers(asked(policy, request))) !== undefined;

  let request: Json | undefined;
  for (const one of requests) if (!(await fails(policy, request))) request = one as unknown as Json;
  // what is JSON loses whole parts, and any other text its lines and letters
  const start = (await fails(plain(policy), request)) ? plain(policy) : policy;
  const small = await shrink(start, (less) => fails(less, request));
  if (request !== undefined) request = await shrink(request, (less) => fails(small, less));
  const question = asked(small, request);
  const shown = /[^\n -~]/.test(question.policy) ? escaped(question.policy) : question.policy;
  return `${shown}\n${JSON.stringify(question.requests[0]) ?? ''}\n${(await answers(question)) ?? ''}`;
}

const escaped = (text: string): string =>
  JSON.stringify(text).replace(/[^ -~]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** As a value, where it is JSON or YAML that means the same to everybody. */
function plain(policy: string): Json {
  try {
    return parse(policy, { logLevel: 'silent' }) as Json;
  } catch {
    return policy;
  }
}

const nothing: Attributes = {
  verb: '',
  resourceRequest: false,
  apiGroup: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  path: '',
};
