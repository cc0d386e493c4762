// Several sources as one: by time, none lost, none held back for a source that says nothing.
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventOf } from '../../../src/audit/event/event.ts';
import type { Event } from '../../../src/audit/event/event.ts';
import { merged } from '../../../src/flows/sources/merge.ts';
import type { Merged } from '../../../src/flows/sources/merge.ts';
import type { Batch, Source } from '../../../src/flows/sources/source.ts';
import { openClock } from '../../../src/io/clock.ts';
import { draws } from '../../support/draws.ts';

const at = (ms: number): string => new Date(Date.parse('2026-11-22T17:00:00Z') + ms).toISOString();
const event = (auditID: string, ms: number): Event =>
  eventOf({ auditID, stage: 'ResponseComplete', stageTimestamp: at(ms) }, '{}');
const { signal } = new AbortController();
setMaxListeners(0, signal); // as the program does: each wait listens
const clock = openClock(signal);

const source = (name: string, batches: readonly Batch[]): Source => ({
  name,
  async *batches() {
    yield* batches;
  },
});

async function all(sources: readonly Source[], patienceMs = Infinity): Promise<readonly Merged[]> {
  const had: Merged[] = [];
  for await (const one of merged(sources, patienceMs, clock)) had.push(one);
  return had;
}
const ids = (had: readonly Merged[]): string[] =>
  had.flatMap(({ events }) => events.map(({ auditId }) => auditId));

describe('several sources', () => {
  it('come in the order of the events, whatever their batches are, none lost and none twice', async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const { below } = draws(seed);
      const wanted: [string, number][] = [];
      const sources = Array.from({ length: 1 + below(4) }, (_, lane) => {
        let time = below(50);
        const batches = Array.from({ length: below(6) }, (_, i): Batch => {
          const events = Array.from({ length: below(5) }, (_, j) => {
            time += 1 + below(20);
            wanted.push([`${lane}-${i}-${j}`, time]);
            return event(`${lane}-${i}-${j}`, time);
          });
          return { events, position: { batch: i } };
        });
        return source(`s${lane}`, batches);
      });
      const had = await all(sources);
      const times = new Map(wanted);
      const got = ids(had);
      assert.deepEqual([...got].sort(), wanted.map(([id]) => id).sort(), `seed ${seed}`);
      const order = got.map((id) => times.get(id) ?? 0);
      assert.deepEqual(
        order,
        [...order].sort((a, b) => a - b),
        `seed ${seed}`,
      );
    }
  });

  it('give a position only when all events up to it were given', async () => {
    const a = source('a', [{ events: [event('1', 1), event('9', 9)], position: { n: 2 } }]);
    const b = source('b', [{ events: [event('5', 5)], position: { n: 1 }, notes: ['b says'] }]);
    const had = await all([a, b]);
    assert.deepEqual(
      had
        .filter(({ events, notes }) => events.length + notes.length > 0)
        .map(({ events, positions, notes }) => [events.map(({ auditId }) => auditId), positions, notes]),
      [
        [['1', '5'], { b: { n: 1 } }, ['b says']],
        [['9'], { a: { n: 2 } }, []],
      ],
    );
  });

  it('do not wait longer than that for one that says nothing', async () => {
    let end = (): void => undefined;
    const silent: Source = {
      name: 'silent',
      async *batches() {
        await new Promise<void>((resolve) => (end = resolve));
        yield { events: [event('late', 0)] };
      },
    };
    const had: string[] = [];
    const reading = (async () => {
      for await (const { events } of merged([source('a', [{ events: [event('1', 1)] }]), silent], 20, clock))
        had.push(...events.map(({ auditId }) => auditId));
    })();
    await sleep(200);
    assert.deepEqual(had, ['1']);
    end();
    await reading;
    assert.deepEqual(had, ['1', 'late']);
  });

  it('are read on while one of them is slow, and are not waited for again and again', async () => {
    const fast: Source = {
      name: 'fast',
      async *batches() {
        for (let i = 0; i < 2000; i++) {
          await Promise.resolve();
          yield { events: [event(`fast-${i}`, i)] };
        }
      },
    };
    const never: Source = {
      name: 'never',
      async *batches() {
        await new Promise(() => undefined);
        yield { events: [] };
      },
    };
    const begun = Date.now();
    const had: string[] = [];
    for await (const { events } of merged([fast, never], 100, clock)) {
      had.push(...events.map(({ auditId }) => auditId));
      if (had.length === 2000) break;
    }
    assert.ok(Date.now() - begun < 5_000, `${Date.now() - begun} ms`);
    assert.deepEqual(
      had,
      Array.from({ length: 2000 }, (_, i) => `fast-${i}`),
    );
  });

  it('do not wait for one that says again and again that it has nothing', async () => {
    const idle: Source = {
      name: 'idle',
      async *batches() {
        for (let i = 0; i < 20; i++) {
          await sleep(5);
          yield { events: [] };
        }
      },
    };
    const late: Source = {
      name: 'late',
      async *batches() {
        await sleep(30);
        yield { events: [event('1', 1)] };
        await new Promise(() => undefined);
      },
    };
    for await (const { events } of merged([idle, late], 40, clock)) if (events.length > 0) return;
    assert.fail('it was never given');
  });

  it('end with what one of them throws', async () => {
    const broken: Source = {
      name: 'broken',
      async *batches() {
        throw new Error('broken');
      },
    };
    const had: string[] = [];
    await assert.rejects(async () => {
      const slow = source('a', [{ events: [event('1', 1)] }, { events: [event('2', 2)] }]);
      for await (const { events } of merged([broken, slow], Infinity, clock))
        had.push(...events.map(({ auditId }) => auditId));
    }, /broken/);
    assert.deepEqual(had, ['1', '2'], 'what the others have is given first');
    await assert.rejects(all([broken], 20), /broken/);
  });
});
