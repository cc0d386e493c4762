// enable --log-backend --agent logagent on a real kubeadm node: the DaemonSet runs under a real kubelet, every recorded
// request arrives once, also those that the twin answered, and disable leaves the audit log and nothing else.
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { secrets } from '../../support/secrets.ts';
import { shown } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { startNode, type Node } from '../support/node.ts';
import { assertNothingLeft, manifestNow } from '../support/node/left.ts';
import { masquerade } from '../support/node/masquerade.ts';
import { operatorOn, type NodeOperator } from '../support/node/operator.ts';
import { policyOfWrites, recordedOnce } from '../support/node/recorded.ts';
import { partFolder } from '../support/parts.ts';
import { folder } from '../support/running.ts';
import { startPollers } from '../support/pollers.ts';
import { startSematext, type Sematext } from '../support/sematext.ts';

describe('enable --log-backend --agent logagent on a real kubeadm node', function () {
  this.timeout(400_000);
  let [node, sematext, operator] = [] as unknown as [Node, Sematext, NodeOperator];
  let place: Awaited<ReturnType<typeof folder>>;
  let manifest: string;

  before(async () => {
    node = await startNode({ gracePeriod: 5 });
    await masquerade(node);
    place = await folder('policy');
    await node.exec(
      `ctr --namespace k8s.io images import --local /opt/parts/${partFolder('logagent-image')}/logagent.tar`,
    );
    sematext = await startSematext({ apiKey: secrets.apiKey, address: node.network.hostAddress });
    operator = operatorOn(node, sematext);
    manifest = await manifestNow(node);
  });
  after(async () => {
    await sematext?.stop();
    await node?.stop();
    await place?.remove();
  });

  it('ships every write once, from the first that was recorded', async () => {
    const policy = join(place.path, 'policy.yaml');
    await writeFile(policy, policyOfWrites);
    const at = { from: 'outside', url: node.url, kubeconfig: node.kubeconfig };
    const pollers = await startPollers({ ...at, clients: ['new-writes'], everyMs: 100 });
    const end = await operator.run('enable', '--log-backend', `--policy=${policy}`);
    const { 'outside new-writes': seen } = await pollers.stop();
    assert.equal(end.result.proof?.verdict, 'delivered', shown(end));
    const recorded = await recordedOnce(sematext, secrets.token, seen?.writes ?? []);
    assert.ok(recorded.length > 100, `${recorded.length} were recorded`);
  });

  it('goes on where it was when its pod is ended', async () => {
    const at = { from: 'outside', url: node.url, kubeconfig: node.kubeconfig };
    const pollers = await startPollers({ ...at, clients: ['new-writes'], everyMs: 20 });
    const { stdout: pid } = await node.exec('pidof node');
    await node.exec(`kill -9 ${pid}`);
    await eventually({
      what: 'another process of the agent',
      timeoutMs: 60_000,
      ask: async () => {
        const { stdout } = await node.exec('pidof node || true');
        return (stdout !== '' && stdout !== pid) || undefined;
      },
    });
    const { 'outside new-writes': seen } = await pollers.stop();
    const recorded = await recordedOnce(sematext, secrets.token, seen?.writes ?? []);
    assert.equal(recorded.length, seen?.writes.length);
  });

  it('is healthy', async () => {
    const { result } = await operator.run('status', '--skip=billed-once');
    assert.deepEqual(
      result.checks.filter(({ result: said }) => said === 'bad'),
      [],
    );
    assert.equal(
      (await operator.run('enable', '--log-backend', `--policy=${join(place.path, 'policy.yaml')}`)).result
        .outcome,
      'unchanged',
    );
  });

  it('is taken back, and the audit log stays', async () => {
    const end = await operator.run('disable');
    assert.equal(end.result.outcome, 'disabled', shown(end));
    assert.equal(await manifestNow(node), manifest);
    await assertNothingLeft(node, [node]);
    const logs = await readdir(node.path('/var/log/kubernetes/audit'));
    assert.ok(logs.includes('audit.log') && logs.every((name) => !name.includes('twin')), logs.join());
  });
});
