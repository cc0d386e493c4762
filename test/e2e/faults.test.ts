// The receiver fails in every way that it can between a real API server's AuditSink and Logagent, and the API server
// itself goes away: the right class of exit code, the right words, and nothing left behind that was not recorded.
import assert from 'node:assert/strict';
import { secrets } from '../support/secrets.ts';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { errorOf, shown } from './support/cli.ts';
import {
  assertNothing,
  grantAsDocumented,
  removeAll,
  showMirrorPod,
  stateOf,
} from './support/cluster-state.ts';
import { startEtcd } from './support/etcd.ts';
import { eventually } from './support/eventually.ts';
import { startFaultReceiver, type Fault, type FaultReceiver } from './support/fault-receiver.ts';
import { operatorOf, type Operator } from './support/operator.ts';
import { startSematext, type Sematext } from './support/sematext.ts';
import { whileTrafficFlows } from './support/traffic.ts';

const faults: Record<string, readonly [Fault, RegExp]> = {
  'is down': ['down', /connection was refused/],
  'answers 500': [{ status: 500 }, /HTTP 500/],
  'answers 403': [{ status: 403 }, /HTTP 403/],
  'redirects by 301': [{ redirect: 301 }, /redirects to 127\.0\.0\.1/],
};

describe('a receiver that', function () {
  this.timeout(180_000);
  const started: { stop: () => Promise<void> }[] = [];
  let sematext: Sematext;
  let api: ApiServer;
  let receiver: FaultReceiver;
  let operator: Operator;

  before(async () => {
    const [stand, etcd] = await Promise.all([startSematext({ apiKey: secrets.apiKey }), startEtcd()]);
    sematext = stand;
    started.unshift(stand, etcd);
    api = await startApiServer({ version: '1.18.19', etcd, auditSink: true });
    started.unshift(api);
    await grantAsDocumented(api);
    await showMirrorPod(api);
    receiver = await startFaultReceiver({ upstream: sematext.receiverUrl });
    started.unshift(receiver);
    operator = operatorOf(api, { receiverUrl: receiver.url, searchUrl: sematext.searchUrl });
  });
  beforeEach(() => receiver.set('pass'));
  after(async () => {
    for (const part of started) await part.stop();
  });

  for (const [how, [fault, evidence]] of Object.entries(faults))
    it(`${how} stops enable before anything was changed: exit 5`, async () => {
      await receiver.set(fault);
      const end = await operator.run('enable', ['--dynamic']);
      assert.deepEqual([end.code, end.result.outcome], [5, 'refused'], shown(end));
      const reachable = end.result.checks.find(({ id }) => id === 'receiver-reachable');
      assert.match(reachable?.evidence ?? '', evidence);
      await assertNothing(api);
    });

  it('does not know the token is told by test-event --direct: exit 5', async () => {
    await receiver.set({ status: 403 });
    const end = await operator.plain('test-event', ['--direct', '-o', 'json']);
    assert.deepEqual([errorOf(end).code, end.code], ['token-refused', 5], shown(end));
  });

  it('could never know the token is not asked: exit 2', async () => {
    const asked = receiver.received().length;
    const token = secrets.token.slice(1);
    const end = await operator.plain('enable', ['--dynamic', '-o', 'json'], { token });
    assert.deepEqual([errorOf(end).code, end.code], ['token-malformed', 2], shown(end));
    assert.equal(receiver.received().length, asked);
    assert.ok(!shown(end).includes(token));
    await assertNothing(api);
  });

  it('is slow is slow, no more', async () => {
    await receiver.set({ slow: 2000 });
    const end = await operator.run('test-event', ['--direct']);
    assert.deepEqual([end.code, end.result.verdict], [0, 'delivered'], shown(end));
    const hop = end.result.probes[0]?.hops.find((one) => one.hop === 'receiver');
    assert.ok((hop?.afterMs ?? 0) >= 2000, shown(end));
    const enable = await operator.run('enable', ['--dynamic', '--no-wait']);
    assert.equal(enable.code, 0, shown(enable));
    const reachable = enable.result.checks.find(({ id }) => id === 'receiver-reachable');
    assert.match(reachable?.evidence ?? '', /HTTP 200 in [2-9]\d{3} ms/);
  });

  it('takes everything makes the status green', async () => {
    const end = await whileTrafficFlows(api, operator.run('test-event'));
    assert.deepEqual([end.code, end.result.verdict], [0, 'delivered'], shown(end));
    const status = await operator.run('status');
    assert.deepEqual([status.code, status.result.state], [0, 'delivering'], shown(status));
  });

  for (const [how, [fault]] of Object.entries(faults))
    it(`${how} while events flow is named by test-event and by status`, async () => {
      await receiver.set(fault);
      const before = await stateOf(api);
      const run = operator.run('test-event', ['--timeout=9s']);
      const end = await whileTrafficFlows(api, run);
      assert.deepEqual([end.code, end.result.verdict], [3, 'not-delivered'], shown(end));
      const hops = Object.fromEntries(
        end.result.probes[0]?.hops.map(({ hop, result }) => [hop, result]) ?? [],
      );
      assert.equal(hops['audit'], 'passed', shown(end));
      assert.notEqual(hops['search'], 'passed', shown(end));
      // API servers follow a 301 and count its 200: only from here can it be seen that the events are lost
      if (how === 'redirects by 301') assert.equal(hops['receiver'], 'lost', shown(end));
      else assert.equal(hops['delivery'], 'lost', shown(end));
      const status = await operator.run('status');
      assert.equal(status.code, 5, shown(status));
      assert.deepEqual((await stateOf(api)).versions, before.versions);
    });

  it('refuses events until they are given up: status counts them while it happens', async () => {
    await receiver.set({ status: 500 });
    const before = await givenUp();
    const more = async (): Promise<true | undefined> => ((await givenUp()) > before ? true : undefined);
    await whileTrafficFlows(api, eventually({ what: 'events given up', timeoutMs: 60_000, ask: more }));
    const status = await operator.run('status', ['--interval=7s']);
    assert.deepEqual([status.code, status.result.state], [5, 'delivering-with-losses'], shown(status));
    const losses = status.result.checks.find(({ id }) => id === 'no-losses');
    assert.match(losses?.evidence ?? '', /lost \d+ events in .*dynamic_webhook \d+/);
    await receiver.set('pass');
    const end = await whileTrafficFlows(api, operator.run('test-event'));
    assert.deepEqual([end.code, end.result.verdict], [0, 'delivered'], shown(end));
  });

  it('takes another token than the one that is asked about is not taken for well', async () => {
    const run = operator.run('test-event', ['--timeout=9s'], { token: secrets.otherToken });
    const end = await whileTrafficFlows(api, run);
    assert.deepEqual([end.code, end.result.verdict], [3, 'not-delivered'], shown(end));
  });

  it('stays, while the API server restarts, in the middle of a test-event', async () => {
    const searches = sematext.searches().length;
    const run = await operator.start('test-event', ['--timeout=40s']);
    await eventually({
      what: 'a search',
      timeoutMs: 30_000,
      everyMs: 10,
      ask: async () => (sematext.searches().length > searches ? true : undefined),
    });
    await api.restart();
    const end = await whileTrafficFlows(api, run.told());
    const verdicts: Record<string, number> = { delivered: 0, 'not-delivered': 3 };
    assert.equal(end.code, verdicts[end.result.verdict], shown(end));
    if (end.result.verdict === 'not-delivered') assert.match(JSON.stringify(end.result.probes), /restarted/);
    assert.equal((await stateOf(api)).record?.state, 'done');
    const again = await whileTrafficFlows(api, operator.run('test-event'));
    assert.equal(again.code, 0, shown(again));
  });

  it('has the event of an API server that went away meanwhile', async () => {
    const run = await operator.start('test-event', ['--timeout=20s']);
    await whileTrafficFlows(api, delivered());
    await api.halt();
    const end = await run.told();
    assert.deepEqual([end.code, end.result.verdict], [0, 'delivered'], shown(end));
    assert.match(JSON.stringify(end.result.probes), /cannot be reached/);
    await api.restart();
  });

  it('is alone, since the API server is gone: exit 4, and a sentence that names it', async () => {
    await removeAll(api);
    await api.halt();
    for (const command of ['enable', 'status', 'test-event', 'disable'] as const) {
      const end = await operator.plain(command, ['-o', 'json']);
      assert.deepEqual([errorOf(end).code, end.code], ['cluster-unreachable', 4], shown(end));
      assert.ok(errorOf(end).message.includes(`127.0.0.1:${api.port}`), shown(end));
    }
  });

  /** A posted batch with the event of a probe in it. */
  async function delivered(): Promise<void> {
    const before = receiver.received().length;
    await eventually({
      what: 'the batch with the probe',
      timeoutMs: 30_000,
      everyMs: 10,
      ask: async () =>
        receiver
          .received()
          .slice(before)
          .find(({ body }) => body.includes('sematext-audit-probe')),
    });
  }

  /** Events that the API server gave up, by its own counter. */
  async function givenUp(): Promise<number> {
    const { body } = await api.request('/metrics');
    return Number(/^apiserver_audit_error_total\{plugin="dynamic_webhook"\} (\S+)/m.exec(body)?.[1] ?? 0);
  }
});
