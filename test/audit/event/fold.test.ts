// One request, one event.
import assert from 'node:assert/strict';
import { eventOf } from '../../../src/audit/event/event.ts';
import type { Event } from '../../../src/audit/event/event.ts';
import { Fold } from '../../../src/audit/event/fold.ts';
import { Tally } from '../../../src/audit/event/summary.ts';

const event = (auditID: string, stage: string, second = 0): Event =>
  eventOf(
    { auditID, stage, stageTimestamp: `2026-11-22T17:03:${String(second).padStart(2, '0')}.000000Z` },
    '{}',
  );
const named = (events: readonly (Event | undefined)[]): string[] =>
  events.flatMap((one) => (one === undefined ? [] : [`${one.auditId} ${one.stage}`]));

describe('folding stages', () => {
  it('shows a request by its last stage alone', () => {
    const fold = new Fold(5000);
    const shown = ['RequestReceived', 'ResponseStarted', 'ResponseComplete'].map((stage) =>
      fold.take(event('a', stage)),
    );
    assert.deepEqual(named([...shown, ...fold.overdue(), ...[...fold.rest()].flat()]), [
      'a ResponseComplete',
    ]);
  });

  it('shows what takes long when it began, by the stage that says most, and again when it ended', () => {
    const fold = new Fold(5000);
    fold.take(event('watch', 'RequestReceived', 0));
    fold.take(event('watch', 'ResponseStarted', 1));
    assert.deepEqual(named(fold.overdue()), []);
    fold.take(event('b', 'ResponseComplete', 7));
    assert.deepEqual(named(fold.overdue()), ['watch ResponseStarted']);
    assert.deepEqual(named([fold.take(event('watch', 'ResponseComplete', 50))]), ['watch ResponseComplete']);
  });

  it('shows at the end what never ended', () => {
    const fold = new Fold(Infinity);
    fold.take(event('a', 'RequestReceived'));
    fold.overdue();
    assert.deepEqual(named([...fold.rest()].flat()), ['a RequestReceived']);
    assert.deepEqual(named([...fold.rest()].flat()), []);
  });

  it('does not show a first stage that comes after the last one: newest first', () => {
    const fold = new Fold(5000);
    fold.take(event('a', 'ResponseComplete', 1));
    fold.overdue();
    fold.take(event('a', 'RequestReceived', 0));
    assert.deepEqual(named([...fold.rest()].flat()), []);
  });

  it('gives what it held for long as it was, the stage that says most', () => {
    const fold = new Fold(Infinity);
    const started = { ...event('a', 'ResponseStarted', 1), user: 'bob', groups: ['x'], code: 200 };
    fold.take(event('a', 'RequestReceived'));
    for (let batch = 0; batch < 3; batch++) fold.overdue();
    fold.take(started);
    for (let batch = 0; batch < 3; batch++) fold.overdue();
    fold.take(event('a', 'RequestReceived'));
    for (let i = 0; i < 1500; i++) fold.take(event(String(i), 'RequestReceived', 2));
    const [all, more] = [...fold.rest()];
    assert.deepEqual(all?.[0], started);
    assert.equal((all?.length ?? 0) + (more?.length ?? 0), 1501);
  });

  it('holds no more than so many', () => {
    const fold = new Fold(Infinity);
    for (let i = 0; i < 2003; i++) fold.take(event(String(i), 'RequestReceived'));
    assert.deepEqual(
      named(fold.overdue()),
      ['0', '1', '2'].map((id) => `${id} RequestReceived`),
    );
  });

  it('gives each but once where nothing is to be given before its end', () => {
    const [counting, showing] = [new Fold(Infinity), new Fold(1e9)].map((fold) => {
      for (let i = 0; i < 2003; i++) fold.take(event(String(i), 'RequestReceived'));
      fold.overdue();
      return named(['0', '1', '2', '3'].map((id) => fold.take(event(id, 'ResponseComplete'))));
    });
    assert.deepEqual(counting, ['3 ResponseComplete']);
    assert.equal(showing?.length, 4, 'one that is shown when it began is shown again when it ends');
  });
});

describe('counting events', () => {
  it('counts endless names as one from some number on', () => {
    const tally = new Tally();
    for (let i = 0; i < 20_010; i++) tally.add({ ...event('a', 'ResponseComplete'), user: `user-${i}` });
    const { events, who } = tally.summary();
    assert.equal(events, 20_010);
    assert.deepEqual(who[0], { name: '(others)', count: 10 });
    assert.equal(who.length, 20_001);
  });
});
