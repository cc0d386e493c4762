// One event and what becomes of it, when all is well and when each part in turn is not.
import assert from 'node:assert/strict';
import { names } from '../../src/audit/names.ts';
import { startApiServer } from '../../src/demo/api-server.ts';
import type { ApiServer } from '../../src/demo/api-server.ts';
import type { KubeObject } from '../../src/demo/kubernetes/object.ts';
import type { TestEventResult } from '../../src/audit/results.ts';
import type { World } from '../../src/io/world.ts';
import { failure } from '../support/failure.ts';
import { secrets } from '../support/secrets.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';

let stage: Stage;
let world: World;
before(async () => {
  stage = await openStage();
  world = stage.world();
});
after(() => stage.stop());
beforeEach(async () => {
  stage.reset();
  await stage.enable({}, world);
});

const hops = ({ probes }: TestEventResult): readonly string[] =>
  probes.flatMap((one) => one.hops.map(({ hop, result }) => `${hop} ${result}`));
const allPassed = [
  'api-server passed',
  'audit passed',
  'delivery passed',
  'receiver passed',
  'search passed',
];
/** The search requests of a run. */
async function searches(run: () => Promise<unknown>): Promise<number> {
  let count = 0;
  stage.sematext.faults.search.down({ when: () => (count++, false) });
  await run();
  return count;
}

describe('test-event', () => {
  it('finds the very event of its request, hop by hop, and how long it took', async () => {
    const result = await stage.testEvent({}, world);
    assert.equal(result.verdict, 'delivered');
    assert.deepEqual(hops(result), allPassed);
    assert.deepEqual(result.notes, []);
    const [probe] = result.probes;
    assert.equal(probe?.duplicates, 0);
    assert.ok((probe.hops.at(-1)?.afterMs ?? -1) >= 0);
    const seen = stage.server.requests.find(({ auditId }) => auditId === probe.auditId);
    assert.equal(seen?.method, 'GET', 'a request that changes nothing');
  });

  it('counts duplicates, which are billed', async () => {
    const sink = stage.find('AuditSink') as KubeObject;
    stage.server.objects.put({ ...sink, metadata: { name: 'again' } });
    const result = await stage.testEvent({}, world);
    assert.equal(result.verdict, 'delivered');
    assert.equal(result.probes[0]?.duplicates, 1);
    assert.match(result.notes.join(), /^1 duplicates/);
  });

  it('sends a read and a write where a policy decides, and tells the one that came', async () => {
    const sink = stage.find('AuditSink') as KubeObject;
    stage.server.objects.drop(sink);
    stage.server.objects.put({ ...sink, metadata: { name: 'of-another-tool' } });
    const before = stage.server.requests.length;
    const result = await stage.testEvent({}, world);
    assert.equal(result.verdict, 'delivered');
    const sent = stage.server.requests
      .slice(before)
      .filter(({ target }) => target.includes('/default/configmaps'));
    assert.deepEqual(
      sent.map(({ method }) => method),
      ['POST', 'GET'],
    );
    assert.equal(stage.find('ConfigMap', 'sematext-audit-probe'), undefined);
  });

  it('is interrupted while it waits', async () => {
    const stop = new AbortController();
    stage.sematext.faults.search.down({ when: () => (stop.abort(), false) });
    const cancelled = stage.world({ signal: () => stop.signal });
    assert.equal((await failure(() => stage.testEvent({}, cancelled))).code, 'interrupted');
  });
});

describe('test-event, where it gets lost', () => {
  const timeoutMs = 10_000;

  it('on the way to the receiver', async () => {
    stage.sematext.faults.receiver.status(500);
    const result = await stage.testEvent({ timeoutMs }, world);
    assert.equal(result.verdict, 'not-delivered');
    assert.deepEqual(hops(result), [
      'api-server passed',
      'audit passed',
      'delivery lost',
      'receiver lost',
      'search unknown',
    ]);
  });

  it('after a receiver that redirects', async () => {
    stage.sematext.faults.receiver.redirect(`${stage.sematext.searchUrl}/elsewhere`);
    const result = await stage.testEvent({ timeoutMs }, world);
    assert.equal(result.verdict, 'not-delivered');
    const receiver = result.probes[0]?.hops.find(({ hop }) => hop === 'receiver');
    assert.equal(receiver?.result, 'lost');
    assert.match(receiver.evidence, /redirects to 127\.0\.0\.1:\d+$/);
  });

  it('between the receiver and the search', async () => {
    // another token: what the API server posts and what is searched are two Apps
    const result = await stage.testEvent(
      { timeoutMs, access: { ...stage.access, token: secrets.otherToken } },
      world,
    );
    assert.equal(result.verdict, 'not-delivered');
    assert.deepEqual(hops(result).slice(0, 3), ['api-server passed', 'audit passed', 'delivery passed']);
    assert.equal(hops(result).at(-1), 'search lost');
  });
});

describe('test-event without all that it needs to look', () => {
  const cases: readonly (readonly [what: string, less: object, note: RegExp])[] = [
    ['no API key', { apiKey: undefined }, /no API key/],
    ['no Logs token', { token: undefined }, /no Logs token/],
  ];
  for (const [what, less, note] of cases)
    it(`${what}: says what was accepted, and that nothing was verified`, async () => {
      const access = { ...stage.access, ...less } as Stage['access'];
      const asked = await searches(async () => {
        const result = await stage.testEvent({ access }, world);
        assert.equal(result.verdict, 'not-verified');
        assert.match(result.notes.join(), note);
        assert.ok(hops(result).includes('delivery passed'), hops(result).join());
        assert.ok(!hops(result).includes('search passed'));
      });
      assert.equal(asked, 0);
    });

  it('a receiver without a search: the same', async () => {
    const { sink, ...rest } = stage.access;
    const result = await stage.testEvent(
      { access: { ...rest, sink: { ...sink, search: undefined } } },
      world,
    );
    assert.equal(result.verdict, 'not-verified');
    assert.match(result.notes.join(), /--search-url/);
  });
});

describe('test-event and a search in trouble', () => {
  it('waits as long as a busy search asks, then finds', async () => {
    stage.sematext.faults.search.status(429, 7, { times: 2 });
    const started = world.clock.now().getTime();
    assert.equal((await stage.testEvent({}, world)).verdict, 'delivered');
    assert.ok(world.clock.now().getTime() - started >= 14_000, 'two waits of 7 s');
  });

  const heals: readonly (readonly [what: string, show: () => void])[] = [
    ['500', () => stage.sematext.faults.search.status(500, undefined, { times: 2 })],
    ['503', () => stage.sematext.faults.search.status(503, undefined, { times: 2 })],
    ['a web page', () => stage.sematext.faults.search.garbage('html', { times: 2 })],
    ['half an answer', () => stage.sematext.faults.search.garbage('truncated', { times: 2 })],
    ['nothing', () => stage.sematext.faults.search.empty({ times: 2 })],
    ['no connection', () => stage.sematext.faults.search.down({ times: 4 })],
  ];
  for (const [what, show] of heals)
    it(`asks again after ${what}`, async () => {
      show();
      assert.equal((await stage.testEvent({}, world)).verdict, 'delivered');
    });

  for (const status of [401, 403])
    it(`gives up at once where it is refused with ${status}: exit 5`, async () => {
      stage.sematext.faults.search.status(status);
      const error = await failure(() => stage.testEvent({}, world));
      assert.deepEqual([error.code, error.exitCode], ['search-refused', 5]);
    });

  it('ends with the search’s trouble where it never heals: exit 5', async () => {
    stage.sematext.faults.search.status(500);
    const error = await failure(() => stage.testEvent({ timeoutMs: 8_000 }, world));
    assert.deepEqual([error.code, error.exitCode], ['search-unreachable', 5]);
  });
});

describe('test-event --direct', () => {
  it('posts one event, finds it, and asks no API server', async () => {
    const before = stage.server.requests.length;
    const result = await stage.testEvent({ way: 'direct' }, world);
    assert.equal(result.verdict, 'delivered');
    assert.deepEqual(hops(result), ['receiver passed', 'search passed']);
    assert.equal(result.probes[0]?.apiServer, 'none');
    assert.equal(stage.server.requests.length, before);
  });

  it('says what was accepted where nobody can look', async () => {
    const { sink, token = '' } = stage.access;
    const result = await stage.testEvent({ way: 'direct', access: { sink, token } }, world);
    assert.equal(result.verdict, 'not-verified');
    assert.deepEqual(hops(result), ['receiver passed', 'search unknown']);
  });

  const refusals: readonly (readonly [what: string, show: () => void, code: string, exit: number])[] = [
    ['403', () => stage.sematext.faults.receiver.status(403), 'token-refused', 5],
    ['500', () => stage.sematext.faults.receiver.status(500), 'receiver-unreachable', 5],
    [
      'a redirect',
      () => stage.sematext.faults.receiver.redirect('http://127.0.0.1:1/'),
      'receiver-unreachable',
      5,
    ],
    ['no connection', () => stage.sematext.faults.receiver.down(), 'receiver-unreachable', 5],
  ];
  for (const [what, show, code, exit] of refusals)
    it(`fails on ${what}: exit ${exit}`, async () => {
      show();
      const error = await failure(() => stage.testEvent({ way: 'direct' }, world));
      assert.deepEqual([error.code, error.exitCode], [code, exit]);
    });

  it('needs the token', async () => {
    const { sink } = stage.access;
    const error = await failure(() => stage.testEvent({ way: 'direct', access: { sink } }, world));
    assert.equal(error.code, 'token-missing');
  });
});

describe('test-event --each-api-server', () => {
  let other: ApiServer | undefined;
  afterEach(async () => {
    await other?.stop();
    other = undefined;
  });
  const host = (server: ApiServer): string => new URL(server.url).host;

  /** A second API server, which honours the same sink or does nothing. */
  async function second(honoured: boolean): Promise<World> {
    other = await startApiServer({
      version: '1.18.19',
      auditSinks: { served: true, honoured },
      batchMs: 5,
      retryMs: 5,
    });
    other.objects.put(stage.find('AuditSink') as KubeObject);
    const subsets = [stage.server, other].map((server) => ({
      addresses: [{ ip: '127.0.0.1' }],
      ports: [{ port: Number(new URL(server.url).port) }],
    }));
    const endpoints = stage.find('Endpoints', 'kubernetes') as KubeObject;
    stage.server.objects.put({ ...endpoints, subsets });
    return stage.world({ trustsAll: true });
  }

  it('finds the event of each', async () => {
    const both = await second(true);
    const result = await stage.testEvent({ way: 'each' }, both);
    assert.equal(result.verdict, 'delivered');
    assert.ok(other);
    assert.deepEqual(
      result.probes.map(({ apiServer }) => apiServer),
      [host(stage.server), host(other)],
    );
    assert.deepEqual(hops(result), [...allPassed, ...allPassed]);
  });

  it('names the one whose event does not come, and that it does not audit', async () => {
    const half = await second(false);
    const result = await stage.testEvent({ way: 'each', timeoutMs: 10_000 }, half);
    assert.equal(result.verdict, 'not-delivered');
    assert.ok(other);
    const [good, bad] = result.probes;
    assert.deepEqual([good?.delivered, bad?.delivered], [true, false]);
    assert.equal(bad?.apiServer, host(other));
    assert.equal(bad.hops.find(({ hop }) => hop === 'audit')?.result, 'lost');
  });

  it('fails where the addresses are not to be seen', async () => {
    stage.server.objects.drop(stage.find('Endpoints', 'kubernetes') as KubeObject);
    assert.equal((await failure(() => stage.testEvent({ way: 'each' }, world))).code, 'cluster-answer');
  });
});

describe('test-event where nobody audits', () => {
  it('says so without waiting', async () => {
    const deaf = await openStage({ version: '1.37.2', auditSinks: { served: false, honoured: false } });
    try {
      const own = deaf.world();
      const started = own.clock.now().getTime();
      const result = await deaf.testEvent({ timeoutMs: 600_000 }, own);
      assert.equal(result.verdict, 'not-delivered');
      assert.match(result.notes.join(), /nothing was waited for/);
      assert.ok(own.clock.now().getTime() - started < 60_000);
      assert.ok(hops(result).includes('audit lost'));
    } finally {
      await deaf.stop();
    }
  });

  it('of 1.37 with a static webhook: delivers', async () => {
    const sematext = stage.sematext;
    const url = `${sematext.receiverUrl}/${secrets.token}`;
    const none = { served: false, honoured: false };
    const webhook = { url, policyLevel: 'Metadata' } as const;
    const own = await openStage({ version: '1.37.2', auditSinks: none, webhook });
    try {
      const result = await own.testEvent({ access: stage.access });
      assert.equal(result.verdict, 'delivered');
      assert.equal(own.find('AuditSink', names.object), undefined);
    } finally {
      await own.stop();
    }
  });
});
