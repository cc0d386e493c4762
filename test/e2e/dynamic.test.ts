// The main job on the real thing: kube-apiserver 1.18 with AuditSink, Logagent, OpenSearch, and an operator who has
// no permission but the documented ones. One story, told in order.
import assert from 'node:assert/strict';
import { secrets } from '../support/secrets.ts';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { shown } from './support/cli.ts';
import { assertNothing, grantAsDocumented, runOf, showMirrorPod, stateOf } from './support/cluster-state.ts';
import { startEtcd } from './support/etcd.ts';
import { eventually } from './support/eventually.ts';
import { operatorOf, type Operator } from './support/operator.ts';
import { startSematext, type Sematext } from './support/sematext.ts';
import { fillBatch, markedRequest, whileTrafficFlows } from './support/traffic.ts';

describe('enable --dynamic on kube-apiserver 1.18, as the user of the documented permissions', function () {
  this.timeout(180_000);
  const started: { stop: () => Promise<void> }[] = [];
  let sematext: Sematext;
  let api: ApiServer;
  let operator: Operator;

  before(async () => {
    const [stand, etcd] = await Promise.all([startSematext({ apiKey: secrets.apiKey }), startEtcd()]);
    sematext = stand;
    started.unshift(stand, etcd);
    api = await startApiServer({ version: '1.18.19', etcd, auditSink: true });
    started.unshift(api);
    await grantAsDocumented(api);
    operator = operatorOf(api, sematext);
  });
  after(async () => {
    for (const part of started) await part.stop();
  });

  it('tells nothing from counters that count without any sink, as long as no flag is to be seen', async () => {
    const { code, result } = await operator.run('status');
    assert.deepEqual([code, result.state, result.healthy], [3, 'unknown', false]);
  });

  it('is off at first, and status says so with exit 3', async () => {
    await showMirrorPod(api);
    const { code, result } = await operator.run('status');
    assert.deepEqual([code, result.state, result.healthy], [3, 'off', false]);
  });

  it('shows what it would do, and does nothing of it', async () => {
    const end = await operator.run('enable', ['--dynamic', '--dry-run']);
    assert.equal(end.code, 0, shown(end));
    assert.equal(end.result.outcome, 'planned');
    assert.equal(end.result.plan.steps.length, 3);
    await assertNothing(api);
  });

  it('turns audit logs on and proves that an event arrived', async () => {
    const end = await whileTrafficFlows(api, operator.run('enable', ['--dynamic']));
    assert.equal(end.code, 0, shown(end));
    assert.equal(end.result.outcome, 'enabled');
    assert.equal(end.result.proof?.verdict, 'delivered');
    const { sink, record } = await stateOf(api);
    assert.equal(record?.state, 'done');
    assert.equal(runOf(sink), record.run);
    assert.deepEqual(sink?.spec.policy, { level: 'Metadata', stages: ['ResponseComplete'] });
    assert.deepEqual(sink.spec.webhook.throttle, { qps: 10, burst: 15 });
  });

  it('brings the events of requests that others make', async () => {
    const auditId = await markedRequest(api);
    const [event] = await whileTrafficFlows(api, arrived(auditId));
    assert.equal(event?.['verb'], 'list');
    assert.deepEqual((event['user'] as { username: string }).username, 'admin');
  });

  it('is then delivering, every check passed, exit 0', async () => {
    const end = await operator.run('status');
    assert.equal(end.code, 0, shown(end));
    assert.deepEqual([end.result.state, end.result.healthy], ['delivering', true]);
    const passed = end.result.checks.filter(({ result }) => result === 'ok').map(({ id }) => id);
    for (const id of [
      'auditing-running',
      'no-losses',
      'receiver-reachable',
      'receiver-accepts',
      'events-arrive',
    ])
      assert.ok(passed.includes(id), `${id} did not pass: ${shown(end)}`);
  });

  it('finds the very event of test-event, once', async () => {
    const end = await whileTrafficFlows(api, operator.run('test-event'));
    assert.equal(end.code, 0, shown(end));
    const [probe] = end.result.probes;
    assert.equal(end.result.verdict, 'delivered');
    assert.deepEqual([probe?.delivered, probe?.duplicates, probe?.stages], [true, 0, ['ResponseComplete']]);
    assert.ok(
      probe?.hops.every(({ result }) => result === 'passed'),
      shown(end),
    );
    const events = await sematext.eventsWith(secrets.token, probe?.auditId ?? '');
    assert.equal(events.length, 1);
    assert.equal((events[0]?.['user'] as { username: string }).username, 'auditor');
  });

  it('changes nothing the second time', async () => {
    const before = await stateOf(api);
    const end = await operator.run('enable', ['--dynamic', '--no-wait']);
    assert.equal(end.code, 0, shown(end));
    assert.equal(end.result.outcome, 'unchanged');
    assert.deepEqual((await stateOf(api)).versions, before.versions);
  });

  it('updates the AuditSink when asked for another level', async () => {
    const before = await stateOf(api);
    const flags = ['--dynamic', '--level=Request', '--stages=RequestReceived,ResponseComplete', '--qps=5'];
    const end = await operator.run('enable', [...flags, '--no-wait']);
    assert.equal(end.code, 0, shown(end));
    const { sink, record } = await stateOf(api);
    assert.deepEqual(sink?.spec.policy.level, 'Request');
    assert.deepEqual(sink.spec.webhook.throttle, { qps: 5, burst: 15 });
    assert.deepEqual(sink.spec.policy.stages, ['RequestReceived', 'ResponseComplete']);
    assert.equal(sink.metadata.uid, before.sink?.metadata.uid);
    assert.deepEqual([record?.state, record?.run], ['done', runOf(sink)]);
  });

  it('shows what disable would do, and does nothing of it', async () => {
    const before = await stateOf(api);
    const { code, result } = await operator.run('disable', ['--dry-run']);
    assert.deepEqual([code, result.outcome, result.plan.steps.length], [0, 'planned', 2]);
    assert.deepEqual((await stateOf(api)).versions, before.versions);
  });

  it('is taken back by disable, and nothing more arrives', async () => {
    const end = await operator.run('disable');
    assert.equal(end.code, 0, shown(end));
    assert.equal(end.result.outcome, 'disabled');
    await assertNothing(api);
    const auditId = await silentAtLast();
    const later = await markedRequest(api);
    await fillBatch(api, 1200);
    await eventually({
      what: 'the status to say that it is off',
      timeoutMs: 20_000,
      ask: async () => ((await operator.run('status')).result.state === 'off' ? true : undefined),
    });
    for (const id of [auditId, later]) assert.deepEqual(await sematext.eventsWith(secrets.token, id), []);
  });

  it('has nothing to disable any more', async () => {
    const { code, result } = await operator.run('disable');
    assert.deepEqual([code, result.outcome], [0, 'nothing-to-do']);
  });

  function arrived(auditId: string): Promise<Record<string, unknown>[]> {
    return eventually({
      what: `event ${auditId}`,
      timeoutMs: 60_000,
      ask: async () => {
        const events = await sematext.eventsWith(secrets.token, auditId);
        return events.length > 0 ? events : undefined;
      },
    });
  }

  /** The API server may audit for a moment still: the first marked request that three full batches did not bring. */
  function silentAtLast(): Promise<string> {
    return eventually({
      what: 'silence',
      timeoutMs: 60_000,
      ask: async () => {
        const auditId = await markedRequest(api);
        await fillBatch(api, 1200);
        return (await sematext.eventsWith(secrets.token, auditId)).length === 0 ? auditId : undefined;
      },
    });
  }
});
