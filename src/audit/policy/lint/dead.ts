// Words in a rule that no request has: what makes a condition that is never met.
// Source: apiserver pkg/endpoints/request/requestinfo.go for verbs and paths, pkg/audit/policy/checker.go for patterns.
import type { PolicyRule } from '../policy.ts';
import { askedBy } from '../request.ts';
import { kindOf } from './rule.ts';
import type { Kind } from './rule.ts';

/** Verbs of requests for resources; proxy is that of paths below /api/v1/proxy, which are gone. */
export const resourceVerbs: readonly string[] = [
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
  'proxy',
];

/** Verbs of other requests: their method, in lower case. */
export const urlVerbs: readonly string[] = [
  'get',
  'head',
  'post',
  'put',
  'patch',
  'delete',
  'options',
  'connect',
  'trace',
];

/** Verbs that requests of a kind have. */
export const verbsOf: Readonly<Record<Kind, readonly string[]>> = {
  resource: resourceVerbs,
  url: urlVerbs,
  any: [...new Set([...resourceVerbs, ...urlVerbs])],
};

/** Whether a pattern of `resources` can match: a name, one with a subresource, a star for either, or one for both. */
export function isPattern(pattern: string): boolean {
  return pattern === '*' || /^[^*/]+(?:\/(?:[^*/]+|\*))?$/.test(pattern) || /^\*\/[^*/]+$/.test(pattern);
}

/** Whether a name can be that of a namespace: a DNS-1123 label; "" is what has none. */
export const isNamespace = (name: string): boolean =>
  name === '' || (name.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name));

/** Whether every path that a URL matches is one of a resource, which no rule of URLs is asked about. */
export function isOfResources(url: string): boolean {
  const path = url.replace(/\*+$/, '');
  return url.startsWith('/') && askedBy('GET', path)?.resourceRequest === true;
}

/** Whether a URL has what is no part of a path: the query is not looked at. */
export const hasQuery = (url: string): boolean => url.includes('?');

/** The first condition of a rule that no request meets, by its field; undefined where each can be met. */
export function matchesNothing(rule: PolicyRule): string | undefined {
  const kind = kindOf(rule);
  const { users = [], userGroups = [], verbs = [], namespaces = [], resources = [] } = rule;
  const dead: Readonly<Record<string, boolean>> = {
    users: allOf(users, (user) => user === '' || user === '*'),
    userGroups: allOf(userGroups, (group) => group === '' || group === '*'),
    // a request for a resource by another method has the verb ""
    verbs: allOf(verbs, (verb) => !verbsOf[kind].includes(verb) && (verb !== '' || kind === 'url')),
    namespaces: allOf(namespaces, (name) => !isNamespace(name)),
    resources: allOf(
      resources,
      ({ resources: patterns = [] }) => patterns.length > 0 && !patterns.some(isPattern),
    ),
    nonResourceURLs:
      kind === 'url' && allOf(rule.nonResourceURLs ?? [], (url) => isOfResources(url) || hasQuery(url)),
  };
  return Object.keys(dead).find((field) => dead[field]);
}

const allOf = <T>(list: readonly T[], is: (item: T) => boolean): boolean => list.length > 0 && list.every(is);
