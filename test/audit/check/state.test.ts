// The one word of `status`, and the exit that goes with it: every state is reached, and not looking never helps.
import assert from 'node:assert/strict';
import { everyServerPosts } from '../../../src/audit/check/delivery.ts';
import type { State } from '../../../src/audit/check/state.ts';
import type { ApiServer, Facts, Look, Unseen } from '../../../src/audit/facts.ts';
import { codeOf, judged } from '../../../src/flows/status.ts';
import { codes } from '../../../src/errors.ts';
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
  readings,
  recorded,
  version,
  webhookFacts,
  webhookFlags,
} from '../../support/facts.ts';
import { draws } from '../../support/draws.ts';
import type { Draws } from '../../support/draws.ts';

interface Said {
  readonly state: State;
  readonly exit: number;
}

/** What status says of these facts, and exits as. */
function said(given: Facts, skip: readonly string[] = []): Said {
  const result = judged(given, euSink, skip);
  const code = codeOf(result);
  return { state: result.state, exit: code === undefined ? 0 : codes[code] };
}

const none = { auditSinks: { seen: [] } };
const bare = { flags: { seen: {} } };
const dark = { flags: forbidden, flagsFrom: 'none' } as const;
const one = (change: Partial<ApiServer>): Facts => facts({ apiServers: [apiServer(change)] });
const nothing = { delivery: { seen: { events: 0, window: 900 } } };

const table: readonly (readonly [what: string, facts: Facts, state: State, exit: number])[] = [
  ['a sink that delivers', facts(), 'delivering', 0],
  ['a webhook that delivers', webhookFacts(), 'delivering', 0],
  ['nothing configured', facts({ ...none, apiServers: [apiServer(bare)] }), 'off', 3],
  ['nothing configured, although counters count', facts(none), 'off', 3],
  [
    'nothing configured on 1.37, and sinks forbidden as always there',
    webhookFacts({ auditSinks: forbidden, apiServers: [apiServer(bare)] }),
    'off',
    3,
  ],
  [
    'a backend on one of two',
    webhookFacts({ apiServers: [apiServer({ flags: { seen: webhookFlags } }), apiServer(bare)] }),
    'configured-not-running',
    3,
  ],
  ['a sink, and no switches', one(bare), 'configured-not-running', 6],
  [
    'a sink, and one switch missing',
    one({ flags: { seen: { ...honouring, 'feature-gates': '' } } }),
    'configured-not-running',
    6,
  ],
  [
    'a webhook without a policy beside a sink',
    one({ flags: { seen: { ...honouring, 'audit-webhook-config-file': '/w' } } }),
    'configured-not-running',
    3,
  ],
  [
    'configured, and nothing counted',
    one({ metrics: readings({ levels: {} }) }),
    'configured-not-running',
    3,
  ],
  [
    'configured, and the policy drops everything',
    webhookFacts({
      apiServers: [apiServer({ flags: { seen: webhookFlags }, metrics: readings({ levels: { None: 5 } }) })],
    }),
    'configured-not-running',
    3,
  ],
  ['counted, and nothing found', facts(nothing), 'running-nothing-delivered', 3],
  [
    'counted, and the receiver refuses the token',
    facts({ ...nothing, receiver: { seen: { status: 403, ms: 1 } } }),
    'running-nothing-delivered',
    5,
  ],
  ['counted, and no key to search with', facts({ delivery: notAsked }), 'running-delivery-unknown', 3],
  ['counted, and the search does not answer', facts({ delivery: failed }), 'running-delivery-unknown', 5],
  [
    'counted, and neither token nor key',
    facts({ delivery: notAsked, receiver: notAsked }),
    'running-delivery-unknown',
    3,
  ],
  [
    'found, and some lost',
    one({ metrics: readings({ errors: { webhook: 3 } }, {}) }),
    'delivering-with-losses',
    3,
  ],
  ['found, and counters forbidden', one({ metrics: forbidden }), 'delivering-losses-unknown', 4],
  ['found, and sinks forbidden', facts({ auditSinks: forbidden }), 'delivering-losses-unknown', 4],
  [
    'found, and nobody could say how many API servers there are',
    facts({ endpoints: forbidden }),
    'delivering-losses-unknown',
    4,
  ],
  ['found, flags hidden, but every API server posts', one(dark), 'delivering', 0],
  [
    'found, flags hidden, and nothing posted yet',
    one({ ...dark, metrics: readings({ posts: {} }) }),
    'delivering-losses-unknown',
    4,
  ],
  ['found, and the receiver does not answer us', facts({ receiver: failed }), 'delivering', 5],
  [
    'found, and the record is wrong: a warning',
    facts({ record: recorded({ state: 'open' }) }),
    'delivering',
    0,
  ],
  [
    'found, and billed twice: a warning',
    facts({ auditSinks: { seen: [ownSink(), foreignSink(`https://${euHost}/x`)] } }),
    'delivering',
    0,
  ],
  [
    'nothing to be seen at all',
    facts({
      ...nothing,
      apiServers: [apiServer({ ...dark, metrics: forbidden })],
      auditSinks: forbidden,
      auditIdHeader: { seen: false },
    }),
    'unknown',
    3,
  ],
  ['no API server to be seen', facts({ apiServers: [], delivery: notAsked }), 'unknown', 3],
];

describe('the state', () => {
  for (const [what, given, state, exit] of table)
    it(`${what}: ${state}, exit ${exit}`, () => assert.deepEqual(said(given), { state, exit }));

  it('is every one of them in this table', () => {
    const all: Record<State, true> = {
      off: true,
      'configured-not-running': true,
      'running-nothing-delivered': true,
      'running-delivery-unknown': true,
      'delivering-with-losses': true,
      'delivering-losses-unknown': true,
      delivering: true,
      unknown: true,
    };
    assert.deepEqual(new Set(table.map(([, , state]) => state)), new Set(Object.keys(all)));
  });

  it('is not delivering, but well, where the events were left out on request', () => {
    assert.deepEqual(said(facts(), ['events-arrive']), { state: 'running-delivery-unknown', exit: 0 });
    const dim = one({ metrics: forbidden });
    assert.equal(said({ ...dim, delivery: notAsked }, ['events-arrive']).exit, 4);
  });

  it('takes what was left out on request for neither good nor bad', () => {
    const lossy = one({ metrics: readings({ errors: { webhook: 3 } }, {}) });
    assert.deepEqual(said(lossy, ['no-losses']), { state: 'delivering', exit: 0 });
  });
});

/** Mostly the first: most of what is drawn has one or two faults, and some none. */
function mostly<T>(some: Draws, good: T, ...others: readonly T[]): T {
  return some.next() < 0.85 ? good : some.pick(...others);
}

function anyServer(some: Draws, name: string, old: boolean): ApiServer {
  const policy = { 'audit-policy-file': '/p' };
  const flags = mostly<Look<Record<string, string>>>(
    some,
    { seen: old ? honouring : webhookFlags },
    { seen: {} },
    { seen: old ? webhookFlags : honouring },
    { seen: { ...honouring, 'audit-webhook-config-file': '/w' } },
    { seen: { ...policy, 'audit-log-path': '-' } },
    forbidden,
  );
  const counted = {
    levels: mostly<Record<string, number>>(some, { Metadata: 5 }, {}, { None: 3 }),
    errors: mostly<Record<string, number>>(some, {}, { webhook: 2 }, { webhook: 500 }),
    posts: some.pick({ [euHost]: { 200: 5 } }, {}, { [euHost]: { 403: 5 } }),
  };
  const metrics = mostly(some, readings(counted), readings(counted, {}), forbidden, failed);
  return apiServer({ name, flags, flagsFrom: 'seen' in flags ? 'flagz' : 'none', metrics });
}

function anyFacts(some: Draws): Facts {
  const old = some.pick(true, true, false);
  const apiServers = Array.from({ length: some.pick(1, 1, 2, 3) }, (_, i) =>
    anyServer(some, `10.0.0.${i}:6443`, old),
  );
  const twice = { seen: [ownSink(), foreignSink(`https://${euHost}/x`)] };
  const old18 = (): Facts['auditSinks'] =>
    mostly<Facts['auditSinks']>(some, { seen: [ownSink()] }, { seen: [] }, twice, absent, forbidden);
  const groups = { seen: old ? ['apps', 'auditregistration.k8s.io'] : ['apps'] };
  return facts({
    version: version(old ? 'v1.18.19' : 'v1.37.2'),
    groups: mostly<Facts['groups']>(some, groups, failed),
    apiServers,
    endpoints: mostly<Facts['endpoints']>(some, { seen: apiServers.map(({ name }) => name) }, absent),
    auditSinks: old ? old18() : some.pick(absent, forbidden),
    auditIdHeader: { seen: some.pick(true, false) },
    record: some.pick(
      recorded(),
      recorded({ state: 'open' }),
      recorded({ run: otherRun }),
      absent,
      forbidden,
    ),
    receiver: mostly<Facts['receiver']>(
      some,
      { seen: { status: 200, ms: 1 } },
      { seen: { status: 403, ms: 1 } },
      { seen: { status: 301, ms: 1, redirect: 'h' } },
      failed,
    ),
    delivery: mostly<Facts['delivery']>(
      some,
      { seen: { events: 5, window: 900 } },
      { seen: { events: 0, window: 900 } },
      failed,
      notAsked,
    ),
  });
}

type Hide = readonly [what: string, hide: (facts: Facts) => Facts];

/** Every way to see less of these facts. `absent` is none of them: it is an answer. */
function blindfolds(given: Facts): readonly Hide[] {
  const ways: readonly Unseen[] = [forbidden, failed];
  const looks = ['groups', 'auditSinks', 'auditIdHeader', 'record', 'delivery'] as const;
  const server =
    (i: number, change: Partial<ApiServer>) =>
    (all: Facts): Facts => ({
      ...all,
      apiServers: all.apiServers.map((one, at) => (at === i ? { ...one, ...change } : one)),
    });
  return ways.flatMap((way): Hide[] => [
    ...looks.map((look): Hide => [look, (all) => ({ ...all, [look]: way })]),
    ...given.apiServers.flatMap(({ name }, i): Hide[] => [
      [`metrics of ${name}`, server(i, { metrics: way })],
      ...(everyServerPosts({ facts: given, sink: euSink })
        ? [] // API servers that are seen to post are believed without their flags
        : [[`flags of ${name}`, server(i, { flags: way, flagsFrom: 'none' })] as const]),
    ]),
    ['receiver', (all) => ({ ...all, receiver: failed })],
    ['token', (all) => ({ ...all, receiver: notAsked, delivery: notAsked })],
    // without the addresses one API server answers for all, and it may be any
    ...given.apiServers.map(({ name }, i): Hide => [
      `endpoints, where ${name} answers`,
      (all) => ({ ...all, endpoints: way, apiServers: all.apiServers.filter((_, at) => at === i) }),
    ]),
  ]);
}

describe('not looking', () => {
  it('never makes delivering out of anything else, nor exit 0 out of a failure', () => {
    const some = draws(20260726);
    const seen = { unhealthy: 0, healthy: 0 };
    for (let i = 0; i < 600; i++) {
      const given = anyFacts(some);
      const skip = some.pick([], [], ['events-arrive']);
      const before = said(given, skip);
      seen[before.exit === 0 ? 'healthy' : 'unhealthy'] += 1;
      for (const [what, hide] of blindfolds(given)) {
        // whoever leaves the events out and gives no token has chosen not to ask the sink at all
        if (what === 'token' && skip.length > 0) continue;
        const after = said(hide(given), skip);
        const better = before.state !== 'delivering' && after.state === 'delivering';
        if (better || (before.exit !== 0 && after.exit === 0))
          assert.fail(`hiding ${what} of\n${JSON.stringify(given, undefined, 1)}`);
      }
    }
    assert.ok(seen.unhealthy > 200 && seen.healthy > 50, JSON.stringify(seen));
  });

  it('is told for every look that health stands on', () => {
    const looks = ['auditSinks', 'delivery', 'receiver', 'endpoints'] as const;
    for (const look of looks) assert.notEqual(said(facts({ [look]: failed })).exit, 0, look);
    for (const look of ['flags', 'metrics'] as const)
      assert.notEqual(
        said(webhookFacts({ apiServers: [apiServer({ flags: { seen: webhookFlags }, [look]: failed })] }))
          .exit,
        0,
        look,
      );
  });
});
