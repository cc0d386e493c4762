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

/** What `read` makes of the value under a key; a path is put together only where something is wrong. */
function inside<T>(key: string | number, value: unknown, read: (value: unknown) => T): T {
  try {
    return read(value);
  } catch (error) {
    if (error instanceof CaseFault) throw new CaseFault([key, ...error.path], error.message);
    throw error;
  }
}

/**
 * The cases of a list, one after the other: many of them are not held at once.
 * @param value as JSON or YAML has it
 * @param version that requests are meant for
 * @throws CaseFault for the first thing that is wrong, when it is come to
 */
export function* casesIn(value: unknown, version: ServerVersion): Generator<PolicyCase> {
  if (!Array.isArray(value)) throw new CaseFault([], 'a list of cases is wanted');
  if (value.length === 0) throw new CaseFault([], 'there is no case in it');
  const read = (item: unknown): PolicyCase => caseIn(item, version);
  for (let i = 0; i < value.length; i++) yield inside(i, value[i], read);
}

const caseKeys = ['name', 'attributes', 'request', 'expect'];

function caseIn(item: unknown, version: ServerVersion): PolicyCase {
  const { name, attributes, request, expect } = mapping(item, caseKeys);
  if (typeof name !== 'string' || name === '') throw new CaseFault(['name'], 'a case needs a name');
  if ((attributes === undefined) === (request === undefined))
    throw new CaseFault([], 'a case has either attributes or a request');
  return {
    name,
    attributes:
      attributes === undefined
        ? inside('request', request, (value) => requestIn(value, version))
        : inside('attributes', attributes, attributesIn),
    expect: inside('expect', expect, expectedIn),
  };
}

const attributeKeys = [
  ...['user', 'verb', 'resourceRequest', 'apiGroup', 'apiVersion', 'namespace'],
  ...['resource', 'subresource', 'name', 'path'],
];

function attributesIn(value: unknown): Attributes {
  const fields = mapping(value, attributeKeys);
  textIn(fields, 'apiVersion'); // plays no part in any decision
  const resource = textIn(fields, 'resource');
  const { resourceRequest = resource !== '', user } = fields;
  if (typeof resourceRequest !== 'boolean')
    throw new CaseFault(['resourceRequest'], 'true or false is wanted');
  if (user === undefined) throw new CaseFault([], 'a user is wanted: null after a failed login');
  const asked = {
    verb: textIn(fields, 'verb'),
    resourceRequest,
    apiGroup: textIn(fields, 'apiGroup'),
    namespace: textIn(fields, 'namespace'),
    resource,
    subresource: textIn(fields, 'subresource'),
    name: textIn(fields, 'name'),
    path: textIn(fields, 'path'),
  };
  return user === null ? asked : { user: inside('user', user, userIn), ...asked };
}

const userKeys = ['name', 'groups'];

function userIn(value: unknown): NonNullable<Attributes['user']> {
  const { name, groups = [] } = mapping(value, userKeys);
  if (typeof name !== 'string') throw new CaseFault(['name'], 'a text is wanted');
  return { name, groups: inside('groups', groups, texts) };
}

const formTexts = [
  ...(['as', 'verb', 'resource', 'subresource', 'apiGroup'] as const),
  ...(['namespace', 'name', 'url', 'method'] as const),
];
const formKeys = [...formTexts, 'asGroups', 'unauthenticated'];

function requestIn(value: unknown, version: ServerVersion): Attributes {
  const fields = mapping(value, formKeys);
  for (const key of formTexts) textIn(fields, key);
  const { asGroups, unauthenticated } = fields;
  if (asGroups !== undefined) inside('asGroups', asGroups, texts);
  if (unauthenticated !== undefined && typeof unauthenticated !== 'boolean')
    throw new CaseFault(['unauthenticated'], 'true or false is wanted');
  try {
    return requestOf(fields as RequestForm, version).attributes;
  } catch (error) {
    if (error instanceof NoRequest) throw new CaseFault([], `${error.message} ${error.next}`);
    throw error;
  }
}

const expectKeys = ['level', 'rule', 'omitStages', 'omitManagedFields', 'stages'];

function expectedIn(value: unknown): Expected {
  const fields = mapping(value, expectKeys);
  if (Object.keys(fields).length === 0) throw new CaseFault([], 'nothing is expected, so nothing is tested');
  const { level, rule, omitManagedFields } = fields;
  if (level !== undefined) word(level, levels, 'level');
  if (rule !== undefined && !(Number.isInteger(rule) && (rule as number) >= -1))
    throw new CaseFault(['rule'], "a rule's index is wanted, or -1 for none");
  if (omitManagedFields !== undefined && typeof omitManagedFields !== 'boolean')
    throw new CaseFault(['omitManagedFields'], 'true or false is wanted');
  for (const key of ['omitStages', 'stages'])
    if (fields[key] !== undefined)
      inside(key, fields[key], (listed) => texts(listed).forEach((one, i) => word(one, stages, i)));
  return fields as Expected;
}

function word(value: unknown, words: readonly string[], key: string | number): void {
  if (!words.includes(value as string)) throw new CaseFault([key], `one of ${words.join(', ')} is wanted`);
}

/** The text of a field, empty where it is left out. */
function textIn(fields: Fields, key: string): string {
  const value = fields[key];
  if (value !== undefined && typeof value !== 'string') throw new CaseFault([key], 'a text is wanted');
  return value ?? '';
}

function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new CaseFault([], 'a list of texts is wanted');
  const wrong = value.findIndex((one) => typeof one !== 'string');
  if (wrong !== -1) throw new CaseFault([wrong], 'a text is wanted');
  return value as readonly string[];
}

function mapping(value: unknown, known: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CaseFault([], `a mapping with ${known.join(', ')} is wanted`);
  for (const key in value)
    if (!known.includes(key)) throw new CaseFault([key], `${key} is none of ${known.join(', ')}`);
  return value as Fields;
}
