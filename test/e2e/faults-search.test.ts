// The search fails in every way that it can, behind a real API server, Logagent and OpenSearch: each ends with its own
// class of exit code and with words for what was seen, and a search that only needs time is given it.
import assert from 'node:assert/strict';
import { secrets } from '../support/secrets.ts';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { errorOf, shown, type End } from './support/cli.ts';
import { grantAsDocumented } from './support/cluster-state.ts';
import { startEtcd } from './support/etcd.ts';
import { eventually } from './support/eventually.ts';
import { startFaultReceiver, type Fault, type FaultReceiver } from './support/fault-receiver.ts';
import { operatorOf, type Operator } from './support/operator.ts';
import { startSematext, type Sematext } from './support/sematext.ts';

const noHits = '{"hits":{"total":{"value":0,"relation":"eq"},"hits":[]}}';

describe('a search that', function () {
  this.timeout(120_000);
  const started: { stop: () => Promise<void> }[] = [];
  let sematext: Sematext;
  let api: ApiServer;
  let operator: Operator;
  let search: FaultReceiver;

  before(async () => {
    const [stand, etcd] = await Promise.all([startSematext({ apiKey: secrets.apiKey }), startEtcd()]);
    started.unshift(stand, etcd);
    sematext = stand;
    const url = `${sematext.receiverUrl}/${secrets.token}/`;
    api = await startApiServer({ version: '1.37.2', etcd, webhook: { url } });
    started.unshift(api);
    await grantAsDocumented(api);
  });
  beforeEach(async () => {
    search = await startFaultReceiver({ upstream: sematext.searchUrl });
    operator = operatorOf(api, { receiverUrl: sematext.receiverUrl, searchUrl: search.url });
  });
  afterEach(() => search.stop());
  after(async () => {
    for (const part of started) await part.stop();
  });

  const statusUnder = async (fault: Fault): ReturnType<typeof operator.run<'status'>> => {
    await search.set(fault);
    return operator.run('status');
  };

  it('is slow is waited for', async () => {
    await search.set({ slow: 3000 });
    const end = await operator.run('test-event');
    assert.deepEqual([end.code, end.result.verdict], [0, 'delivered'], shown(end));
    const hop = end.result.probes.flatMap(({ hops }) => hops).find(({ hop }) => hop === 'search');
    assert.ok((hop?.afterMs ?? 0) >= 3000, shown(end));
  });

  it('never answers costs no more than --timeout', async () => {
    await search.set({ slow: 60_000 });
    const end = await operator.plain('test-event', ['-o', 'json', '--timeout=4s']);
    assert.deepEqual([errorOf(end).code, end.code], ['search-unreachable', 5], shown(end));
    assert.match(errorOf(end).message, /did not answer in time/);
    assert.ok(end.ms < 15_000, `${end.ms} ms`);
  });

  it('stays empty is the hop that lost the event', async () => {
    await search.set({ status: 200, body: noHits });
    const end = await operator.run('test-event', ['--timeout=6s']);
    assert.deepEqual([end.code, end.result.verdict], [3, 'not-delivered'], shown(end));
    const hops = end.result.probes.flatMap(({ hops }) => hops).filter(({ result }) => result === 'lost');
    assert.ok(hops.length > 0 && hops.every(({ hop }) => hop === 'search'), shown(end));
    const { code, result } = await operator.run('status');
    assert.deepEqual([code, result.state], [3, 'running-nothing-delivered']);
  });

  it('refuses the key ends the run at once, without asking again', async () => {
    await search.set({ status: 401, body: '{"error":"Unauthorized"}' });
    const end = await operator.plain('test-event', ['-o', 'json']);
    assert.deepEqual([errorOf(end).code, end.code], ['search-refused', 5], shown(end));
    assert.equal(search.received().length, 1);
    const status = await operator.run('status');
    assert.equal(status.code, 5, shown(status));
    const arrive = status.result.checks.find(({ id }) => id === 'events-arrive');
    assert.deepEqual([arrive?.result, /401/.test(arrive?.evidence ?? '')], ['unknown', true], shown(status));
  });

  it('really refuses a wrong key is told from one that fails', async () => {
    const end = await operator.plain('test-event', ['-o', 'json', '--direct'], {
      apiKey: 'not-the-right-key',
    });
    assert.deepEqual([errorOf(end).code, end.code], ['search-refused', 5], shown(end));
  });

  it('asks to wait is asked again no earlier, and then answers', async () => {
    await search.set({ status: 429, headers: { 'retry-after': '3' } });
    const run = await operator.start('test-event');
    await eventually({
      what: 'the first search',
      timeoutMs: 60_000,
      ask: async () => search.received()[0],
    });
    await search.set('pass');
    const end = await run.told();
    assert.deepEqual([end.code, end.result.verdict], [0, 'delivered'], shown(end));
    const [first, second] = search.received().map(({ at }) => at);
    assert.ok((second ?? 0) - (first ?? 0) >= 3000, `${second} - ${first}`);
  });

  for (const [how, fault] of [
    ['is always busy', { status: 429, headers: { 'retry-after': '1' } }],
    ['is broken', { status: 500 }],
    ['is a web page', { status: 200, body: '<html>Sign in</html>' }],
    ['is cut off', { status: 200, body: noHits.slice(0, 30) }],
    ['is down', 'down'],
  ] as const satisfies readonly (readonly [string, Fault])[])
    it(`${how} ends in exit 5, and status does not pass`, async () => {
      const [end, status] = await Promise.all([failing(fault), statusUnder(fault)]);
      assert.deepEqual([errorOf(end).code, end.code], ['search-unreachable', 5], shown(end));
      assert.equal(status.code, 5, shown(status));
      const arrive = status.result.checks.find(({ id }) => id === 'events-arrive');
      assert.equal(arrive?.result, 'unknown', shown(status));
      assert.notEqual(status.result.state, 'delivering');
    });

  async function failing(fault: Fault): Promise<End> {
    await search.set(fault);
    return operator.plain('test-event', ['-o', 'json', '--timeout=5s']);
  }
});
