// Redirects on the imitated node: the node script's own rules (src/node/redirect.sh), and where new connections get to.
import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { adminToken } from '../../../src/demo/api-server.ts';
import { startNode, type NodesOptions, type OneNode } from '../../../src/demo/node/nodes.ts';
import { watchAvailability } from '../../support/availability.ts';
import { ask } from './ask.ts';
import {
  changed,
  eventually,
  manifestOf,
  patienceMs,
  podOf,
  runScript,
  startScript,
  startTwin,
  twinThatServes,
} from './pods.ts';

const scripts = ['base', 'redirect']
  .map((name) => readFileSync(new URL(`../../../src/node/${name}.sh`, import.meta.url), 'utf8'))
  .join('\n');

/** A watch by an administrator, until it is ended. */
function watchPath({ url, ca }: OneNode, path: string): { text: () => string; end: () => void } {
  let text = '';
  const headers = { authorization: `Bearer ${adminToken}` };
  const outgoing = request(`${url}${path}`, { ca, headers, agent: false }, (answer) => {
    answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    answer.on('error', () => undefined); // it is ended here
  });
  outgoing.on('error', (error) => (text += error.message)).end();
  return { text: () => text, end: () => void outgoing.destroy() };
}

describe('the carry on the imitated node', function () {
  this.timeout(patienceMs);
  let cluster: OneNode;
  const begin = async (options: NodesOptions = {}): Promise<void> => {
    cluster = await startNode(options);
  };
  afterEach(() => cluster.stop());

  const run = async (command: string): Promise<{ exitCode: number | undefined; log: string }> => {
    const words = `address=${cluster.node.address} port=6443 twin=7443 service=10.96.0.1:443`;
    return runScript(cluster, `${scripts}\ntake root=/host ${words}\n${command}`);
  };
  /** The port of the API server that answers at an address. */
  const whoAnswers = async (url: string): Promise<number | undefined> => {
    await ask({ url, ca: cluster.ca }, 'GET', '/version');
    return cluster.requests.findLast(({ target }) => target === '/version')?.by.port;
  };
  const both = async (): Promise<readonly (number | undefined)[]> => [
    await whoAnswers(cluster.node.url),
    await whoAnswers(cluster.node.serviceUrl),
  ];

  const means: readonly (readonly [string, NodesOptions])[] = [
    ['nft', {}],
    ['iptables', { without: ['nft'] }],
  ];
  for (const [program, options] of means)
    it(`sends new connections to the twin and back, by ${program}`, async () => {
      await begin(options);
      assert.equal((await run('carrier')).log, `${program}\n`);
      await twinThatServes(cluster);
      assert.deepEqual(await both(), [6443, 6443]);
      assert.match((await run('carry && carried && carry && echo it is')).log, /^it is$/m);
      assert.equal(cluster.node.carriedTo, 7443);
      assert.deepEqual(await both(), [7443, 7443]);
      assert.equal(await whoAnswers(`https://127.0.0.1:${cluster.node.inner(6443)}`), 6443);
      assert.match((await run('uncarry && ! carried && uncarry && echo it is not')).log, /^it is not$/m);
      assert.equal(cluster.node.carriedTo, undefined);
      assert.deepEqual(await both(), [6443, 6443]);
    });

  it('leaves the service address where it leads when no rule is made for it', async () => {
    await begin();
    await twinThatServes(cluster);
    await run('service=; carry');
    assert.deepEqual(await both(), [7443, 6443]);
  });

  it('is told to be impossible where neither program is there', async () => {
    await begin({ without: ['nft', 'iptables'] });
    assert.equal((await run('carrier')).log, 'none\n');
    assert.equal((await run('carry 2> /dev/null')).exitCode, 1);
    assert.equal(cluster.node.carriedTo, undefined);
  });

  it('leads nowhere when the twin listens on loopback alone', async () => {
    await begin();
    await startTwin(cluster, cluster.node, ['--bind-address=127.0.0.1']);
    await eventually('the twin', () => cluster.node.listens(7443));
    // the API is away as soon as the rules are there, so that the pod cannot be seen to end
    await startScript(
      cluster,
      `${scripts}\ntake root=/host address=${cluster.node.address} port=6443 twin=7443\ncarry`,
    );
    await eventually('the rules', () => cluster.node.carriedTo === 7443);
    for (const url of [cluster.url, cluster.node.url])
      await assert.rejects(ask({ url, ca: cluster.ca }, 'GET', '/version'), /ECONNREFUSED|ECONNRESET/);
    assert.equal(await whoAnswers(`https://127.0.0.1:${cluster.node.inner(7443)}`), 7443);
    assert.equal(await whoAnswers(`https://127.0.0.1:${cluster.node.inner(6443)}`), 6443);
  });

  it('keeps the connections that there are with the server that they have', async () => {
    await begin();
    await twinThatServes(cluster);
    const path = '/api/v1/namespaces/default/configmaps';
    const watch = watchPath(cluster, `${path}?watch=1&resourceVersion=0`);
    await eventually('the watch', () => cluster.requests.some(({ target }) => target.includes('watch=1')));
    await run('carry');
    await ask(cluster, 'POST', path, { metadata: { name: 'seen' } });
    await eventually('the change', () => watch.text().includes('"name":"seen"'));
    watch.end();
    const byOf = (part: string): number | undefined =>
      cluster.requests.find(({ target, method }) => `${method} ${target}`.includes(part))?.by.port;
    assert.deepEqual([byOf('watch=1'), byOf(`POST ${path}`)], [6443, 7443]);
  });

  /** Changes the manifest and waits until the new API server is ready. */
  const swap = async (): Promise<void> => {
    const manifest = changed(manifestOf(cluster.node), ['--v=3'], {});
    writeFileSync(join(cluster.node.manifests, '.next'), JSON.stringify(manifest));
    renameSync(join(cluster.node.manifests, '.next'), join(cluster.node.manifests, 'kube-apiserver.yaml'));
    await eventually('the new one', async () => {
      const at = '/api/v1/namespaces/kube-system/pods';
      const pod = await podOf(cluster, `kube-apiserver-${cluster.node.name}`, at).catch(() => undefined);
      const [status] = pod?.status.containerStatuses ?? [];
      return pod?.spec.containers[0]?.command.includes('--v=3') === true && status?.ready === true;
    });
  };

  it('makes an outage of 40 s into none', async () => {
    await begin();
    await twinThatServes(cluster);
    await run('carry');
    const watched = [cluster, { url: cluster.node.serviceUrl, ca: cluster.ca }].map((one) =>
      watchAvailability(one),
    );
    await swap();
    await run('uncarry');
    for (const one of watched) {
      const { asked, missed } = await one.stop();
      assert.deepEqual(missed, []);
      assert.ok(asked > 5, `${asked} questions`);
    }
  });

  it('is missed when it is not there', async () => {
    await begin();
    const watched = watchAvailability(cluster);
    await swap();
    const { missed, outageMs } = await watched.stop();
    assert.ok(missed.length > 5, `${missed.length} questions without an answer`);
    assert.ok(outageMs > 400, `${outageMs} ms at a pace of 10 ms for a second`);
    assert.ok(
      missed.every(({ why }) => /ECONNREFUSED|ECONNRESET|socket disconnected|hang up/.test(why)),
      missed[0]?.why,
    );
  });
});
