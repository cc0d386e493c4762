// A rule of a policy in a few words, for a table.
import type { GroupResources, PolicyRule } from '../policy.ts';

/** So many of a list are named. */
const most = 3;

function few(list: readonly string[]): string {
  const left = list.length - most;
  return list.slice(0, most).join(',') + (left > 0 ? `,+${left}` : '');
}

const prefixed = (word: string, list: readonly string[] = []): string =>
  list.length === 0 ? '' : `${word}${few(list)}`;

function ofGroup({ group = '', resources = [], resourceNames = [] }: GroupResources): readonly string[] {
  if (resources.length === 0) return [group === '' ? 'the core group' : `${group}/*`];
  const names = resourceNames.length === 0 ? '' : ` ${few(resourceNames)}`;
  return resources.map((one) => (group === '' ? one : inGroup(one, group)) + names);
}

function inGroup(pattern: string, group: string): string {
  const [resource = '', ...rest] = pattern.split('/');
  return [`${resource}.${group}`, ...rest].join('/');
}

/** Verbs, what, where, by whom; `everything` where the rule names nothing. */
export function ruleText(rule: PolicyRule): string {
  const { namespaces = [], resources = [] } = rule;
  const shown = namespaces.map((one) => (one === '' ? 'no namespace' : one));
  const words = [
    prefixed('', rule.verbs),
    prefixed('', resources.flatMap(ofGroup)),
    prefixed('', rule.nonResourceURLs),
    prefixed('in ', shown),
    prefixed('by ', rule.users),
    prefixed('by group ', rule.userGroups),
  ].filter((word) => word !== '');
  return words.length === 0 ? 'everything' : words.join(' ');
}
