// Three control planes behind a load balancer, with a member of etcd on each: enable --webhook changes one after the
// other while clients ask at every address; disable brings every manifest back, and leaves nothing.
import assert from 'node:assert/strict';
import { secrets } from '../../support/secrets.ts';
import { shown } from '../support/cli.ts';
import { startNodes, type Nodes } from '../support/node.ts';
import { assertNothingLeft, kubeadmNow, manifestNow } from '../support/node/left.ts';
import { masquerade } from '../support/node/masquerade.ts';
import { operatorOn, type NodeOperator } from '../support/node/operator.ts';
import { assertServed, whileAsked } from '../support/node/while-asked.ts';
import type { PollersOptions } from '../support/pollers.ts';
import { startSematext, type Sematext } from '../support/sematext.ts';

describe('enable --webhook on three real control planes', function () {
  this.timeout(900_000);
  let cluster: Nodes;
  let sematext: Sematext;
  let operator: NodeOperator;
  let manifests: string[];
  let kubeadm: string;

  const manifestsNow = (): Promise<string[]> => Promise.all(cluster.nodes.map(manifestNow));

  before(async () => {
    // with the default, 30 s would be waited for six times in each change
    cluster = await startNodes(3, { gracePeriod: 10 });
    for (const node of cluster.nodes) await masquerade(node);
    const address = cluster.network.hostAddress;
    sematext = await startSematext({ apiKey: secrets.apiKey, address });
    operator = operatorOn(cluster, sematext);
    [manifests, kubeadm] = await Promise.all([manifestsNow(), kubeadmNow(cluster)]);
  });
  after(async () => {
    await (sematext as Sematext | undefined)?.stop();
    await (cluster as Nodes | undefined)?.stop();
  });

  /** At the load balancer and at each node; seldom enough to leave the machine time for three clusters' work. */
  const clients = (): PollersOptions[] => {
    const at = { kubeconfig: cluster.kubeconfig, everyMs: 500 };
    const few = ['new-connections', 'kept-http2', 'writes', 'watch'] as const;
    return [
      { ...at, from: 'balancer', url: cluster.url },
      ...cluster.nodes.map(({ name, url }) => ({ ...at, from: name, url, clients: few })),
    ];
  };

  it('changes one after the other while everybody is served', async () => {
    const { done, seen } = await whileAsked('enable, three nodes', clients(), () =>
      operator.run('enable', '--webhook'),
    );
    assert.equal(done.code, 0, shown(done));
    assert.equal(done.result.outcome, 'enabled');
    for (const manifest of await manifestsNow()) assert.match(manifest, /--audit-webhook-config-file=/);
    assertServed(seen, 100);
  });

  it('has each proved for itself', async () => {
    const end = await operator.run('test-event', '--each-api-server');
    assert.equal(end.result.verdict, 'delivered', shown(end));
    const proved = new Set(end.result.probes.map(({ apiServer }) => apiServer));
    assert.equal(proved.size, 3, shown(end));
  });

  it('gives the manifests back byte for byte while everybody is served, and leaves nothing', async () => {
    const { done, seen } = await whileAsked('disable, three nodes', clients(), () => operator.run('disable'));
    assert.equal(done.code, 0, shown(done));
    assert.equal(done.result.outcome, 'disabled');
    assert.deepEqual(await manifestsNow(), manifests);
    assert.equal(await kubeadmNow(cluster), kubeadm);
    await assertNothingLeft(cluster, cluster.nodes);
    assertServed(seen, 100);
  });
});
