// What is gained and lost from one policy to another.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Reader } from '../../../../src/audit/event/shapes.ts';
import type { Policy, PolicyRule } from '../../../../src/audit/policy/policy.ts';
import { preset, presetNames } from '../../../../src/audit/policy/presets.ts';
import { readPolicy } from '../../../../src/audit/policy/read.ts';
import type { Change, Comparison } from '../../../../src/audit/policy/simulate/against.ts';
import { bytesOf, counted, newest } from './logs.ts';
import type { Told } from './logs.ts';

const text = readFileSync('test/golden/tail/audit.log', 'utf8');
const real = new Reader(false, { measured: true }).read({ text, numbers: (index) => index });
const of = (...rules: PolicyRule[]): Policy => ({ rules });
const changes: readonly Change[] = ['gained', 'lost', 'raised', 'lowered'];

function compared(policy: Policy, old: Policy, log: Parameters<typeof counted>[1], top?: number): Comparison {
  const { against } = counted(policy, log, old, top);
  assert.ok(against !== undefined);
  return against;
}

/** Numbers of events of each change that there is. */
const events = ({ changes: all }: Comparison): object =>
  Object.fromEntries(changes.map((name) => [name, all[name].events]).filter(([, count]) => count !== 0));

const create: Told = { method: 'POST', uri: '/api/v1/namespaces/shop/pods' };

describe('a policy against another', () => {
  for (const name of presetNames)
    it(`${name} gains and loses nothing against itself`, () => {
      const policy = readPolicy(preset(name, newest), newest).policy as Policy;
      const against = compared(policy, policy, real);
      assert.deepEqual(events(against), {});
      assert.deepEqual(against.recorded, counted(policy, real).recorded);
      assert.deepEqual(against.peopleLose, { requests: 0, writes: 0, failed: 0 });
    });

  it('gains what the other would lose, and records what it says', () => {
    const policies = presetNames.map((name) => readPolicy(preset(name, newest), newest).policy as Policy);
    let compares = 0;
    for (const one of policies)
      for (const other of policies) {
        const [to, back] = [compared(one, other, real), compared(other, one, real)];
        assert.deepEqual(to.changes.gained, back.changes.lost);
        assert.deepEqual(to.changes.raised, back.changes.lowered);
        const now = counted(one, real).recorded;
        assert.equal(to.recorded.events + to.changes.gained.events - to.changes.lost.events, now.events);
        compares += to.changes.gained.events;
      }
    assert.ok(compares > 0);
  });

  it('tells apart what comes, goes, and is recorded in another depth', () => {
    const deep: Told = { ...create, level: 'RequestResponse', request: { a: 1 }, response: { b: 2 } };
    const cases: readonly (readonly [string, Policy, Policy, object])[] = [
      ['comes', of({ level: 'Metadata' }), of({ level: 'None' }), { gained: 1 }],
      ['goes', of({ level: 'None' }), of({ level: 'Request' }), { lost: 1 }],
      [
        'goes, since no rule matches',
        of({ level: 'Metadata', users: ['bob'] }),
        of({ level: 'Request' }),
        { lost: 1 },
      ],
      [
        'its stage goes',
        of({ level: 'Request', omitStages: ['ResponseComplete'] }),
        of({ level: 'Metadata' }),
        { lost: 1 },
      ],
      ['is deeper', of({ level: 'Request' }), of({ level: 'Metadata' }), { raised: 1 }],
      ['is less deep', of({ level: 'Metadata' }), of({ level: 'RequestResponse' }), { lowered: 1 }],
      ['is the same', of({ level: 'Request' }), of({ level: 'Request' }), {}],
      ['was nothing and is nothing', of({ level: 'None' }), of(), {}],
    ];
    for (const [what, policy, old, expected] of cases)
      assert.deepEqual(events(compared(policy, old, [deep])), expected, what);
    const { lowered } = compared(of({ level: 'Metadata' }), of({ level: 'RequestResponse' }), [deep]).changes;
    assert.equal(lowered.bytes, bytesOf(deep) - bytesOf({ ...create, level: 'Metadata' }));
  });

  it('counts what people would lose, and shows their changes first', () => {
    const log: Told[] = [
      ...Array.from({ length: 5 }, () => ({ user: 'system:node:n1', method: 'PATCH' })),
      ...[create, { ...create, stage: 'RequestReceived' }, { uri: '/healthz' }, { code: 403 }],
      ...[
        { user: 'system:admin', as: 'bob', method: 'DELETE', code: 500 },
        { user: '', code: 401 },
      ],
    ];
    const { changes: all, peopleLose } = compared(of({ level: 'None' }), of({ level: 'Metadata' }), log);
    assert.deepEqual(peopleLose, { requests: 4, writes: 2, failed: 2 });
    assert.deepEqual([all.lost.events, all.lost.requests, all.lost.failed], [log.length, log.length - 1, 3]);
    const rows = all.lost.rows.map(({ user, verb, writtenByPerson }) => [user, verb, writtenByPerson]);
    assert.deepEqual(rows.slice(0, 3), [
      ['alice', 'create', true],
      ['system:admin as bob', 'delete', true],
      ['system:node:n1', 'patch', false],
    ]);
  });

  it('sums up the rows beyond the top', () => {
    const log = Array.from({ length: 12 }, (_, i) => ({
      user: `user-${i % 6}`,
      code: i % 6 === 0 ? 200 : 404,
    }));
    const { lost } = compared(of({ level: 'None' }), of({ level: 'Metadata' }), log, 2).changes;
    assert.deepEqual(
      lost.rows.map(({ user, events: count, failed }) => [user, count, failed]),
      [
        ['user-0', 2, 0],
        ['user-1', 2, 2],
        ['(others)', 8, 8],
      ],
    );
    assert.equal(
      lost.rows.reduce((sum, { bytes }) => sum + bytes, 0),
      lost.bytes,
    );
  });
});
