// The evaluator against cases that the API server's own evaluator has decided, at HEAD of 1.37 and at 1.18.19.
import assert from 'node:assert/strict';
import { evaluate, mismatch } from '../../../src/audit/policy/evaluate.ts';
import type { Verdict } from '../../../src/audit/policy/evaluate.ts';
import type { Attributes, Policy, PolicyRule } from '../../../src/audit/policy/policy.ts';
import { version } from '../../support/facts.ts';
import { attributesIn, vectors } from './vectors.ts';
import type { Vector } from './vectors.ts';

function decided(vector: Vector, server: string): Verdict {
  const { omitStages, ...verdict } = evaluate(vector.policy, attributesIn(vector), version(server));
  return { ...verdict, omitStages: [...omitStages].sort() };
}

const sorted = ({ omitStages, ...verdict }: Verdict): Verdict => ({
  ...verdict,
  omitStages: [...omitStages].sort(),
});

describe('evaluate', () => {
  it('has all the cases', () => assert.equal(vectors.length, 131));
  for (const vector of vectors)
    it(`${vector.id} ${vector.desc}`, () => {
      assert.deepEqual(decided(vector, 'v1.37.2'), sorted(vector.expect));
      if (vector.minMinor !== undefined) return;
      // 1.18 does not know managed fields
      const expected = { ...sorted(vector.expect), omitManagedFields: false };
      assert.deepEqual(decided(vector, 'v1.18.19'), expected);
    });

  const pods: Attributes = {
    user: { name: 'a', groups: ['g', 'h'] },
    verb: 'get',
    resourceRequest: true,
    apiGroup: '',
    namespace: 'n',
    resource: 'pods',
    subresource: '',
    name: 'p',
    path: '',
  };
  const levelOn = (server: string, rule: Omit<PolicyRule, 'level'>): string =>
    evaluate({ rules: [{ level: 'Request', ...rule }] }, pods, version(server)).level;

  it('knows any group from 1.36 on', () => {
    const rule = { resources: [{ group: '*' }] };
    assert.deepEqual([levelOn('v1.35.4', rule), levelOn('v1.36.0', rule)], ['None', 'Request']);
  });
  it('knows managed fields from 1.23 on', () => {
    const policy: Policy = { omitManagedFields: true, rules: [{ level: 'None' }] };
    const omits = (server: string): boolean => evaluate(policy, pods, version(server)).omitManagedFields;
    assert.deepEqual([omits('v1.22.17'), omits('v1.23.0')], [false, true]);
  });
  it('takes what is not there for empty', () => {
    assert.equal(levelOn('v1.37.2', { resources: [{}] }), 'Request');
    assert.equal(
      levelOn('v1.37.2', { users: [], userGroups: [], verbs: [], nonResourceURLs: [] }),
      'Request',
    );
  });

  it('says why a rule does not match', () => {
    const why = (rule: Omit<PolicyRule, 'level'>, request: Partial<Attributes> = {}): string | undefined =>
      mismatch({ level: 'None', ...rule }, { ...pods, ...request }, version('v1.37.2'));
    const url = { resourceRequest: false, path: '/healthz' };
    assert.deepEqual(
      [
        why({}),
        why({ users: ['b'], userGroups: ['i'] }),
        why({ users: ['a'], userGroups: ['i'], verbs: ['list'] }),
        why({ verbs: ['list'], namespaces: ['m'] }),
        why({ namespaces: ['m'], resources: [{ resources: ['nodes'] }] }),
        why({ namespaces: ['n'], resources: [{ resources: ['nodes'] }] }),
        why({ nonResourceURLs: ['*'] }),
        why({ namespaces: [''] }, url),
        why({ nonResourceURLs: ['/readyz'] }, url),
      ],
      [
        undefined,
        'users',
        'userGroups',
        'verbs',
        'namespaces',
        'resources',
        'a-resource',
        'no-resource',
        'nonResourceURLs',
      ],
    );
  });
});
