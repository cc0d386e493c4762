// The filters of `tail` as an OpenSearch query that finds every wanted event and maybe more: the matcher
// (src/audit/event/match.ts) always judges what was found. Nobody knows how an App maps its strings: analysed in
// whatever way with an exact copy in `.raw` (Sematext) or `.keyword` (OpenSearch), or kept whole. A condition is left
// out where it could lose an event under any of these.
import { changing } from '../event/match.ts';
import type { Filter, Selection } from '../event/match.ts';

/** One clause of OpenSearch's query language. */
export type Clause = Readonly<Record<string, unknown>>;

export const anyOf = (clauses: readonly Clause[]): Clause =>
  clauses.length === 1 && clauses[0] !== undefined ? clauses[0] : { bool: { should: clauses } };
const allOf = (filter: readonly Clause[], not: readonly Clause[] = []): Clause => ({
  bool: { ...(filter.length > 0 && { filter }), ...(not.length > 0 && { must_not: not }) },
});
const exists = (field: string): Clause => ({ exists: { field } });

const exactCopies = ['raw', 'keyword'] as const;
const inCopies = (path: string, clause: (field: string) => Clause): Clause[] =>
  exactCopies.map((copy) => clause(`${path}.${copy}`));

/** Where a text of an event stands in its document. */
interface Place {
  readonly path: string;
  /** The object around it, to tell a value that was too long to be indexed from one that was never there. */
  readonly within?: string;
  /** Several values: that one of them was too long to be indexed cannot be seen. */
  readonly many?: true;
  /** No value of it is ever as long as `leastIgnored`. */
  readonly short?: true;
}

const user: Place = { path: 'user.username', within: 'user' };
const asUser: Place = { path: 'impersonatedUser.username', within: 'impersonatedUser' };
const resource: Place = { path: 'objectRef.resource', within: 'objectRef', short: true };

const namespace: Place = { path: 'objectRef.namespace', within: 'objectRef', short: true };
const verb: Place = { path: 'verb', short: true };
const level: Place = { path: 'level', short: true };
const stage: Place = { path: 'stage', short: true };
const sourceIp: Place = { path: 'sourceIPs', many: true, short: true };
const userAgent: Place = { path: 'userAgent' };

const places = {
  by: [user, asUser],
  'by-group': [
    { path: 'user.groups', many: true },
    { path: 'impersonatedUser.groups', many: true },
  ],
  verb: [verb],
  namespace: [namespace],
  name: [{ path: 'objectRef.name', within: 'objectRef' }],
  // an agent sends the key as it is, the receiver turns its dots to underscores
  decision: ['authorization.k8s.io/decision', 'authorization_k8s_io/decision'].map((key) => ({
    path: `annotations.${key}`,
    short: true as const,
  })),
  level: [level],
  stage: [stage],
  'source-ip': [sourceIp],
  'user-agent': [userAgent],
} satisfies Partial<Record<Filter['field'], readonly Place[]>>;

/** Strings of this length and more may be left out of an index of exact values (ignore_above). */
const leastIgnored = 64;

/** What may hold a value that was not indexed, in any of these fields. */
const unindexed = ({ within }: Place, fields: readonly string[]): Clause =>
  allOf(within === undefined ? [] : [exists(within)], fields.map(exists));

/** Finds a document that has just this text in a place; undefined when that cannot be asked. */
function same(place: Place, text: string): readonly Clause[] | undefined {
  // an analyser may leave nothing of a text without letters, and a phrase of nothing finds nothing
  if (!/[A-Za-z0-9]/.test(text)) return undefined;
  const phrase = { match_phrase: { [place.path]: text } };
  if (text.length < leastIgnored || place.short) return [phrase];
  return place.many ? undefined : [phrase, unindexed(place, [place.path])];
}

/** A pattern of ours as one of OpenSearch's: a `?` there is a whole character, here half of a rare one. */
const wildcard = (pattern: string): string => pattern.replaceAll('\\', '\\\\').replaceAll(/[*?]{2,}/g, '*');

function like(place: Place, pattern: string): readonly Clause[] | undefined {
  if (/^[*?]*$/.test(pattern)) return undefined; // may be no text at all
  if (place.many && !place.short) return undefined;
  const fields = exactCopies.map((copy) => `${place.path}.${copy}`);
  const value = wildcard(pattern);
  return [
    ...fields.map((field) => ({ wildcard: { [field]: { value } } })),
    place.short ? allOf([exists(place.path)], fields.map(exists)) : unindexed(place, fields),
  ];
}

const isWild = (pattern: string): boolean => /[*?]/.test(pattern);

/** Finds a document that has a text like this in one of the places. */
function at(all: readonly Place[], pattern: string): readonly Clause[] | undefined {
  const clauses = all.map((place) => (isWild(pattern) ? like(place, pattern) : same(place, pattern)));
  return together(clauses);
}

/** Any of these; undefined when one of them cannot be asked, since it may be the one that holds. */
function together(all: readonly (readonly Clause[] | undefined)[]): readonly Clause[] | undefined {
  return all.includes(undefined) ? undefined : all.flatMap((clauses) => clauses ?? []);
}

/** `ci/deployer` is the user system:serviceaccount:ci:deployer. */
function serviceAccount(pattern: string): readonly Clause[] | undefined {
  const prefix = 'system:serviceaccount:';
  if (isWild(pattern)) return at([user, asUser], prefix + pattern.replaceAll('/', '?'));
  const names = [pattern, pattern.replace('/', ':')].map((name) => at([user, asUser], prefix + name));
  return together(names);
}

/** `deployments.apps/scale`, `pods/*`: whatever the pattern, a resource's name begins with what comes before a sign. */
function resourceLike(pattern: string): readonly Clause[] | undefined {
  const [, head = '', sign = ''] = /^([^*?./]*)([*?./]?)/.exec(pattern) ?? [];
  if (head === '') return undefined;
  return sign === '' ? same(resource, head) : like(resource, `${head}*`);
}

/** Status codes have three digits; whatever else may be there passes. */
const codes = Array.from({ length: 900 }, (_, i) => String(i + 100));

function codeLike(pattern: string): readonly Clause[] {
  const source = pattern
    .replaceAll(/[^0-9a-zA-Z*?]/g, '\\$&')
    .replaceAll(/[xX?]/g, '.')
    .replaceAll('*', '.*');
  const wanted = codes.filter((code) => new RegExp(`^${source}$`).test(code)).map(Number);
  const begins = wanted.filter((code) => !wanted.includes(code - 1));
  const ends = wanted.filter((code) => !wanted.includes(code + 1));
  const code = (range: object): Clause => ({ range: { 'responseStatus.code': range } });
  return [
    ...begins.map((gte, i) => code({ gte, lte: ends[i] })),
    code({ gt: 0, lt: 100 }),
    code({ gte: 1000 }),
  ];
}

function wanted(field: Filter['field'], pattern: string): readonly Clause[] | undefined {
  if (field === 'code') return codeLike(pattern);
  if (field === 'resource') return resourceLike(pattern);
  if (field === 'by-service-account') return serviceAccount(pattern);
  return at(places[field], pattern);
}

/** Finds only documents that have just this text, or one like this, whatever the mapping. */
function exactly({ path }: Place, pattern: string): Clause {
  if (!isWild(pattern)) return anyOf(inCopies(path, (field) => ({ term: { [field]: { value: pattern } } })));
  const value = pattern.replaceAll('\\', '\\\\');
  return anyOf(inCopies(path, (field) => ({ wildcard: { [field]: { value } } })));
}

// Fields that all stages of a request have alike. By the others, a "not" could take the last stage away, which is the
// one that decides about the request, and leave the first one.
const settled: Partial<Record<Filter['field'], Place>> = {
  by: user,
  verb,
  namespace,
  level,
  stage,
  'source-ip': sourceIp,
  'user-agent': userAgent,
};

/** Documents that are surely not wanted; nothing where that cannot be said. */
function unwanted(field: Filter['field'], pattern: string): readonly Clause[] {
  // one ? of OpenSearch may be two of ours; and no text is no term
  if (pattern.includes('?') || pattern === '' || /^\*+$/.test(pattern)) return [];
  if (field === 'resource') return unwantedResource(pattern);
  const place = settled[field];
  return place === undefined ? [] : [exactly(place, pattern)];
}

function unwantedResource(pattern: string): readonly Clause[] {
  const [, name = '', group, sub] = /^([^./*]+)(?:\.([^/*]+))?(?:\/([^*]+))?$/.exec(pattern) ?? [];
  if (name === '') return [];
  const part = (key: string, text: string): Clause => exactly({ path: `objectRef.${key}` }, text);
  const parts = [part('resource', name)];
  if (group !== undefined) parts.push(part('apiGroup', group));
  if (sub !== undefined) parts.push(part('subresource', sub));
  return [allOf(parts, sub === undefined ? [exists('objectRef.subresource')] : [])];
}

const phrase = (field: string, text: string): Clause => ({ match_phrase: { [field]: text } });

/** Users of the system in nobody else's name. */
const system = allOf(
  [anyOf(inCopies(user.path, (field) => ({ prefix: { [field]: { value: 'system:' } } })))],
  [exists('impersonatedUser')],
);

/**
 * The events that a selection may want, by everything but their time.
 * @returns a query for documents that are audit events; an event is found if the matcher wants it
 */
export function eventQuery({ filters, failed, writes, byPeople }: Selection): Clause {
  const must: Clause[] = [exists('auditID')];
  const not: Clause[] = [];
  for (const { field, patterns, not: negated } of filters) {
    const found = negated ? undefined : together(patterns.map((pattern) => wanted(field, pattern)));
    if (found !== undefined) must.push(anyOf(found));
    if (negated) not.push(...patterns.flatMap((pattern) => unwanted(field, pattern)));
  }
  if (failed)
    must.push(anyOf([{ range: { 'responseStatus.code': { gte: 400 } } }, phrase('stage', 'Panic')]));
  if (writes) must.push(anyOf(changing.map((verb) => phrase('verb', verb))));
  if (byPeople) not.push(system);
  return allOf(must, not);
}
