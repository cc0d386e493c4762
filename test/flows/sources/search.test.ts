// Reading from the search: nothing lost, nothing twice, in order, and at what cost.
import assert from 'node:assert/strict';
import type { Selection } from '../../../src/audit/event/match.ts';
import { interrupted } from '../../../src/io/clock.ts';
import { HttpError } from '../../../src/io/http.ts';
import { draws } from '../../support/draws.ts';
import { failure } from '../../support/failure.ts';
import { Searched, start } from './searched.ts';

const minute = 60_000;
const since = new Date(start - 60 * minute).toISOString();
const selection: Selection = { filters: [], failed: false, writes: false, byPeople: false, since };
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `e-${i}`);
const sorted = (ids: readonly string[]): string[] => ids.toSorted();

describe('reading from the search', () => {
  let searched: Searched;
  beforeEach(() => {
    searched = new Searched();
  });

  it('gives everything from a time on, in the order of the events, a thousand at once', async () => {
    const ids = names(2500);
    for (const [i, id] of ids.toReversed().entries()) searched.store(id, -i * 0.3);
    searched.store('too early', -61 * minute);
    const { ids: found, batches } = await searched.run({ selection });
    assert.deepEqual(found, ids);
    assert.ok(batches.length >= 3 && batches.every(({ events }) => events.length <= 1000));
    for (const { body } of searched.exchanges)
      assert.deepEqual([body['size'], body['from']], [1000, undefined]);
  });

  it('loses and repeats none of many events of one moment', async () => {
    const ids = names(3500);
    for (const id of ids) searched.store(id, -1000);
    searched.store('after', -999);
    assert.deepEqual(sorted((await searched.run()).ids), sorted([...ids, 'after']));
    assert.equal((await searched.run()).ids.at(-1), 'after');
  });

  it('does so even where the search has nothing else to sort them by', async () => {
    searched.mapping = { copy: 'none', ignoreAbove: 256, dates: true };
    const ids = names(3500);
    for (const id of ids) searched.store(id, -1000);
    assert.deepEqual(sorted((await searched.run()).ids), sorted(ids));
    assert.ok(searched.exchanges.every(({ body }) => Number(body['size']) <= 10_000));
  });

  it('says so when a moment has more events than a search gives', async () => {
    searched.mapping = { copy: 'none', ignoreAbove: 256, dates: true };
    for (const id of names(10_001)) searched.store(id, -1000);
    searched.store('after', -999);
    const { ids, notes } = await searched.run();
    assert.deepEqual([ids.length, ids.at(-1)], [10_001, 'after']);
    assert.match(notes.join(), /Of one moment only 10 000 events could be had/);
  });

  it('reads fewer events at once where they are too large together', async () => {
    const ids = names(250);
    for (const [i, id] of ids.entries()) searched.store(id, i - 1000);
    searched.fault = ({ size }) => (Number(size) > 100 ? new HttpError('too-large', 'search') : undefined);
    const { ids: found, notes } = await searched.run();
    assert.deepEqual([found, notes], [ids, []]);
    assert.deepEqual(
      searched.exchanges.map(({ hits }) => hits),
      [100, 100, 52],
    );
  });

  it('asks for no more than the selection wants', async () => {
    searched.store('a', -10, -10, { verb: 'list' });
    searched.store('b', -9, -9, { verb: 'delete' });
    searched.store('c', -5, -5, { verb: 'delete' });
    const until = new Date(start - 6).toISOString();
    const filters = [{ field: 'verb' as const, patterns: ['delete'], not: false }];
    assert.deepEqual((await searched.run({ selection: { ...selection, until, filters } })).ids, ['b']);
  });

  it('gives events as they are stored, without the index, which is named by the token', async () => {
    searched.store('a', -10, -10, { severity: 'Metadata' });
    const [event] = (await searched.run()).batches.flatMap(({ events }) => events);
    const json = JSON.parse(event?.json ?? '') as object;
    assert.deepEqual(Object.keys(json).sort(), [
      ...['@timestamp', 'auditID', 'level', 'severity', 'stage', 'stageTimestamp', 'verb'],
    ]);
  });

  it('is named by the host, and asks nothing of an App without events', async () => {
    searched.fault = () => ({ status: 404 });
    const { ids, batches } = await searched.run();
    assert.deepEqual([ids, batches.length], [[], 1]);
  });
});

describe('following the search', () => {
  let searched: Searched;
  beforeEach(() => {
    searched = new Searched();
  });
  const follow = { selection, follow: true };

  it('shows what comes, and asks once every five seconds when nothing does', async () => {
    searched.store('old', -1000);
    searched.store('new', 20_000);
    const { ids, batches } = await searched.run(follow, 3 * minute);
    assert.deepEqual(ids, ['old', 'new']);
    assert.ok(batches.some(({ events }) => events.length === 0));
    const last = searched.exchanges.filter(({ at }) => at > start + 2 * minute);
    assert.ok(last.length >= 11 && last.length <= 12, `${last.length} requests a minute`);
    for (const { hits, bytes } of last) assert.ok(hits === 0 && bytes < 1500, `${hits} hits, ${bytes} bytes`);
    assert.deepEqual(
      searched.exchanges.slice(0, 4).map(({ at }) => at - start),
      [0, 1000, 3000, 7000],
    );
  });

  it('shows what becomes searchable minutes late, and reads little again for it', async () => {
    for (const [i, id] of names(100).entries()) searched.store(id, i * 900);
    searched.store('late', 30_050, 5 * minute);
    searched.store('never', 30_050, 60 * minute);
    searched.store('on', 4 * minute);
    const { ids } = await searched.run(follow, 10 * minute);
    assert.deepEqual(sorted(ids), sorted([...names(100), 'late', 'on']));
    const after = searched.exchanges.filter(({ at }) => at >= start + 5 * minute);
    assert.equal(
      after.reduce((sum, { hits }) => sum + hits, 0),
      1,
      'known events were read again',
    );
  });

  it('reads buckets that are side by side at once', async () => {
    for (const [i, id] of names(4).entries()) searched.store(id, i * 10_000, minute);
    searched.store('on', 40_000);
    const { ids } = await searched.run(follow, 2 * minute);
    assert.deepEqual(ids, ['on', ...names(4)]);
    const again = searched.exchanges.filter(({ at, body }) => at >= start + minute && !('aggs' in body));
    assert.deepEqual(
      again.map(({ hits }) => hits),
      [4],
    );
  });

  it('shows nothing from before the beginning, however late it comes', async () => {
    searched.store('before', -30_000, minute);
    searched.store('after', 1000);
    const from = { ...selection, since: new Date(start).toISOString() };
    assert.deepEqual((await searched.run({ selection: from }, 2 * minute)).ids, ['after']);
  });

  it('passes over what has no time', async () => {
    searched.mapping = { ...searched.mapping, dates: false };
    searched.store('a', 1000);
    searched.store('timeless', 1000, 2000, { stageTimestamp: 'nonsense' });
    searched.store('b', 30_000);
    assert.deepEqual((await searched.run(follow, minute)).ids, ['a', 'b']);
  });

  it('shows an event once that an API server sent again', async () => {
    searched.store('a', 1000);
    searched.store('a', 1000, 80_000);
    searched.store('a', 1000, 1000, { stage: 'RequestReceived' });
    searched.store('b', 90_000);
    searched.store('b', 90_000);
    const { ids } = await searched.run(follow, 3 * minute);
    assert.deepEqual(sorted(ids), ['a', 'a', 'b']);
  });

  for (const [what, fault] of [
    ['answers so', { status: 404 }],
    ['shows none', { text: '{"_shards":{"total":0,"failed":0},"hits":{"hits":[]}}' }],
  ] as const)
    it(`takes an App whose index is away for an empty one, when the search ${what}`, async () => {
      searched.store('a', 1000);
      searched.store('late', 900, 60_000);
      const away = (): boolean => searched.now > start + 20_000 && searched.now < start + 50_000;
      searched.fault = () => (away() ? fault : undefined);
      const { ids, notes } = await searched.run(follow, 2 * minute);
      assert.deepEqual([ids, notes], [['a', 'late'], []]);
    });

  it('is not led astray by a clock that is an hour ahead', async () => {
    searched.store('ahead', 60 * minute, 1000);
    for (const [i, id] of names(20).entries()) searched.store(id, i * 10_000, i * 10_000 + 30_000);
    const { ids } = await searched.run(follow, 5 * minute);
    assert.deepEqual(sorted(ids), sorted([...names(20), 'ahead']));
    for (const { body } of searched.exchanges) {
      const { spans } = (body['aggs'] ?? {}) as { spans?: { filters: { filters: [] } } };
      assert.ok((spans?.filters.filters.length ?? 0) < 45);
    }
  });

  it('ends when it is cancelled, and does not take that for a failure of the search', async () => {
    let asked = 0;
    searched.fault = () => (++asked > 1 ? interrupted() : undefined);
    assert.equal((await failure(() => searched.run({ follow: true }))).code, 'interrupted');
    assert.equal(asked, 2);
  });

  it('finds whatever comes late in whatever order, exactly once', async () => {
    for (let seed = 0; seed < 3; seed++) {
      const draw = draws(seed);
      searched = new Searched();
      const ids = names(120);
      for (const id of ids) {
        const at = draw.below(5 * minute) + draw.next();
        const late = draw.pick(0, 500, 30_000, 80_000, 200_000, 280_000);
        searched.store(id, at, at + draw.below(late + 1));
        if (draw.below(10) === 0) searched.store(id, at, at + draw.below(200_000));
      }
      searched.fault = () => (draw.below(12) === 0 ? { status: draw.pick(500, 503) } : undefined);
      let shown: string[] = [];
      let position: unknown;
      while (searched.now < start + 11 * minute) {
        const run = await searched.some(1 + draw.below(40), { selection, position });
        shown = [...shown, ...run.ids];
        position = run.position ?? position;
        if (draw.below(4) === 0) searched.now += draw.below(minute);
      }
      assert.deepEqual(sorted(shown), sorted(ids), `seed ${seed}`);
    }
  });
});

describe('going on in the search', () => {
  it('begins where an earlier run ended, however long ago that was', async () => {
    const searched = new Searched();
    searched.store('a', 1000);
    searched.store('late', 900, 60_000);
    searched.store('a', 1000, 60_000);
    searched.store('asleep', 2 * 60 * minute);
    const first = await searched.some(5);
    searched.now = start + 8 * 60 * minute;
    searched.store('now', 8 * 60 * minute);
    const second = await searched.run({ position: first.position });
    assert.deepEqual([first.ids, second.ids], [['a'], ['late', 'asleep', 'now']]);
    assert.deepEqual((await searched.run({ position: second.position })).ids, []);
  });

  it('goes on from the beginning of a run that saw nothing', async () => {
    const searched = new Searched();
    searched.store('missed', 5000, 9000);
    const { position } = await searched.some(1, {
      selection: { ...selection, since: new Date(start).toISOString() },
    });
    searched.now = start + 60 * minute;
    assert.deepEqual((await searched.run({ position })).ids, ['missed']);
  });

  it('shows no event again that was shown, under other filters either', async () => {
    const searched = new Searched();
    for (const id of names(20)) searched.store(id, 1000, 1000, { verb: 'get', level: 'Request' });
    searched.store('other', 1000, 1000, { verb: 'list' });
    searched.store('e-0', 1000, 1000, { verb: 'get' });
    searched.now += 2000;
    const by = (field: 'verb' | 'level', pattern: string): typeof selection => ({
      ...selection,
      ...{ filters: [{ field, patterns: [pattern], not: false }] },
    });
    const { position } = await searched.run({ selection: by('verb', 'get') });
    assert.deepEqual((await searched.run({ position, selection: by('level', 'Metadata') })).ids, ['other']);
  });

  it('is refused for another App', async () => {
    const searched = new Searched();
    const { position } = await searched.run();
    const { code, message } = await failure(() =>
      searched.run({ position: { ...(position as object), app: '0123456789ab' } }),
    );
    assert.deepEqual([code, message.includes('another App')], ['usage', true]);
    assert.equal(searched.exchanges.length, 1);
  });
});

describe('a search that does not answer', () => {
  let searched: Searched;
  beforeEach(() => {
    searched = new Searched();
    searched.store('a', 1000);
  });
  const times = (): number[] => searched.exchanges.map(({ at }) => (at - start) / 1000);

  it('is asked no earlier than it says', async () => {
    searched.fault = () =>
      searched.now < start + 130_000 ? { status: 429, headers: { 'retry-after': '120' } } : undefined;
    const { ids, notes } = await searched.run({ follow: true }, 5 * minute);
    assert.deepEqual(ids, ['a']);
    assert.deepEqual(times().slice(0, 3), [0, 120, 240]);
    assert.equal(notes.length, 2);
  });

  it('may name a moment instead', async () => {
    const headers = { date: 'Mon, 30 Nov 2026 10:00:00 GMT', 'retry-after': 'Mon, 30 Nov 2026 10:00:07 GMT' };
    searched.fault = () => (searched.now === start ? { status: 503, headers } : undefined);
    await searched.run({ follow: true }, 20_000);
    assert.deepEqual(times().slice(0, 2), [0, 7]);
  });

  it('is waited for longer and longer, one note for the trouble and one for its end', async () => {
    const down = new HttpError('refused', 'search.example');
    searched.fault = () => (searched.now < start + 6 * minute ? down : undefined);
    searched.store('b', 2 * minute);
    const { ids, notes } = await searched.run({ follow: true }, 10 * minute);
    assert.deepEqual(ids, ['a', 'b']);
    assert.deepEqual(notes, [
      'The search cannot be reached since 2026-11-30T10:00:00Z: search.example: the connection was refused. Still trying.',
      'The search answers again; reading goes on where it was.',
    ]);
    assert.equal(times()[0], 363); // 1 + 2 + 4 + 8 + 16 + 32 + 5 * 60
  });

  it('only once is not worth a word', async () => {
    searched.fault = () => (searched.now === start ? new HttpError('reset', 'search.example') : undefined);
    assert.deepEqual((await searched.run({ follow: true }, minute)).notes, []);
  });

  it('ends a reading that is to end, after some tries', async () => {
    searched.fault = () => ({ status: 500 });
    const { code } = await failure(() => searched.run());
    assert.deepEqual([code, times()], ['search-unreachable', [0, 1, 3, 7, 15]]);
  });

  for (const [what, text] of [
    ['of some shards only', { timed_out: false, _shards: { failed: 1 }, hits: { hits: [] } }],
    ['before it was done', { timed_out: true, hits: { hits: [] } }],
    ['with something else', '<html>'],
  ] as const)
    it(`${what} has not answered`, async () => {
      searched.fault = () => ({ text: JSON.stringify(text) });
      assert.equal((await failure(() => searched.run())).code, 'search-unreachable');
    });

  it('refuses the key ends it at once', async () => {
    searched.fault = () => ({ status: 403 });
    const { code } = await failure(() => searched.run({ follow: true }, minute));
    assert.deepEqual([code, searched.exchanges.length], ['search-refused', 1]);
  });
});

describe('a search that knows less', () => {
  let searched: Searched;
  beforeEach(() => {
    searched = new Searched();
    searched.store('a', 1000, 1000, { verb: 'get' });
    searched.store('late', 900, 100_000, { verb: 'get' });
    searched.store('a', 1000, 100_000, { verb: 'get' });
    searched.store('b', 60_000, 60_000, { verb: 'list' });
  });
  const follow = { follow: true, selection };
  const refusing = (word: string) => (body: object) =>
    JSON.stringify(body).includes(word) ? { status: 400 } : undefined;

  it('keeps times as texts is asked for texts', async () => {
    searched.mapping = { ...searched.mapping, dates: false };
    const { ids, notes } = await searched.run(follow, 4 * minute);
    assert.deepEqual([ids, notes], [['a', 'b', 'late'], []]);
    const later = searched.exchanges.slice(10);
    assert.ok(later.length > 0 && later.every(({ bytes }) => bytes < 5000));
  });

  for (const [what, fault] of [
    ['does not count', refusing('"aggs"')],
    ['hides nothing', refusing('post_filter')],
  ] as const)
    it(`${what} is read again once a minute, and that is said once`, async () => {
      searched.fault = fault;
      const { ids, notes } = await searched.run(follow, 4 * minute);
      assert.deepEqual(ids, ['a', 'b', 'late']);
      assert.deepEqual(
        notes.map((note) => /once a minute/.test(note)),
        [true],
      );
      assert.ok(searched.exchanges.length < 60, `${searched.exchanges.length} requests`);
    });

  it('does not understand a filter has all its events read', async () => {
    searched.fault = refusing('match_phrase');
    const filters = [{ field: 'verb' as const, patterns: ['get'], not: false }];
    const { ids, notes } = await searched.run(
      { ...follow, selection: { ...selection, filters } },
      4 * minute,
    );
    assert.deepEqual(ids, ['a', 'b', 'late']);
    assert.deepEqual(
      notes.map((note) => /filtered here/.test(note)),
      [true],
    );
  });

  it('understands nothing at all is no search', async () => {
    searched.fault = () => ({ status: 400 });
    assert.equal((await failure(() => searched.run({ selection }))).code, 'search-unreachable');
    // five tries, each with times as they are and as texts; there is nothing else to leave out
    assert.equal(searched.exchanges.length, 10);
  });
});
