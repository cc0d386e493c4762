// An API server that rotates its audit file all the time, followed through the kubelet: counted against everything that
// it wrote on the node.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse, stringify } from 'yaml';
import { nodeSources } from '../../../src/flows/sources/nodes.ts';
import { cluster } from '../../io/servers.ts';
import { failure } from '../../support/failure.ts';
import { nothing, read, world, type Got } from '../../flows/sources/events.ts';
import { eventually } from '../support/eventually.ts';
import { startNode, type Node } from '../support/node.ts';

const logs = '/var/log/kubernetes/audit';
const policy = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: RequestResponse}]\n';

interface Manifest {
  metadata: object;
  spec: {
    containers: { command: string[]; volumeMounts: object[] }[];
    volumes: object[];
  };
}

/** Lets the API server write an audit file that is rotated at 1 MB. */
async function audited(node: Node): Promise<void> {
  // a folder that kubeadm mounts already
  await writeFile(node.path('/etc/kubernetes/pki/audit-policy.yaml'), policy);
  const file = node.path(`${node.manifests}/kube-apiserver.yaml`);
  const manifest = parse(await readFile(file, 'utf8')) as Manifest;
  const [container] = manifest.spec.containers;
  container?.command.push(
    '--audit-policy-file=/etc/kubernetes/pki/audit-policy.yaml',
    '--audit-log-path=/logs/audit.log',
    '--audit-log-maxsize=1',
    '--audit-log-maxbackup=1000',
    '--audit-log-compress=true',
  );
  container?.volumeMounts.push({ name: 'logs', mountPath: '/logs' });
  manifest.spec.volumes.push({ name: 'logs', hostPath: { path: logs, type: 'DirectoryOrCreate' } });
  const next = node.path('/etc/kubernetes/next.yaml');
  await writeFile(next, stringify(manifest));
  await rename(next, file);
  await eventually({
    what: 'the API server to audit, and its mirror to show it',
    timeoutMs: 180_000,
    ask: async () => {
      const { stdout } = await node.kubectl([
        'get',
        'pods',
        '-n=kube-system',
        '-l=component=kube-apiserver',
        '-o=json',
      ]);
      return stdout.includes('audit-log-path') && readdirSync(node.path(logs)).includes('audit.log')
        ? true
        : undefined;
    },
  });
}

/** auditID and stage of every event in the files of the node, as often as it is there. */
function written(node: Node): string[] {
  const folder = node.path(logs);
  return readdirSync(folder).flatMap((name) => {
    const bytes = readFileSync(join(folder, name));
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    // the last line may be on its way
    return text.slice(0, text.lastIndexOf('\n')).split('\n').filter(Boolean).map(keyOf);
  });
}

function keyOf(line: string): string {
  const { auditID, stage } = JSON.parse(line) as { auditID: string; stage: string };
  return `${auditID} ${stage}`;
}

/** So many requests, eight at a time, with bodies of some size. */
async function load(node: Node, count: number): Promise<void> {
  const api = await cluster({ kubeconfig: node.kubeconfig });
  const path = '/api/v1/namespaces/default/configmaps';
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < count) {
      const name = `load-${next++}`;
      const data = { text: name.repeat(200) };
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
      const { status } = await api.request({ method: 'POST', path, body });
      assert.equal(status, 201);
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
}

describe('an audit file that is rotated while it is followed through the kubelet', function () {
  this.timeout(600_000);
  let node: Node;
  before(async () => {
    node = await startNode();
    await audited(node);
  });
  after(async () => node?.stop());

  it('comes whole and once', async () => {
    const begun = new Set(readdirSync(node.path(logs)));
    const keys: string[] = [];
    const got: Got = nothing();
    const cancel = new AbortController();
    const open = world({ connection: { kubeconfig: node.kubeconfig }, signal: cancel.signal });
    // all that there is, so that everything on the node counts
    const wish = { follow: true, since: '2000-01-01T00:00:00Z', literals: [], whole: true };
    const [source, ...others] = await nodeSources(open, wish);
    assert.deepEqual([source?.name, others], [node.name, []]);
    const kept = {
      name: node.name,
      batches: async function* () {
        for await (const batch of source?.batches() ?? []) {
          keys.push(...batch.events.map(({ auditId, stage }) => `${auditId} ${stage}`));
          yield batch;
        }
      },
    };
    const ended = failure(() => read(kept, got));
    await load(node, 5000);
    const before = written(node);
    // what was written before now has come when all of it is there; the looking itself is audited and goes on
    await eventually({
      what: 'all events to come',
      timeoutMs: 60_000,
      ask: () => {
        const come = new Set(keys);
        return Promise.resolve(before.every((key) => come.has(key)) || undefined);
      },
    });
    cancel.abort();
    assert.equal((await ended).code, 'interrupted');
    const rotated = readdirSync(node.path(logs)).filter((name) => !begun.has(name));
    assert.ok(rotated.length > 10, `rotated ${rotated.length} times`);
    assert.ok(rotated.some((name) => name.endsWith('.gz')));
    assert.equal(new Set(keys).size, keys.length, 'twice');
    const all = new Set(written(node));
    assert.deepEqual(
      keys.filter((key) => !all.has(key)),
      [],
      'never written',
    );
    assert.deepEqual(got.notes, []);
  });
});
