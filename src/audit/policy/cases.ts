// Cases that a policy is tested with: a request, and what is expected of the decision about it.
// docs/policy-cases.md is the format.
import { levels, stages } from '../backend/audit-sink.ts';
import type { Level, Stage } from '../backend/audit-sink.ts';
import type { ServerVersion } from '../facts.ts';
import type { Attributes } from './policy.ts';
import { requestOf } from './request-form.ts';
import { NoRequest } from './request-words.ts';
import type { RequestForm } from './request-words.ts';

export interface PolicyCase {
  readonly name: string;
  readonly attributes: Attributes;
  readonly expect: Expected;
}

/** What is left out is not compared. */
export interface Expected {
  readonly level?: Level;
  /** Index of the rule that decides; -1 for none. */
  readonly rule?: number;
  /** In any order. */
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
  /** Those that come into the log, in any order. */
  readonly stages?: readonly Stage[];
}

type Path = readonly (string | number)[];

/** What is wrong with a list of cases; the message is a part of a sentence, and stands behind the place. */
export class CaseFault extends Error {
  /** Keys and indexes down to the value at fault. */
  readonly path: Path;
  constructor(path: Path, message: string) {
    super(message);
    this.path = path;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The cases of a list, one after the other: many of them are not held at once.
 * @param value as JSON or YAML has it
 * @param version that requests are meant for
 * @throws CaseFault for the first thing that is wrong, when it is come to
 */
export function* casesIn(value: unknown, version: ServerVersion): Generator<PolicyCase> {
  if (!Array.isArray(value)) throw new CaseFault([], 'a list of cases is wanted');
  if (value.length === 0) throw new CaseFault([], 'there is no case in it');
  for (let i = 0; i < value.length; i++) yield caseIn(value[i], [i], version);
}

const caseKeys = ['name', 'attributes', 'request', 'expect'];

function caseIn(item: unknown, at: Path, version: ServerVersion): PolicyCase {
  const { name, attributes, request, expect } = mapping(item, caseKeys, at);
  if (typeof name !== 'string' || name === '') throw new CaseFault([...at, 'name'], 'a case needs a name');
  if ((attributes === undefined) === (request === undefined))
    throw new CaseFault(at, 'a case has either attributes or a request');
  return {
    name,
    attributes:
      attributes === undefined
        ? requestIn(request, [...at, 'request'], version)
        : attributesIn(attributes, [...at, 'attributes']),
    expect: expectedIn(expect, [...at, 'expect']),
  };
}

// apiVersion plays no part in any decision
const textKeys = ['verb', 'apiGroup', 'apiVersion', 'namespace', 'resource', 'subresource', 'name', 'path'];
const attributeKeys = ['user', 'resourceRequest', ...textKeys];

function attributesIn(value: unknown, at: Path): Attributes {
  const fields = mapping(value, attributeKeys, at);
  const said = (key: string): string => {
    const one = fields[key];
    if (one !== undefined && typeof one !== 'string') throw new CaseFault([...at, key], 'a text is wanted');
    return one ?? '';
  };
  const resource = said('resource');
  const { resourceRequest = resource !== '' } = fields;
  if (typeof resourceRequest !== 'boolean')
    throw new CaseFault([...at, 'resourceRequest'], 'true or false is wanted');
  const asked = {
    ...{ verb: said('verb'), resourceRequest, apiGroup: said('apiGroup'), namespace: said('namespace') },
    ...{ resource, subresource: said('subresource'), name: said('name'), path: said('path') },
  };
  const user = userIn(fields['user'], [...at, 'user']);
  return user === null ? asked : { ...asked, user };
}

const userKeys = ['name', 'groups'];

function userIn(value: unknown, at: Path): NonNullable<Attributes['user']> | null {
  if (value === null) return null;
  if (value === undefined)
    throw new CaseFault(at.slice(0, -1), 'a user is wanted: null after a failed login');
  const { name, groups = [] } = mapping(value, userKeys, at);
  if (typeof name !== 'string') throw new CaseFault([...at, 'name'], 'a text is wanted');
  return { name, groups: texts(groups, [...at, 'groups']) };
}

const formTexts = [
  ...(['as', 'verb', 'resource', 'subresource', 'apiGroup'] as const),
  ...(['namespace', 'name', 'url', 'method'] as const),
];
const formKeys = [...formTexts, 'asGroups', 'unauthenticated'];

function requestIn(value: unknown, at: Path, version: ServerVersion): Attributes {
  const fields = mapping(value, formKeys, at);
  for (const key of formTexts)
    if (fields[key] !== undefined && typeof fields[key] !== 'string')
      throw new CaseFault([...at, key], 'a text is wanted');
  const { asGroups, unauthenticated } = fields;
  if (asGroups !== undefined) texts(asGroups, [...at, 'asGroups']);
  if (unauthenticated !== undefined && typeof unauthenticated !== 'boolean')
    throw new CaseFault([...at, 'unauthenticated'], 'true or false is wanted');
  try {
    return requestOf(fields as RequestForm, version).attributes;
  } catch (error) {
    if (error instanceof NoRequest) throw new CaseFault(at, `${error.message} ${error.next}`);
    throw error;
  }
}

const expectKeys = ['level', 'rule', 'omitStages', 'omitManagedFields', 'stages'];

function expectedIn(value: unknown, at: Path): Expected {
  const fields = mapping(value, expectKeys, at);
  if (Object.keys(fields).length === 0) throw new CaseFault(at, 'nothing is expected, so nothing is tested');
  const { level, rule, omitManagedFields } = fields;
  if (level !== undefined) word(level, levels, [...at, 'level']);
  if (rule !== undefined && !(Number.isInteger(rule) && (rule as number) >= -1))
    throw new CaseFault([...at, 'rule'], "a rule's index is wanted, or -1 for none");
  if (omitManagedFields !== undefined && typeof omitManagedFields !== 'boolean')
    throw new CaseFault([...at, 'omitManagedFields'], 'true or false is wanted');
  for (const key of ['omitStages', 'stages'])
    if (fields[key] !== undefined)
      texts(fields[key], [...at, key]).forEach((one, i) => word(one, stages, [...at, key, i]));
  return fields as Expected;
}

function word(value: unknown, words: readonly string[], at: Path): void {
  if (!words.includes(value as string)) throw new CaseFault(at, `one of ${words.join(', ')} is wanted`);
}

function texts(value: unknown, at: Path): readonly string[] {
  if (!Array.isArray(value)) throw new CaseFault(at, 'a list of texts is wanted');
  const wrong = value.findIndex((one) => typeof one !== 'string');
  if (wrong !== -1) throw new CaseFault([...at, wrong], 'a text is wanted');
  return value as readonly string[];
}

function mapping(value: unknown, known: readonly string[], at: Path): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CaseFault(at, `a mapping with ${known.join(', ')} is wanted`);
  for (const key in value)
    if (!known.includes(key)) throw new CaseFault([...at, key], `${key} is none of ${known.join(', ')}`);
  return value as Fields;
}
