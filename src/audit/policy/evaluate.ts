// Which rule of a policy decides about a request, and what it says: the API server's own algorithm.
// Source: apiserver pkg/audit/policy/checker.go, unchanged since 1.10 but for omitManagedFields and the group `*`.
import type { Level, Stage } from '../backend/audit-sink.ts';
import type { ServerVersion } from '../facts.ts';
import { anyGroupSince, omitManagedFieldsSince } from './policy.ts';
import type { Attributes, GroupResources, Policy, PolicyRule } from './policy.ts';

/** What is recorded of a request. */
export interface Verdict {
  readonly level: Level;
  /** Index of the rule that decided; -1 when none matched, and then nothing is recorded. */
  readonly rule: number;
  /** The policy's and the rule's, each once. */
  readonly omitStages: readonly Stage[];
  readonly omitManagedFields: boolean;
}

/** What the policy says about a request, on an API server of that version. */
export function evaluate(policy: Policy, request: Attributes, version: ServerVersion): Verdict {
  const index = policy.rules.findIndex((rule) => mismatch(rule, request, version) === undefined);
  const rule = policy.rules[index];
  const omitManagedFields = rule?.omitManagedFields ?? policy.omitManagedFields ?? false;
  return {
    level: rule?.level ?? 'None',
    rule: index,
    omitStages: union(policy.omitStages, rule?.omitStages),
    omitManagedFields: version.minor >= omitManagedFieldsSince && omitManagedFields,
  };
}

function union(one: readonly Stage[] = [], other: readonly Stage[] = []): readonly Stage[] {
  if (other.length === 0 && one.length < 2) return one; // as a rule
  return [...new Set([...one, ...other])];
}

type Listed = readonly string[] | undefined;

const some = <T>(list: readonly T[] | undefined): list is readonly T[] =>
  list !== undefined && list.length > 0;
const allows = (list: Listed, value: string): boolean => !some(list) || list.includes(value);

/** The first condition of a rule that a request does not meet. */
export type Mismatch =
  | 'users'
  | 'userGroups'
  | 'verbs'
  | 'namespaces'
  | 'resources'
  | 'nonResourceURLs'
  /** It is for resources, and the request asks for none. */
  | 'no-resource'
  /** It is for other URLs, and the request asks for a resource. */
  | 'a-resource';

/** Why a rule does not match a request, or undefined where it does. */
export function mismatch(
  rule: PolicyRule,
  request: Attributes,
  { minor }: ServerVersion,
): Mismatch | undefined {
  const { user, verb } = request;
  if (some(rule.users) && !(user !== undefined && rule.users.includes(user.name))) return 'users';
  if (some(rule.userGroups) && !isIn(rule.userGroups, user)) return 'userGroups';
  if (!allows(rule.verbs, verb)) return 'verbs';
  // with either of these the URLs are never looked at
  if (some(rule.resources) || some(rule.namespaces)) return ofResource(rule, request, minor);
  return some(rule.nonResourceURLs) ? ofPath(rule.nonResourceURLs, request) : undefined;
}

const isIn = (groups: readonly string[], user: Attributes['user']): boolean =>
  user?.groups.some((group) => groups.includes(group)) ?? false;

function ofPath(urls: readonly string[], { resourceRequest, path }: Attributes): Mismatch | undefined {
  const fits = (url: string): boolean =>
    url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, '')));
  if (resourceRequest) return 'a-resource';
  return urls.some(fits) ? undefined : 'nonResourceURLs';
}

function ofResource(
  { namespaces, resources }: PolicyRule,
  request: Attributes,
  minor: number,
): Mismatch | undefined {
  if (!request.resourceRequest) return 'no-resource';
  if (!allows(namespaces, request.namespace)) return 'namespaces';
  const fits =
    !some(resources) || resources.some((entry) => entryMismatch(entry, request, minor) === undefined);
  return fits ? undefined : 'resources';
}

/** The first part of an entry of `resources` that a request for a resource does not meet, or undefined. */
export function entryMismatch(
  { group = '', resources, resourceNames }: GroupResources,
  request: Attributes,
  minor: number,
): keyof GroupResources | undefined {
  if (group !== request.apiGroup && !(group === '*' && minor >= anyGroupSince)) return 'group';
  // without resources the names are not looked at
  if (!some(resources)) return undefined;
  if (!resources.some((one) => isResource(one, request))) return 'resources';
  return allows(resourceNames, request.name) ? undefined : 'resourceNames';
}

function isResource(pattern: string, { resource, subresource }: Attributes): boolean {
  if (pattern === '*' || pattern === (subresource === '' ? resource : `${resource}/${subresource}`))
    return true;
  if (subresource !== '' && pattern === `*/${subresource}`) return true;
  return pattern === `${resource}/*`; // the resource itself, too
}
