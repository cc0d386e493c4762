// kube-apiserver 1.18 with none or only some of the three switches that AuditSinks need: enable --dynamic names
// exactly the missing ones, exits 6, and changes nothing.
import assert from 'node:assert/strict';
import type { EnableResult } from '../../src/audit/results.ts';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { shown } from './support/cli.ts';
import { assertNothing, grantAsDocumented, showMirrorPod } from './support/cluster-state.ts';
import { startEtcd, type Etcd } from './support/etcd.ts';
import { startFaultReceiver, type FaultReceiver } from './support/fault-receiver.ts';
import { operatorOf } from './support/operator.ts';

const served = '--runtime-config=auditregistration.k8s.io/v1alpha1=true';
const gate = '--feature-gates=DynamicAuditing=true';
const honoured = '--audit-dynamic-configuration=true';
const all = [served, gate, honoured];

/** Where nothing tells the kind of control plane, the user does. */
const said = ['--distribution=static-pod'];

/** Those that 1.18 starts with: it refuses the configuration without the gate. */
const cases: readonly { on: readonly string[] }[] = [
  { on: [] },
  { on: [served] },
  { on: [gate] },
  { on: [served, gate] },
];

describe('enable --dynamic on kube-apiserver 1.18 without all three switches', function () {
  this.timeout(120_000);
  let receiver: FaultReceiver;
  let etcd: Etcd;
  let api: ApiServer;

  before(async () => {
    receiver = await startFaultReceiver({ upstream: 'http://127.0.0.1:9' });
    await receiver.set({ status: 200 });
  });
  after(() => receiver.stop());
  afterEach(async () => {
    await api.stop();
    await etcd.stop();
  });

  const serve = async (on: readonly string[]): Promise<void> => {
    etcd = await startEtcd();
    api = await startApiServer({ version: '1.18.19', etcd, extraFlags: on });
    await grantAsDocumented(api);
  };

  for (const { on } of cases) {
    const missing = all.filter((flag) => !on.includes(flag));
    it(`names ${missing.join(' and ')}`, async () => {
      await serve(on);
      await showMirrorPod(api);
      const operator = operatorOf(api, { receiverUrl: receiver.url });
      const end = await operator.run('enable', ['--dynamic']);
      assert.deepEqual([end.code, end.result.outcome], [6, 'refused'], shown(end));
      const steps = (end.result.byHand ?? assert.fail(shown(end))).steps.join('\n');
      const bad = end.result.checks.filter(({ result }) => result === 'bad');
      const evidence = JSON.stringify(bad);
      for (const flag of all) {
        assert.equal(steps.includes(flag), missing.includes(flag), `${flag} in the steps: ${shown(end)}`);
        assert.equal(evidence.includes(`lacks ${flag}`), missing.includes(flag), `${flag}: ${shown(end)}`);
      }
      await assertNothingChanged();
    });
  }

  it('names all three where no flag is to be seen and nothing is served', async () => {
    await serve([]);
    const end = await operatorOf(api, { receiverUrl: receiver.url }).run('enable', ['--dynamic', ...said]);
    assert.deepEqual([end.code, end.result.outcome], [6, 'refused'], shown(end));
    const steps = end.result.byHand?.steps.join('\n') ?? '';
    for (const flag of all) assert.ok(steps.includes(flag), `${flag}: ${shown(end)}`);
    assert.ok(hintOf(end.result, 'auditsink-served').includes(all.join(' ')), shown(end));
    await assertNothingChanged();
  });

  it('sees without any flag that sinks are served and not honoured, since nothing is counted', async () => {
    await serve([served]);
    const end = await operatorOf(api, { receiverUrl: receiver.url }).run('enable', ['--dynamic', ...said]);
    assert.deepEqual([end.code, end.result.outcome], [6, 'refused'], shown(end));
    const steps = end.result.byHand?.steps.join('\n') ?? '';
    assert.deepEqual([steps.includes(gate), steps.includes(honoured)], [true, true], shown(end));
    assert.match(
      hintOf(end.result, 'switches'),
      /^set --feature-gates=\S+ --audit-dynamic-configuration=true on/,
    );
    await assertNothingChanged();
  });

  it('picks another backend by itself, and says why', async () => {
    await serve([gate]);
    await showMirrorPod(api);
    const end = await operatorOf(api, { receiverUrl: receiver.url }).run('enable');
    assert.deepEqual(
      [end.code, end.result.outcome, end.result.backend.name],
      [6, 'refused', 'webhook'],
      shown(end),
    );
    await assertNothingChanged();
  });

  function hintOf({ checks }: EnableResult, check: string): string {
    return checks.find(({ id, result }) => id === check && result === 'bad')?.hint ?? '';
  }

  /** Nothing on the cluster, and nothing sent but the question whether the receiver is there. */
  async function assertNothingChanged(): Promise<void> {
    await assertNothing(api);
    assert.deepEqual(
      receiver.received().filter(({ method }) => method !== 'GET'),
      [],
    );
  }
});
