// Two API servers of one control plane, each asked directly at its own address of default/kubernetes. The addresses
// are for documentation and lead nowhere; a proxy, as kubeconfigs of bastions name one, leads to the real ones.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { secrets } from '../support/secrets.ts';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { shown } from './support/cli.ts';
import { grantAsDocumented } from './support/cluster-state.ts';
import { startEtcd } from './support/etcd.ts';
import { eventually } from './support/eventually.ts';
import { startFaultReceiver, type FaultReceiver } from './support/fault-receiver.ts';
import { operatorOf, type Operator } from './support/operator.ts';
import { startRelay, type Relay } from './support/relay.ts';
import { startSematext, type Sematext } from './support/sematext.ts';

describe('two API servers', function () {
  this.timeout(120_000);
  const started: { stop: () => Promise<void> }[] = [];
  let sematext: Sematext;
  let receivers: [FaultReceiver, FaultReceiver];
  let servers: [ApiServer, ApiServer];
  let relay: Relay;
  let operator: Operator;
  let viaRelay: { env: Record<string, string> };

  const keep = <T extends { stop: () => Promise<void> }>(part: T): T => {
    started.unshift(part);
    return part;
  };
  const webhook = ({ url }: FaultReceiver): { url: string } => ({ url: `${url}/${secrets.token}/` });

  before(async () => {
    const [stand, etcd] = await Promise.all([startSematext({ apiKey: secrets.apiKey }), startEtcd()]);
    sematext = keep(stand);
    keep(etcd);
    const receiver = async (): Promise<FaultReceiver> =>
      keep(await startFaultReceiver({ upstream: sematext.receiverUrl }));
    receivers = [await receiver(), await receiver()];
    const [first, second] = receivers;
    const one = keep(await startApiServer({ version: '1.37.2', etcd, webhook: webhook(first) }));
    const beside = { beside: one, port: one.port, address: '127.0.0.2' } as const;
    const two = keep(await startApiServer({ version: '1.37.2', etcd, webhook: webhook(second), ...beside }));
    servers = [one, two];
    relay = keep(
      await startRelay({ [one.endpoint]: `127.0.0.1:${one.port}`, [two.endpoint]: `127.0.0.2:${two.port}` }),
    );
    await grantAsDocumented(one);
    await bothKnown(one);
    viaRelay = { env: { KUBECONFIG: await kubeconfigWith(one, relay.url) } };
    operator = operatorOf(one, sematext);
  });
  beforeEach(() => Promise.all(receivers.map((one) => one.set('pass'))));
  after(async () => {
    for (const part of started) await part.stop();
  });

  const endpoints = (): string[] => servers.map(({ endpoint }) => endpoint);

  it('are both proved by test-event --each-api-server', async () => {
    const end = await operator.run('test-event', ['--each-api-server'], viaRelay);
    assert.deepEqual([end.code, end.result.verdict], [0, 'delivered'], shown(end));
    const proved = new Set(end.result.probes.map(({ apiServer }) => apiServer));
    assert.deepEqual([...proved].sort(), endpoints().sort(), shown(end));
    for (const endpoint of endpoints())
      assert.ok(relay.asked().includes(endpoint), `${endpoint} was not asked`);
    for (const [i, receiver] of receivers.entries()) {
      const mine = end.result.probes.filter(({ apiServer }) => apiServer === endpoints()[i]);
      const bodies = receiver.received().map(({ body }) => body);
      for (const { auditId } of mine)
        assert.ok(
          bodies.some((body) => body.includes(auditId)),
          `${auditId} came another way`,
        );
    }
  });

  it('are both in the status, each by its address', async () => {
    const end = await operator.run('status', [], viaRelay);
    assert.deepEqual(end.result.apiServers.map(({ name }) => name).sort(), endpoints().sort(), shown(end));
    assert.ok(
      end.result.apiServers.every(({ backends }) => backends?.join() === 'webhook'),
      shown(end),
    );
    const running = end.result.checks.find(({ id }) => id === 'auditing-running');
    for (const endpoint of endpoints()) assert.ok(running?.evidence.includes(endpoint), shown(end));
  });

  it('are told apart when the webhook of one is down', async () => {
    await receivers[1].set('down');
    const end = await operator.run('test-event', ['--each-api-server', '--timeout=12s'], viaRelay);
    assert.deepEqual([end.code, end.result.verdict], [3, 'not-delivered'], shown(end));
    assertLost(end.result.probes, shown(end));
  });

  it('are told apart when one does not audit', async () => {
    const [one, two] = servers;
    await two.restart({ webhook: undefined });
    await bothKnown(one);
    const end = await operator.run('test-event', ['--each-api-server', '--timeout=8s'], viaRelay);
    assert.deepEqual([end.code, end.result.verdict], [3, 'not-delivered'], shown(end));
    assertLost(end.result.probes, shown(end));
    const mute = end.result.probes.find(({ apiServer }) => apiServer === two.endpoint);
    assert.deepEqual(mute?.hops.find(({ hop }) => hop === 'audit')?.result, 'lost', shown(end));
    const status = await operator.run('status', [], viaRelay);
    assert.equal(status.code, 3, shown(status));
    const configured = status.result.checks.find(({ id }) => id === 'backend-configured');
    assert.ok(configured?.evidence.includes(two.endpoint), shown(status));
    assert.equal(configured?.evidence.includes(one.endpoint), false, shown(status));
  });

  it('are not proved by one, when the other crashed', async () => {
    const [one, two] = servers;
    await two.halt(0);
    const end = await operator.plain(
      'test-event',
      ['-o', 'json', '--each-api-server', '--timeout=8s'],
      viaRelay,
    );
    assert.equal(end.code, 4, shown(end));
    assert.ok(end.stderr.includes(two.endpoint), shown(end));
    assert.ok(!end.stderr.includes(one.endpoint), shown(end));
  });

  /** All that went through the first arrived, nothing that went through the second. */
  function assertLost(probes: readonly { apiServer: string; delivered: boolean }[], all: string): void {
    const [one, two] = endpoints();
    const of = (endpoint?: string): boolean[] =>
      probes.filter(({ apiServer }) => apiServer === endpoint).map(({ delivered }) => delivered);
    assert.ok(of(one).includes(true), all);
    assert.ok(of(two).length > 0 && !of(two).includes(true), all);
  }

  /** API servers join default/kubernetes a moment after they are ready. */
  async function bothKnown(api: ApiServer): Promise<void> {
    await eventually({
      what: 'both in default/kubernetes',
      timeoutMs: 60_000,
      ask: async () => {
        const { body } = await api.request('/api/v1/namespaces/default/endpoints/kubernetes');
        return body.includes('192.0.2.1') && body.includes('192.0.2.2') ? true : undefined;
      },
    });
  }
});

async function kubeconfigWith(api: ApiServer, proxy: string): Promise<string> {
  const path = join(api.dir, 'relayed.kubeconfig');
  const text = await readFile(api.kubeconfigFor('auditor'), 'utf8');
  await writeFile(path, text.replace(/^( +)server: /m, `$1proxy-url: ${proxy}\n$&`), { mode: 0o600 });
  return path;
}
