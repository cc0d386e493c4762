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
export function evaluate(policy: Policy, request: Attributes, { minor }: ServerVersion): Verdict {
  const index = policy.rules.findIndex((rule) => matches(rule, request, minor));
  const rule = policy.rules[index];
  const omitManagedFields = rule?.omitManagedFields ?? policy.omitManagedFields ?? false;
  return {
    level: rule?.level ?? 'None',
    rule: index,
    omitStages: [...new Set([...(policy.omitStages ?? []), ...(rule?.omitStages ?? [])])],
    omitManagedFields: minor >= omitManagedFieldsSince && omitManagedFields,
  };
}

type Listed = readonly string[] | undefined;

const some = <T>(list: readonly T[] | undefined): list is readonly T[] =>
  list !== undefined && list.length > 0;
const allows = (list: Listed, value: string): boolean => !some(list) || list.includes(value);

function matches(rule: PolicyRule, request: Attributes, minor: number): boolean {
  if (!matchesUser(rule, request.user) || !allows(rule.verbs, request.verb)) return false;
  // with either of these the URLs are never looked at
  if (some(rule.resources) || some(rule.namespaces)) return matchesResource(rule, request, minor);
  return !some(rule.nonResourceURLs) || matchesPath(rule.nonResourceURLs, request);
}

function matchesUser({ users, userGroups }: PolicyRule, user: Attributes['user']): boolean {
  if (some(users) && !(user !== undefined && users.includes(user.name))) return false;
  return !some(userGroups) || (user?.groups.some((group) => userGroups.includes(group)) ?? false);
}

function matchesPath(urls: readonly string[], { resourceRequest, path }: Attributes): boolean {
  const fits = (url: string): boolean =>
    url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, '')));
  return !resourceRequest && urls.some(fits);
}

function matchesResource({ namespaces, resources }: PolicyRule, request: Attributes, minor: number): boolean {
  if (!request.resourceRequest || !allows(namespaces, request.namespace)) return false;
  return !some(resources) || resources.some((entry) => matchesEntry(entry, request, minor));
}

function matchesEntry(entry: GroupResources, request: Attributes, minor: number): boolean {
  const { group = '', resources, resourceNames } = entry;
  if (group !== request.apiGroup && !(group === '*' && minor >= anyGroupSince)) return false;
  // without resources the names are not looked at
  if (!some(resources)) return true;
  return allows(resourceNames, request.name) && resources.some((one) => isResource(one, request));
}

function isResource(pattern: string, { resource, subresource }: Attributes): boolean {
  if (pattern === '*' || pattern === (subresource === '' ? resource : `${resource}/${subresource}`))
    return true;
  if (subresource !== '' && pattern === `*/${subresource}`) return true;
  return pattern === `${resource}/*`; // the resource itself, too
}
