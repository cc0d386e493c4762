// Anything that goes wrong at any request of a run: the cluster ends as it was, or as it was asked to be, or with a
// record by which disable takes everything back. There is no fourth end.
import assert from 'node:assert/strict';
import { names } from '../../src/audit/names.ts';
import { readRecord } from '../../src/audit/plan/record.ts';
import type { AuditRecord } from '../../src/audit/plan/record.ts';
import { Failure } from '../../src/errors.ts';
import type { KubeObject } from '../../src/demo/kubernetes/object.ts';
import type { Answer, ApiRequest, World } from '../../src/io/world.ts';
import { honouring } from '../support/facts.ts';
import { secrets } from '../support/secrets.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';

let stage: Stage;
let world: World;
let cancel = new AbortController();
before(async () => {
  // honoured by its flags alone: what is not audited costs no time
  stage = await openStage({ auditSinks: { served: true, honoured: false }, flags: honouring });
  world = stage.world({ signal: () => cancel.signal });
});
after(() => stage.stop());

/** A request as both sides know it. */
interface Asked {
  readonly method: string;
  readonly target: string;
}
type Hits = (request: Asked) => boolean;
/** What goes wrong at one request, or from it on. */
type Trouble = (hits: Hits) => World;
const once = (hits: Hits): { when: Hits; times: number } => ({ when: hits, times: 1 });

let turns = 0;

/** The world, where the request takes effect and something else is answered. */
function answering(hits: Hits, instead: (answer: Answer) => Answer): World {
  return {
    ...world,
    cluster: async () => {
      const cluster = await world.cluster();
      const request = async (asked: ApiRequest): Promise<Answer> => {
        const hit = hits({ method: asked.method ?? 'GET', target: asked.path });
        const answer = await cluster.request(asked);
        return hit ? instead(answer) : answer;
      };
      return { ...cluster, request };
    },
  };
}

const troubles: Record<
  | '403'
  | '500'
  | 'the connection is cut'
  | 'the API server goes away for good'
  | '500, or a cut connection, by turns'
  | 'Ctrl-C'
  | 'the answer is lost'
  | 'a time-out is answered although it was done',
  Trouble
> = {
  '403': (hits) => (stage.server.faults.status(403, undefined, once(hits)), world),
  '500': (hits) => (stage.server.faults.status(500, undefined, once(hits)), world),
  'the connection is cut': (hits) => {
    // a GET is asked once more, so the next request is cut as well
    let cut = 0;
    stage.server.faults.down({
      when: (request) => (cut === 1 && request.method === 'GET' ? cut++ === 1 : hits(request) && ++cut > 0),
    });
    return world;
  },
  'the API server goes away for good': (hits) => {
    let gone = false;
    stage.server.faults.down({ when: (request) => (gone ||= hits(request)) });
    return world;
  },
  '500, or a cut connection, by turns': (hits) =>
    (turns += 1) % 2 === 0 ? troubles['500'](hits) : troubles['the connection is cut'](hits),
  'Ctrl-C': (hits) => {
    stage.server.faults.down({ when: (request) => (hits(request) && cancel.abort(), false) });
    return world;
  },
  'the answer is lost': (hits) =>
    answering(hits, () => {
      throw new Failure('cluster-unreachable', 'The answer was lost.');
    }),
  'a time-out is answered although it was done': (hits) =>
    answering(hits, (answer) => ({ ...answer, status: 504, text: '' })),
};

/** A run, and where it is troubled. */
interface Sweep {
  readonly trouble: Trouble;
  readonly at: Hits;
  readonly start: readonly KubeObject[];
  readonly run: (world: World) => Promise<unknown>;
  readonly ends: Ends;
}

/** Runs with trouble at the nth request; tells whether the nth was reached. */
async function troubled(
  { trouble, at, run }: Pick<Sweep, 'trouble' | 'at' | 'run'>,
  n: number,
): Promise<{ reached: boolean; error: unknown }> {
  let asked = 0;
  cancel = new AbortController();
  const inTrouble = trouble((request) => at(request) && ++asked === n);
  const error = await run(inTrouble).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  stage.server.faults.heal();
  cancel = new AbortController();
  return { reached: asked >= n, error };
}

interface Ends {
  readonly before: readonly KubeObject[];
  readonly after: (record: AuditRecord | undefined) => boolean;
  /** What disable must come to. */
  readonly clean: readonly KubeObject[];
}

const same = (a: readonly KubeObject[], b: readonly KubeObject[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** Which end this is; it fails when it is none. */
async function endOf(told: string, { before, after, clean }: Ends): Promise<'before' | 'after' | 'recorded'> {
  const now = stage.objects();
  const record = readRecord(stage.find('ConfigMap'));
  const end = same(now, before) ? 'before' : after(record) ? 'after' : 'recorded';
  if (end === 'recorded') assert.ok(record, `${told}: something is left and nothing is recorded`);
  if (record !== undefined) await stage.disable({}, world);
  assert.deepEqual(stage.objects(), clean, `${told} (${end}): disable does not take it back`);
  return end;
}

/** Tries the trouble at every request of the run, from the first to the last. */
async function everywhere(sweep: Sweep): Promise<{ runs: number; ends: Record<string, number> }> {
  const counts: Record<string, number> = {};
  for (let n = 1; ; n++) {
    stage.reset(sweep.start);
    const { reached, error } = await troubled(sweep, n);
    if (!reached) return { runs: n - 1, ends: counts };
    assert.ok(error === undefined || error instanceof Failure, `request ${n}: ${String(error)}`);
    const told = `request ${n}, ${error === undefined ? 'no failure' : `${error.code}: ${error.message}`}`;
    const end = await endOf(told, sweep.ends);
    if (error !== undefined && error.code === 'rolled-back')
      assert.equal(end, 'before', `${told}: it said that everything was taken back`);
    counts[end] = (counts[end] ?? 0) + 1;
  }
}

const theirs: KubeObject = {
  apiVersion: 'auditregistration.k8s.io/v1alpha1',
  kind: 'AuditSink',
  metadata: {
    name: names.object,
    labels: { team: 'security' },
    annotations: { note: 'do not touch' },
  },
  spec: {
    policy: { level: 'Request', stages: ['RequestReceived'] },
    webhook: {
      throttle: { qps: 3, burst: 4 },
      clientConfig: { url: `https://audit.example.com/${secrets.otherToken}` },
    },
  },
};
const enabled = (record: AuditRecord | undefined): boolean =>
  record?.state === 'done' &&
  stage.find('AuditSink')?.metadata.annotations?.[names.runAnnotation] === record.run;

/** The requests that a trouble is tried at. */
const every: Hits = () => true;
const touching: Hits = ({ target }) =>
  /auditsinks|configmaps\/sematext-audit$|kube-system\/configmaps$/.test(target);

const starts = { 'no sink': undefined, 'a foreign sink': theirs } as const;
type Case = readonly [trouble: keyof typeof troubles, start: keyof typeof starts, at: Hits];
const allTroubles = Object.keys(troubles) as (keyof typeof troubles)[];
const cases: readonly Case[] = [
  ['403', 'no sink', every],
  ['500, or a cut connection, by turns', 'no sink', every],
  ['500', 'no sink', touching],
  ['the connection is cut', 'no sink', touching],
  ['Ctrl-C', 'no sink', every],
  ['the API server goes away for good', 'no sink', touching],
  ['the answer is lost', 'no sink', touching],
  ['a time-out is answered although it was done', 'no sink', touching],
  ...allTroubles
    .filter((trouble) => !trouble.includes('by turns'))
    .map((trouble): Case => [trouble, 'a foreign sink', touching]),
];

for (const [name, start, at] of cases)
  describe(`${name}, at every request${at === every ? '' : ' about sink or record'}, where there is ${start}`, function () {
    this.timeout(60_000);
    const heals = name !== 'the API server goes away for good';
    let clean: readonly KubeObject[];
    let done: readonly KubeObject[];
    before(async () => {
      stage.reset();
      const sink = starts[start];
      if (sink !== undefined) stage.server.objects.put(sink);
      clean = stage.objects();
      await stage.enable({}, world);
      done = stage.objects();
    });

    it('of enable', async () => {
      const run = (inTrouble: World): Promise<unknown> => stage.enable({}, inTrouble);
      const ends = { before: clean, after: enabled, clean };
      const told = await everywhere({ trouble: troubles[name], at, start: clean, run, ends });
      assert.ok(told.runs >= (at === every ? 30 : 8), `${told.runs} requests`);
      assert.ok((told.ends['before'] ?? 0) > 0, JSON.stringify(told.ends));
      if (heals) assert.equal(told.ends['recorded'], undefined, 'what can be taken back at once is');
    });

    it('of disable', async () => {
      const run = (inTrouble: World): Promise<unknown> => stage.disable({}, inTrouble);
      const ends = { before: done, after: () => same(stage.objects(), clean), clean };
      const told = await everywhere({ trouble: troubles[name], at, start: done, run, ends });
      assert.ok(told.runs >= 6, `${told.runs} requests`);
      assert.ok((told.ends['before'] ?? 0) > 0, JSON.stringify(told.ends));
      // whether a sink was given back cannot be seen on it: then disable finishes instead
      if (heals && start === 'no sink') assert.equal(told.ends['recorded'], undefined);
    });
  });
