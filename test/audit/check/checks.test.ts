// Every check: facts → answer. Each table begins with what is well; what could not be looked at is never ok.
import assert from 'node:assert/strict';
import type { Answer, Check } from '../../../src/audit/check/check.ts';
import { answerAll, obstacles } from '../../../src/audit/check/check.ts';
import * as cluster from '../../../src/audit/check/cluster.ts';
import * as configured from '../../../src/audit/check/configured.ts';
import * as delivery from '../../../src/audit/check/delivery.ts';
import type { Facts } from '../../../src/audit/facts.ts';
import {
  absent,
  apiServer,
  euHost,
  euSink,
  facts,
  failed,
  forbidden,
  foreignSink,
  honouring,
  notAsked,
  otherRun,
  ownSink,
  permission,
  readings,
  recorded,
  version,
  webhookFacts,
  webhookFlags,
} from '../../support/facts.ts';

type Row = readonly [what: string, facts: Facts, result: Answer['result'], evidence?: RegExp];
const server = (change: Parameters<typeof apiServer>[0], name = 'api'): ReturnType<typeof apiServer> =>
  apiServer({ name, ...change });
const one = (change: Parameters<typeof apiServer>[0]): Facts => facts({ apiServers: [server(change)] });
const two = (a: Parameters<typeof apiServer>[0], b: Parameters<typeof apiServer>[0]): Facts =>
  facts({ apiServers: [server(a, 'a'), server(b, 'b')] });
const flags = (seen: Record<string, string>): { flags: { seen: Record<string, string> } } => ({
  flags: { seen },
});
const dark = { flags: forbidden, flagsFrom: 'none' } as const;
const none = { auditSinks: { seen: [] } };
const posts = (codes: Record<string, number>): object => ({ posts: { [euHost]: codes } });

const tables: readonly { readonly check: Check; readonly rows: readonly Row[] }[] = [
  {
    check: cluster.serverVersion,
    rows: [
      ['1.18', facts(), 'ok', /^v1\.18\.19$/],
      ['1.13', facts({ version: version('v1.13.12') }), 'ok'],
      ['1.19', facts({ version: version('v1.19.0') }), 'bad', /removed in Kubernetes 1\.19/],
      ['1.37', webhookFacts(), 'bad'],
    ],
  },
  {
    check: cluster.sinksServed,
    rows: [
      ['served', facts(none), 'ok'],
      ['not served', facts({ auditSinks: absent }), 'bad', /not served/],
      ['forbidden', facts({ auditSinks: forbidden }), 'unknown', /403/],
      ['failed', facts({ auditSinks: failed }), 'unknown'],
      ['1.37', webhookFacts(), 'skipped'],
    ],
  },
  {
    check: cluster.switchesOn,
    rows: [
      ['all three', facts(), 'ok'],
      ['all three on both', two({}, {}), 'ok'],
      [
        'one missing on one of two',
        two({}, flags({ ...honouring, 'feature-gates': '' })),
        'bad',
        /^b lacks --feature-gates=DynamicAuditing=true$/,
      ],
      ['one missing, one hidden', two(dark, flags({})), 'bad'],
      [
        'hidden, and it audits nothing',
        one({ ...dark, metrics: readings({ levels: {} }) }),
        'bad',
        /api audits nothing/,
      ],
      ['one hidden', two({}, dark), 'unknown', /403/],
      ['no API server', facts({ apiServers: [] }), 'unknown'],
      ['1.37', webhookFacts(), 'skipped'],
    ],
  },
  {
    check: cluster.switchesNotOff,
    rows: [
      ['all three', facts(), 'ok'],
      ['one missing', one(flags({})), 'bad'],
      ['hidden: the proof will tell', one(dark), 'skipped', /proof of delivery/],
    ],
  },
  {
    check: cluster.permissions,
    rows: [
      [
        'all',
        facts({ permissions: [permission({ seen: true }), permission({ seen: true }, 'kube-system')] }),
        'ok',
        /^2 permissions$/,
      ],
      [
        'one denied',
        facts({ permissions: [permission({ seen: false }), permission({ seen: true })] }),
        'bad',
        /^not allowed: create auditsinks\.auditregistration\.k8s\.io$/,
      ],
      [
        'one denied in a namespace',
        facts({ permissions: [permission({ seen: false }, 'kube-system')] }),
        'bad',
        /^not allowed: update configmaps in kube-system$/,
      ],
      [
        'one denied, one hidden',
        facts({ permissions: [permission(failed), permission({ seen: false })] }),
        'bad',
      ],
      [
        'one hidden',
        facts({ permissions: [permission({ seen: true }), permission(failed)] }),
        'unknown',
        /500/,
      ],
    ],
  },
  {
    check: cluster.billedOnce,
    rows: [
      ['ours alone', facts(), 'ok'],
      [
        'another, elsewhere',
        facts({ auditSinks: { seen: [ownSink(), foreignSink('https://h.example.com/')] } }),
        'ok',
      ],
      [
        'another, to Sematext',
        facts({ auditSinks: { seen: [ownSink(), foreignSink(`https://${euHost}/<token f1>`)] } }),
        'bad',
        /^theirs: /,
      ],
      ['forbidden', facts({ auditSinks: forbidden }), 'unknown'],
      ['not served', facts({ auditSinks: absent }), 'skipped'],
      [
        'not served, says discovery, and forbidden',
        facts({ groups: { seen: ['apps'] }, auditSinks: forbidden }),
        'skipped',
      ],
      ['forbidden on a version without', webhookFacts({ auditSinks: forbidden }), 'skipped'],
    ],
  },
  {
    check: cluster.recordTrue,
    rows: [
      ['what was recorded is there', facts(), 'ok'],
      ['a run that never ended', facts({ record: recorded({ state: 'open' }) }), 'bad', /never ended/],
      ['the sink is gone', facts(none), 'bad', /gone/],
      ['the sink is of another run', facts({ record: recorded({ run: otherRun }) }), 'bad', /not the one/],
      ['a sink without a record', facts({ record: absent }), 'bad', /without a record/],
      ['nothing at all', facts({ ...none, record: absent }), 'skipped'],
      [
        'a foreign sink alone',
        facts({ auditSinks: { seen: [foreignSink('https://h/')] }, record: absent }),
        'skipped',
      ],
      ['a record that is hidden', facts({ record: forbidden }), 'unknown'],
      ['a record that is not to be read', facts({ record: failed }), 'unknown'],
      ['sinks that are hidden', facts({ auditSinks: forbidden }), 'unknown'],
      ['sinks that are hidden, and no record', facts({ auditSinks: forbidden, record: absent }), 'unknown'],
    ],
  },
  {
    check: cluster.recordReadable,
    rows: [
      ['a record', facts(), 'ok'],
      ['none', facts({ record: absent }), 'ok'],
      ['forbidden', facts({ record: forbidden }), 'unknown'],
      ['not understood', facts({ record: failed }), 'unknown'],
    ],
  },
  {
    check: configured.configured,
    rows: [
      ['a sink', facts(), 'ok', /^api: dynamic \(1 AuditSinks\)$/],
      ['a webhook', webhookFacts(), 'ok', /^api: webhook$/],
      [
        'a log',
        webhookFacts({ apiServers: [server(flags({ 'audit-policy-file': '/p', 'audit-log-path': '-' }))] }),
        'ok',
        /log-backend \(-\)/,
      ],
      ['a sink, with flags that are hidden', one(dark), 'ok'],
      ['a sink and its switches', one(flags(honouring)), 'ok'],
      ['nothing, and no sink', facts({ ...none }), 'bad', /^none on api$/],
      [
        'a webhook without a policy',
        webhookFacts({ apiServers: [server(flags({ 'audit-webhook-config-file': '/w' }))] }),
        'bad',
      ],
      [
        'a webhook on one of two',
        webhookFacts({ apiServers: [server(flags(webhookFlags), 'a'), server(flags({}), 'b')] }),
        'bad',
        /^none on b$/,
      ],
      [
        'nothing on one, the other hidden',
        webhookFacts({ apiServers: [server(dark, 'a'), server(flags({}), 'b')] }),
        'bad',
      ],
      ['flags that are hidden', webhookFacts({ apiServers: [server(dark)] }), 'unknown'],
      ['sinks that are hidden', facts({ auditSinks: forbidden }), 'unknown', /403/],
      ['no API server', facts({ apiServers: [] }), 'unknown'],
    ],
  },
  {
    check: configured.policyPresent,
    rows: [
      ['a webhook with its policy', webhookFacts(), 'ok'],
      [
        'a webhook without',
        webhookFacts({ apiServers: [server(flags({ 'audit-webhook-config-file': '/w' }))] }),
        'bad',
        /on api: nothing is recorded/,
      ],
      [
        'a log without',
        webhookFacts({ apiServers: [server(flags({ 'audit-log-path': '-', 'audit-policy-file': '' }))] }),
        'bad',
      ],
      [
        'one without, one hidden',
        webhookFacts({ apiServers: [server(dark, 'a'), server(flags({ 'audit-log-path': '-' }), 'b')] }),
        'bad',
        /on b/,
      ],
      ['no static backend', facts(), 'skipped'],
      [
        'one hidden',
        webhookFacts({
          apiServers: [
            server(flags(webhookFlags), 'a'),
            server({ ...dark, metrics: readings({ posts: {} }) }, 'b'),
          ],
        }),
        'unknown',
      ],
      ['one hidden that posts all the same', one(dark), 'skipped'],
    ],
  },
  {
    check: configured.instancesAgree,
    rows: [
      ['two alike', two({}, {}), 'ok', /^2 agree$/],
      ['two that differ in other flags', two(flags({ ...honouring, v: '4' }), {}), 'ok'],
      ['two that differ', two(flags(webhookFlags), flags({})), 'bad', /^a, b$/],
      [
        'two that differ, a third hidden',
        facts({ apiServers: [server(flags(webhookFlags), 'a'), server(flags({}), 'b'), server(dark, 'c')] }),
        'bad',
      ],
      ['one hidden', two({}, dark), 'unknown', /^b: /],
      ['one', facts(), 'skipped'],
      [
        'one, and nobody could say whether there are more',
        facts({ endpoints: forbidden }),
        'unknown',
        /how many/,
      ],
      ['one, and the list is empty', facts({ endpoints: absent }), 'skipped'],
    ],
  },
  {
    check: delivery.running,
    rows: [
      ['counting', facts(), 'ok', /^api: 1000 events so far$/],
      ['no level', one({ metrics: readings({ levels: {} }) }), 'bad', /counts no audited request/],
      ['None alone', one({ metrics: readings({ levels: { None: 9 } }) }), 'bad', /drops every request/],
      ['levels that are all zero', one({ metrics: readings({ levels: { Metadata: 0 } }) }), 'bad'],
      ['one of two not', two({}, { metrics: readings({ levels: {} }) }), 'bad', /^b /],
      ['one not, one hidden', two({ metrics: failed }, { metrics: readings({ levels: {} }) }), 'bad'],
      ['hidden on 1.18, but our request was marked', one({ metrics: forbidden }), 'ok', /marked/],
      [
        'hidden on 1.18, and our request was not marked',
        facts({ apiServers: [server({ metrics: forbidden })], auditIdHeader: { seen: false } }),
        'unknown',
      ],
      ['one of two hidden on 1.18', two({}, { metrics: forbidden }), 'unknown', /^b: .*403/],
      [
        'counting, but without a sink, and flags hidden: that proves nothing',
        facts({ ...none, apiServers: [server(dark)] }),
        'unknown',
        /even where no AuditSink/,
      ],
      [
        'marked, but with sinks and flags hidden: neither does that',
        facts({ auditSinks: forbidden, apiServers: [server({ ...dark, metrics: forbidden })] }),
        'unknown',
      ],
      [
        'counting on 1.18 without the API, flags hidden',
        facts({ auditSinks: absent, apiServers: [server(dark)] }),
        'ok',
      ],
      [
        'hidden on 1.37, where every request is marked',
        webhookFacts({ apiServers: [server({ metrics: forbidden })] }),
        'unknown',
      ],
      ['no API server', facts({ apiServers: [] }), 'unknown'],
    ],
  },
  {
    check: delivery.noLosses,
    rows: [
      ['none', facts(), 'ok', /none lost/],
      [
        'a few, long ago',
        one({ metrics: readings({ errors: { webhook: 9 } }) }),
        'ok',
        /9 lost since it began, none now \(webhook 9\)/,
      ],
      ['one in a hundred, long ago', one({ metrics: readings({ errors: { webhook: 10 } }) }), 'ok'],
      ['more, long ago', one({ metrics: readings({ errors: { webhook: 11 } }) }), 'bad', /lost 11 of 1000/],
      [
        'one, now',
        one({ metrics: readings({ errors: { buffered: 1 } }, {}) }),
        'bad',
        /lost 1 events in 2 s \(buffered 1\)/,
      ],
      [
        'some, and events were never counted',
        one({ metrics: readings({ events: undefined, errors: { log: 2 } }) }),
        'bad',
        /2 of 0/,
      ],
      ['one of two', two({}, { metrics: readings({ errors: { buffered: 1 } }, {}) }), 'bad', /^b /],
      ['hidden', one({ metrics: forbidden }), 'unknown'],
      ['one of two hidden', two({}, { metrics: failed }), 'unknown'],
      ['no API server', facts({ apiServers: [] }), 'unknown'],
    ],
  },
  {
    check: delivery.receiverReachable,
    rows: [
      ['200', facts(), 'ok', /HTTP 200 in 12 ms/],
      ['206', facts({ receiver: { seen: { status: 206, ms: 1 } } }), 'ok'],
      ['207', facts({ receiver: { seen: { status: 207, ms: 1 } } }), 'bad'],
      ['403', facts({ receiver: { seen: { status: 403, ms: 1 } } }), 'bad', /403/],
      ['500', facts({ receiver: { seen: { status: 500, ms: 1 } } }), 'bad'],
      [
        'a redirect',
        facts({ receiver: { seen: { status: 301, ms: 1, redirect: 'h' } } }),
        'bad',
        /redirects to h/,
      ],
      ['a redirect to nowhere', facts({ receiver: { seen: { status: 302, ms: 1 } } }), 'bad'],
      ['no answer', facts({ receiver: failed }), 'unknown'],
      ['not asked', facts({ receiver: notAsked }), 'skipped'],
    ],
  },
  {
    check: delivery.receiverAccepts,
    rows: [
      ['accepted', facts(), 'ok', /40 batches accepted, 0 refused/],
      ['refused before, not now', one({ metrics: readings(posts({ 200: 9, 500: 2 })) }), 'ok'],
      ['nothing posted yet', one({ metrics: readings({ posts: {} }) }), 'ok'],
      [
        'refused now',
        one({ metrics: readings(posts({ 200: 9, 500: 3 }), posts({ 200: 9, 500: 2 })) }),
        'bad',
      ],
      ['only ever refused', one({ metrics: readings(posts({ 403: 9 })) }), 'bad'],
      ['hidden', one({ metrics: forbidden }), 'unknown'],
    ],
  },
  {
    check: delivery.eventsArrive,
    rows: [
      ['some', facts(), 'ok', /^7 in the last 900 s, newest /],
      [
        'some, without a time',
        facts({ delivery: { seen: { events: 1, window: 60 } } }),
        'ok',
        /^1 in the last 60 s$/,
      ],
      ['none', facts({ delivery: { seen: { events: 0, window: 900 } } }), 'bad', /none in the last 900 s/],
      ['no answer', facts({ delivery: failed }), 'unknown'],
      ['not asked', facts({ delivery: notAsked }), 'unknown'],
    ],
  },
];

const checks = tables.map(({ check }) => check);

describe('checks', () => {
  for (const { check, rows } of tables)
    for (const [what, given, result, evidence] of rows)
      it(`${check.id}: ${what}: ${result}`, () => {
        const answer = check.ask({ facts: given, sink: euSink });
        assert.equal(answer.result, result, answer.evidence);
        if (evidence !== undefined) assert.match(answer.evidence, evidence);
        const troubled = answer.result === 'bad' || answer.result === 'unknown';
        assert.equal(
          'hint' in answer && answer.hint !== '',
          troubled,
          'a hint exactly where something is to be done',
        );
      });

  it('are all here', () => {
    const all = [cluster, configured, delivery].flatMap((module) => Object.values(module) as unknown[]);
    const exported = all.filter((value): value is Check => typeof (value as Check).ask === 'function');
    assert.deepEqual(new Set(checks), new Set(exported));
  });

  for (const check of checks)
    it(`${check.id} has a table of what is ok, what is not, and what is not known`, () => {
      const rows = tables.find((table) => table.check === check)?.rows ?? [];
      const results = new Set(rows.map(([, , result]) => result));
      const never =
        new Map<Check, readonly string[]>([
          [cluster.serverVersion, ['unknown']], // without a version there are no facts
          [cluster.switchesNotOff, ['unknown']],
          [cluster.recordReadable, ['bad']],
        ]).get(check) ?? [];
      for (const result of ['ok', 'bad', 'unknown'] as const)
        assert.equal(results.has(result), !never.includes(result), result);
    });

  it('need no sink to be named', () => {
    for (const check of checks)
      assert.equal(
        typeof check.ask({ facts: facts({ receiver: failed }), sink: undefined }).evidence,
        'string',
      );
    const asked = { facts: facts(none), sink: undefined };
    assert.equal(delivery.receiverAccepts.ask(asked).result, 'skipped');
  });
});

describe('the class of an unknown answer', () => {
  const classes: readonly (readonly [what: string, check: Check, facts: Facts, code: string])[] = [
    ['forbidden is the cluster’s', delivery.running, two({}, { metrics: forbidden }), 'cluster-forbidden'],
    ['failed is nobody’s', delivery.running, two({}, { metrics: failed }), 'unhealthy'],
    [
      'a receiver without an answer is the sink’s',
      delivery.receiverReachable,
      facts({ receiver: failed }),
      'receiver-unreachable',
    ],
    [
      'a search without an answer is the sink’s',
      delivery.eventsArrive,
      facts({ delivery: failed }),
      'search-unreachable',
    ],
    [
      'a search that was not asked is nobody’s',
      delivery.eventsArrive,
      facts({ delivery: notAsked }),
      'unhealthy',
    ],
  ];
  for (const [what, check, given, code] of classes)
    it(what, () => assert.equal(answerAll([check], { facts: given, sink: euSink })[0]?.code, code));
});

describe('answerAll', () => {
  const subject = {
    facts: facts({ ...none, record: absent, delivery: { seen: { events: 0, window: 900 } } }),
    sink: euSink,
  };

  it('brings one finding per check, with its page', () => {
    const findings = answerAll(checks, subject);
    assert.deepEqual(
      findings.map(({ id }) => id),
      checks.map(({ id }) => id),
    );
    for (const { id, page } of findings) assert.ok(page.endsWith(`/docs/checks/${id}.md`), page);
  });

  it('leaves out what the user does not want asked', () => {
    const [finding] = answerAll([delivery.eventsArrive], subject, ['events-arrive']);
    assert.deepEqual([finding?.result, finding?.evidence], ['skipped', 'left out on request']);
    assert.equal(answerAll([delivery.eventsArrive], subject, ['record'])[0]?.result, 'bad');
  });

  it('finds in the way what counts and is bad or unknown, and nothing else', () => {
    const of = (severity: Check['severity'], result: Answer['result']): number =>
      obstacles([{ id: 'x', title: 'x', severity, code: 'unhealthy', result, evidence: '', page: '' }])
        .length;
    const all = (['ok', 'skipped', 'bad', 'unknown'] as const).map((result) => [
      of('error', result),
      of('warning', result),
    ]);
    assert.deepEqual(all, [
      [0, 0],
      [0, 0],
      [1, 0],
      [1, 0],
    ]);
  });
});
