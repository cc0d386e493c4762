// Policies and requests by chance, out of few words, so that every form of a rule is met and matches often.
import type { Attributes } from '../../../../src/audit/policy/policy.ts';
import type { Draws } from '../../../support/draws.ts';
import type { Json } from '../../../support/shrink.ts';

const words = {
  users: ['alice', 'bob', 'system:serviceaccount:ns:sa', '*', ''],
  userGroups: ['devs', 'ops', 'system:authenticated', 'system:unauthenticated', '*'],
  verbs: ['get', 'list', 'watch', 'create', 'delete', 'deletecollection', 'options', '*'],
  namespaces: ['ns', 'other', '', '*'],
  names: ['one', 'two', '', '*'],
  groups: ['', '', '', 'apps', 'x.io'],
  resources: ['pods', 'pods', 'pods', 'nodes', 'deployments'],
  subresources: ['', '', 'log', 'log', 'scale', 'status'],
  paths: ['/', '/healthz', '/healthz/etcd', '/healthzz', '/api', '/api/v1', '/metrics', '/healthz*', '*', ''],
  stages: ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'],
  levels: ['None', 'Metadata', 'Request', 'RequestResponse'],
} as const;

const patterns = [
  ...['*', 'pods', 'pods', 'pods/log', 'pods/log', 'pods/*', 'pods/*', '*/log', '*/log', '*/scale'],
  ...['nodes', 'deployments/scale', '*/*', 'pods/', '', '/log', '*/', 'pods/log/x', 'pod*', 'PODS'],
];
const urls = [
  ...['*', '/', '/*', '/healthz', '/healthz*', '/healthz/*', '/healthz/', '/api*', '/metrics', '/HEALTHZ'],
];

/** What an API server refuses, or not every one takes. */
export interface Odd {
  /** Also what validation refuses. */
  readonly invalid: boolean;
  /** Also the group `*`. */
  readonly anyGroup: boolean;
}

/** A policy as a document has it: lists with null in them, empty ones, fields that are null. */
export function drawPolicy(draws: Draws, odd: Odd): { readonly [key: string]: Json } {
  const { below } = draws;
  const rules = Array.from({ length: 1 + below(8) }, () => drawRule(draws, odd));
  return {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    ...maybe(draws, 0.3, 'omitStages', () => list(draws, words.stages)),
    ...maybe(draws, 0.3, 'omitManagedFields', () => draws.pick(true, false)),
    rules,
  };
}

function drawRule(draws: Draws, odd: Odd): Json {
  const { next, pick } = draws;
  const some = (chance: number, name: 'users' | 'userGroups' | 'verbs' | 'namespaces'): object =>
    maybe(draws, chance, name, () => list(draws, words[name], true));
  const ofPaths = next() < 0.3;
  const rarely = ofPaths ? 0.25 : 0.15;
  const resources = {
    ...some(0.25, 'namespaces'),
    ...maybe(draws, 0.7, 'resources', () => entries(draws, odd)),
  };
  const paths = { nonResourceURLs: next() < 0.05 ? [] : list(draws, urls) };
  const both = odd.invalid && next() < 0.2;
  return {
    level: odd.invalid && next() < 0.05 ? pick('', 'metadata', 'All') : pick(...words.levels),
    ...some(rarely, 'users'),
    ...some(rarely, 'userGroups'),
    ...some(rarely, 'verbs'),
    ...(both || !ofPaths ? resources : {}),
    ...(both || ofPaths ? paths : {}),
    ...maybe(draws, 0.3, 'omitStages', () => list(draws, words.stages)),
    ...maybe(draws, 0.3, 'omitManagedFields', () => pick(true, false)),
  };
}

function entries(draws: Draws, odd: Odd): Json {
  const length = draws.next() < 0.05 ? 0 : draws.pick(1, 1, 1, 2, 3);
  return Array.from({ length }, () => drawEntry(draws, odd));
}

function drawEntry(draws: Draws, { invalid, anyGroup }: Odd): Json {
  const { next, pick } = draws;
  if (next() < 0.03) return null;
  const resources = next() < 0.85 ? list(draws, patterns, true) : [];
  const named = invalid || resources.length > 0;
  const group = anyGroup && next() < 0.2 ? '*' : pick('', '', ...words.groups);
  return {
    ...maybe(draws, 0.9, 'group', () => group),
    ...(resources.length > 0 || next() < 0.1 ? { resources } : {}),
    ...(named ? maybe(draws, 0.3, 'resourceNames', () => list(draws, words.names, true)) : {}),
  };
}

/** One word or some, rarely none; where a null may be, it may be there. */
function list(draws: Draws, from: readonly string[], nullable = false): readonly (string | null)[] {
  const { below, next, pick } = draws;
  const length = next() < 0.05 ? 0 : ([1, 1, 1, 2, 3][below(5)] ?? 0);
  return Array.from({ length }, () => (nullable && next() < 0.02 ? null : pick(...from)));
}

function maybe(draws: Draws, chance: number, name: string, of: () => Json): { [key: string]: Json } {
  if (draws.next() >= chance) return {};
  return { [name]: draws.next() < 0.03 ? null : of() };
}

/** What a request may be: for a resource, or for a path; the user is unknown in some. */
export function drawRequest(draws: Draws): Attributes {
  const { next, pick } = draws;
  const resourceRequest = next() < 0.7;
  // an API server fills these for resources only; the evaluator relies on nothing
  const filled = resourceRequest || next() < 0.1;
  const of = (from: readonly string[]): string => (filled ? pick(...from) : '');
  return {
    ...(next() < 0.92 ? { user: { name: pick(...words.users), groups: groupsOf(draws) } } : {}),
    verb: pick(...words.verbs),
    resourceRequest,
    apiGroup: of(words.groups),
    namespace: of(words.namespaces),
    resource: of(words.resources),
    subresource: of(words.subresources),
    name: of(words.names),
    path: pick(...words.paths),
  };
}

function groupsOf(draws: Draws): string[] {
  return Array.from({ length: draws.below(4) }, () => draws.pick(...words.userGroups));
}
