// Events out of the API servers' logs: each once, whatever breaks on the way, and a note where some must be missing.
import assert from 'node:assert/strict';
import { apiServerSources } from '../../../src/flows/sources/api-servers.ts';
import type { LogWish } from '../../../src/flows/sources/api-servers.ts';
import type { Batch, Source } from '../../../src/flows/sources/source.ts';
import { Failure } from '../../../src/errors.ts';
import { draws } from '../../support/draws.ts';
import { failure } from '../../support/failure.ts';
import { FakeLog, worldOf } from './logs.ts';

const start = Date.parse('2026-11-22T17:00:00Z');
const wish: LogWish = { follow: false, positions: {}, literals: [], whole: false };

const line = (id: string, atMs: number): string =>
  JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: id,
    stage: 'ResponseComplete',
    requestURI: '/version',
    verb: 'get',
    user: { username: 'u' },
    responseStatus: { metadata: {}, code: 200 },
    requestReceivedTimestamp: new Date(atMs).toISOString(),
    stageTimestamp: new Date(atMs).toISOString(),
  });

interface Had {
  readonly ids: string[];
  readonly notes: string[];
  position: object | undefined;
}

async function read(source: Source, had: Had = { ids: [], notes: [], position: undefined }): Promise<Had> {
  for await (const batch of source.batches()) take(batch, had);
  return had;
}

function take({ events, notes = [], position }: Batch, had: Had): void {
  had.ids.push(...events.map(({ auditId }) => auditId));
  had.notes.push(...notes);
  if (position !== undefined) had.position = JSON.parse(JSON.stringify(position)) as object;
}

async function sourceOf(
  log: FakeLog,
  some: Partial<LogWish> = {},
  slept?: (ms: number) => void,
): Promise<Source> {
  const [source] = await apiServerSources(worldOf({ one: log }, slept), { ...wish, ...some });
  assert.ok(source);
  return source;
}

const enough = new Error('enough');

/** Follows it for so many rounds, telling of each before it begins. */
async function follow(log: FakeLog, rounds: number, between: (round: number) => void): Promise<Had> {
  const had: Had = { ids: [], notes: [], position: undefined };
  let round = 0;
  const source = await sourceOf(log, { follow: true }, () => {
    round += 1;
    if (round === rounds) throw enough;
    between(round);
  });
  await assert.rejects(read(source, had), enough);
  return had;
}

describe('the logs of API servers', () => {
  it('gives every event of a log, and passes over what others write there', async () => {
    const log = new FakeLog();
    log.write('I1122 17:00:00.000000       1 server.go:1] "Starting"', start);
    log.write('Flag --insecure-port has been deprecated', start);
    log.write(line('a', start), start);
    log.write(line('b', start + 1), start + 1);
    assert.deepEqual(await read(await sourceOf(log)), {
      ids: ['a', 'b'],
      notes: [],
      position: { at: '2026-11-22T17:00:00.001Z', events: ['a ResponseComplete', 'b ResponseComplete'] },
    });
    assert.equal(log.asked[0]?.get('container'), 'kube-apiserver');
  });

  it('gives each once while connections break and containers restart, at any place', async () => {
    for (let seed = 1; seed <= 25; seed++) {
      const { below } = draws(seed);
      const log = new FakeLog();
      let written = 0;
      let calm = true;
      const write = (): void => {
        for (let n = below(40); n > 0; n--) {
          const atMs = start + written * 300;
          log.write(line(`id-${written}`, atMs), atMs + below(500));
          written++;
        }
      };
      write();
      const had = await follow(log, 40, () => {
        write();
        // the one before the last is gone: what it wrote must have been read, and cannot be told to join
        if (below(5) === 0 && calm) log.restart();
        else if (below(4) === 0) log.breakAfter = below(6000);
        calm = log.breakAfter === undefined && log.lines.length > 0;
      });
      assert.ok(written > 100);
      const wanted = Array.from({ length: written }, (_, i) => `id-${i}`);
      assert.deepEqual([...had.ids].sort(), wanted.slice(0, had.ids.length).sort(), `seed ${seed}`);
      assert.ok(had.ids.length > written - 80, `seed ${seed}: ${had.ids.length} of ${written}`);
      assert.deepEqual(
        had.notes.filter((note) => note.includes('lost')),
        [],
        `seed ${seed}`,
      );
    }
  });

  it('says which time is missing when the log was rotated away meanwhile', async () => {
    const log = new FakeLog();
    log.write(line('a', start), start);
    const had = await follow(log, 2, () => {
      log.rotate();
      log.write(line('c', start + 9000), start + 9000);
    });
    assert.deepEqual(had.ids, ['a', 'c']);
    assert.deepEqual(had.notes, [
      'one: events between 2026-11-22T17:00:00.000Z and 2026-11-22T17:00:09.000Z may be lost: its log does not reach back further.',
    ]);
  });

  it('says that a log cannot be read, once, waits longer each time, and says when it is back', async () => {
    const log = new FakeLog();
    log.write(line('a', start), start);
    const waits: number[] = [];
    let round = 0;
    log.breakAfter = 10;
    const had: Had = { ids: [], notes: [], position: undefined };
    const source = await sourceOf(log, { follow: true }, (ms) => {
      waits.push(ms);
      round += 1;
      if (round < 7) log.breakAfter = 10;
      if (round === 9) throw enough;
    });
    await assert.rejects(read(source, had), enough);
    assert.deepEqual(had.notes, [
      'one: The answer of the API server api broke off. It is asked for again and again.',
      'one: its log is read again.',
    ]);
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 1000, 1000]);
    assert.deepEqual(had.ids, ['a']);
  });

  it('is not stopped by an API server that has just started and allows nothing yet', async () => {
    const log = new FakeLog();
    log.write(line('a', start), start);
    const had = await follow(log, 4, (round) => {
      if (round === 1) log.forbidden = 1;
      log.write(line(`b${round}`, start + round), start + round);
    });
    assert.deepEqual(had.ids, ['a', 'b1', 'b2', 'b3']);
    assert.match(had.notes.join(), /is forbidden.* asked for again and again.*read again/);
    const denied = new FakeLog();
    denied.forbidden = 9;
    const refused = await failure(async () => read(await sourceOf(denied, { follow: true })));
    assert.equal(refused.code, 'cluster-forbidden');
  });

  it('goes on where an earlier run ended', async () => {
    const log = new FakeLog();
    for (let i = 0; i < 5; i++) log.write(line(`id-${i}`, start + i * 100), start + i * 100);
    const first = await read(await sourceOf(log));
    for (let i = 5; i < 9; i++) log.write(line(`id-${i}`, start + i * 100), start + i * 100);
    const position: unknown = JSON.parse(JSON.stringify(first.position));
    const second = await read(await sourceOf(log, { positions: { one: position } }));
    assert.deepEqual(second.ids, ['id-5', 'id-6', 'id-7', 'id-8']);
    assert.deepEqual(second.notes, []);
    assert.equal(log.asked.at(-1)?.get('sinceTime'), '2026-11-22T16:59:58.400Z');
  });

  it('begins where it is told to, with the container before this one, and says when no log reaches back so far', async () => {
    const log = new FakeLog();
    for (const [id, second] of [
      ['a', 10],
      ['b', 70],
      ['c', 130],
    ] as const) {
      log.write(line(id, start + second * 1000), start + second * 1000);
      if (id === 'b') log.restart();
    }
    const since = '2026-11-22T17:01:00Z';
    assert.deepEqual(await read(await sourceOf(log, { since })), {
      ids: ['b', 'c'],
      notes: [],
      position: { at: '2026-11-22T17:02:10.000Z', events: ['b ResponseComplete', 'c ResponseComplete'] },
    });
    assert.deepEqual(
      log.asked.map((query) => [query.get('previous'), query.get('sinceTime')]),
      [
        ['true', since],
        [null, '2026-11-22T17:01:08.000Z'],
      ],
    );
    const { notes } = await read(await sourceOf(log, { since: '2026-11-22T16:00:00Z' }));
    assert.deepEqual(notes, [
      'one: begins at 2026-11-22T17:00:10.000Z, not at 2026-11-22T16:00:00Z: its log does not reach back further.',
    ]);
  });

  it('takes no position that is none', async () => {
    for (const position of ['', {}, { at: 'x', events: [] }, { at: '2026-11-22T17:00:00Z', events: [1] }]) {
      const { code, message } = await failure(() =>
        sourceOf(new FakeLog(), { positions: { one: position } }),
      );
      assert.equal(code, 'usage');
      assert.match(message, /says of one is no position/);
    }
  });

  it('names each API server that writes to its log, and says where else events are written', async () => {
    const two = { a: new FakeLog(), b: new FakeLog(), c: '/var/log/audit.log' };
    const names = (await apiServerSources(worldOf(two), wish)).map(({ name }) => name);
    assert.deepEqual(names, ['a', 'b']);
    const file = await failure(() => apiServerSources(worldOf({ c: '/var/log/audit.log' }), wish));
    assert.ok(file instanceof Failure);
    assert.equal(file.code, 'target-unsupported');
    assert.match(file.suggestions.join(), /\/var\/log\/audit\.log: read them with --source node/);
    assert.match(
      (await failure(() => apiServerSources(worldOf({}), wish))).message,
      /No API server runs as a pod/,
    );
  });
});
