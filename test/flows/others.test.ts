// A cluster where others are at work too: sinks that somebody else made, runs that died, two runs at once.
import assert from 'node:assert/strict';
import { names } from '../../src/audit/names.ts';
import { readRecord, recordObject } from '../../src/audit/plan/record.ts';
import { exitOf } from '../../src/errors.ts';
import type { KubeObject } from '../../src/demo/kubernetes/object.ts';
import type { Request } from '../../src/demo/http.ts';
import type { World } from '../../src/io/world.ts';
import { failure } from '../support/failure.ts';
import { honouring, recordOf } from '../support/facts.ts';
import { secrets } from '../support/secrets.ts';
import { openStage, sinkPath } from './stage.ts';
import type { Stage } from './stage.ts';

let stage: Stage;
let world: World;
before(async () => {
  stage = await openStage({ auditSinks: { served: true, honoured: false }, flags: honouring });
  world = stage.world();
});
after(() => stage.stop());
beforeEach(() => stage.reset());

const spec = {
  policy: { level: 'Request', stages: ['RequestReceived'] },
  webhook: {
    throttle: { qps: 3, burst: 4 },
    clientConfig: { url: `https://audit.example.com/${secrets.otherToken}` },
  },
};
const theirs = (name: string = names.object, metadata: object = {}): KubeObject => ({
  apiVersion: 'auditregistration.k8s.io/v1alpha1',
  kind: 'AuditSink',
  metadata: { name, ...metadata },
  spec,
});
/** Does something once, just before the API server answers a request. */
function meanwhile(when: (request: Request) => boolean, act: () => void): void {
  let done = false;
  stage.server.faults.down({
    when: (request) => {
      if (!done && when(request)) {
        done = true;
        act();
      }
      return false;
    },
  });
}

describe('a sink of our name that somebody else made', () => {
  it('is taken over, and given back as it was, its labels and its token too', async () => {
    const labels = { team: 'security' };
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ spec }) };
    stage.server.objects.put(theirs(names.object, { labels, annotations }));
    const before = stage.objects();
    const { plan } = await stage.enable({}, world);
    assert.match(plan.notes.join(), /not made by this tool/);
    assert.notDeepEqual(stage.find('AuditSink')?.['spec'], spec);
    const { labels: now } = stage.find('AuditSink')?.metadata ?? {};
    assert.deepEqual(now, { ...labels, [names.managedByLabel]: names.managedBy });
    await stage.disable({}, world);
    assert.equal(JSON.stringify(stage.find('AuditSink')?.['spec']), JSON.stringify(spec));
    assert.deepEqual(stage.objects(), before);
  });

  it('is given back as it was after it was updated, too', async () => {
    stage.server.objects.put(theirs());
    const before = stage.objects();
    await stage.enable({}, world);
    await stage.enable({ settings: { level: 'Request', stages: ['Panic'], qps: 1, burst: 1 } }, world);
    await stage.disable({}, world);
    assert.deepEqual(stage.objects(), before);
  });

  it('is not taken over without a yes', async () => {
    stage.server.objects.put(theirs());
    const before = JSON.stringify(stage.server.objects.all());
    const no = stage.world({ answers: 'n' });
    assert.equal((await failure(() => stage.enable({ yes: false }, no))).code, 'declined');
    assert.equal((await failure(() => stage.enable({ yes: false }, world))).code, 'confirmation-needed');
    assert.equal(JSON.stringify(stage.server.objects.all()), before);
  });

  it('is named in a plan without its token, which stands nowhere in the result', async () => {
    stage.server.objects.put(theirs());
    const text = JSON.stringify(await stage.enable({ dryRun: true }, world));
    assert.ok(!text.includes(secrets.otherToken) && !text.includes(secrets.token));
  });
});

describe('a sink of another name', () => {
  it('stays as it is', async () => {
    stage.server.objects.put(theirs('theirs'));
    const before = stage.objects();
    await stage.enable({}, world);
    await stage.disable({}, world);
    assert.deepEqual(stage.objects(), before);
  });

  it('is told of where it bills the same events', async () => {
    const url = `${stage.sematext.receiverUrl}/${secrets.otherToken}/`;
    stage.server.objects.put({ ...theirs('older'), spec: { ...spec, webhook: { clientConfig: { url } } } });
    const { plan, checks } = await stage.enable({}, world);
    assert.match(plan.notes.join(), /AuditSink older/);
    assert.equal(checks.find(({ id }) => id === 'billed-once')?.result, 'bad');
  });
});

describe('somebody else writes between our look and our write', () => {
  const isPut = ({ method, path }: Request): boolean => method === 'PUT' && path === sinkPath;
  const isPost = ({ method, path }: Request): boolean => method === 'POST' && path.endsWith('/auditsinks');
  const isDelete = ({ method, path }: Request): boolean => method === 'DELETE' && path === sinkPath;

  it('a new sink: exit 7, theirs stays, nothing of ours is left', async () => {
    const before = stage.objects();
    meanwhile(isPost, () => stage.server.objects.put(theirs()));
    assert.equal((await failure(() => stage.enable({}, world))).exitCode, 7);
    const sink = stage.objects().find(({ kind }) => kind === 'AuditSink');
    assert.deepEqual(sink, theirs());
    const others = stage.objects().filter(({ kind }) => kind !== 'AuditSink');
    assert.deepEqual(others, before);
  });

  it('a changed sink: exit 7, their change stays, and so does the record that was there', async () => {
    await stage.enable({}, world);
    const record = readRecord(stage.find('ConfigMap'));
    const changed = { ...stage.find('AuditSink'), spec } as KubeObject;
    meanwhile(isPut, () => stage.server.objects.put(changed));
    const settings = { level: 'Request', stages: ['Panic'], qps: 1, burst: 1 } as const;
    assert.equal((await failure(() => stage.enable({ settings }, world))).exitCode, 7);
    assert.deepEqual(stage.find('AuditSink')?.['spec'], spec);
    assert.deepEqual(readRecord(stage.find('ConfigMap')), record);
  });

  it('a sink changed before it is deleted: exit 7, their change stays, and so does the record', async () => {
    await stage.enable({}, world);
    const record = readRecord(stage.find('ConfigMap'));
    const changed = { ...stage.find('AuditSink'), spec } as KubeObject;
    meanwhile(isDelete, () => stage.server.objects.put(changed));
    const error = await failure(() => stage.disable({}, world));
    assert.deepEqual([error.code, exitOf(error)], ['another-run', 7]);
    assert.deepEqual(stage.find('AuditSink')?.['spec'], spec);
    assert.deepEqual(readRecord(stage.find('ConfigMap')), record);
  });

  it('the record of another run: exit 7, nothing of ours is left', async () => {
    const isRecord = ({ method, path }: Request): boolean =>
      method === 'POST' && path.endsWith('/kube-system/configmaps');
    const other = recordObject(recordOf({ state: 'open' })) as unknown as KubeObject;
    meanwhile(isRecord, () => stage.server.objects.put(other));
    const error = await failure(() => stage.enable({}, world));
    assert.deepEqual([error.code, error.exitCode], ['another-run', 7]);
    assert.equal(stage.find('AuditSink'), undefined);
    assert.deepEqual(readRecord(stage.find('ConfigMap')), recordOf({ state: 'open' }));
  });

  it('two runs at once: one wins, the other leaves nothing', async () => {
    const clean = stage.objects();
    const runs = await Promise.allSettled([stage.enable({}, world), stage.enable({}, stage.world())]);
    const lost = runs.filter((one) => one.status === 'rejected');
    for (const { reason } of lost) assert.equal(exitOf(reason), 7, String(reason));
    const record = readRecord(stage.find('ConfigMap'));
    const sink = stage.find('AuditSink');
    if (record !== undefined) {
      assert.equal(record.state, 'done');
      assert.equal(sink?.metadata.annotations?.[names.runAnnotation], record.run);
      await stage.disable({}, world);
    }
    assert.deepEqual(stage.objects(), clean);
    assert.ok(lost.length < 2 || record === undefined);
  });
});

describe('a run that died', () => {
  /** Ends the world of a run at once, as SIGKILL does: nothing is taken back. */
  const killed = (base: World, at: (method: string, path: string) => boolean): World => {
    let dead = false;
    return {
      ...base,
      cluster: async () => {
        const cluster = await base.cluster();
        return {
          ...cluster,
          request: async (request) => {
            if (dead) throw new Error('killed');
            const answer = await cluster.request(request);
            dead = at(request.method ?? 'GET', request.path);
            return answer;
          },
        };
      },
    };
  };
  const deaths: readonly (readonly [what: string, at: (method: string, path: string) => boolean])[] = [
    ['after its record', (method, path) => method === 'POST' && path.endsWith('/kube-system/configmaps')],
    ['after its sink', (method, path) => method !== 'GET' && path.includes('/auditsinks')],
  ];

  for (const [what, at] of deaths)
    for (const [there, sink] of [
      ['nothing', undefined],
      ['a foreign sink', theirs()],
    ] as const)
      for (const [how, act] of [
        ['taken back by disable', async () => void (await stage.disable({}, world))],
        [
          'finished by enable, and then taken back by disable',
          async () => {
            assert.equal((await stage.enable({}, world)).outcome, 'enabled');
            assert.equal(readRecord(stage.find('ConfigMap'))?.state, 'done');
            assert.match(JSON.stringify(stage.find('AuditSink')?.['spec']), new RegExp(secrets.token));
            await stage.disable({}, world);
          },
        ],
      ] as const)
        it(`${what}, where ${there} was, is ${how}`, async () => {
          if (sink !== undefined) stage.server.objects.put(sink);
          const before = stage.objects();
          await assert.rejects(stage.enable({}, killed(world, at)));
          assert.equal(readRecord(stage.find('ConfigMap'))?.state, 'open');
          await act();
          assert.deepEqual(stage.objects(), before);
        });

  it('while it gave a sink back is finished by disable', async () => {
    stage.server.objects.put(theirs());
    const before = stage.objects();
    await stage.enable({}, world);
    await assert.rejects(
      stage.disable(
        {},
        killed(world, (method, path) => method === 'PUT' && path === sinkPath),
      ),
    );
    assert.ok(stage.find('ConfigMap'));
    await stage.disable({ yes: false }, world);
    assert.deepEqual(stage.objects(), before);
  });

  it('and a sink that was made anew since: disable asks', async () => {
    await stage.enable({}, world);
    stage.server.objects.put(theirs());
    const error = await failure(() => stage.disable({ yes: false }, world));
    assert.equal(error.code, 'confirmation-needed');
    assert.deepEqual(stage.find('AuditSink')?.['spec'], spec);
  });
});

describe('a record that is none', () => {
  for (const [what, text] of [
    ['edited by hand', '{"version":1'],
    [
      'tampered with',
      JSON.stringify({
        ...recordOf(),
        objects: [
          {
            kind: 'AuditSink',
            name: 'x',
            undo: { do: 'delete', path: '/apis/auditregistration.k8s.io/v1alpha1/auditsinks/.' },
          },
        ],
      }),
    ],
  ] as const)
    it(`${what} stops enable and disable, and nothing is changed`, async () => {
      stage.server.objects.put({
        ...recordObject(recordOf()),
        data: { 'record.json': text },
      } as unknown as KubeObject);
      stage.server.objects.put(theirs('theirs'));
      const writes = await stage.writesOf(async () => {
        assert.equal((await stage.enable({}, world)).outcome, 'refused');
        assert.equal((await failure(() => stage.disable({}, world))).code, 'cluster-answer');
      });
      assert.deepEqual(writes, []);
    });
});
