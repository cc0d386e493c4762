// Every phase, and the guard, killed with kill -9 before each of its changes to the disk: what is left is always legal,
// and whoever comes next ends it well. Who comes next takes turns: the same phase once more and the road to its end, a
// CLI that takes up what it finds, or nobody but the guard. WHOLE_MATRIX=1: each of them, in every shell.
import assert from 'node:assert/strict';
import type { Phase, PhaseArguments } from '../../src/node/protocol.ts';
import type { ImitatedNode } from './support/imitated-node.ts';
import { guardFile, manifestPath, newManifest, run } from './support/imitated-node.ts';
import { assertLegal, assertOver } from './support/legal.ts';
import { armArgs, forgetRoads, roadTo, stageArgs, well, type Place, type Road } from './support/road.ts';
import { shells, usualShells, type Shell } from './support/shells.ts';
import { eventually } from './support/eventually.ts';

const whole = process.env['WHOLE_MATRIX'] === '1';
const last = '/var/lib/sematext-audit/last';

type Killed = {
  readonly [P in Phase]?: readonly (readonly [from: Place, args: PhaseArguments[P], prepare?: 'restore'])[];
};
const killed: Killed = {
  stage: [['start', stageArgs]],
  arm: [['staged', armArgs]],
  carry: [['armed', {}]],
  swap: [['carried', {}]],
  confirm: [['swapped', {}]],
  restore: [['swapped', {}]],
  settle: [['swapped', {}, 'restore']],
  abort: [['carried', {}]],
};

/** Takes back what is open, or ends what was confirmed, as `--resume` does. */
async function resume(node: ImitatedNode): Promise<void> {
  const { open } = await node.look();
  const phases: readonly Phase[] =
    open === undefined
      ? ['abort']
      : open.decision === 'confirmed'
        ? ['confirm']
        : open.state === 'swapped' || open.state === 'restoring'
          ? ['restore', 'settle']
          : ['abort'];
  for (const phase of phases) {
    const { answer, text, stderr } = await node.phase(phase, {} as never);
    const over = answer.outcome === 'refused' && answer.code === 'decided'; // the guard was faster
    assert.ok(answer.outcome === 'ok' || over, `${phase}: ${text}${stderr}`);
  }
}

const next = {
  again: async ({ node }: Road, phase: Phase, args: object): Promise<void> => {
    await well(node.phase(phase, args as never));
    const { open } = await node.look();
    if (open?.state === 'swapped' && open.decision === undefined) await well(node.phase('confirm', {}));
    else await resume(node);
  },
  resume: ({ node }: Road): Promise<void> => resume(node),
  nobody: async (road: Road): Promise<void> => {
    road.node.pass(60);
    // Without a guard nothing but the next run can end it; nothing has begun to take effect then.
    if (road.node.read(guardFile) === undefined) await resume(road.node);
  },
};
type Next = keyof typeof next;
const nexts = Object.keys(next) as readonly Next[];

/** Kills it at each change, and lets whoever is next go on. */
async function killEach(
  shell: Shell,
  from: Place,
  turn: (road: Road, at: number) => Promise<'killed' | 'ended'>,
  after: (road: Road, who: Next) => Promise<void>,
  [first, every]: readonly [number, number],
): Promise<number> {
  for (let at = first; ; at += every) {
    for (const who of whole ? nexts : [nexts[at % nexts.length] ?? 'again']) {
      const road = await roadTo(from, shell);
      try {
        if ((await turn(road, at)) === 'ended') return at - 1;
        assertLegal(road.node);
        await after(road, who);
        await road.kubelet.idle();
        assertEnded(road.node);
      } catch (error) {
        throw new Error(`killed at ${at}, then ${who}`, { cause: error });
      } finally {
        road.stop();
      }
    }
  }
}

function assertEnded(node: ImitatedNode): void {
  const manifest = node.read(manifestPath) === newManifest ? 'new' : 'old';
  const [of, outcome] = node.read(last)?.split(/\s/) ?? [];
  // what was killed before it was a transaction leaves no account
  if (of === undefined) {
    node.makeFolder('/var/lib/sematext-audit');
    node.write(last, '');
  }
  assert.equal(of ?? run, run);
  if (manifest === 'new') assert.equal(outcome, 'confirmed');
  else assert.ok(outcome === undefined || outcome === 'restored' || outcome === 'aborted', outcome);
  assertOver(node, manifest);
}

for (const shell of whole ? shells : usualShells)
  describe(`killed in ${shell.name}`, function () {
    this.timeout(whole ? 3_600_000 : 120_000);
    after(forgetRoads);
    // the order of changes is the same in every shell
    const some = whole ? ([1, 1] as const) : shell.name === 'dash' ? ([1, 2] as const) : ([2, 4] as const);

    for (const [phase, cases] of Object.entries(killed) as [Phase, NonNullable<Killed['swap']>][])
      for (const [from, args, prepare] of cases)
        it(`${phase} leaves what can be ended`, async () => {
          const times = await killEach(
            shell,
            from,
            async ({ node }, at) => {
              if (prepare !== undefined) await well(node.phase(prepare, {}));
              const { code, answer } = await node.phase(phase, args as never, { killAt: at });
              if (code === null) assert.equal(answer.outcome, 'unknown', 'a killed phase says nothing');
              return code === null ? 'killed' : 'ended';
            },
            (road, who) => next[who](road, phase, args),
            some,
          );
          assert.ok(times >= 2, `it was killed ${times} times`);
        });

    for (const [what, from, until] of [
      ['restoring', 'swapped', 'restored'],
      ['aborting', 'carried', 'aborted'],
    ] as const)
      it(`the guard, ${what}, goes on when it is started again`, async () => {
        const times = await killEach(
          shell,
          from,
          async (road, at) => {
            // it beats, which is a change, before it sees that its time is over
            road.restartKubelet({ guard: (n) => (n === 1 ? { killAt: at } : {}) });
            road.node.pass(60);
            await eventually(() => road.kubelet.starts() > 1 || road.node.read(guardFile) === undefined);
            return road.kubelet.starts() > 1 ? 'killed' : 'ended';
          },
          async ({ node, kubelet }) => {
            await kubelet.idle();
            assert.match(node.read(last) ?? '', new RegExp(`^${run} ${until} not confirmed`));
          },
          [some[0], some[1] * 2],
        );
        assert.ok(times >= 5, `it was killed ${times} times`);
      });
  });
