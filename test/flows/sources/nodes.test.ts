// Audit files of nodes as sources: found by the API servers' pods, read through the kubelets, whatever these do.
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { adminToken, startApiServer, type ApiServer } from '../../../src/demo/api-server.ts';
import type { KubeObject } from '../../../src/demo/kubernetes/object.ts';
import { nodeSources } from '../../../src/flows/sources/nodes.ts';
import type { NodesWish } from '../../../src/flows/sources/nodes.ts';
import type { Source } from '../../../src/flows/sources/source.ts';
import type { World } from '../../../src/io/world.ts';
import { failure } from '../../support/failure.ts';
import { temporary } from '../../support/secrets.ts';
import { eventLines, nothing, read, until, world, type Got } from './events.ts';

const once: NodesWish = { follow: false, literals: [], whole: false };
const users = {
  [adminToken]: { name: 'admin', groups: ['system:masters'] },
  lister: {
    name: 'lister',
    groups: [],
    may: (verb: string, _group: string, resource: string) => verb === 'list' && resource === 'pods',
  },
  nobody: { name: 'nobody', groups: [], may: () => false },
};

interface Server {
  readonly flag?: string;
  readonly hostPath?: string;
  /** A pod with the API server's label that is no mirror. */
  readonly twin?: boolean;
}

function objectsOf(node: string, { flag, hostPath = '/var/log/audit', twin }: Server): KubeObject[] {
  const command = ['kube-apiserver', ...(flag === undefined ? [] : [`--audit-log-path=${flag}`])];
  const annotations = twin === true ? {} : { 'kubernetes.io/config.mirror': 'x' };
  return [
    { apiVersion: 'v1', kind: 'Node', metadata: { name: node } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `kube-apiserver-${node}`,
        namespace: 'kube-system',
        labels: { component: 'kube-apiserver' },
        annotations,
      },
      spec: {
        nodeName: node,
        containers: [
          { name: 'a', image: 'a', command, volumeMounts: [{ name: 'logs', mountPath: '/logs' }] },
        ],
        volumes: [{ name: 'logs', hostPath: { path: hostPath } }],
      },
    },
  ];
}

describe('the audit files of nodes', function () {
  this.timeout(30_000);
  let server: ApiServer;
  let home: string;
  const dead = new Set<string>();
  let cancel: AbortController;

  const begin = async (servers: Readonly<Record<string, Server>>): Promise<void> => {
    home = temporary().path;
    dead.clear();
    cancel = new AbortController();
    server = await startApiServer({
      users,
      objects: Object.entries(servers).flatMap(([node, one]) => objectsOf(node, one)),
      kubelets: {
        log: () => ({ lines: [], open: false }),
        dial: () => Promise.reject(new Error('nobody listens')),
        logs: (node) => (dead.has(node) ? undefined : join(home, node)),
      },
    });
  };
  afterEach(() => server.stop());

  const log = (node: string, name = 'audit.log'): string => {
    const path = join(home, node, 'audit', name);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  };
  const as = (token?: string): World => {
    const kubeconfig = join(home, `config-${token}`);
    writeFileSync(kubeconfig, server.kubeconfig(token), { mode: 0o600 });
    return world({ connection: { kubeconfig }, signal: cancel.signal });
  };
  const readAll = async (wish: NodesWish): Promise<Record<string, Got>> => {
    const sources = await nodeSources(as(), wish);
    const all = await Promise.all(
      sources.map(async (one): Promise<[string, Got]> => [one.name, await read(one)]),
    );
    return Object.fromEntries(all);
  };
  const follow = (source: Source | undefined): { got: Got; ended: Promise<unknown> } => {
    const got = nothing();
    return { got, ended: failure(() => read(source as Source, got)) };
  };
  const file = { flag: '/logs/audit.log' };

  it('are read from each node, and gone on with', async () => {
    await begin({ a: file, b: file });
    for (const node of ['a', 'b']) writeFileSync(log(node), eventLines([`${node}1`]));
    const first = await readAll(once);
    assert.deepEqual([first['a']?.ids, first['b']?.ids], [['a1'], ['b1']]);
    renameSync(log('a'), log('a', 'audit-2026-11-30T10-00-00.000.log'));
    writeFileSync(log('a'), eventLines(['a2']));
    appendFileSync(log('b'), eventLines(['b2']));
    const positions = { a: first['a']?.position, b: first['b']?.position };
    const second = await readAll({ ...once, positions });
    assert.deepEqual([second['a']?.ids, second['b']?.ids], [['a2'], ['b2']]);
    assert.deepEqual([second['a']?.notes, second['b']?.notes], [[], []]);
    const thrown = await failure(() => readAll({ ...once, positions: { a: { offset: 1 } } }));
    assert.deepEqual([thrown.code, / a /.test(thrown.message)], ['usage', true]);
  });

  it('are read from the first rotated one that may be young enough', async () => {
    await begin({ a: file });
    writeFileSync(log('a', 'audit-2026-11-30T10-00-00.000.log.gz'), gzipSync(eventLines(['too old'])));
    writeFileSync(log('a', 'audit-2026-11-30T11-00-00.000.log.gz'), gzipSync(eventLines(['young'])));
    writeFileSync(log('a', 'audit-2026-11-30T12-00-00.000.log'), eventLines(['younger']));
    writeFileSync(log('a'), eventLines(['now']));
    const idsSince = async (since?: string): Promise<string[] | undefined> =>
      (await readAll({ ...once, ...(since !== undefined && { since }) }))['a']?.ids;
    assert.deepEqual(await idsSince('2026-11-30T10:30:00Z'), ['young', 'younger', 'now']);
    assert.deepEqual(await idsSince('2026-11-30T12:00:00.000Z'), ['younger', 'now']);
    assert.deepEqual(await idsSince('2026-11-30T12:00:00.001Z'), ['now']);
    assert.deepEqual(await idsSince(), ['now']);
  });

  it('are followed, and a node that dies is said and tried again', async () => {
    await begin({ a: file, b: file });
    for (const node of ['a', 'b']) writeFileSync(log(node), eventLines([`${node}1`]));
    const [a, b] = await nodeSources(as(), { ...once, follow: true });
    const [one, other] = [follow(a), follow(b)];
    await until(() => one.got.ids.length === 1 && other.got.ids.length === 1);
    dead.add('a');
    await until(() => one.got.notes.length === 1);
    renameSync(log('a'), log('a', 'audit-2026-11-30T10-00-00.000.log'));
    writeFileSync(log('a'), eventLines(['a2']));
    appendFileSync(log('b'), eventLines(['b2']));
    await until(() => other.got.ids.length === 2);
    dead.clear();
    await until(() => one.got.ids.length === 2);
    const before = Date.now();
    cancel.abort();
    await Promise.all([one.ended, other.ended]);
    assert.ok(Date.now() - before < 200, 'the waits end at once');
    assert.deepEqual([one.got.ids, other.got.ids, other.got.notes], [['a1', 'a2'], ['b1', 'b2'], []]);
    const [died, again, ...more] = one.got.notes;
    assert.match(died ?? '', /^\/var\/log\/audit\/audit\.log cannot be read now.*connection refused/);
    assert.deepEqual([again, more], ['/var/log/audit/audit.log can be read again.', []]);
  });

  it('fail where a node cannot be read, after some tries, and at once where none can', async () => {
    await begin({ a: file, b: file });
    writeFileSync(log('b'), eventLines(['b1']));
    dead.add('a');
    const [a, b] = await nodeSources(as(), once);
    assert.ok(a && b);
    assert.deepEqual((await read(b)).ids, ['b1']);
    const got = nothing();
    const broken = await failure(() => read(a, got));
    assert.deepEqual([broken.code, /connection refused/.test(broken.message)], ['cluster-refused', true]);
    assert.match(got.notes.join(), /cannot be read now, and is tried again/);
    dead.add('b');
    const thrown = await failure(() => nodeSources(as(), once));
    assert.deepEqual([thrown.code, /connection refused/.test(thrown.message)], ['cluster-refused', true]);
  });

  it('are missing where nothing was written yet', async () => {
    await begin({ a: file });
    const thrown = await failure(() => nodeSources(as(), once));
    assert.equal(thrown.message, '/var/log/audit/audit.log on node a does not exist.');
  });

  it('are forbidden without get on nodes/proxy, or without list on pods', async () => {
    await begin({ a: file });
    writeFileSync(log('a'), eventLines(['a1']));
    const expected = { lister: /get nodes\/proxy/, nobody: /pods/ };
    for (const [user, why] of Object.entries(expected)) {
      const thrown = await failure(() => nodeSources(as(user), once));
      assert.equal(thrown.code, 'cluster-forbidden');
      assert.match(thrown.message, why);
    }
  });

  const impossible: Readonly<Record<string, [Server, RegExp]>> = {
    'no audit file': [{}, /none has --audit-log-path/],
    'the log of the container': [{ flag: '-' }, /log of its container/],
    'a file elsewhere on the node': [
      { ...file, hostPath: '/opt/logs' },
      /to \/opt\/logs\/audit\.log; .*\/var\/log/,
    ],
    'a file that only the container has': [
      { flag: '/tmp/audit.log' },
      /to \/tmp\/audit\.log in its container/,
    ],
    'no mirror pod': [{ ...file, twin: true }, /No API server of this cluster runs as a static pod/],
  };
  for (const [what, [one, why]] of Object.entries(impossible))
    it(`cannot be had of ${what}`, async () => {
      await begin({ a: one });
      const thrown = await failure(() => nodeSources(as(), once));
      assert.equal(thrown.code, 'target-unsupported');
      assert.match(thrown.message, why);
      assert.ok(thrown.suggestions.length > 0);
    });

  it('are told of where one of several API servers has none', async () => {
    await begin({ a: file, b: { flag: '-' } });
    writeFileSync(log('a'), eventLines(['a1']));
    const { a, b } = await readAll(once);
    assert.deepEqual([a?.ids, b?.ids], [['a1'], []]);
    assert.match(b?.notes.join() ?? '', /log of its container/);
    rmSync(log('a'));
  });
});
