// The hops of a request, and which of them lost it.
import assert from 'node:assert/strict';
import { probes, syntheticEvents } from '../../../src/audit/event/probe.ts';
import { hopsOf, summarise } from '../../../src/audit/event/proof.ts';
import type { Hop } from '../../../src/audit/event/proof.ts';
import type { AuditMetrics } from '../../../src/audit/metrics.ts';
import { absent, euHost, failed, foreignSink, ownSink, readings } from '../../support/facts.ts';

type Said = readonly [audit: Hop['result'], delivery: Hop['result']];
const posts = (codes: Record<string, number>): Partial<AuditMetrics> => ({
  events: 1005,
  posts: { [euHost]: codes },
});
const before: Partial<AuditMetrics> = {
  events: 1000,
  posts: { [euHost]: { 200: 40, 500: 2 } },
  errors: { webhook: 3 },
};

const cases: readonly (readonly [what: string, after: Partial<AuditMetrics>, said: Said])[] = [
  ['a batch was accepted', { ...posts({ 200: 41, 500: 2 }), errors: { webhook: 3 } }, ['passed', 'passed']],
  [
    'one was refused, then accepted',
    { ...posts({ 200: 41, 500: 3 }), errors: { webhook: 3 } },
    ['passed', 'passed'],
  ],
  ['a batch was refused', { ...posts({ 200: 40, 500: 3 }), errors: { webhook: 3 } }, ['passed', 'lost']],
  [
    'no answer came',
    { ...posts({ 200: 40, 500: 2, '<error>': 1 }), errors: { webhook: 3 } },
    ['passed', 'lost'],
  ],
  ['events were given up', { ...posts({ 200: 40, 500: 2 }), errors: { webhook: 8 } }, ['passed', 'lost']],
  [
    'nothing was posted yet',
    { ...posts({ 200: 40, 500: 2 }), errors: { webhook: 3 } },
    ['passed', 'unknown'],
  ],
  [
    'posts went elsewhere',
    { events: 1005, errors: { webhook: 3 }, posts: { elsewhere: { 200: 9 }, [euHost]: { 200: 40, 500: 2 } } },
    ['passed', 'unknown'],
  ],
  [
    'no event was counted',
    { ...posts({ 200: 40, 500: 2 }), events: 1000, errors: { webhook: 3 } },
    ['lost', 'unknown'],
  ],
  [
    'nothing is audited at all',
    { ...posts({ 200: 40, 500: 2 }), levels: {}, errors: { webhook: 3 } },
    ['lost', 'unknown'],
  ],
];

describe('hopsOf', () => {
  for (const [what, after, said] of cases)
    it(`${what}: audit ${said[0]}, delivery ${said[1]}`, () => {
      const hops = hopsOf(readings(after, before), euHost);
      assert.deepEqual(
        hops.map(({ hop }) => hop),
        ['audit', 'delivery'],
      );
      assert.deepEqual(
        hops.map(({ result }) => result),
        said,
      );
    });

  for (const [what, metrics] of [
    ['not read', undefined],
    ['not to be seen', failed],
  ] as const)
    it(`counters that were ${what} say nothing`, () =>
      assert.deepEqual(
        hopsOf(metrics, euHost).map(({ result }) => result),
        ['unknown', 'unknown'],
      ));
});

const hop = (name: Hop['hop'], result: Hop['result']): Hop => ({ hop: name, result, evidence: 'e' });
const event = (stage: string): { auditID: string; stage: string; stageTimestamp: string } => ({
  auditID: 'a',
  stage,
  stageTimestamp: '',
});
const sent = { title: 'get x', via: undefined, auditId: 'a' };
const passedAll = (['api-server', 'audit', 'delivery', 'receiver'] as const).map((name) =>
  hop(name, 'passed'),
);

describe('summarise', () => {
  it('an event that was found has passed every hop, whatever they could tell', () => {
    const journey = [hop('api-server', 'passed'), hop('audit', 'unknown'), hop('delivery', 'lost')];
    const result = summarise({
      sent,
      events: [event('ResponseComplete')],
      foundAfterMs: 900,
      searched: true,
      before: journey,
    });
    assert.equal(result.delivered, true);
    assert.deepEqual(
      result.hops.map(({ hop: name, result: one }) => `${name} ${one}`),
      ['api-server passed', 'audit passed', 'delivery passed', 'search passed'],
    );
    assert.deepEqual(result.hops.at(-1), {
      hop: 'search',
      result: 'passed',
      evidence: 'found ResponseComplete',
      afterMs: 900,
    });
  });

  it('the search lost it when every hop before has passed', () => {
    const result = summarise({
      sent,
      events: [],
      foundAfterMs: undefined,
      searched: true,
      before: passedAll,
    });
    assert.equal(result.delivered, false);
    assert.equal(result.hops.at(-1)?.result, 'lost');
  });

  it('nobody is blamed when nobody looked', () => {
    const result = summarise({
      sent,
      events: [],
      foundAfterMs: undefined,
      searched: false,
      before: passedAll,
    });
    assert.deepEqual([result.hops.at(-1)?.result, result.delivered], ['unknown', false]);
  });

  for (const broken of ['lost', 'unknown'] as const)
    for (const at of [0, 1, 2, 3])
      it(`the search is not blamed when hop ${at + 1} before is ${broken}`, () => {
        const journey = passedAll.map((one, i) => (i === at ? { ...one, result: broken } : one));
        const result = summarise({
          sent,
          events: [],
          foundAfterMs: undefined,
          searched: true,
          before: journey,
        });
        assert.equal(result.hops.at(-1)?.result, 'unknown');
        assert.deepEqual(result.hops.slice(0, -1), journey, 'the others stay as they are');
      });

  const stages: readonly (readonly [
    found: readonly string[],
    stages: readonly string[],
    duplicates: number,
  ])[] = [
    [['ResponseComplete'], ['ResponseComplete'], 0],
    [['ResponseComplete', 'ResponseComplete'], ['ResponseComplete'], 1],
    [['ResponseComplete', 'RequestReceived'], ['RequestReceived', 'ResponseComplete'], 0],
    [
      ['ResponseComplete', 'RequestReceived', 'ResponseComplete', 'RequestReceived'],
      ['RequestReceived', 'ResponseComplete'],
      2,
    ],
  ];
  for (const [found, distinct, duplicates] of stages)
    it(`${found.join(', ')}: ${duplicates} duplicates`, () => {
      const result = summarise({
        sent,
        events: found.map(event),
        foundAfterMs: 1,
        searched: true,
        before: [],
      });
      assert.deepEqual([result.stages, result.duplicates], [distinct, duplicates]);
    });

  it('names the API server that was asked', () => {
    const through = (via: string | undefined): string =>
      summarise({ sent: { ...sent, via }, events: [], foundAfterMs: undefined, searched: true, before: [] })
        .apiServer;
    assert.deepEqual([through(undefined), through('10.0.0.1:6443')], ['api', '10.0.0.1:6443']);
  });
});

describe('probes', () => {
  const methods = (auditSinks: Parameters<typeof probes>[0]['auditSinks']): readonly string[] =>
    probes({ auditSinks }).map(({ method }) => method);
  const policy = (spec: object): ReturnType<typeof ownSink> => ownSink({ policy: spec as never });
  it('a read where our sink takes everything', () =>
    assert.deepEqual(methods({ seen: [ownSink()] }), ['GET']));
  it('a write and a read where a policy decides', () => assert.deepEqual(methods(absent), ['POST', 'GET']));
  it('both where only another sink is', () =>
    assert.deepEqual(methods({ seen: [foreignSink('https://h/')] }), ['POST', 'GET']));
  it('both where our sink takes nothing', () =>
    assert.deepEqual(methods({ seen: [policy({ level: 'None' })] }), ['POST', 'GET']));
  it('both where our sink has no stage', () =>
    assert.deepEqual(methods({ seen: [policy({ level: 'Metadata', stages: [] })] }), ['POST', 'GET']));
  it('change nothing: reads, and dry runs', () => {
    for (const { method, path } of probes({ auditSinks: absent }))
      assert.ok(method === 'GET' || path.endsWith('?dryRun=All'), path);
  });
});

describe('syntheticEvents', () => {
  it('is an EventList with our id, its times in the forms that are read', () => {
    const list = syntheticEvents('a-1', '2026-01-02T03:04:05.678Z', 'tool/1') as {
      items: Record<string, unknown>[];
    };
    const [item = {}] = list.items;
    assert.equal(list.items.length, 1);
    const { auditID, userAgent, timestamp, stageTimestamp, requestReceivedTimestamp } = item;
    assert.deepEqual(
      { auditID, userAgent, timestamp, stageTimestamp, requestReceivedTimestamp },
      {
        auditID: 'a-1',
        userAgent: 'tool/1',
        timestamp: '2026-01-02T03:04:05.678Z',
        stageTimestamp: '2026-01-02T03:04:05.678000Z',
        requestReceivedTimestamp: '2026-01-02T03:04:05.678000Z',
      },
    );
    assert.match(JSON.stringify(list), /^[\x20-\x7e]*$/, 'ASCII only');
  });
});
