// Knows which forms of policies decided in a run, so that a test by chance shows that it met them all.
import type { Verdict } from '../../../src/audit/policy/evaluate.ts';
import { mismatch } from '../../../src/audit/policy/evaluate.ts';
import { anyGroupSince, omitManagedFieldsSince } from '../../../src/audit/policy/policy.ts';
import type { Attributes, GroupResources, Policy, PolicyRule } from '../../../src/audit/policy/policy.ts';
import { version } from '../../support/facts.ts';

/** Each form, and how often it decided. */
export type Coverage = Map<string, number>;

const forms: readonly string[] = [
  ...['no rule', ...Array.from({ length: 8 }, (_, i) => `rule ${i}`), 'no user'],
  ...['None', 'Metadata', 'Request', 'RequestResponse'].map((level) => `level ${level}`),
  ...[
    'users',
    'userGroups',
    'verbs',
    'namespaces',
    'resources',
    'nonResourceURLs',
    'no-resource',
    'a-resource',
  ].map((reason) => `not for ${reason}`),
  ...['*', 'pods', 'pods/log', '*/log', 'pods/*'].map((form) => `resource ${form}`),
  ...['no resources', 'no entries', 'names', 'no name', 'namespaces', 'no namespace'],
  ...['url *', 'url /x', 'url /x*', 'stages of both'],
];

/** What has to be met on a version. */
export function formsOn(server: string): readonly string[] {
  const { minor } = version(`v${server}`);
  const managed = ['by rule', 'against rule', 'by policy'].map((how) => `managed fields ${how}`);
  return [
    ...forms,
    ...(minor >= omitManagedFieldsSince ? managed : []),
    ...(minor >= anyGroupSince ? ['group *'] : []),
  ];
}

/** Counts what decided about one request. */
export function cover(
  coverage: Coverage,
  policy: Policy,
  request: Attributes,
  verdict: Verdict | undefined,
  server: string,
): void {
  const count = (form: string): void => void coverage.set(form, (coverage.get(form) ?? 0) + 1);
  const index = verdict?.rule ?? -1;
  const rule = policy.rules[index];
  count(rule === undefined ? 'no rule' : `rule ${index}`);
  if (request.user === undefined) count('no user');
  const before = rule === undefined ? policy.rules : policy.rules.slice(0, index);
  for (const one of before) count(`not for ${String(mismatch(one, request, version(`v${server}`)))}`);
  if (rule !== undefined) for (const form of formsOf(policy, rule, request)) count(form);
}

function formsOf(policy: Policy, rule: PolicyRule, request: Attributes): readonly string[] {
  const { nonResourceURLs: [url] = [], namespaces, omitManagedFields } = rule;
  const field = `managed fields ${omitManagedFields === true ? 'by' : 'against'} rule`;
  return [
    `level ${rule.level}`,
    ...(rule.resources?.length === 1 && rule.resources[0] ? entryForms(rule.resources[0], request) : []),
    ...(rule.resources?.length === 0 ? ['no entries'] : []),
    ...(namespaces?.length ? [request.namespace === '' ? 'no namespace' : 'namespaces'] : []),
    ...(url !== undefined && rule.nonResourceURLs?.length === 1
      ? [`url ${url.replace(/\/.*?(\*?)$/, '/x$1')}`]
      : []),
    ...(policy.omitStages?.length && rule.omitStages?.length ? ['stages of both'] : []),
    ...(typeof omitManagedFields === 'boolean' ? [field] : []),
    ...(policy.omitManagedFields === true && typeof omitManagedFields !== 'boolean'
      ? ['managed fields by policy']
      : []),
  ];
}

function entryForms(
  { group, resources, resourceNames }: GroupResources,
  request: Attributes,
): readonly string[] {
  const [pattern = '', ...more] = resources ?? [];
  const [resource = '', subresource] = pattern.split('/');
  const form = [
    resource === '*' ? '*' : 'pods',
    ...(subresource === undefined ? [] : [subresource === '*' ? '*' : 'log']),
  ];
  return [
    ...(group === '*' ? ['group *'] : []),
    ...(resources?.length ? [] : ['no resources']),
    ...(resources?.length && more.length === 0 ? [`resource ${form.join('/')}`] : []),
    ...(resourceNames?.length ? [request.name === '' ? 'no name' : 'names'] : []),
  ];
}
