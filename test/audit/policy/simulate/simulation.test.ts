// What a policy would have recorded of a log: against the evaluator asked for each event, and by cases.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isLast } from '../../../../src/audit/event/event.ts';
import type { Event } from '../../../../src/audit/event/event.ts';
import { Reader } from '../../../../src/audit/event/shapes.ts';
import { sizeOf } from '../../../../src/audit/event/size.ts';
import { evaluate } from '../../../../src/audit/policy/evaluate.ts';
import type { Policy, PolicyRule } from '../../../../src/audit/policy/policy.ts';
import { preset, presetNames } from '../../../../src/audit/policy/presets.ts';
import { readPolicy } from '../../../../src/audit/policy/read.ts';
import { attributesOf } from '../../../../src/audit/policy/request.ts';
import { draws } from '../../../support/draws.ts';
import { bytesOf, counted, eventIn, newest } from './logs.ts';
import type { Told } from './logs.ts';

const text = readFileSync('test/golden/tail/audit.log', 'utf8');
const real = new Reader(false, { measured: true }).read({ text, numbers: (index) => index });
const presets = presetNames.map((name) => readPolicy(preset(name, newest), newest).policy as Policy);
const all = (level: PolicyRule['level'], more: Partial<Policy> = {}): Policy => ({
  rules: [{ level }],
  ...more,
});

const drawn = draws(6);
const uris = ['shop', 'kube-system', 'ci'].flatMap((namespace) =>
  [
    'pods/web',
    'pods/web/log',
    'secrets/key',
    'configmaps',
    'pods?fieldSelector=metadata.name%3Dweb&watch=1',
  ].map((rest) => `/api/v1/namespaces/${namespace}/${rest}`),
);
uris.push('/healthz', '/healthz?verbose', '/apis', '/apis/apps/v1', '/apis/apps/v1/deployments', '/version');
uris.push('/apis/apps/v1/namespaces/shop/deployments/web/scale', '/api/v1/nodes/n1');

const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete'] as const;
const subset = <T>(...these: readonly T[]): T[] => these.filter(() => drawn.below(3) === 0);

function randomRule(): PolicyRule {
  const level = drawn.pick<PolicyRule['level']>('None', 'Metadata', 'Request', 'RequestResponse');
  const omitStages = subset(...stages);
  const who = { users: subset('alice', 'bob', ''), userGroups: subset('admins', 'system:nodes') };
  const rule = { level, omitStages, ...who, verbs: subset('get', 'list', 'create', 'watch', 'delete') };
  if (drawn.below(4) === 0) return { ...rule, nonResourceURLs: subset('/healthz*', '/version', '/api*') };
  const resources = subset(
    { group: '', resources: ['pods', 'secrets'], resourceNames: subset('web', 'key', '') },
    { group: '', resources: ['pods/*'] },
    { group: 'apps' },
  );
  return {
    ...rule,
    resources,
    namespaces: subset('shop', 'ci', ''),
    omitManagedFields: drawn.below(2) === 0,
  };
}

const randomPolicy = (): Policy => ({
  rules: Array.from({ length: 1 + drawn.below(6) }, randomRule),
  omitStages: subset('Panic' as const, 'RequestReceived' as const),
});

const randomTold = (): Told => ({
  method: drawn.pick('GET', 'POST', 'DELETE', 'PATCH'),
  uri: drawn.pick(...uris),
  user: drawn.pick('alice', 'bob', 'system:node:n1', ''),
  groups: subset('admins', 'system:nodes', 'others'),
  level: drawn.pick('Metadata', 'Request', 'RequestResponse'),
  stage: drawn.pick('RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'),
  code: drawn.pick(200, 404),
  ...(drawn.below(2) === 0 && { named: drawn.pick('web', 'key', 'else') }),
  ...(drawn.below(2) === 0 && { request: { metadata: { name: 'x', managedFields: [1, 2] } } }),
  ...(drawn.below(2) === 0 && { response: { items: ['ä'] } }),
});

/** The same, asked for each event by itself. */
function oneByOne(
  policy: Policy,
  log: readonly Event[],
): { rules: number[][]; events: number; requests: number } {
  const rules = Array.from({ length: policy.rules.length + 1 }, () => [0, 0]);
  let [events, requests] = [0, 0];
  for (const event of log) {
    const { level, rule, omitStages } = evaluate(policy, attributesOf(event), newest);
    const kept = level !== 'None' && !(omitStages as string[]).includes(event.stage) ? 1 : 0;
    const [decided = 0, recorded = 0] = rules.at(rule) ?? [];
    rules.splice(rule < 0 ? rules.length - 1 : rule, 1, [decided + 1, recorded + kept]);
    events += kept;
    requests += isLast(event) ? kept : 0;
  }
  return { rules, events, requests };
}

function agrees(policy: Policy, log: readonly Event[]): void {
  const result = counted(policy, log);
  const expected = oneByOne(policy, log);
  const rules = result.rules.map(({ decided, events }) => [decided, events]);
  if (rules.length === policy.rules.length) rules.push([0, 0]);
  assert.deepEqual(rules, expected.rules, JSON.stringify(policy));
  assert.deepEqual([result.recorded.events, result.recorded.requests], [expected.events, expected.requests]);
}

describe('a simulation', () => {
  it('decides each event as the evaluator does that is asked for it alone', () => {
    for (const policy of presets) agrees(policy, real);
    for (let run = 0; run < 100; run++)
      agrees(
        randomPolicy(),
        Array.from({ length: 40 }, () => eventIn(randomTold())),
      );
  });

  it('gives in each table what it gives in all, however many rows there are', () => {
    for (let run = 0; run < 100; run++) {
      const log = Array.from({ length: 60 }, randomTold);
      const result = counted(randomPolicy(), log, undefined, 1 + drawn.below(4));
      for (const rows of [result.rules, result.levels, result.users, result.verbs, result.resources]) {
        const sum = (of: (row: (typeof rows)[number]) => number): number =>
          rows.reduce((total, row) => total + of(row), 0);
        assert.equal(
          sum((row) => row.decided),
          log.length,
        );
        for (const figure of ['events', 'requests', 'bytes', 'unsized'] as const)
          assert.equal(
            sum((row) => row[figure]),
            result.recorded[figure],
          );
      }
    }
  });

  it('records the log itself, byte by byte, by a policy that records all that was recorded', () => {
    const levels = new Set(real.map(({ level }) => level));
    assert.deepEqual([...levels].sort(), ['Metadata', 'RequestResponse']);
    const same: Policy = {
      rules: [{ level: 'RequestResponse', verbs: ['delete'] }, { level: 'Metadata' }],
    };
    const { log, recorded } = counted(same, real);
    assert.deepEqual([log.events, log.bytes], [real.length, Buffer.byteLength(text)]);
    assert.deepEqual(recorded, log);
  });

  it('has lines without the bodies that a lower level leaves out', () => {
    const managed = { metadata: { name: 'é', managedFields: [{ a: 1 }] } };
    const without = { metadata: { name: 'é' } };
    const create = { method: 'POST', uri: '/api/v1/namespaces/shop/pods' };
    const told = { ...create, level: 'RequestResponse', request: managed, response: managed };
    const cases: readonly (readonly [string, Policy, Told | undefined])[] = [
      ['all', all('RequestResponse'), told],
      ['one body', all('Request'), { ...create, level: 'Request', request: managed }],
      ['no body', all('Metadata'), { ...create, level: 'Metadata' }],
      ['nothing', all('None'), undefined],
      ['no stage', all('Metadata', { omitStages: ['ResponseComplete'] }), undefined],
      [
        'no managed fields',
        all('RequestResponse', { omitManagedFields: true }),
        { ...told, request: without, response: without },
      ],
      [
        'one body without them',
        all('Request', { omitManagedFields: true }),
        { ...create, level: 'Request', request: without },
      ],
    ];
    for (const [what, policy, left] of cases) {
      const { recorded } = counted(policy, [told]);
      assert.deepEqual(
        [recorded.events, recorded.bytes, recorded.unsized],
        left === undefined ? [0, 0, 0] : [1, bytesOf(left), 0],
        what,
      );
    }
    const patch = { ...told, method: 'PATCH', uri: '/api/v1/namespaces/shop/pods/web' };
    const patched = counted(all('RequestResponse', { omitManagedFields: true }), [patch]);
    assert.equal(
      patched.recorded.bytes,
      bytesOf({ ...patch, response: without }),
      'a patch stays as it came',
    );
  });

  it('says of how many events the size is a lower bound', () => {
    const create = { method: 'POST', uri: '/api/v1/namespaces/shop/pods' };
    const watch = { uri: '/api/v1/pods?watch=true' };
    const cases: readonly (readonly [string, PolicyRule['level'], Told, number])[] = [
      ['what was created', 'Request', create, 1],
      ['what was created, and the answer', 'RequestResponse', create, 1],
      ['the answer only', 'RequestResponse', { ...create, level: 'Request' }, 1],
      ['nothing deeper', 'Request', { ...create, level: 'Request' }, 0],
      ['nothing deeper than all', 'RequestResponse', { ...create, level: 'RequestResponse' }, 0],
      ['no body at all', 'Metadata', create, 0],
      ['what is read has no body', 'Request', {}, 0],
      ['but an answer', 'RequestResponse', {}, 1],
      ['a watch has none that is recorded', 'RequestResponse', watch, 0],
      ['nor has what was only received', 'RequestResponse', { ...create, stage: 'RequestReceived' }, 0],
      ['nor what is for no resource', 'RequestResponse', { method: 'POST', uri: '/logs' }, 0],
    ];
    for (const [what, level, told, unsized] of cases)
      assert.equal(counted(all(level), [told]).recorded.unsized, unsized, what);
  });

  it('finds the stages that the log does not have', () => {
    const end: Told = {};
    const began: Told = { stage: 'RequestReceived' };
    const watched: Told = { uri: '/api/v1/pods?watch=true' };
    const started: Told = { ...watched, stage: 'ResponseStarted' };
    const cases: readonly (readonly [string, Policy, readonly Told[], number, number])[] = [
      ['a request whose beginning was omitted', all('Metadata'), [end, end, began], 1, 0],
      ['one whose beginning nobody wants', all('Metadata', { omitStages: ['RequestReceived'] }), [end], 0, 0],
      ['nothing is recorded', all('None'), [end], 0, 0],
      ['more began than ended', all('Metadata'), [began, began, end], 0, 0],
      [
        'a watch without its start',
        all('Metadata'),
        [watched, { ...watched, stage: 'RequestReceived' }],
        0,
        1,
      ],
      ['a watch with it', all('Metadata', { omitStages: ['RequestReceived'] }), [watched, started], 0, 0],
      [
        'a watch that was refused',
        all('Metadata', { omitStages: ['RequestReceived'] }),
        [{ ...watched, code: 403 }],
        0,
        0,
      ],
    ];
    for (const [what, policy, log, received, began_] of cases) {
      const { gaps } = counted(policy, log);
      assert.deepEqual([gaps.received, gaps.started], [received, began_], what);
    }
  });

  it('knows the first and the last moment, in whatever order events come', () => {
    const log = ['17:00:05', '17:00:01', '17:00:09', '17:00:02'].map((time) => ({
      at: `2026-11-22T${time}.000000Z`,
    }));
    const { first, last } = counted(all('Metadata'), log);
    assert.deepEqual([first, last], ['2026-11-22T17:00:01.000000Z', '2026-11-22T17:00:09.000000Z']);
  });

  it('counts the same when there are more kinds of requests than are kept apart', () => {
    const one = eventIn();
    const many = Array.from({ length: 21_000 }, (_, i) => ({
      ...one,
      user: `user-${i % 20_500}`,
      size: sizeOf(one.json),
    }));
    const { users, recorded, log } = counted(all('Metadata'), many, all('None'), 3);
    const { length } = counted(all('Metadata'), many, undefined, Infinity).users;
    assert.equal(length, 10_001, 'names are bounded, too');
    assert.deepEqual(recorded, log);
    assert.equal(recorded.events, many.length);
    assert.deepEqual(users.map(({ name, events }) => [name, events]).at(-1), [
      '(others)',
      many.length - users.slice(0, 3).reduce((sum, { events }) => sum + events, 0),
    ]);
  });

  it('names users that were acted as, groups of resources, and paths without their query', () => {
    const log = [
      { as: 'bob' },
      { uri: '/apis/apps/v1/namespaces/shop/deployments/web/scale' },
      { uri: '/healthz?verbose' },
    ];
    const { users, resources } = counted(all('Metadata'), log);
    assert.deepEqual(users.map(({ name }) => name).sort(), ['alice', 'alice as bob']);
    assert.deepEqual(resources.map(({ name }) => name).sort(), [
      '/healthz',
      'deployments.apps/scale',
      'pods',
    ]);
  });
});
