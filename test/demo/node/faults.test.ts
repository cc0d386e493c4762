// The faults that an imitated node can be told to show.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNode, type NodesOptions, type OneNode } from '../../../src/demo/node/nodes.ts';
import { fresh } from '../../contract/subject.ts';
import { ask } from './ask.ts';
import {
  eventually,
  patienceMs,
  podOf,
  pods,
  runScript,
  scriptPod,
  startScript,
  startTwin,
  twinThatServes,
} from './pods.ts';

const forever = 'exec sleep 100000';

describe('a fault of the imitated node', function () {
  this.timeout(patienceMs);
  let cluster: OneNode;
  const begin = async (options: NodesOptions = {}): Promise<void> => {
    cluster = await startNode(options);
  };
  afterEach(() => cluster.stop());
  const phaseOf = async (name: string): Promise<string | undefined> =>
    (await podOf(cluster, name))?.status?.phase;
  const runs = (name: string): Promise<unknown> =>
    eventually(`${name} to run`, async () => (await phaseOf(name)) === 'Running');

  it('slow kubelet: everything comes later', async () => {
    await begin();
    cluster.node.slowKubelet(1500);
    const started = performance.now();
    await startTwin(cluster, cluster.node);
    await eventually('the twin', () => cluster.node.listens(7443));
    assert.ok(performance.now() - started > 1500);
  });

  it('dead kubelet: nothing new runs, what runs goes on, logs cannot be had; then all is seen to', async () => {
    await begin();
    const old = await startScript(cluster, forever);
    await runs(old);
    const revive = cluster.node.killKubelet();
    const name = await startScript(cluster, 'echo late');
    const file = join(cluster.node.manifests, 'static.yaml');
    writeFileSync(file, JSON.stringify(scriptPod(cluster.node, 'static', forever)));
    await ask(cluster, 'DELETE', `${pods}/${old}?gracePeriodSeconds=1`);
    await sleep(150);
    assert.equal(await phaseOf(name), undefined, 'it has no status at all');
    assert.equal(await phaseOf(`static-${cluster.node.name}`), undefined);
    assert.equal(await phaseOf(old), 'Running');
    const log = await ask(cluster, 'GET', `${pods}/${old}/log`);
    assert.deepEqual([log.status, /:10250: connect: connection refused/.test(log.text)], [500, true]);
    assert.equal((await ask(cluster, 'GET', '/readyz')).status, 200, 'the API server goes on');
    revive();
    await eventually('the new pod', async () => (await phaseOf(name)) === 'Succeeded');
    await runs(`static-${cluster.node.name}`);
    await eventually('the old pod to go', async () => (await phaseOf(old)) === undefined);
  });

  it('out of memory: the container is killed, and the pod says why', async () => {
    await begin();
    cluster.node.runOutOfMemory(({ metadata }) => metadata.name.startsWith('twin'), 80);
    const name = await startTwin(cluster, cluster.node);
    await eventually('it to fail', async () => (await phaseOf(name)) === 'Failed');
    const { terminated } = (await podOf(cluster, name))?.status.containerStatuses?.[0]?.state ?? {};
    assert.deepEqual([terminated?.exitCode, terminated?.reason], [137, 'OOMKilled']);
    assert.equal(cluster.node.listens(7443), false);
    assert.equal(cluster.node.listens(6443), true);
  });

  it('image missing: the pod waits, says why, and runs once there is one', async () => {
    await begin();
    cluster.node.missImages(({ metadata }) => metadata.name.startsWith('script'));
    const name = await startScript(cluster, 'echo here');
    const reasons = new Set<string>();
    await eventually('both reasons', async () => {
      const { waiting } = (await podOf(cluster, name))?.status?.containerStatuses?.[0]?.state ?? {};
      if (waiting) reasons.add(waiting.reason);
      return reasons.has('ErrImagePull') && reasons.has('ImagePullBackOff');
    });
    assert.equal(await phaseOf(name), 'Pending');
    cluster.node.missImages(() => false);
    await eventually('it to run', async () => (await phaseOf(name)) === 'Succeeded');
  });

  it('full disk: df says so, and what is written is not', async () => {
    await begin();
    const script = 'df -Pk /host/ | awk "NR == 2 { print \\$4 }"; echo some > /host/file && echo written';
    const before = await runScript(cluster, script);
    assert.match(before.log, /^[1-9]\d*\nwritten\n$/);
    rmSync(join(cluster.node.root, 'file'));
    cluster.node.fillDisk();
    const full = await runScript(cluster, script);
    assert.match(full.log, /^0\n/);
    assert.doesNotMatch(full.log, /written/);
    const left = join(cluster.node.root, 'file');
    assert.equal(existsSync(left) ? readFileSync(left, 'utf8') : '', '');
    cluster.node.fillDisk(false);
    assert.match((await runScript(cluster, script)).log, /^[1-9]\d*\nwritten\n$/);
  });

  it('reboot: everything is killed, static pods come back, the others do not; rules are gone, the disk is not', async () => {
    await begin();
    const [script, twin] = [
      await startScript(cluster, `echo kept > /host/kept; ${forever}`),
      await twinThatServes(cluster),
    ];
    await runs(script);
    const again = fresh('always');
    const always = scriptPod(cluster.node, again, forever) as { spec: object };
    await ask(cluster, 'POST', pods, { ...always, spec: { ...always.spec, restartPolicy: 'Always' } });
    await runs(again);
    const rule =
      'add table ip t\ntable ip t {\nchain c { type nat hook prerouting priority -1; }\nchain d {\ntcp dport 6443 redirect to :7443\n}\n}';
    await runScript(cluster, `printf '%s\\n' '${rule}' | nft -f -`);
    assert.equal(cluster.node.carriedTo, 7443);
    const bootFile = join(cluster.node.root, 'proc/sys/kernel/random/boot_id');
    const uptime = (): number =>
      Number.parseFloat(readFileSync(join(cluster.node.root, 'proc/uptime'), 'utf8'));
    const [boot, up] = [readFileSync(bootFile, 'utf8'), uptime()];
    const done = cluster.node.reboot(50);
    assert.equal(cluster.node.listens(6443), false);
    await assert.rejects(ask(cluster, 'GET', '/readyz'));
    await done;
    await eventually('the API server', () => cluster.node.listens(6443));
    assert.notEqual(readFileSync(bootFile, 'utf8'), boot);
    assert.ok(uptime() < up);
    assert.equal(cluster.node.carriedTo, undefined);
    assert.equal(readFileSync(join(cluster.node.root, 'kept'), 'utf8'), 'kept\n');
    for (const name of [script, twin])
      await eventually(`${name} to be lost`, async () => (await phaseOf(name)) === 'Failed');
    await runs(again);
    assert.equal(cluster.node.listens(7443), false);
  });

  it('reboot before the API server was found ready: it starts again', async () => {
    await begin();
    await cluster.node.reboot();
    await eventually('the API server', () => cluster.node.listens(6443));
    await cluster.node.reboot();
    await eventually('the API server', () => cluster.node.listens(6443));
  });

  it('network lost: no connection lives or comes through, for a while', async () => {
    await begin();
    const watching = ask(cluster, 'GET', '/api/v1/pods?watch=1&resourceVersion=0');
    const cut = assert.rejects(watching, /ECONNRESET|aborted/);
    await eventually('the watch', () => cluster.requests.some(({ target }) => target.includes('watch=1')));
    const back = cluster.loseNetwork(80);
    await cut;
    await assert.rejects(ask(cluster, 'GET', '/readyz'), /ECONNREFUSED|ECONNRESET/);
    await back;
    assert.equal((await ask(cluster, 'GET', '/readyz')).status, 200);
  });

  it('admission: what it refuses is not made, in its words', async () => {
    await begin();
    cluster.admit(({ metadata }) => (metadata.name.startsWith('twin') ? 'no twins here' : undefined));
    const made = await ask(cluster, 'POST', pods, { metadata: { name: 'twin' }, spec: { containers: [] } });
    assert.equal(made.status, 403);
    assert.match(made.text, /"pods \\"twin\\" is forbidden: no twins here"/);
    cluster.admit();
    assert.equal(
      (await ask(cluster, 'POST', pods, { metadata: { name: 'twin' }, spec: { containers: [] } })).status,
      201,
    );
  });

  it('Pod Security: a privileged pod needs a namespace that says so', async () => {
    await begin({ podSecurity: 'baseline' });
    const pod = scriptPod(cluster.node, 'script', 'exit 0');
    const refused = await ask(cluster, 'POST', pods, pod);
    assert.equal(refused.status, 403);
    assert.match(
      refused.text,
      /violates PodSecurity \\"baseline:latest\\": hostPath volumes \(volume \\"host\\"\)/,
    );
    const labels = { 'pod-security.kubernetes.io/enforce': 'privileged' };
    await ask(cluster, 'POST', '/api/v1/namespaces', { metadata: { name: 'allowed', labels } });
    assert.equal((await ask(cluster, 'POST', '/api/v1/namespaces/allowed/pods', pod)).status, 201);
  });

  it('the process killed by hand: the kubelet starts another one', async () => {
    await begin();
    const find = `for line in /host/proc/[0-9]*/cmdline; do pid=\${line%/cmdline}; kill -9 "\${pid##*/}"; done`;
    const name = await startScript(cluster, find);
    await eventually('the restart', async () => {
      const at = '/api/v1/namespaces/kube-system/pods';
      const pod = await podOf(cluster, `kube-apiserver-${cluster.node.name}`, at).catch(() => undefined);
      const [status] = pod?.status.containerStatuses ?? [];
      return status?.restartCount === 1 && status.lastState.terminated?.exitCode === 137;
    });
    await eventually('the script to end', async () => (await phaseOf(name)) === 'Succeeded');
  });
});
