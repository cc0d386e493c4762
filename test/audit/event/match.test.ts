// Each filter on one event, and the shortcut that leaves lines out unread against the filters themselves.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { eventOf, isEvent } from '../../../src/audit/event/event.ts';
import type { Event } from '../../../src/audit/event/event.ts';
import { literals, matcher } from '../../../src/audit/event/match.ts';
import type { Filter, Selection } from '../../../src/audit/event/match.ts';

const none: Selection = { filters: [], failed: false, writes: false, byPeople: false };
const filter = (field: Filter['field'], ...patterns: string[]): Filter => ({ field, patterns, not: false });
const wants = (selection: Partial<Selection>, one: Event): boolean => {
  const { stage, request } = matcher({ ...none, ...selection });
  return stage(one) && request(one);
};

const event = (values: object): Event => {
  const value = {
    auditID: 'a',
    stage: 'ResponseComplete',
    stageTimestamp: '2026-11-22T17:03:43.315804Z',
    ...values,
  };
  assert.ok(isEvent(value));
  return eventOf(value, JSON.stringify(value));
};
const scale = event({
  level: 'Metadata',
  verb: 'patch',
  user: { username: 'alice', groups: ['dev', 'system:authenticated'] },
  impersonatedUser: { username: 'system:serviceaccount:ci:deployer', groups: ['bots'] },
  sourceIPs: ['10.0.0.1', '192.168.0.7'],
  userAgent: 'kubectl/v1.37 (linux)',
  objectRef: {
    resource: 'deployments',
    apiGroup: 'apps',
    subresource: 'scale',
    namespace: 'shop',
    name: 'web-1',
  },
  responseStatus: { code: 403 },
  annotations: { 'authorization.k8s.io/decision': 'forbid' },
});

const cases: readonly (readonly [Filter['field'], string, boolean])[] = [
  ['by', 'alice', true],
  ['by', 'ali', false],
  ['by', 'system:serviceaccount:*', true],
  ['by-group', 'dev', true],
  ['by-group', 'bots', true],
  ['by-service-account', 'ci/deployer', true],
  ['by-service-account', '*/other', false],
  ['verb', 'patch', true],
  ['namespace', 'sh?p', true],
  ['resource', 'deployments/scale', true],
  ['resource', 'deployments.apps/scale', true],
  ['resource', 'deployments', false],
  ['resource', 'deployments*', true],
  ['name', 'web-*', true],
  ['name', 'web.1', false],
  ['code', '403', true],
  ['code', '4xx', true],
  ['code', '5XX', false],
  ['decision', 'forbid', true],
  ['level', 'Metadata', true],
  ['stage', 'ResponseComplete', true],
  ['stage', 'Response', false],
  ['source-ip', '192.168.*', true],
  ['user-agent', 'kubectl/*', true],
];

describe('filters', () => {
  for (const [field, pattern, expected] of cases)
    it(`${expected ? 'find' : 'pass over'} ${field} ${pattern}, and the other way round when negated`, () => {
      assert.equal(wants({ filters: [filter(field, pattern)] }, scale), expected);
      assert.equal(wants({ filters: [{ ...filter(field, pattern), not: true }] }, scale), !expected);
    });

  it('take any pattern of one filter, and ask for all filters', () => {
    assert.ok(wants({ filters: [filter('verb', 'get', 'patch'), filter('namespace', 'shop')] }, scale));
    assert.ok(!wants({ filters: [filter('verb', 'patch'), filter('namespace', 'other')] }, scale));
  });

  it('know the short words', () => {
    const read = event({ verb: 'get', user: { username: 'system:node:n1' }, responseStatus: { code: 200 } });
    for (const word of ['failed', 'writes', 'byPeople'] as const) {
      assert.ok(wants({ [word]: true }, scale), word);
      assert.ok(!wants({ [word]: true }, read), word);
    }
    assert.ok(wants({ failed: true }, event({ stage: 'Panic' })));
  });

  it('compare times of any precision', () => {
    const at = '2026-11-22T17:03:43.315804Z';
    assert.ok(wants({ since: at }, scale));
    assert.ok(!wants({ until: at }, scale));
    assert.ok(wants({ since: '2026-11-22T17:03:43.315Z', until: '2026-11-22T17:03:43.316Z' }, scale));
    assert.ok(!wants({ since: '2026-11-22T17:03:43.316Z' }, scale));
  });

  it('never leave a line out that holds a wanted event', () => {
    const events = readFileSync('test/golden/tail/audit.log', 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => eventOf(JSON.parse(line) as Record<string, unknown>, line));
    let left = 0;
    for (const [field, pattern] of [...cases, ['by', 'kubernetes-super-admin'], ['code', '404']] as const)
      for (const one of [...events, scale]) {
        const selection = { ...none, filters: [filter(field, pattern)] };
        const some = literals(selection);
        const kept = some.length === 0 || some.some((literal) => one.json.includes(literal));
        if (!kept) left++;
        assert.ok(
          kept || !matcher(selection).request(one) || !matcher(selection).stage(one),
          `${field} ${pattern}`,
        );
      }
    assert.ok(left > 20, 'the shortcut leaves nothing out');
  });

  it('look at every line where a pattern says too little, or is negated', () => {
    assert.deepEqual(literals({ ...none, filters: [filter('code', '4xx')] }), []);
    assert.deepEqual(literals({ ...none, filters: [filter('by', 'alice', '*')] }), []);
    assert.deepEqual(literals({ ...none, filters: [{ ...filter('by', 'alice'), not: true }] }), []);
    assert.deepEqual(
      literals({ ...none, filters: [filter('verb', 'get'), filter('by', 'alice', 'robert')] }),
      ['alice', 'robert'],
    );
  });
});
