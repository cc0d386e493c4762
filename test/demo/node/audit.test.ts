// The API servers of an imitated node: what they record, where it goes, and what of the node's disk they see.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNode, type NodesOptions, type OneNode } from '../../../src/demo/node/nodes.ts';
import { startSematext, type Sematext } from '../../../src/demo/sematext.ts';
import { secrets } from '../../support/secrets.ts';
import { ask } from './ask.ts';
import {
  changed,
  eventually,
  logOf,
  manifestOf,
  patienceMs,
  podOf,
  pods,
  startTwin,
  twinThatServes,
} from './pods.ts';

const policy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: None, nonResourceURLs: ["/readyz*"]}
  - {level: Request, resources: [{group: "", resources: [configmaps]}]}
  - {level: Metadata}
`;
const config = '/etc/kubernetes/sematext-audit';
const logs = '/var/log/kubernetes/audit';
const byPolicy = `--audit-policy-file=${config}/policy.yaml`;
const toLog = `--audit-log-path=${logs}/audit.log`;
const mounts = { [config]: { readOnly: true }, [logs]: {} };

interface Event {
  readonly level: string;
  readonly stage: string;
  readonly requestURI: string;
  readonly requestObject?: object;
}

describe('an API server of the imitated node', function () {
  this.timeout(patienceMs);
  let cluster: OneNode;
  const begin = async (options: NodesOptions = {}): Promise<void> => {
    const prepare: NodesOptions['prepare'] = ({ root }) => {
      mkdirSync(join(root, config), { recursive: true });
      writeFileSync(join(root, config, 'policy.yaml'), policy);
    };
    cluster = await startNode({ prepare, ...options });
  };
  afterEach(() => cluster.stop());
  const onNode = (path: string): string => join(cluster.node.root, path);
  const events = (): Event[] =>
    readFileSync(onNode(`${logs}/audit.log`), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Event);
  const toTwin = (): { url: string; ca: string } => {
    const inner = cluster.node.inner(7443);
    return { url: `https://127.0.0.1:${inner}`, ca: cluster.ca };
  };

  it('writes what its policy says to its log, a line of JSON for each event', async () => {
    await begin();
    await twinThatServes(cluster, [byPolicy, toLog], mounts);
    const data = { k: 'v' };
    const path = '/api/v1/namespaces/default/configmaps';
    await ask(toTwin(), 'GET', '/readyz');
    await ask(toTwin(), 'POST', path, { metadata: { name: 'a' }, data });
    await ask(toTwin(), 'GET', '/version');
    assert.deepEqual(
      events().map(({ level, stage, requestURI, requestObject }) => [
        level,
        stage,
        requestURI,
        requestObject,
      ]),
      [
        [
          'Request',
          'ResponseComplete',
          path,
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data },
        ],
        ['Metadata', 'ResponseComplete', '/version', undefined],
      ],
    );
    assert.match(
      readFileSync(onNode(`${logs}/audit.log`), 'utf8'),
      /^\{"kind":"Event","apiVersion":"audit.k8s.io\/v1","level":/,
    );
    assert.equal(statSync(onNode(`${logs}/audit.log`)).mode & 0o777, 0o600);
    const asked = await ask(cluster, 'GET', `${path}/a`);
    assert.equal(asked.status, 200, 'both API servers have the same objects');
  });

  it('sends it to the webhook that its kubeconfig names', async () => {
    await begin();
    const sematext: Sematext = await startSematext({ apiKey: secrets.apiKey, delayMs: 0 });
    const url = `${sematext.receiverUrl}/${secrets.token}/`;
    writeFileSync(onNode(`${config}/webhook`), JSON.stringify({ clusters: [{ cluster: { server: url } }] }));
    await twinThatServes(cluster, [byPolicy, `--audit-webhook-config-file=${config}/webhook`], mounts);
    await ask(toTwin(), 'GET', '/version');
    await eventually('the event', () => sematext.documents(secrets.token).length > 0);
    assert.equal(sematext.documents(secrets.token).length, 1);
    await sematext.stop();
  });

  it('writes to its own output, and to a folder that only its container has', async () => {
    await begin();
    const name = await twinThatServes(cluster, [byPolicy, '--audit-log-path=-'], {
      [config]: {},
    });
    await ask(toTwin(), 'GET', '/version');
    assert.match(await logOf(cluster, name), /^\{"kind":"Event".*"requestURI":"\/version"/m);
    await ask(cluster, 'DELETE', `${pods}/${name}?gracePeriodSeconds=0`);
    await eventually('it to end', () => !cluster.node.listens(7443));
    await twinThatServes(cluster, [byPolicy, toLog], { [config]: {} });
    await ask(toTwin(), 'GET', '/version');
    assert.equal(existsSync(onNode(logs)), false);
  });

  const unseen: readonly (readonly [string, readonly string[], Readonly<Record<string, object>>, RegExp])[] =
    [
      ['a policy that no mount shows it', [byPolicy], {}, /policy\.yaml: no such file or directory/],
      [
        'a log in a folder that is mounted read-only',
        [byPolicy, toLog],
        { ...mounts, [logs]: { readOnly: true } },
        /ensureLogFile: open .*audit\.log: read-only file system/,
      ],
      [
        'a port that somebody has',
        ['--secure-port=6443'],
        {},
        /listen tcp 0\.0\.0\.0:6443: bind: address already in use/,
      ],
    ];
  for (const [what, flags, mounted, sentence] of unseen)
    it(`does not start with ${what}`, async () => {
      await begin();
      const name = await startTwin(cluster, cluster.node, flags, mounted);
      await eventually('it to fail', async () => (await podOf(cluster, name))?.status?.phase === 'Failed');
      assert.match(await logOf(cluster, name), sentence);
    });

  it('of 1.18 has AuditSinks when all three switches are on', async () => {
    await begin({ version: '1.18.19' });
    const switches = [
      '--audit-dynamic-configuration=true',
      '--feature-gates=DynamicAuditing=true',
      '--runtime-config=auditregistration.k8s.io/v1alpha1=true',
    ];
    await twinThatServes(cluster, switches);
    const path = '/apis/auditregistration.k8s.io/v1alpha1/auditsinks';
    assert.equal((await ask(toTwin(), 'GET', path)).status, 200);
    assert.equal((await ask(cluster, 'GET', path)).status, 404);
  });

  it('has the flags of its manifest once that is changed', async () => {
    await begin();
    const manifest = changed(manifestOf(cluster.node), ['--v=3'], {});
    writeFileSync(join(cluster.node.manifests, 'kube-apiserver.yaml'), JSON.stringify(manifest));
    await eventually('the new one', async () => {
      const answer = await ask(cluster, 'GET', '/flagz').catch(() => undefined);
      return /^v(?:: ?|=| )3$/m.test(answer?.text ?? '');
    });
  });
});
