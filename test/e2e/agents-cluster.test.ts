// The agents' objects on real API servers, without a kubelet: our DaemonSet is accepted as it is by an old one and a
// recent one; the chart is rendered, installed, changed and taken away by real helms.
import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { chartSecret, chartValues, helmArgs } from '../../src/audit/agent/chart.ts';
import { agentFiles, logagentObjects } from '../../src/audit/agent/logagent.ts';
import { agentName, collectionOf, stateFolder } from '../../src/audit/agent/places.ts';
import { names } from '../../src/audit/names.ts';
import { sinkOf, tokenSlot } from '../../src/audit/sink/sematext.ts';
import { openHelm, type Helm } from '../../src/io/helm.ts';
import { agentScripts } from '../../src/io/agent-scripts.ts';
import { failure } from '../support/failure.ts';
import { secrets, witness } from '../support/secrets.ts';
import { startApiServer, type ApiServer, type ApiServerVersion } from './support/api-server.ts';
import { chartIn } from './support/chart.ts';
import { startEtcd, type Etcd } from './support/etcd.ts';
import { partPath, versionsOf } from './support/parts.ts';
import { folder } from './support/running.ts';

const settings = {
  sink: sinkOf('eu'),
  logPath: '/var/log/kubernetes/audit/audit.log',
  scripts: await agentScripts(),
  fingerprint: 'abcdef012345',
};
const hostPathsOf = (pod: PodSpec): (string | undefined)[] =>
  pod.volumes.flatMap(({ hostPath }) => hostPath?.path ?? []);

interface PodSpec {
  readonly containers: readonly [
    {
      name: string;
      image: string;
      env: { name: string; valueFrom: object }[];
      volumeMounts: { mountPath: string }[];
    },
  ];
  readonly volumes: readonly { hostPath?: { path: string } }[];
  readonly nodeSelector?: Record<string, string>;
  readonly tolerations: readonly { key: string }[];
}
interface DaemonSet {
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}

describe('the agents on a cluster', function () {
  this.timeout(120_000);
  let etcd: Etcd;
  let api: ApiServer;
  let place: Awaited<ReturnType<typeof folder>>;

  const begin = async (version: ApiServerVersion): Promise<void> => {
    etcd = await startEtcd();
    api = await startApiServer({ version, etcd });
    place = await folder('helm');
    await create('/api/v1/namespaces', { metadata: { name: names.namespace } });
  };
  afterEach(async () => {
    await api.stop();
    await etcd.stop();
    await place.remove();
  });

  async function create(collection: string, object: object): Promise<void> {
    const body = JSON.parse(JSON.stringify(object).replaceAll(tokenSlot, secrets.token)) as object;
    const { status, body: said } = await api.request(`${collection}?fieldValidation=Strict`, {
      method: 'POST',
      body,
    });
    assert.equal(status, 201, said);
  }

  async function daemonSets(): Promise<DaemonSet[]> {
    const { body } = await api.request(`/apis/apps/v1/namespaces/${names.namespace}/daemonsets`);
    return (JSON.parse(body) as { items: DaemonSet[] }).items;
  }

  for (const version of ['1.18.19', '1.37.2'] as const)
    it(`are accepted by an API server ${version}: our DaemonSet`, async () => {
      await begin(version);
      const digest = (text: string): string => `${text.length}`;
      for (const object of logagentObjects({ ...settings, run: 'run-1', digest }))
        await create(collectionOf(object), object);
      const [made = assert.fail('there is no DaemonSet')] = await daemonSets();
      assert.equal(made.metadata.name, agentName);
      assert.deepEqual(hostPathsOf(made.spec.template.spec), ['/var/log/kubernetes/audit', stateFolder]);
    });

  for (const version of versionsOf('helm'))
    it(`are installed, changed and taken away by helm ${version}: the chart`, async () => {
      await begin('1.37.2');
      const helm = await helmOf(version);
      const chart = await chartIn(place.path);
      const rendered = await helm.run({ args: helmArgs('template', chart), values: chartValues(settings) });
      assert.match(rendered, /kind: DaemonSet/);
      assert.doesNotMatch(rendered, /kind: (ClusterRole|ClusterRoleBinding|PriorityClass|Secret)$/m);

      const secret = chartSecret('run-1', 'abcdef012345');
      await create(collectionOf(secret), secret);
      await helm.run({ args: helmArgs('install', chart), values: chartValues(settings) });
      await assertShipsTheLog();
      await assertNoTokenKept();

      const changed = chartValues({ ...settings, image: 'registry.example/logagent:4' });
      await helm.run({ args: helmArgs('install', chart), values: changed });
      const [after = assert.fail('there is no DaemonSet')] = await daemonSets();
      assert.equal(after.spec.template.spec.containers[0].image, 'registry.example/logagent:4');
      assert.equal(after.metadata.generation, 2);

      await helm.run({ args: helmArgs('uninstall') });
      assert.deepEqual(await daemonSets(), []);
      await helm.run({ args: helmArgs('uninstall') });
    });

  it('are refused in the words of helm, with either', async () => {
    await begin('1.37.2');
    for (const version of versionsOf('helm')) {
      const limited = await helmOf(version, 'limited');
      const chart = await chartIn(place.path);
      const install = { args: helmArgs('install', chart), values: chartValues(settings) };
      const refused = await failure(() => limited.run(install));
      assert.deepEqual([refused.code, refused.exitCode], ['helm-failed', 7], version);
      assert.match(refused.message, /^helm upgrade failed: .*forbidden/, version);
      const lost = await failure(async () =>
        (await helmOf(version)).run({ ...install, args: helmArgs('install', join(place.path, 'nothing')) }),
      );
      assert.match(lost.message, /^helm upgrade failed: .*not found/, version);
    }
  });

  /** The container that the chart makes reads the audit log with our configuration, and nothing else of the node. */
  async function assertShipsTheLog(): Promise<void> {
    const [made = assert.fail('there is no DaemonSet')] = await daemonSets();
    const { containers, nodeSelector, tolerations } = made.spec.template.spec;
    assert.deepEqual(
      containers.map(({ name }) => name),
      ['logagent'],
    );
    const [logagent] = containers;
    const secretKeyRef = { name: agentName, key: 'logs-token' };
    assert.deepEqual(logagent.env, [{ name: 'LOGS_TOKEN', valueFrom: { secretKeyRef } }]);
    const mounts = logagent.volumeMounts.map(({ mountPath }) => mountPath);
    for (const path of ['/etc/sematext', '/var/log/kubernetes/audit', stateFolder])
      assert.ok(mounts.includes(path), path);
    assert.deepEqual(nodeSelector, { 'node-role.kubernetes.io/control-plane': '' });
    assert.ok(tolerations.some(({ key }) => key === 'node-role.kubernetes.io/control-plane'));
    const { body } = await api.request(`/api/v1/namespaces/${names.namespace}/configmaps`);
    const { items } = JSON.parse(body) as { items: { data?: Record<string, string> }[] };
    const data = items.map((map) => map.data ?? {});
    assert.ok(
      data.some((one) => one['LA_CONFIG'] === '/etc/sematext/logagent.conf' && one['REGION'] === 'EU'),
      body,
    );
    const [files] = data.filter((one) => 'logagent.conf' in one);
    assert.deepEqual(files, agentFiles(settings));
  }

  /** helm keeps a release with all of its values: gzip in base64 in base64. */
  async function assertNoTokenKept(): Promise<void> {
    const { body } = await api.request(`/api/v1/namespaces/${names.namespace}/secrets`);
    const { items } = JSON.parse(body) as { items: { type: string; data: Record<string, string> }[] };
    const releases = items.filter(({ type }) => type === 'helm.sh/release.v1');
    assert.equal(releases.length, 1);
    const packed = Buffer.from(
      Buffer.from(releases[0]?.data['release'] ?? '', 'base64').toString(),
      'base64',
    );
    const release = gunzipSync(packed).toString();
    assert.ok(release.includes('logagent.conf'));
    witness(release);
  }

  /** A real helm on the PATH, that keeps its own files in a folder of the test. */
  async function helmOf(version: string, user: 'admin' | 'limited' = 'admin'): Promise<Helm> {
    const bin = join(place.path, `${version}-${user}`);
    await mkdir(bin);
    await symlink(partPath('helm', 'helm', version), join(bin, 'helm'));
    const own = { HELM_CACHE_HOME: bin, HELM_CONFIG_HOME: bin, HELM_DATA_HOME: bin };
    const connection = { kubeconfig: api.kubeconfigFor(user) };
    return openHelm({ connection, env: { PATH: bin, ...own }, signal: new AbortController().signal });
  }
});
