// The main road on a real kubeadm node of one control plane, asked all the time from everywhere: enable --webhook,
// another policy, another backend in its place, disable. Against it the edit of the same flags by hand, measured by the same clients.
import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secrets } from '../../support/secrets.ts';
import { shown } from '../support/cli.ts';
import { eventually } from '../support/eventually.ts';
import { startNode, type Node } from '../support/node.ts';
import { assertNothingLeft, kubeadmNow, manifestNow, manifestOf } from '../support/node/left.ts';
import { markedOn } from '../support/node/marked.ts';
import { operatorOn, type NodeOperator } from '../support/node/operator.ts';
import { startPod } from '../support/node/pod.ts';
import { startWorker } from '../support/node/worker.ts';
import type { Machine } from '../support/node/machine.ts';
import { policyOfMore, policyOfWrites, recordedOnce } from '../support/node/recorded.ts';
import { assertServed, figures, whileAsked } from '../support/node/while-asked.ts';
import type { PollersOptions, Seen } from '../support/pollers.ts';
import { startSematext, type Sematext } from '../support/sematext.ts';

const service = 'https://10.96.0.1:443';
const log = '/var/log/kubernetes/audit/audit.log';

describe('enable --webhook on a real kubeadm node', function () {
  this.timeout(600_000);
  let node: Node;
  let worker: Machine;
  let sematext: Sematext;
  let operator: NodeOperator;
  let folder: string;
  let clients: readonly PollersOptions[];
  let manifest: string;
  let kubeadm: string;
  let changed: string;
  let enabling: Seen;
  let swapped: number;
  const webhook = (): string[] => ['--webhook', `--policy=${join(folder, 'policy.yaml')}`];

  before(async () => {
    node = await startNode({ kubeProxy: 'iptables' });
    worker = await startWorker(node, 'iptables');
    sematext = await startSematext({ apiKey: secrets.apiKey, address: node.network.hostAddress });
    operator = operatorOn(node, sematext);
    folder = await mkdtemp(join(tmpdir(), 'policy-'));
    await writeFile(join(folder, 'policy.yaml'), policyOfWrites);
    clients = clientsOf(node, await startPod(node, 'polling'), worker);
    [manifest, kubeadm] = await Promise.all([manifestNow(node), kubeadmNow(node)]);
  });
  after(async () => {
    await (sematext as Sematext | undefined)?.stop();
    await (worker as Machine | undefined)?.stop();
    await (node as Node | undefined)?.stop();
    await rm(folder, { recursive: true });
  });

  it('shows the plan with the diff of every file, and changes nothing', async () => {
    const end = await operator.plain('enable', ...webhook(), '--dry-run');
    assert.equal(end.code, 0, shown(end));
    assert.match(end.stdout, /Change the API server on control-1 \(no outage expected\)/);
    assert.doesNotMatch(end.stdout, /Whether pods/);
    assert.match(end.stdout, /^\+ +- --audit-webhook-config-file=\/etc\/kubernetes\/sematext-audit\//m);
    assert.match(end.stdout, /^\+ +server: ".*\$\{LOGS_TOKEN\}"$/m);
    assert.equal(await manifestNow(node), manifest);
    await assertNothingLeft(node, [node]);
  });

  it('changes nothing where the node filters the port of the twin, and nobody is refused', async () => {
    await node.exec(`nft -f - <<'RULES'
table inet ufw {
  chain input { type filter hook input priority 0; iifname != "lo" tcp dport 7443 drop; }
}
RULES`);
    const { done, seen } = await whileAsked('a packet filter', clients, () =>
      operator.plain('enable', ...webhook()),
    );
    await node.exec('nft delete table inet ufw');
    assert.equal(done.code, 7, shown(done));
    assert.match(done.stderr, /a packet filter of the node drops .* port 7443 \(carry\)/);
    assertServed(seen, 50);
    assert.equal(await manifestNow(node), manifest);
    await assertNothingLeft(node, [node]);
  });

  it('turns it on while everybody is served', async () => {
    const { done, seen } = await whileAsked('enable --webhook', clients, async () => {
      const run = await operator.start('enable', ...webhook());
      const begun = run.says('Swapping the manifest').then(() => Date.now());
      return { end: await run.ended, swapped: await begun };
    });
    assert.equal(done.end.code, 0, shown(done.end));
    assert.doesNotMatch(done.end.stderr, /it is not known whether packet filters/);
    ({ swapped } = done);
    enabling = seen;
    assertServed(seen, 100);
  });

  it('has had every write recorded once, from the first that the twin answered', async () => {
    let [first, byTwin] = [Infinity, 0];
    for (const [client, { writes }] of Object.entries(enabling)) {
      if (!client.endsWith('writes')) continue;
      const recorded = await recordedOnce(sematext, secrets.token, writes);
      const begun = recorded[0]?.at ?? Infinity;
      first = Math.min(first, begun);
      // the real one cannot be back so soon: its old process takes 30 s to end
      const twins = recorded.filter(({ at }) => at < swapped + 30_000).length;
      byTwin += twins;
      process.stdout.write(`      ${client}: ${recorded.length} recorded once, ${twins} by the twin\n`);
      assert.ok(twins > 25, `${client}: the twin answered ${twins}`);
      // what is kept stays with the old server until that closes its port
      const latest = client.endsWith('new-writes') ? swapped : swapped + 10_000;
      assert.ok(begun <= latest, `${client}: the first was recorded ${begun - swapped} ms after the swap`);
    }
    assert.ok(first <= swapped && byTwin > 100, `${byTwin} by the twin`);
  });

  it('keeps the change in kubeadm-config, and is healthy', async () => {
    assert.match(await kubeadmNow(node), /audit-webhook-config-file/);
    const { result } = await operator.run('status', '--skip=billed-once');
    assert.deepEqual(
      result.checks.filter(({ result: said }) => said === 'bad'),
      [],
    );
    assert.equal(result.state, 'delivering');
  });

  it('has nothing to do when asked again', async () => {
    const { result } = await operator.run('enable', ...webhook());
    assert.equal(result.outcome, 'unchanged');
    changed = await manifestNow(node);
    await node.exec('cp -a /etc/kubernetes/sematext-audit /root/by-hand');
  });

  it('gets another policy while everybody is served, which decides from then on', async () => {
    const more = join(folder, 'more.yaml');
    await writeFile(more, policyOfMore);
    const before = await markedOn(node);
    const { done, seen } = await whileAsked('policy apply', clients, () =>
      operator.run('policy apply', more),
    );
    assert.equal(done.code, 0, shown(done));
    assert.equal(done.result.outcome, 'enabled');
    assertServed(seen, 100);
    const after = await markedOn(node);
    const events = await eventually({
      what: `the event ${after} in the sink`,
      timeoutMs: 30_000,
      ask: async () => {
        const all = await sematext.eventsOf(secrets.token);
        return all.includes(`${after} ResponseComplete`) ? all : undefined;
      },
    });
    assert.deepEqual(
      events.filter((event) => event.startsWith(before)),
      [],
    );
    assert.equal((await operator.run('policy apply', more)).result.outcome, 'unchanged');
  });

  it('becomes a log file without an agent', async () => {
    const end = await operator.run('enable', '--log-backend', '--agent=none');
    assert.equal(end.code, 0, shown(end));
    const id = await markedOn(node);
    const event = await eventually({
      what: `the event ${id} in the file`,
      timeoutMs: 20_000,
      ask: async () => (await node.exec(`grep '"auditID":"${id}"' ${log}`)).stdout,
    });
    assert.match(event, /^.*"stage":"ResponseComplete".*\n$/);
    assert.doesNotMatch(await manifestNow(node), /webhook/);
  });

  it('is taken back byte for byte while everybody is served, and leaves its logs alone', async () => {
    const { done, seen } = await whileAsked('disable', clients, () => operator.run('disable'));
    assert.equal(done.code, 0, shown(done));
    assertServed(seen, 100);
    assert.equal(await manifestNow(node), manifest);
    assert.equal(await kubeadmNow(node), kubeadm);
    await assertNothingLeft(node, [node]);
    assert.match((await node.exec(`head -n 1 ${log}`)).stdout, /^\{"kind":"Event"/);
  });

  it('takes the service away for half a minute or more when it is done by hand', async () => {
    await node.exec('cp -a /root/by-hand /etc/kubernetes/sematext-audit');
    const beside = join(node.path(node.manifests), '.by-hand');
    const { seen } = await whileAsked('the same by hand', clients, async () => {
      await writeFile(beside, changed);
      await rename(beside, manifestOf(node));
      await auditing(node);
    });
    for (const [client, { failed, longestGapMs }] of Object.entries(seen)) {
      if (!client.endsWith('new-connections')) continue;
      const { longestGapMs: beforeMs = NaN } = enabling[client] ?? {};
      const [byHand, byUs] = [longestGapMs, beforeMs].map((ms) => (ms / 1000).toFixed(1));
      process.stdout.write(`      ${client}: ${byHand} s without an answer by hand, ${byUs} s by enable\n`);
      assert.ok(failed > 3, figures(seen)); // where nothing comes back at all, each takes 10 s
      assert.ok(longestGapMs > 30_000 && longestGapMs > 3 * beforeMs, figures(seen));
    }
  });
});

/** Outside, on the node by its address and by the service's, in a pod and on a worker by the service's. */
function clientsOf(
  { url, kubeconfig, netns }: Node,
  pod: string,
  worker: Machine,
): readonly PollersOptions[] {
  const at = { kubeconfig, everyMs: 200 };
  const node = { ...at, netns: netns() };
  return [
    { ...at, from: 'outside', url },
    { ...node, from: 'node', url, clients: ['new-connections', 'kept-http2'] },
    { ...node, from: 'node, by service,', url: service, clients: ['new-connections', 'kept-http1', 'lists'] },
    { ...at, from: 'pod, by service,', url: service, netns: pod },
    {
      ...at,
      from: 'worker, by service,',
      url: service,
      netns: worker.netns(),
      clients: ['new-connections', 'kept-http2'],
    },
  ];
}

/** Waits for the API server's process with the flags that were put in by hand, until it serves. */
async function auditing(node: Node): Promise<void> {
  const flags = 'tr "\\0" "\\n" <"/proc/$(pidof kube-apiserver)/cmdline"';
  await eventually({
    what: 'the new flags',
    timeoutMs: 120_000,
    ask: async () => (await node.exec(flags)).stdout.includes('--audit-webhook-config-file') || undefined,
  });
  await eventually({
    what: 'the API server to be ready',
    timeoutMs: 60_000,
    ask: async () => (await node.kubectl(['get', '--raw=/readyz'])).stdout === 'ok' || undefined,
  });
}
