// `policy init`: a policy out of answers, given beforehand or asked for.
import type { ServerVersion } from '../../audit/facts.ts';
import { answerProblems, bodies, readers, usualAnswers } from '../../audit/policy/init-answers.ts';
import type { Answers } from '../../audit/policy/init-answers.ts';
import { policyFrom } from '../../audit/policy/init.ts';
import type { Decoded } from '../../audit/policy/policy.ts';
import { presetNames } from '../../audit/policy/presets.ts';
import type { PresetName } from '../../audit/policy/presets.ts';
import { newestKnown } from '../../audit/versions.ts';
import { Failure } from '../../errors.ts';
import type { World } from '../../io/world.ts';

/** What was answered beforehand; what is undefined is asked, or as usual where nobody can be asked. */
export interface InitRequest {
  readonly preset: PresetName | undefined;
  readonly reads: Answers['reads'] | undefined;
  readonly bodies: Answers['bodies'] | undefined;
  readonly namespaces: readonly string[] | undefined;
  readonly ignoredUsers: readonly string[] | undefined;
  readonly omitManagedFields: boolean;
  /** The Kubernetes it is for; the newest known where none is named. */
  readonly version: ServerVersion | undefined;
  /** Where it is written; nowhere when undefined. */
  readonly file: string | undefined;
  /** Whether a file that is there is replaced. */
  readonly force: boolean;
  readonly tell: (text: string) => void;
}

/**
 * Makes the policy, and writes it where that is wanted.
 * @returns its text
 * @throws Failure usage when an answer cannot be, or the file cannot be written | interrupted
 */
export async function initPolicy(world: World, request: InitRequest): Promise<string> {
  const { file, force, tell, version = newestKnown } = request;
  mustBePossible(request);
  const write = file === undefined ? undefined : await world.newFile(file, force);
  const text = policyFrom(await answersTo(world, request), version);
  if (write === undefined) return text;
  await write(text);
  const on = `${version.major}.${version.minor}`;
  tell(
    `${file} holds a policy for Kubernetes ${on}${request.version ? '' : '; --kubernetes-version names another'}.`,
  );
  return text;
}

/** The same, as an API server of that version reads it. */
export async function readBack(text: string, version: ServerVersion = newestKnown): Promise<Decoded> {
  const { readPolicy } = await import('../../audit/policy/read.ts');
  return readPolicy(text, version).policy as Decoded; // whatever was answered, it can be read
}

async function answersTo(world: World, request: InitRequest): Promise<Answers> {
  const preset = request.preset ?? (await oneOf(world, 'Preset to start from', presetNames, 'recommended'));
  const usual = usualAnswers[preset];
  return {
    reads: request.reads ?? (await oneOf(world, 'Whose reads are recorded', readers, usual.reads)),
    bodies:
      request.bodies ??
      (await oneOf(world, 'Writes that are recorded with what was sent', bodies, usual.bodies)),
    namespaces:
      request.namespaces ??
      (await several(world, 'Namespaces to record, by commas; none for all', 'namespaces')),
    ignoredUsers:
      request.ignoredUsers ??
      (await several(world, 'Users not to record, by commas; none for nobody', 'ignoredUsers')),
    omitManagedFields: request.omitManagedFields,
  };
}

async function oneOf<T extends string>(
  world: World,
  question: string,
  words: readonly T[],
  usual: T,
): Promise<T> {
  for (;;) {
    const typed = await world.answer(`${question} (${words.join(', ')})`, usual);
    const word = words.find((one) => one === typed.toLowerCase());
    if (word !== undefined) return word;
  }
}

async function several(
  world: World,
  question: string,
  what: 'namespaces' | 'ignoredUsers',
): Promise<readonly string[]> {
  for (let why = ''; ;) {
    const typed = await world.answer(`${why}${question}`, '');
    const given = typed.split(',').map((one) => one.trim());
    const values = given.filter((one) => one !== '');
    const [problem] = answerProblems({ namespaces: [], ignoredUsers: [], [what]: values });
    if (problem === undefined) return values;
    why = `${problem}. `;
  }
}

function mustBePossible({ namespaces = [], ignoredUsers = [] }: InitRequest): void {
  const [problem] = answerProblems({ namespaces, ignoredUsers });
  if (problem !== undefined) throw new Failure('usage', `${problem}.`, ['Name it as the API server has it.']);
}

export { bodies, presetNames, readers };
