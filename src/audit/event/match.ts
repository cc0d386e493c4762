// Which events are wanted: the filters of `tail`, the same on every source.
import type { Event } from './event.ts';

/** The texts of an event that a filter looks at; a filter holds when one of its patterns is one of them. */
const values = {
  by: ({ user, asUser }) => (asUser === '' ? [user] : [user, asUser]),
  'by-group': ({ groups, asGroups }) => (asGroups.length === 0 ? groups : [...groups, ...asGroups]),
  'by-service-account': ({ user, asUser }) => [...serviceAccount(user), ...serviceAccount(asUser)],
  verb: ({ verb }) => [verb],
  namespace: ({ namespace }) => [namespace],
  resource: resourceNames,
  name: ({ name }) => [name],
  code: ({ code }) => (code === 0 ? [] : [String(code)]),
  decision: ({ decision }) => [decision],
  level: ({ level }) => [level],
  stage: ({ stage }) => [stage],
  'source-ip': ({ sourceIps }) => sourceIps,
  'user-agent': ({ agent }) => [agent],
} satisfies Readonly<Record<string, (event: Event) => readonly string[]>>;

/** What events can be filtered by; the names are those of the flags. */
export type Field = keyof typeof values;
export const fields = Object.keys(values) as readonly Field[];

/** One condition: that a field is like one of the patterns, or like none of them. */
export interface Filter {
  readonly field: Field;
  /** `*` is any text, `?` any one character; in a code, `x` is any digit: 5xx. */
  readonly patterns: readonly string[];
  readonly not: boolean;
}

/** What is wanted; everything that is said must hold. */
export interface Selection {
  readonly filters: readonly Filter[];
  /** The answer was an error (4xx, 5xx), or the API server panicked. */
  readonly failed: boolean;
  /** The verb is one that changes something. */
  readonly writes: boolean;
  /** Whoever did it, or in whose name it was done, is no `system:` user. */
  readonly byPeople: boolean;
  /** RFC 3339 in UTC, by the time of the stage: the first wanted, and the first no longer wanted. */
  readonly since?: string;
  readonly until?: string;
}

type Test = (event: Event) => boolean;

const accountPrefix = 'system:serviceaccount:';
const serviceAccount = (user: string): readonly string[] =>
  user.startsWith(accountPrefix) ? [user.slice(accountPrefix.length).replace(':', '/')] : [];

/** `pods`, `pods/exec`; with its group too where it has one: `deployments.apps/scale`. */
function resourceNames({ resource, subresource, apiGroup }: Event): readonly string[] {
  if (resource === '') return [];
  const sub = subresource === '' ? '' : `/${subresource}`;
  return apiGroup === '' ? [resource + sub] : [resource + sub, `${resource}.${apiGroup}${sub}`];
}

/** The verbs that change something; the lower-case methods of requests that are for no resource among them. */
export const changing: readonly string[] = [
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
  'post',
  'put',
];
const writes: Test = ({ verb }) => changing.includes(verb);
const failed: Test = ({ code, stage }) => code >= 400 || stage === 'Panic';
const person = (name: string): boolean => name !== '' && !name.startsWith('system:');
const byPeople: Test = ({ user, asUser }) => person(user) || person(asUser);

const wildcards = (text: string, field: Field): string =>
  field === 'code' ? text.replaceAll(/x/gi, '?') : text;

function pattern(text: string, field: Field): (value: string) => boolean {
  const wild = wildcards(text, field);
  if (!/[*?]/.test(wild)) return (value) => value === wild;
  const source = wild
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, 's');
  return (value) => expression.test(value);
}

function filterTest({ field, patterns, not }: Filter): Test {
  const like = patterns.map((one) => pattern(one, field));
  const of = values[field];
  return (event) => of(event).some((value) => like.some((test) => test(value))) !== not;
}

// "…43.123Z" as a text comes after "…43.123456Z": without the Z a shorter time is the beginning of its moment
const moment = (time: string): string => time.replace(/Z$/, '');

/** Two tests, for one stage of a request and for what is known of the whole request when its stages are folded. */
export interface Matcher {
  /** Whether a stage counts at all: its own name and time. */
  readonly stage: Test;
  /** Whether the request is wanted, judged by its last stage: the first ones know neither name nor code. */
  readonly request: Test;
}

/** The tests of a selection. */
export function matcher({ filters, since, until, ...short }: Selection): Matcher {
  const ofStage = filters.filter(({ field }) => field === 'stage').map(filterTest);
  const [from, to] = [since && moment(since), until && moment(until)];
  if (from !== undefined) ofStage.push(({ at }) => at >= from);
  if (to !== undefined) ofStage.push(({ at }) => at !== '' && at < to);
  const ofRequest = filters.filter(({ field }) => field !== 'stage').map(filterTest);
  if (short.failed) ofRequest.push(failed);
  if (short.writes) ofRequest.push(writes);
  if (short.byPeople) ofRequest.push(byPeople);
  return {
    stage: (event) => ofStage.every((test) => test(event)),
    request: (event) => ofRequest.every((test) => test(event)),
  };
}

// what no writer of JSON escapes, and what the receiver does not change in a value
const plainRun = /[A-Za-z0-9_@-]{3,}/g;

/**
 * Texts of which a line must hold at least one to have a wanted event: the longest that one filter gives. A line
 * without any need not be parsed.
 * @returns nothing when every line must be looked at
 */
export function literals({ filters }: Selection): readonly string[] {
  const sets = filters
    .filter(({ not }) => !not)
    .map(({ field, patterns }) =>
      patterns.map((one) => longest(wildcards(one, field).match(plainRun) ?? [])),
    );
  const least = (set: readonly string[]): number => Math.min(...set.map(({ length }) => length));
  const best = sets.sort((a, b) => least(b) - least(a))[0] ?? [];
  return best.includes('') ? [] : best;
}

const longest = (texts: readonly string[]): string =>
  texts.reduce((best, one) => (one.length > best.length ? one : best), '');
