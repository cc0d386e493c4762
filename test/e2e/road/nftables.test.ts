// The redirect beside kube-proxy's rules in nftables: enable --webhook while a node of one control plane is asked by the
// service address, on itself, from a pod and from a worker, over new connections and kept ones.
import assert from 'node:assert/strict';
import { secrets } from '../../support/secrets.ts';
import { shown } from '../support/cli.ts';
import { startNode, type Node } from '../support/node.ts';
import { operatorOn } from '../support/node/operator.ts';
import { watchRefusals } from '../support/node/refusals.ts';
import { startPod } from '../support/node/pod.ts';
import { startWorker } from '../support/node/worker.ts';
import type { Machine } from '../support/node/machine.ts';
import { assertServed, whileAsked } from '../support/node/while-asked.ts';
import { startSematext, type Sematext } from '../support/sematext.ts';

describe('enable --webhook beside kube-proxy in nftables mode', function () {
  this.timeout(600_000);
  let node: Node;
  let worker: Machine;
  let sematext: Sematext;

  before(async () => {
    node = await startNode({ kubeProxy: 'nftables' });
    worker = await startWorker(node, 'nftables');
    sematext = await startSematext({ apiKey: secrets.apiKey, address: node.network.hostAddress });
  });
  after(async () => {
    await (sematext as Sematext | undefined)?.stop();
    await (worker as Machine | undefined)?.stop();
    await (node as Node | undefined)?.stop();
  });

  it('serves everybody by the service address all the time', async () => {
    const at = { kubeconfig: node.kubeconfig, url: 'https://10.96.0.1:443', everyMs: 200 };
    const places = [
      { ...at, from: 'node, by service,', netns: node.netns() },
      { ...at, from: 'pod, by service,', netns: await startPod(node, 'polling') },
      { ...at, from: 'worker, by service,', netns: worker.netns() },
    ];
    const run = operatorOn(node, sematext).run;
    const refusals = await watchRefusals(node);
    let refused = '';
    const { done, seen } = await whileAsked('enable, nftables', places, () =>
      run('enable', '--webhook'),
    ).finally(async () => (refused = await refusals.stop()));
    assert.equal(done.code, 0, shown(done));
    assert.equal(done.result.outcome, 'enabled');
    assertServed(seen, 100, {}, refused);
  });
});
