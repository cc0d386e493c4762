// The report of a simulation: rules in words and lines, figures for a day, and what is not known.
import assert from 'node:assert/strict';
import type { Policy, PolicyRule } from '../../../../src/audit/policy/policy.ts';
import { reportOf } from '../../../../src/audit/policy/simulate/report.ts';
import type { Simulated, Subject } from '../../../../src/audit/policy/simulate/report.ts';
import { ruleText } from '../../../../src/audit/policy/simulate/rule-text.ts';
import { counted, newest } from './logs.ts';
import type { Told } from './logs.ts';

const rules: readonly PolicyRule[] = [{ level: 'None', verbs: ['watch'] }, { level: 'Metadata' }];

function report(log: readonly Told[], more: Partial<Subject> = {}, policy: Policy = { rules }): Simulated {
  const subject = { policy: { name: 'p.yaml', policy, lines: [4, 9] }, version: newest, logs: ['a.log'] };
  return reportOf(
    { ...subject, searched: false, unread: 0, ...more },
    counted(policy, log, more.old?.policy),
  );
}

const ids = ({ unknowns }: Simulated): readonly string[] => unknowns.map(({ id }) => id);
const always = ['not-recorded', 'lost-on-the-way'];
const at = (time: string): string => `2026-11-22T${time}.000000Z`;
const began: Told = { stage: 'RequestReceived' };

describe('the report of a simulation', () => {
  it('names each rule, and those that decided nothing', () => {
    const { rules: rows, deadRules } = report([{}]);
    assert.deepEqual(
      rows.map(({ rule, line, level, what, decided }) => [rule, line, level, what, decided]),
      [
        [0, 4, 'None', 'watch', 0],
        [1, 9, 'Metadata', 'everything', 1],
      ],
    );
    assert.deepEqual(deadRules, [{ rule: 0, line: 4, level: 'None', what: 'watch' }]);
    const unmatched = report([{}], {}, { rules: [{ level: 'Metadata', users: ['bob'] }] }).rules.at(-1);
    assert.deepEqual([unmatched?.rule, unmatched?.line, unmatched?.level], [-1, undefined, 'None']);
  });

  it('gives figures for a day like the time of the log', () => {
    const {
      span,
      log,
      recorded,
      rules: rows,
      users,
    } = report([{ at: at('06:00:00') }, { at: at('12:00:00') }]);
    assert.equal(span?.seconds, 6 * 3600);
    assert.deepEqual(log.perDay, { events: 8, bytes: 4 * log.bytes });
    for (const row of [recorded, rows[1], users[0]]) assert.deepEqual(row?.perDay, log.perDay);
  });

  it('says nothing of a day where the log spans no time', () => {
    const still = report([{}, {}]);
    assert.deepEqual([still.log.perDay, ids(still).includes('no-time')], [undefined, true]);
    const timeless = report([{ at: '' }]);
    assert.deepEqual([timeless.span, ids(timeless).includes('no-time')], [undefined, true]);
  });

  it('always says that a log holds only what was recorded, and the rest where it is so', () => {
    const two = [began, {}, { at: at('23:00:00') }, { ...began, at: at('23:00:00') }];
    const deep: Policy = { rules: [{ level: 'Request' }] };
    const create = { method: 'POST', uri: '/api/v1/namespaces/shop/pods' };
    const bodies = [...two, { ...create, ...began }, { ...create, level: 'Request', request: { a: 1 } }];
    const managed = [
      ...two,
      { ...create, ...began },
      { ...create, level: 'Request', request: { managedFields: [] } },
    ];
    const cases: readonly (readonly [string, Simulated, readonly string[]])[] = [
      ['a whole log', report(two), []],
      ['a stage that the log has not', report([...two, {}]), ['stages-not-recorded']],
      [
        'bodies that it has not',
        report([...two, create, { ...create, ...began }], {}, deep),
        ['bodies-not-recorded'],
      ],
      ['bodies without managed fields', report(bodies, {}, deep), ['managed-fields-not-recorded']],
      ['bodies with them', report(managed, {}, deep), []],
      ['bodies that are not wanted', report(bodies), []],
      ['unread lines', report(two, { unread: 1 }), ['unread-lines']],
      ['two logs', report(two, { logs: ['a', 'b'] }), ['counted-twice']],
      ['the search', report(two, { searched: true }), ['stored-sizes']],
      ['a short log', report([began, {}, { ...began, at: at('17:59:59') }]), ['short-log']],
      ['an hour', report([began, {}, { ...began, at: at('18:00:00') }]), []],
    ];
    for (const [what, simulated, more] of cases)
      assert.deepEqual([...ids(simulated)].sort(), [...always, ...more].sort(), what);
    const [stages] = report([...two, {}, {}]).unknowns.filter(({ id }) => id === 'stages-not-recorded');
    assert.equal(stages?.events, 2);
    assert.match(stages.message, /RequestReceived of requests .* about 2 events more/);
  });

  it('says it of the old policy as well', () => {
    const old = { name: 'old', policy: { rules: [{ level: 'RequestResponse' as const }] }, lines: [1] };
    const simulated = report([{}], { old });
    assert.equal(simulated.against?.policy, 'old');
    assert.equal(simulated.recorded.unsized, 0);
    assert.ok(ids(simulated).includes('bodies-not-recorded'));
  });
});

describe('a rule in words', () => {
  const cases: readonly (readonly [Omit<PolicyRule, 'level'>, string])[] = [
    [{}, 'everything'],
    [{ verbs: ['get', 'list'] }, 'get,list'],
    [{ verbs: ['a', 'b', 'c', 'd', 'e'] }, 'a,b,c,+2'],
    [
      { resources: [{ group: 'apps', resources: ['deployments/scale', '*'] }] },
      'deployments.apps/scale,*.apps',
    ],
    [{ resources: [{ resources: ['secrets'], resourceNames: ['key'] }] }, 'secrets key'],
    [{ resources: [{}, { group: 'apps' }] }, 'the core group,apps/*'],
    [{ namespaces: ['ci', ''], users: ['bob'] }, 'in ci,no namespace by bob'],
    [{ userGroups: ['admins'], nonResourceURLs: ['/healthz*'] }, '/healthz* by group admins'],
  ];
  for (const [rule, words] of cases)
    it(words, () => assert.equal(ruleText({ level: 'Metadata', ...rule }), words));
});
