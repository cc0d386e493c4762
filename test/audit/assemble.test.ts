// Facts and a request become a plan: every sink that may be there, with every record that may be there.
import assert from 'node:assert/strict';
import { planDynamic } from '../../src/audit/assemble.ts';
import type { DynamicRequest } from '../../src/audit/assemble.ts';
import type { AuditSink } from '../../src/audit/backend/audit-sink.ts';
import { defaultSettings } from '../../src/audit/backend/dynamic.ts';
import type { Facts } from '../../src/audit/facts.ts';
import { names } from '../../src/audit/names.ts';
import { readRecord } from '../../src/audit/plan/record.ts';
import { absent, euSink, facts, foreignSink, otherRun, ownSink, recorded, run } from '../support/facts.ts';
import { secrets } from '../support/secrets.ts';

const request: DynamicRequest = {
  settings: defaultSettings,
  sink: euSink,
  fingerprint: '0123456789ab',
  run: otherRun,
  tool: 'kubectl-sematext_audit/0.0.0',
};
const other = { policy: { level: 'Request', stages: ['ResponseComplete'] } } as const;
const adopted: AuditSink = {
  ...ownSink(),
  metadata: {
    ...ownSink().metadata,
    annotations: { [names.runAnnotation]: run, [names.previousAnnotation]: 'kept on the object' },
  },
};
const theirs = foreignSink(`https://elsewhere.example.com/x`, names.object);

const sinks = {
  'no sink': undefined,
  'our sink, as asked': ownSink(),
  'our sink, other settings': ownSink(other),
  'our sink, once adopted, as asked': adopted,
  'our sink, once adopted, other settings': { ...adopted, spec: { ...adopted.spec, ...other } },
  'a foreign sink of our name': theirs,
  'a foreign sink of our name that is as asked': { ...theirs, spec: ownSink().spec },
} as const;
const records = {
  'no record': absent,
  'an open record': recorded({ state: 'open' }),
  'a record': recorded(),
} as const;

/** The action of each step and its undo; then how the record says to take the sink back. */
type Row = readonly [
  sink: keyof typeof sinks,
  record: keyof typeof records,
  steps: string,
  takesBack?: string,
];
const rows: readonly Row[] = [
  ['no sink', 'no record', 'create→delete create→delete replace→previous', 'delete'],
  ['no sink', 'an open record', 'replace→previous create→delete replace→previous', 'delete'],
  ['no sink', 'a record', 'replace→previous create→delete replace→previous', 'delete'],
  ['our sink, as asked', 'no record', 'create→delete replace→previous replace→previous', 'delete'],
  ['our sink, as asked', 'an open record', 'replace→previous replace→previous replace→previous', 'delete'],
  ['our sink, as asked', 'a record', ''],
  ['our sink, other settings', 'no record', 'create→delete replace→previous replace→previous', 'delete'],
  [
    'our sink, other settings',
    'an open record',
    'replace→previous replace→previous replace→previous',
    'delete',
  ],
  ['our sink, other settings', 'a record', 'replace→previous replace→previous replace→previous', 'delete'],
  [
    'our sink, once adopted, as asked',
    'no record',
    'create→delete replace→previous replace→previous',
    'restore',
  ],
  [
    'our sink, once adopted, as asked',
    'an open record',
    'replace→previous replace→previous replace→previous',
    'restore',
  ],
  ['our sink, once adopted, as asked', 'a record', ''],
  [
    'our sink, once adopted, other settings',
    'no record',
    'create→delete replace→previous replace→previous',
    'restore',
  ],
  [
    'our sink, once adopted, other settings',
    'an open record',
    'replace→previous replace→previous replace→previous',
    'restore',
  ],
  [
    'our sink, once adopted, other settings',
    'a record',
    'replace→previous replace→previous replace→previous',
    'restore',
  ],
  ['a foreign sink of our name', 'no record', 'create→delete adopt→previous replace→previous', 'restore'],
  [
    'a foreign sink of our name',
    'an open record',
    'replace→previous adopt→previous replace→previous',
    'restore',
  ],
  ['a foreign sink of our name', 'a record', 'replace→previous adopt→previous replace→previous', 'restore'],
  [
    'a foreign sink of our name that is as asked',
    'no record',
    'create→delete adopt→previous replace→previous',
    'restore',
  ],
  [
    'a foreign sink of our name that is as asked',
    'an open record',
    'replace→previous adopt→previous replace→previous',
    'restore',
  ],
  [
    'a foreign sink of our name that is as asked',
    'a record',
    'replace→previous adopt→previous replace→previous',
    'restore',
  ],
];

const given = (sink: keyof typeof sinks, record: keyof typeof records): Facts => {
  const found = sinks[sink];
  return facts({ auditSinks: { seen: found === undefined ? [] : [found] }, record: records[record] });
};

describe('planDynamic', () => {
  it('is asked about every sink with every record', () => {
    const all = Object.keys(sinks).flatMap((sink) =>
      Object.keys(records).map((record) => `${sink}, ${record}`),
    );
    assert.deepEqual(rows.map(([sink, record]) => `${sink}, ${record}`).sort(), all.sort());
  });

  for (const [sink, record, wanted, takesBack] of rows)
    it(`${sink}, ${record}: ${wanted || 'nothing to do'}`, () => {
      const { steps } = planDynamic(given(sink, record), request);
      assert.equal(steps.map(({ action, undo }) => `${action.do}→${undo.do}`).join(' '), wanted);
      if (takesBack === undefined) return;
      const [first, second, third] = steps.map(({ action }) => action);
      assert.ok(first && 'object' in first && second && 'object' in second && third && 'object' in third);
      const [open, done] = [readRecord(first.object), readRecord(third.object)];
      assert.deepEqual(done, { ...open, state: 'done' });
      assert.equal(open?.state, 'open');
      assert.equal(open.run, otherRun);
      assert.deepEqual(
        open.objects.map(({ undo }) => undo.do),
        [takesBack],
      );
      assert.equal(
        second.object.metadata.annotations?.[names.runAnnotation],
        otherRun,
        'the object names its run',
      );
    });

  it('replaces only what it was made from', () => {
    const { steps } = planDynamic(given('our sink, other settings', 'a record'), request);
    assert.deepEqual(
      steps.map(({ action }) => 'version' in action && action.version),
      ['802', '801', ''],
    );
  });

  for (const [sink, record] of rows)
    it(`holds no token and is the same for the same input: ${sink}, ${record}`, () => {
      const input = given(sink, record);
      const before = JSON.stringify(input);
      const plan = planDynamic(input, request);
      const text = JSON.stringify(plan);
      assert.equal(JSON.stringify(planDynamic(given(sink, record), request)), text);
      assert.equal(JSON.stringify(input), before, 'the facts are left as they are');
      assert.ok(!text.includes(secrets.token));
      if (plan.steps.length > 0) assert.ok(text.includes('/${LOGS_TOKEN}/'));
    });

  it('tells of every other sink that bills the same events, and of taking over', () => {
    const auditSinks = { seen: [theirs, foreignSink(`${euSink.receiver}/<token f1>/`, 'older')] };
    assert.deepEqual(planDynamic(facts({ auditSinks }), request).notes, [
      'AuditSink older sends to a Sematext receiver too: its events are billed again.',
      'AuditSink sematext-audit is there and was not made by this tool: disable will put its present spec back.',
    ]);
  });
});
