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
    assert.deepEqual(named([...shown, ...fold.overdue(), ...fold.rest()]), ['a ResponseComplete']);
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
    assert.deepEqual(named(fold.rest()), ['a RequestReceived']);
    assert.deepEqual(named(fold.rest()), []);
  });

  it('does not show a first stage that comes after the last one: newest first', () => {
    const fold = new Fold(5000);
    fold.take(event('a', 'ResponseComplete', 1));
    fold.overdue();
    fold.take(event('a', 'RequestReceived', 0));
    assert.deepEqual(named(fold.rest()), []);
  });

  it('holds no more than so many', () => {
    const fold = new Fold(Infinity);
    for (let i = 0; i < 50_003; i++) fold.take(event(String(i), 'RequestReceived'));
    assert.deepEqual(
      named(fold.overdue()),
      ['0', '1', '2'].map((id) => `${id} RequestReceived`),
    );
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
