// Several imitated control-plane nodes of one cluster.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startNode, startNodes, type Nodes } from '../../../src/demo/node/nodes.ts';
import { watchAvailability } from '../../support/availability.ts';
import { ask } from './ask.ts';
import { changed, eventually, patienceMs, manifestOf, podOf, pods, scriptPod, startTwin } from './pods.ts';

describe('three imitated nodes', function () {
  this.timeout(patienceMs);
  let cluster: Nodes;
  before(async () => {
    cluster = await startNodes(3);
  });
  after(() => cluster.stop());

  const addresses = async (): Promise<readonly string[]> => {
    const { text } = await ask(cluster, 'GET', '/api/v1/namespaces/default/endpoints/kubernetes');
    const { subsets } = JSON.parse(text) as { subsets: { addresses: { ip: string }[] }[] };
    return subsets.flatMap((subset) => subset.addresses.map(({ ip }) => ip));
  };

  it('answer at one address in turns, and each at its own', async () => {
    for (let i = 0; i < 6; i += 1) await ask(cluster, 'GET', '/version');
    const by = cluster.requests.filter(({ target }) => target === '/version').map((one) => one.by.node);
    assert.deepEqual([...new Set(by)].sort(), ['control-1', 'control-2', 'control-3']);
    for (const { url, name } of cluster.nodes) {
      await ask({ url, ca: cluster.ca }, 'GET', '/version');
      assert.equal(cluster.requests.at(-1)?.by.node, name);
    }
    assert.deepEqual(
      await addresses(),
      cluster.nodes.map(({ address }) => address),
    );
    assert.match((await ask(cluster, 'GET', '/api/v1/nodes')).text, /control-1.*control-2.*control-3/);
  });

  it('are served by the others while one of them changes, whose address is away', async () => {
    const [first] = cluster.nodes;
    assert.ok(first);
    const watched = watchAvailability(cluster);
    const manifest = changed(manifestOf(first), ['--v=3'], {});
    writeFileSync(join(first.manifests, 'kube-apiserver.yaml'), JSON.stringify(manifest));
    await eventually('its port to close', () => !first.listens(6443));
    assert.deepEqual(
      await addresses(),
      cluster.nodes.slice(1).map(({ address }) => address),
    );
    await eventually('its port to open', () => first.listens(6443));
    assert.equal((await addresses()).length, 3);
    const { missed } = await watched.stop();
    assert.ok(missed.length <= 1, JSON.stringify(missed)); // the one that was on its way when the port closed
  });

  it('run the pods that are theirs', async () => {
    const [, second] = cluster.nodes;
    assert.ok(second);
    await ask(cluster, 'POST', pods, scriptPod(second, 'mine', 'echo mine > /host/mine'));
    await eventually('it to end', async () => (await podOf(cluster, 'mine'))?.status?.phase === 'Succeeded');
    assert.deepEqual(
      cluster.nodes.map(({ root }) => existsSync(join(root, 'mine'))),
      [false, true, false],
    );
    await startTwin(cluster, second);
    await eventually('the twin', () => second.listens(7443));
    assert.equal((await addresses()).length, 3, 'a twin is no address of the service');
  });

  it('empty a namespace before it goes', async () => {
    const [first] = cluster.nodes;
    assert.ok(first);
    const at = '/api/v1/namespaces/leaving';
    await ask(cluster, 'POST', '/api/v1/namespaces', { metadata: { name: 'leaving' } });
    await ask(cluster, 'POST', `${at}/pods`, scriptPod(first, 'long', 'exec sleep 100000'));
    await ask(cluster, 'POST', `${at}/configmaps`, { metadata: { name: 'some' } });
    await eventually(
      'it to run',
      async () => (await podOf(cluster, 'long', `${at}/pods`))?.status?.phase === 'Running',
    );
    const revive = first.killKubelet(); // nothing goes before it was looked at
    assert.match((await ask(cluster, 'DELETE', at)).text, /"phase":"Terminating"/);
    const late = await ask(cluster, 'POST', `${at}/configmaps`, { metadata: { name: 'late' } });
    assert.equal(late.status, 403);
    assert.match(late.text, /because it is being terminated/);
    assert.equal((await podOf(cluster, 'long', `${at}/pods`))?.status.phase, 'Running');
    revive();
    await eventually('it to go', async () => (await ask(cluster, 'GET', at)).status === 404);
    assert.equal(await podOf(cluster, 'long', `${at}/pods`), undefined);
  });
});

describe('an imitated node that is stopped', () => {
  it('leaves neither folder nor process', async () => {
    const cluster = await startNode();
    await ask(
      cluster,
      'POST',
      pods,
      scriptPod(cluster.node, 'long', 'echo $$ > /host/pid; exec sleep 100000'),
    );
    const file = join(cluster.node.root, 'pid');
    const pid = await eventually('it to run', () => existsSync(file) && Number(readFileSync(file, 'utf8')));
    const home = dirname(dirname(cluster.node.root));
    await cluster.stop();
    assert.equal(existsSync(home), false);
    assert.throws(() => process.kill(pid, 0), /ESRCH/);
  });
});
