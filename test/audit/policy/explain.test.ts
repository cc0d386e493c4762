// `explain` points at the rule that `evaluate` decides by, and has a true reason for each rule before it.
import assert from 'node:assert/strict';
import { evaluate, mismatch } from '../../../src/audit/policy/evaluate.ts';
import { explain, whyNot } from '../../../src/audit/policy/explain.ts';
import type { Attributes, Policy, PolicyRule } from '../../../src/audit/policy/policy.ts';
import { recordedStages } from '../../../src/audit/policy/stages.ts';
import { draws } from '../../support/draws.ts';
import type { Draws } from '../../support/draws.ts';
import { version } from '../../support/facts.ts';
import { attributesIn, vectors } from './vectors.ts';

const recent = version('v1.37.2');

/** Everything that holds of each explanation. */
function holds(policy: Policy, request: Attributes, server = recent): void {
  const { passed, stages, omittedBy, hints: _, ...verdict } = explain(policy, request, server);
  assert.deepEqual(verdict, evaluate(policy, request, server));
  assert.deepEqual(stages, recordedStages(request, verdict));
  const before = verdict.rule === -1 ? policy.rules.length : verdict.rule;
  assert.deepEqual(
    passed.map(({ rule }) => rule),
    [...Array(before).keys()],
  );
  for (const { rule, condition, wants, has, why } of passed) {
    assert.equal(condition, mismatch(policy.rules[rule] as PolicyRule, request, server));
    assert.match(why, /^[a-zA-Z]+: .*(this|the user) /);
    // a rule that wants what the request has would not be passed over
    if (condition !== 'resources')
      assert.deepEqual(
        wants.filter((one) => has.includes(one)),
        [],
      );
  }
  assert.deepEqual(
    omittedBy.map(({ stage }) => stage),
    verdict.omitStages,
  );
  for (const { stage, by } of omittedBy)
    assert.deepEqual(by, [
      ...(policy.omitStages?.includes(stage) ? ['policy'] : []),
      ...(policy.rules[verdict.rule]?.omitStages?.includes(stage) ? ['rule'] : []),
    ]);
}

const someOf = (from: readonly string[], { below, pick }: Draws): readonly string[] | undefined => {
  const count = pick(0, 0, 1, 2);
  return count === 0
    ? pick(undefined, [])
    : Array.from({ length: count }, () => from[below(from.length)] ?? '');
};
const people = ['ann', 'bob', '*', 'system:anonymous'];
const teams = ['devs', 'ops', '*'];
const verbs = ['get', 'list', 'create', 'delete', 'watch', '*'];
const spaces = ['', 'team', 'kube-system', '*'];
const urls = ['*', '/healthz', '/healthz*', '/api*', '/'];
const kinds = ['pods', 'pods/exec', 'pods/*', '*', '*/exec', 'configmaps', 'deployments', '*/scale'];
const named = ['', 'a', 'b'];

function randomRule(chance: Draws): PolicyRule {
  const { pick, below } = chance;
  const entry = () => ({
    ...(pick(true, false) && { group: pick('', 'apps', '*') }),
    resources: someOf(kinds, chance),
    resourceNames: someOf(named, chance),
  });
  const what = pick('all', 'resources', 'urls');
  const rule = {
    level: pick('None', 'Metadata', 'Request', 'RequestResponse'),
    ...{ users: someOf(people, chance), userGroups: someOf(teams, chance), verbs: someOf(verbs, chance) },
    ...(what === 'resources' && {
      resources: Array.from({ length: below(3) }, entry),
      namespaces: someOf(spaces, chance),
    }),
    ...(what === 'urls' && { nonResourceURLs: someOf(urls, chance) }),
    omitStages: someOf(['RequestReceived', 'ResponseStarted', 'ResponseComplete'], chance),
  };
  return rule as PolicyRule;
}

function randomRequest(chance: Draws): Attributes {
  const { pick, next } = chance;
  const user = { name: pick('ann', 'bob', 'system:anonymous'), groups: pick([], ['devs'], ['ops', 'devs']) };
  const who = next() < 0.1 ? {} : { user };
  const nothing = { apiGroup: '', namespace: '', resource: '', subresource: '', name: '' };
  if (next() < 0.3)
    return {
      ...who,
      ...nothing,
      verb: pick('get', 'head'),
      resourceRequest: false,
      path: pick('/healthz', '/healthz/a', '/'),
    };
  const [resource, subresource, apiGroup] = pick(
    ['pods', '', ''],
    ['pods', 'exec', ''],
    ['configmaps', '', ''],
    ['deployments', 'scale', 'apps'],
  ) as [string, string, string];
  const verb = pick('get', 'list', 'create', 'watch', 'delete');
  const place = { namespace: pick('', 'team', 'kube-system'), name: pick('', 'a', 'c') };
  return { ...who, ...place, verb, resourceRequest: true, apiGroup, resource, subresource, path: '' };
}

const pod: Attributes = {
  user: { name: 'ann', groups: ['devs'] },
  ...{ verb: 'get', resourceRequest: true, apiGroup: '', namespace: 'team' },
  ...{ resource: 'pods', subresource: '', name: 'p', path: '' },
};
const exec = { ...pod, subresource: 'exec' };
const url: Attributes = {
  ...pod,
  resourceRequest: false,
  namespace: '',
  resource: '',
  name: '',
  path: '/healthz',
};
const nobody: Attributes = Object.fromEntries(Object.entries(pod).filter(([key]) => key !== 'user')) as never;

const reasons: readonly (readonly [rule: Omit<PolicyRule, 'level'>, request: Attributes, why: string])[] = [
  [{ users: ['bob', 'eve'] }, pod, 'users: wants bob, eve; this is by ann'],
  [{ users: ['*'] }, pod, 'users: wants *; this is by ann, and * stands for itself here'],
  [{ users: ['bob'] }, nobody, 'users: wants bob; this has no user'],
  [{ userGroups: ['ops'] }, pod, 'userGroups: wants ops; the user is in devs'],
  [
    { userGroups: ['ops'] },
    { ...pod, user: { name: 'a', groups: [] } },
    'userGroups: wants ops; the user is in none',
  ],
  [{ userGroups: ['ops'] }, nobody, 'userGroups: wants ops; this has no user'],
  [{ verbs: ['create', 'patch'] }, pod, 'verbs: wants create, patch; this is get'],
  [{ verbs: ['get'] }, { ...pod, verb: '' }, 'verbs: wants get; this is ""'],
  [{ namespaces: ['kube-system', ''] }, pod, 'namespaces: wants kube-system, ""; this is in team'],
  [{ namespaces: ['a'] }, { ...pod, namespace: '' }, 'namespaces: wants a; this is in none, which is ""'],
  [{ namespaces: ['a'] }, url, 'namespaces: this asks for no resource, but for /healthz'],
  [{ resources: [{}] }, url, 'resources: this asks for no resource, but for /healthz'],
  [{ nonResourceURLs: ['/a'] }, url, 'nonResourceURLs: wants /a; this is /healthz'],
  [{ nonResourceURLs: ['*'] }, exec, 'nonResourceURLs: wants *; this asks for a resource, pods/exec'],
  [
    { resources: [{ group: 'apps' }, { group: 'b' }] },
    pod,
    'group: wants apps, b; this is of the core group, which is ""',
  ],
  [{ resources: [{}, { group: 'b' }] }, { ...pod, apiGroup: 'apps' }, 'group: wants "", b; this is of apps'],
  [
    { resources: [{ group: 'apps' }, { resources: ['pods', 'nodes'] }] },
    exec,
    'resources: wants pods, nodes; this is pods/exec, and pods alone has no subresources',
  ],
  [{ resources: [{ resources: ['pods/log'] }] }, pod, 'resources: wants pods/log; this is pods'],
  [
    { resources: [{ resources: ['nodes'] }, { resources: ['pods'], resourceNames: ['a'] }, { group: 'b' }] },
    pod,
    'resourceNames: wants a; this is p',
  ],
  [
    { resources: [{ resources: ['pods'], resourceNames: ['a'] }] },
    { ...pod, name: '' },
    'resourceNames: wants a; this has no name',
  ],
  [{ verbs: [...'abcdefghijk'] }, pod, 'verbs: wants a, b, c, d, e, f, g, h and 3 more; this is get'],
];

describe('explain', () => {
  it('holds for every vector', () => {
    for (const vector of vectors) holds(vector.policy, attributesIn(vector));
  });
  it('holds for any policy and any request', () => {
    const chance = draws(6);
    let decided = 0;
    for (let i = 0; i < 4000; i++) {
      const rules = Array.from({ length: 1 + chance.below(5) }, () => randomRule(chance));
      const omitStages = someOf(['RequestReceived', 'Panic'], chance) as Policy['omitStages'];
      const policy = { rules, ...(omitStages && { omitStages }) };
      const request = randomRequest(chance);
      const server = chance.pick(recent, version('v1.18.19'));
      holds(policy, request, server);
      if (evaluate(policy, request, server).rule > 0) decided += 1;
    }
    assert.ok(decided > 400, `only ${decided} by a later rule`);
  });

  for (const [rule, request, why] of reasons)
    it(why, () => assert.equal(whyNot({ level: 'None', ...rule }, 0, request, recent).why, why));
  it('has no reason for a rule that matches', () =>
    assert.throws(() => whyNot({ level: 'None' }, 3, pod, recent), /rules\[3\] matches/));
  it('has the part and the values apart from the words', () => {
    const rule: PolicyRule = {
      level: 'None',
      resources: [{ resources: ['nodes'] }, { resources: ['a', 'nodes'] }],
    };
    const { condition, part, wants, has } = whyNot(rule, 0, exec, recent);
    assert.deepEqual(
      [condition, part, wants, has],
      ['resources', 'resources', ['nodes', 'a'], ['pods/exec']],
    );
  });
});

/** Rules, a request, and what the hint has in it; nothing where there is none. */
const hints: readonly (readonly [
  what: string,
  rules: readonly PolicyRule[],
  request: Attributes,
  hint?: RegExp,
])[] = [
  [
    'stages that are all left out',
    [{ level: 'Metadata', omitStages: ['ResponseStarted'] }],
    nobody,
    /nothing of it is recorded/,
  ],
  ['None', [{ level: 'None', omitStages: ['ResponseStarted'] }], nobody],
  [
    'a failed login and a rule for users',
    [{ level: 'Metadata', users: ['a'] }],
    nobody,
    /failed has no user/,
  ],
  ['a failed login and another rule', [{ level: 'Metadata', verbs: ['a'] }], nobody],
  [
    'a create and names',
    [{ level: 'Metadata', resources: [{ resources: ['pods'], resourceNames: ['a'] }] }],
    { ...pod, verb: 'create', name: '' },
    /URL of a create has no name/,
  ],
  [
    'a list and names',
    [{ level: 'Metadata', resources: [{ resources: ['pods'], resourceNames: ['a'] }] }],
    { ...pod, verb: 'list', name: '' },
    /fieldSelector/,
  ],
  [
    'a get and names',
    [{ level: 'Metadata', resources: [{ resources: ['pods'], resourceNames: ['a'] }] }],
    pod,
  ],
  [
    'a list over all namespaces',
    [{ level: 'Metadata', namespaces: ['team'] }],
    { ...pod, verb: 'list', namespace: '', name: '' },
    /over all namespaces is in none/,
  ],
  [
    'a list of nodes',
    [{ level: 'Metadata', namespaces: ['team'] }],
    { ...pod, verb: 'list', namespace: '', name: '', resource: 'nodes' },
  ],
  [
    'exec by another verb',
    [{ level: 'Request', verbs: ['create'] }],
    exec,
    /exec is get.* As create .* at Request/,
  ],
  [
    'exec by the old verb',
    [{ level: 'Request', verbs: ['create'] }],
    { ...exec, verb: 'create' },
    /As get .* at None/,
  ],
  ['exec by any verb', [{ level: 'Metadata' }], exec],
  [
    'a secret',
    [{ level: 'Request' }],
    { ...pod, verb: 'update', resource: 'secrets' },
    /secret in it is recorded/,
  ],
  [
    'a secret that is read',
    [{ level: 'RequestResponse' }],
    { ...pod, resource: 'secrets' },
    /secret in it is recorded/,
  ],
  ['a secret that is not in the request', [{ level: 'Request' }], { ...pod, resource: 'secrets' }],
  ['a secret at Metadata', [{ level: 'Metadata' }], { ...pod, verb: 'update', resource: 'secrets' }],
];

describe('hints', () => {
  for (const [what, rules, request, hint] of hints)
    it(`${hint === undefined ? 'none' : 'one'} about ${what}`, () => {
      const said = explain({ rules }, request, recent).hints;
      assert.equal(said.length, hint === undefined ? 0 : 1, said.join());
      if (hint !== undefined) assert.match(said.join(), hint);
    });
  it('about patches, where they can be lost', () => {
    const said = (server: string, level: PolicyRule['level']): number =>
      explain({ rules: [{ level }] }, { ...pod, verb: 'patch' }, version(server)).hints.length;
    assert.deepEqual(
      [said('v1.36.3', 'Request'), said('v1.37.0', 'Request'), said('v1.36.3', 'Metadata')],
      [1, 0, 0],
    );
  });
});
