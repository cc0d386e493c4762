// What the API servers' own counters say of lost events, in words.
import assert from 'node:assert/strict';
import { lossSource } from '../../../src/flows/sources/losses.ts';
import { Failure } from '../../../src/errors.ts';
import type { Answer, ApiRequest, World } from '../../../src/io/world.ts';

const begun = Date.parse('2026-11-22T12:00:00Z') / 1000;
const metrics = (errors: Record<string, number>, start = begun): string =>
  [
    `process_start_time_seconds ${start}`,
    ...Object.entries(errors).map(([plugin, n]) => `apiserver_audit_error_total{plugin="${plugin}"} ${n}`),
    '',
  ].join('\n');

const enough = new Error('enough');

/** Follows counters that read like this, a minute apart; gives every sentence, and what was asked. */
async function notesOf(
  readings: readonly (string | number | Failure)[],
): Promise<{ notes: readonly string[]; asked: readonly ApiRequest[] }> {
  const asked: ApiRequest[] = [];
  const notes: string[] = [];
  let minute = 0;
  const request = (one: ApiRequest): Promise<Answer> => {
    asked.push(one);
    const now = readings[minute];
    if (now instanceof Failure) return Promise.reject(now);
    const [status, text] = typeof now === 'number' ? [now, ''] : [200, now ?? ''];
    return Promise.resolve({ status, text, headers: {}, ms: 1 });
  };
  const clock = {
    now: () => new Date(Date.parse('2026-11-22T17:00:00Z') + minute * 60_000),
    sleep: async (ms: number) => {
      assert.equal(ms, 60_000);
      minute += 1;
      if (minute === readings.length) throw enough;
    },
  };
  const world = { cluster: () => Promise.resolve({ host: 'api', request }), clock };
  const source = lossSource(world as unknown as World, true); // only what is asked of it
  await assert.rejects(async () => {
    for await (const { notes: some = [] } of source.batches()) notes.push(...some);
  }, enough);
  return { notes, asked };
}

describe('lost events', () => {
  it('are told once, with their number, since when, and what lost them', async () => {
    const { notes, asked } = await notesOf([
      metrics({ webhook: 3 }),
      metrics({ webhook: 3 }),
      metrics({ webhook: 403, log: 1 }),
      metrics({ webhook: 403, log: 1 }),
    ]);
    assert.deepEqual(notes, [
      '3 events were lost by an API server since it began at 2026-11-22T12:00:00.000Z (webhook).',
      '400 events were lost by an API server since 2026-11-22T17:01:00.000Z (webhook).',
      '1 event was lost by an API server since 2026-11-22T17:01:00.000Z (log).',
    ]);
    assert.ok(asked.every(({ path, fresh }) => path === '/metrics' && fresh === true));
  });

  it('are counted for each process alone, whichever a balancer leads to', async () => {
    const { notes } = await notesOf([
      metrics({ webhook: 7 }),
      metrics({ webhook: 2 }, begun + 60),
      metrics({ webhook: 8 }),
      metrics({ webhook: 2 }, begun + 60),
    ]);
    assert.deepEqual(notes, [
      '7 events were lost by an API server since it began at 2026-11-22T12:00:00.000Z (webhook).',
      '2 events were lost by an API server since it began at 2026-11-22T12:01:00.000Z (webhook).',
      '1 event was lost by an API server since 2026-11-22T17:00:00.000Z (webhook).',
    ]);
  });

  it('cannot be seen by everybody, which is said once, and again after it could be', async () => {
    const down = new Failure('cluster-unreachable', 'The cluster at api cannot be reached.');
    const { notes } = await notesOf([403, 403, metrics({}), down, down]);
    assert.deepEqual(notes, [
      'Whether events get lost cannot be seen: GET /metrics: 403.',
      'Whether events get lost cannot be seen: The cluster at api cannot be reached.',
    ]);
  });
});
