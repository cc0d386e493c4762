// The harness itself: a real control-plane node comes up, does what its users rely on, and leaves nothing. One test
// measures what the program is to beat: how long nobody is served when a manifest is edited by hand.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { exchange } from '../support/http.ts';
import { startNode, type Node } from '../support/node.ts';
import { startPod } from '../support/node/pod.ts';
import { tracesOf } from '../support/node/traces.ts';
import { partPath } from '../support/parts.ts';
import { startPollers, type Pollers, type PollersOptions, type Seen } from '../support/pollers.ts';
import { run } from '../support/running.ts';

describe('a control-plane node', function () {
  this.timeout(180_000);
  let node: Node;
  let ca: string;

  before(async () => {
    node = await startNode({ kubeProxy: 'iptables' });
    ca = await readFile(node.path('/etc/kubernetes/pki/ca.crt'), 'utf8');
  });
  after(() => (node as Node | undefined)?.stop());

  const kubectl = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await node.kubectl(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const serves = (): Promise<unknown> =>
    eventually({
      what: 'the API server to be ready',
      timeoutMs: 90_000,
      ask: async () => (await exchange(`${node.url}/readyz`, { ca })).status === 200 || undefined,
    });
  const serverFlags = async (): Promise<string[]> =>
    (await node.exec('tr "\\0" "\\n" <"/proc/$(pidof kube-apiserver)/cmdline"')).stdout.split('\n');

  it('is ready, with its static pods shown as mirror pods', async () => {
    const names = 'jsonpath={.items[*].metadata.name}';
    const pods = (await kubectl('get', 'pods', '-n=kube-system', `-o=${names}`)).split(' ');
    const components = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
    assert.deepEqual(
      pods.sort(),
      components.map((name) => `${name}-${node.name}`),
    );
    await kubectl('wait', `node/${node.name}`, '--for=condition=Ready', '--timeout=60s');
    const mirror = 'jsonpath={.metadata.annotations.kubernetes\\.io/config\\.source}';
    assert.equal(await kubectl('get', 'pod', '-n=kube-system', String(pods[1]), `-o=${mirror}`), 'file');
  });

  it('gives logs, and a way to a port of a pod', async () => {
    const pod = `kube-apiserver-${node.name}`;
    assert.match(await kubectl('logs', '-n=kube-system', pod), /Serving securely/);
    const forward = ['port-forward', '-n=kube-system', `pod/${pod}`, ':6443'];
    const args = [`--kubeconfig=${node.kubeconfig}`, ...forward];
    const program = await run({ name: 'port-forward', command: partPath('kubectl', 'kubectl'), args });
    try {
      const port = await eventually({
        what: 'a forwarded port',
        timeoutMs: 20_000,
        ask: () => Promise.resolve(/127\.0\.0\.1:(\d+) ->/.exec(program.log())?.[1]),
        hopeless: () => program.ended(),
      });
      assert.equal((await exchange(`https://127.0.0.1:${port}/readyz`, { ca })).body, 'ok');
    } finally {
      await program.stop();
    }
  });

  it('shows a pod its files, and keeps what the pod writes from the machine', async () => {
    const script = 'test -f /host/etc/kubernetes/pki/ca.crt && echo mine >/host/etc/from-a-pod && id -u';
    await node.kubectl(['apply', '-f', '-'], JSON.stringify(podWithHost(node.name, script)));
    await kubectl('wait', 'pod/with-host', '--for=jsonpath={.status.phase}=Succeeded', '--timeout=60s');
    assert.equal(await kubectl('logs', 'with-host'), '0\n');
    assert.equal(await readFile(node.path('/etc/from-a-pod'), 'utf8'), 'mine\n');
    assert.ok(!existsSync('/etc/from-a-pod'));
  });

  it('has clients everywhere, which notice when the API server dies', async () => {
    const service = 'https://10.96.0.1:443';
    const at: Omit<PollersOptions, 'kubeconfig'>[] = [
      { from: 'outside', url: node.url },
      { from: 'node', url: service, netns: node.netns() },
      { from: 'pod', url: service, netns: await startPod(node, 'polling') },
    ];
    const pollers: Pollers[] = [];
    for (const one of at) pollers.push(await startPollers({ ...one, kubeconfig: node.kubeconfig }));
    await node.exec('kill -KILL "$(pidof kube-apiserver)"');
    await serves();
    const seen = Object.assign({}, ...(await Promise.all(pollers.map((one) => one.stop())))) as Seen;
    assert.equal(Object.keys(seen).length, 21);
    for (const [client, { asked, failed, longestGapMs, firstErrors }] of Object.entries(seen)) {
      assert.ok(failed > 0 && failed < asked, `${client}: ${failed} of ${asked} failed`);
      assert.ok(longestGapMs > 300, `${client}: ${longestGapMs} ms`);
      assert.doesNotMatch(firstErrors.join(), /missed|lost/);
    }
  });

  it('serves nobody for half a minute or more when its manifest is edited by hand', async () => {
    const manifest = join(node.path(node.manifests), 'kube-apiserver.yaml');
    const text = await readFile(manifest, 'utf8');
    const pollers = await startPollers({
      ...{ from: 'outside', url: node.url, kubeconfig: node.kubeconfig },
      clients: ['new-connections', 'kept-http2', 'writes', 'watch'],
    });
    await writeFile(
      join(node.path(node.manifests), '.edited'),
      text.replace(/^ +- kube-apiserver$/m, '$&\n    - --v=1'),
    );
    await rename(join(node.path(node.manifests), '.edited'), manifest);
    await eventually({
      what: 'the new flag',
      timeoutMs: 90_000,
      ask: async () => (await serverFlags()).includes('--v=1') || undefined,
    });
    await serves();
    const seen = await pollers.stop();
    for (const [client, { failed, longestGapMs }] of Object.entries(seen)) {
      assert.ok(failed > 50, `${client}: ${failed}`);
      assert.ok(longestGapMs > 30_000 && longestGapMs < 90_000, `${client}: ${longestGapMs} ms`);
    }
    const firstFailure = (client: string): number => seen[`outside ${client}`]?.firstFailureMs ?? NaN;
    // the port is closed at once, but the process stays for its whole grace period, and its watches with it
    assert.ok(firstFailure('watch') - firstFailure('new-connections') > 20_000, JSON.stringify(seen));
  });

  it('comes back from a power cut with its files and without its firewall', async () => {
    const bootId = (): Promise<string> => readFile(node.path('/proc/sys/kernel/random/boot_id'), 'utf8');
    const before = await bootId();
    await node.exec('nft add table ip probe; touch /var/lib/kept /run/lost');
    await node.reboot();
    await serves();
    assert.notEqual(await bootId(), before);
    assert.ok(existsSync(node.path('/var/lib/kept')));
    assert.ok(!existsSync(node.path('/run/lost')));
    assert.ok(!(await node.exec('nft list tables')).stdout.includes('probe'));
  });

  it('leaves nothing when it is stopped', async () => {
    const traces = tracesOf({
      cgroup: node.cgroup,
      netns: node.netns(),
      hostAddress: node.network.hostAddress,
    });
    const there = traces();
    assert.ok(there.processes > 10 && there.others.length > 2, JSON.stringify(there));
    await node.stop();
    assert.deepEqual(traces(), { processes: 0, others: [] });
  });
});

function podWithHost(nodeName: string, script: string): object {
  const programs = ['/usr', '/bin', '/lib', '/lib64'];
  const mounts = [{ name: 'host', path: '/', mountPath: '/host', readOnly: false }].concat(
    programs.map((path) => ({ name: path.slice(1), path, mountPath: path, readOnly: true })),
  );
  const image = 'registry.k8s.io/kube-apiserver:v1.37.2';
  const command = ['/bin/sh', '-c', script];
  return {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'with-host', namespace: 'default' } },
    spec: {
      ...{ nodeName, restartPolicy: 'Never', tolerations: [{ operator: 'Exists' }] },
      containers: [
        {
          ...{ name: 'script', image, command },
          volumeMounts: mounts.map(({ name, mountPath, readOnly }) => ({ name, mountPath, readOnly })),
        },
      ],
      volumes: mounts.map(({ name, path }) => ({ name, hostPath: { path, type: 'Directory' } })),
    },
  };
}
