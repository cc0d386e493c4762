// /proc of the imitated node, as the node script's own functions read it (src/node/base.sh, server.sh).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { startNode, type OneNode } from '../../../src/demo/node/nodes.ts';
import { patienceMs, runScript, twinThatServes } from './pods.ts';

const scripts = ['base', 'redirect', 'server']
  .map((name) => readFileSync(new URL(`../../../src/node/${name}.sh`, import.meta.url), 'utf8'))
  .join('\n');

describe('/proc of the imitated node', function () {
  this.timeout(patienceMs);
  let cluster: OneNode;
  before(async () => {
    cluster = await startNode();
  });
  after(() => cluster.stop());
  const run = async (command: string): Promise<string> =>
    (await runScript(cluster, `${scripts}\ntake root=/host\n${command}`)).log;

  it('has the ports that are listened on, on all addresses or on one', async () => {
    assert.equal(await run('listening'), '6443\n');
    await twinThatServes(cluster, ['--bind-address=127.0.0.1']);
    assert.equal(await run('listening; listens 7443 && ! listens 7444 && echo yes'), '6443\n7443\nyes\n');
  });

  it('tells the process of an API server from another one, by its command line and its start', async () => {
    const [first, second, again] = (await run('server 6443; server 7443; server 6443')).split('\n');
    const server = /^\d+ \d+ [0-9a-f]{64}$/;
    assert.match(String(first), server);
    assert.match(String(second), server);
    assert.equal(again, first);
    const parts = [first, second].map((line) => String(line).split(' '));
    for (const part of [0, 1, 2]) assert.notEqual(parts[0]?.[part], parts[1]?.[part]);
    const pid = Number(parts[0]?.[0]);
    assert.ok(process.kill(pid, 0), 'it is a real one');
  });

  it('counts the seconds of the node, which can be moved on', async () => {
    const before = Number(await run('uptime'));
    cluster.node.advance(1000);
    const after = Number(await run('uptime'));
    assert.ok(after >= before + 1000 && after < before + 1900, `${before}, ${after}`);
  });
});
