// What status says of a whole cluster, what it costs, and how it waits.
import assert from 'node:assert/strict';
import { codes } from '../../src/errors.ts';
import type { KubeObject } from '../../src/demo/kubernetes/object.ts';
import { awaitHealthy, codeOf, watchStatus } from '../../src/flows/status.ts';
import type { StatusRequest, StatusResult } from '../../src/flows/status.ts';
import type { World } from '../../src/io/world.ts';
import { adminToken } from '../../src/demo/api-server.ts';
import { failure } from '../support/failure.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';

let stage: Stage;
let world: World;
/** May look at everything but what its name says. */
const but = (what: RegExp): { name: string; groups: string[]; may: (...asked: string[]) => boolean } => ({
  name: `all-but-${what.source}`,
  groups: [],
  may: (verb, group, resource) => !what.test(`${verb} ${group} ${resource}`),
});
const admin = { name: 'admin', groups: ['system:masters'] };
const users = {
  [adminToken]: admin,
  'no-metrics': but(/\/metrics/),
  'no-sinks': but(/auditsinks/),
  'no-pods': but(/ pods/),
  'no-endpoints': but(/endpoints/),
  nothing: but(/./),
};
before(async () => {
  stage = await openStage({ users });
  world = stage.world();
});
after(() => stage.stop());
beforeEach(() => stage.reset());

/** Counters from zero: what was lost in an earlier test would count. */
async function anew(): Promise<void> {
  await stage.server.restart();
  world = stage.world();
}

const request = (): StatusRequest => ({ access: stage.access, skip: [], window: 900, interval: 0 });
const exitOf = (result: StatusResult): number =>
  codes[codeOf(result) ?? 'unhealthy'] * Number(!result.healthy);
const result = (found: StatusResult, id: string): string | undefined =>
  found.checks.find((one) => one.id === id)?.result;

describe('status', () => {
  it('costs as many requests on 5,000 nodes and pods as on one', async () => {
    const count = async (): Promise<number> => {
      const before = stage.server.requests.length;
      await stage.status({}, world);
      return stage.server.requests.length - before;
    };
    const small = await count();
    const labels = { 'node-role.kubernetes.io/worker': '' };
    for (let i = 0; i < 5_000; i++) {
      stage.server.objects.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: `n-${i}`, labels } });
      const metadata = { name: `p-${i}`, namespace: 'kube-system', labels: { app: 'x' } };
      stage.server.objects.put({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] } });
    }
    const before = stage.server.requests.length;
    assert.equal(await count(), small);
    const lists = stage.server.requests
      .slice(before)
      .filter(({ target }) => /\/(nodes|pods)(\?|$)/.test(target))
      .map(({ target }) => new URL(target, 'http://x').searchParams);
    assert.ok(lists.length > 0);
    for (const asked of lists)
      assert.ok(Number(asked.get('limit') ?? Infinity) <= 10, 'and none of them asks for all');
    assert.ok(small < 40, `${small} requests`);
  });

  it('of a cluster without AuditSinks and without a webhook is off', async () => {
    const bare = await openStage({ version: '1.37.2', auditSinks: { served: false, honoured: false } });
    try {
      const found = await bare.status();
      assert.deepEqual([found.state, exitOf(found)], ['off', 3]);
      assert.equal(found.controlPlane.target, 'kubeadm');
      assert.deepEqual(found.apiServers, [{ name: 'api', flagsFrom: 'flagz', backends: [] }]);
    } finally {
      await bare.stop();
    }
  });

  it('leaves out what it is told to', async () => {
    await stage.enable({}, world);
    const found = await stage.status({ skip: ['no-losses'] }, world);
    assert.equal(result(found, 'no-losses'), 'skipped');
  });

  it('changes nothing', async () => {
    await stage.enable({ wait: true }, world);
    assert.deepEqual(await stage.writesOf(() => stage.status({}, world)), []);
  });
});

describe('status of a user who may not see everything', () => {
  const cases: readonly (readonly [user: keyof typeof users, unknown: readonly string[]])[] = [
    ['no-metrics', ['no-losses']],
    ['no-sinks', ['backend-configured', 'switches', 'billed-once', 'record']],
    ['no-endpoints', ['instances-agree']],
  ];
  for (const [user, unknown] of cases)
    it(`${user}: says what it could not look at, and exits 4`, async () => {
      await stage.enable({ wait: true }, world);
      const found = await stage.status({}, stage.world({ as: user }));
      const told = found.checks.filter((one) => one.result === 'unknown').map(({ id }) => id);
      for (const id of unknown) assert.ok(told.includes(id), `${id}: ${told.join()}`);
      assert.equal(found.healthy, false);
      assert.equal(exitOf(found), 4);
      assert.equal(found.state, 'delivering-losses-unknown');
    });

  it('nothing but its own version: everything is unknown, nothing is ok', async () => {
    const found = await stage.status({}, stage.world({ as: 'nothing' }));
    assert.equal(found.healthy, false);
    assert.ok(exitOf(found) !== 0);
    const sink = ['receiver-reachable', 'events-arrive'];
    const cluster = found.checks.filter(({ id }) => !sink.includes(id));
    for (const { id, severity, result: said } of cluster)
      if (severity === 'error') assert.notEqual(said, 'ok', id);
  });
});

describe('status and a sink in trouble', () => {
  beforeEach(anew);
  const troubles: readonly (readonly [
    what: string,
    show: () => void,
    id: string,
    said: string,
    exit: number,
  ])[] = [
    [
      'a receiver that is down',
      () => stage.sematext.faults.receiver.down(),
      'receiver-reachable',
      'unknown',
      5,
    ],
    [
      'a receiver that refuses',
      () => stage.sematext.faults.receiver.status(403),
      'receiver-reachable',
      'bad',
      5,
    ],
    [
      'a receiver that redirects',
      () => stage.sematext.faults.receiver.redirect('https://h/'),
      'receiver-reachable',
      'bad',
      5,
    ],
    ['a search that is down', () => stage.sematext.faults.search.down(), 'events-arrive', 'unknown', 5],
    ['a search that refuses', () => stage.sematext.faults.search.status(401), 'events-arrive', 'unknown', 5],
    [
      'a search that answers a web page',
      () => stage.sematext.faults.search.garbage('html'),
      'events-arrive',
      'unknown',
      5,
    ],
  ];
  for (const [what, show, id, said, exit] of troubles)
    it(`${what}: exit ${exit}`, async () => {
      await stage.enable({ wait: true }, world);
      show();
      const found = await stage.status({}, world);
      assert.equal(result(found, id), said);
      assert.equal(exitOf(found), exit);
      assert.equal(found.healthy, false);
    });
});

describe('status of something that is no cluster', () => {
  const answers: readonly (readonly [what: string, show: () => void, code: string])[] = [
    ['a web page for everything', () => stage.server.faults.garbage('html'), 'cluster-answer'],
    ['half of every answer', () => stage.server.faults.garbage('truncated'), 'cluster-answer'],
    ['nothing in every answer', () => stage.server.faults.empty(), 'cluster-answer'],
    ['500 for everything', () => stage.server.faults.status(500), 'cluster-answer'],
    ['401 for everything', () => stage.server.faults.status(401), 'cluster-unauthorized'],
    [
      'a redirect for everything',
      () => stage.server.faults.redirect('https://login.example.com/'),
      'cluster-answer',
    ],
    ['no connection', () => stage.server.faults.down(), 'cluster-unreachable'],
  ];
  for (const [what, show, code] of answers)
    it(`${what}: exit 4`, async () => {
      show();
      const error = await failure(() => stage.status({}, world));
      assert.deepEqual([error.code, error.exitCode], [code, 4]);
    });
});

describe('status --wait', () => {
  beforeEach(anew);
  const wait = async (timeoutMs: number): Promise<{ found: StatusResult; waits: string[]; took: number }> => {
    const waits: string[] = [];
    const started = world.clock.now().getTime();
    const found = await awaitHealthy(world, request(), timeoutMs, ({ state }) => waits.push(state));
    return { found, waits, took: world.clock.now().getTime() - started };
  };

  it('ends when it is well', async () => {
    await stage.enable({ wait: true }, world);
    stage.sematext.faults.search.status(503, undefined, { times: 2 });
    const { found, waits } = await wait(60_000);
    assert.equal(found.healthy, true);
    assert.deepEqual(waits, ['running-delivery-unknown', 'running-delivery-unknown']);
  });

  it('ends when the time is over', async () => {
    await stage.enable({ wait: true }, world);
    stage.sematext.faults.receiver.status(403);
    const { found, waits, took } = await wait(12_000);
    assert.equal(found.healthy, false);
    assert.equal(waits.length, 2);
    assert.ok(took <= 14_000, `${took} ms`);
  });

  it('ends at once where waiting cannot help: off', async () => {
    const { found, waits } = await wait(60_000);
    assert.deepEqual([found.state, waits], ['off', []]);
  });

  it('ends at once where waiting cannot help: a permission', async () => {
    await stage.enable({ wait: true }, world);
    const waits: string[] = [];
    const dim = stage.world({ as: 'no-metrics' });
    const found = await awaitHealthy(dim, request(), 60_000, ({ state }) => waits.push(state));
    assert.deepEqual([found.healthy, waits], [false, []]);
  });
});

describe('status --watch', () => {
  it('looks again until it is interrupted', async () => {
    const stop = new AbortController();
    const states: string[] = [];
    const watched = stage.world({ signal: () => stop.signal });
    const seen = async ({ state }: StatusResult): Promise<void> => {
      states.push(state);
      if (states.length === 3) stop.abort();
    };
    const error = await failure(() => watchStatus(watched, request(), 10_000, seen));
    assert.equal(error.code, 'interrupted');
    assert.deepEqual(states, ['off', 'off', 'off']);
  });
});

describe('status where flags are hidden', () => {
  it('of a cluster whose pods and flagz may not be seen: kubeadm-config tells', async () => {
    const config = stage.find('ConfigMap', 'kubeadm-config') as KubeObject;
    const text =
      'kind: ClusterConfiguration\napiServer:\n  extraArgs: {audit-log-path: "-", audit-policy-file: /p}\n';
    stage.server.objects.put({ ...config, data: { ClusterConfiguration: text } });
    const found = await stage.status({}, stage.world({ as: 'no-pods' }));
    const [server] = found.apiServers;
    assert.deepEqual([server?.flagsFrom, server?.backends], ['kubeadm-config', ['log-backend (-)']]);
  });
});
