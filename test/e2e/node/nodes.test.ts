// The harness itself: three control planes of one cluster, and machines that their owner cannot stop any more.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, rmdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.ts';
import { exchange, type Reply } from '../support/http.ts';
import { startNodes, type Nodes } from '../support/node.ts';
import { tracesOf, type Place, type Traces } from '../support/node/traces.ts';
import { startPollers } from '../support/pollers.ts';

describe('three control planes', function () {
  this.timeout(300_000);
  let cluster: Nodes;

  before(async () => {
    cluster = await startNodes(3);
  });
  after(() => (cluster as Nodes | undefined)?.stop());

  it('are one cluster, each API server at its own address', async () => {
    const addresses = cluster.nodes.map(({ address }) => address);
    assert.equal(new Set(addresses).size, 3);
    for (const node of cluster.nodes) {
      const endpoints = ['get', 'endpoints', 'kubernetes', '-o=jsonpath={.subsets[0].addresses[*].ip}'];
      const known = await eventually({
        what: `three endpoints, from ${node.name}`,
        timeoutMs: 30_000,
        ask: async () => {
          const { stdout } = await node.kubectl(endpoints);
          return stdout.split(' ').length === 3 ? stdout.split(' ') : undefined;
        },
      });
      assert.deepEqual(known.sort(), addresses);
    }
  });

  it('go on serving, by the load balancer, without one of them', async () => {
    const [one, two, three] = cluster.nodes.map(({ address }) => `${address}:6443`);
    cluster.balancer.use([one ?? '', two ?? '']);
    const at = { from: 'balancer', url: cluster.url, kubeconfig: cluster.kubeconfig };
    const pollers = await startPollers({ ...at, clients: ['new-connections', 'writes', 'watch'] });
    await cluster.nodes[2]?.stop();
    await new Promise((resolve) => setTimeout(resolve, 5000));
    for (const [client, { asked, failed, firstErrors }] of Object.entries(await pollers.stop())) {
      assert.ok(asked > 10, `${client} asked ${asked} times`);
      assert.equal(failed, 0, `${client}: ${firstErrors.join()}`);
    }
    cluster.balancer.use([three ?? '']);
    const ca = await readFile(String(cluster.nodes[0]?.path('/etc/kubernetes/pki/ca.crt')), 'utf8');
    const ask = (): Promise<Reply> => exchange(`${cluster.url}/readyz`, { ca, timeoutMs: 5000 });
    await assert.rejects(ask, /no reply|EHOSTUNREACH|socket hang up|ECONNRESET|disconnected/);
    cluster.balancer.use([one ?? '']);
    assert.equal((await ask()).status, 200);
  });
});

describe('a machine whose tests', function () {
  this.timeout(60_000);
  const owner = fileURLToPath(new URL('../support/node/owner.ts', import.meta.url));

  /** Starts a process that starts a machine, ends it, and gives what there was of the machine and what is left. */
  async function endedBy(signal: NodeJS.Signals): Promise<{ was: Traces; left: () => Traces }> {
    const child = spawn(process.execPath, ['--import=tsx/esm', owner], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
      const left = tracesOf(JSON.parse(line) as Place);
      return { was: left(), left };
    } finally {
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
    }
  }

  it('were told to end leaves nothing', async () => {
    const { was, left } = await endedBy('SIGTERM');
    assert.ok(was.processes > 0 && was.others.length > 2, JSON.stringify(was));
    await eventually({
      what: 'nothing to be left',
      timeoutMs: 10_000,
      ask: () => Promise.resolve(left().processes + left().others.length === 0 || undefined),
    });
  });

  it('were killed leaves files, but no process and no network', async () => {
    const { was, left } = await endedBy('SIGKILL');
    assert.ok(was.processes > 0, JSON.stringify(was));
    const rest = await eventually({
      what: 'its processes and its network to be gone',
      timeoutMs: 10_000,
      ask: () => {
        const { processes, others } = left();
        return Promise.resolve(
          processes === 0 && others.every((one) => one.startsWith('/')) ? others : undefined,
        );
      },
    });
    for (const path of rest) {
      if (path.startsWith('/sys/')) await rmdir(path);
      else await rm(path, { recursive: true });
    }
    assert.deepEqual(left(), { processes: 0, others: [] });
  });
});
