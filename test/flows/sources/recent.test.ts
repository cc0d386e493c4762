// Which events are still known, and what of them is kept for a later run.
import assert from 'node:assert/strict';
import { eventOf } from '../../../src/audit/event/event.ts';
import type { Event } from '../../../src/audit/event/event.ts';
import { keptIn, Recent } from '../../../src/flows/sources/recent.ts';

const start = Date.parse('2026-11-22T17:00:00Z');
const event = (auditID: string, second: number): Event => {
  const stageTimestamp = new Date(start + second * 1000).toISOString();
  return eventOf({ auditID, stage: 'ResponseComplete', stageTimestamp }, '{}');
};

describe('recent events', () => {
  it('are known for a minute at least, and for less than four', () => {
    const recent = new Recent();
    for (let second = 0; second <= 600; second++) {
      recent.add(event(`at-${second}`, second));
      for (const age of [0, 30, 60]) if (age <= second) assert.ok(recent.has(event(`at-${second - age}`, 0)));
      if (second > 240) assert.ok(!recent.has(event(`at-${second - 240}`, 0)), `still at ${second}`);
    }
    assert.ok(!recent.has(event('other', 600)));
  });

  it('are kept as they were when that was asked, those of the last minute', () => {
    const recent = new Recent();
    for (let second = 0; second <= 100; second += 10) recent.add(event(`at-${second}`, second));
    const kept = recent.kept();
    for (let second = 110; second <= 400; second += 10) recent.add(event(`at-${second}`, second));
    const position = keptIn(JSON.parse(JSON.stringify(kept)));
    assert.ok(position);
    assert.equal(position.at, '2026-11-22T17:01:40.000Z');
    assert.ok(
      position.events.every((key) => Number(/\d+/.exec(key)?.[0]) <= 100),
      position.events.join(),
    );
    const young = new Recent();
    for (let second = 0; second <= 100; second += 10) young.add(event(`at-${second}`, second));
    const again = new Recent(keptIn(JSON.parse(JSON.stringify(young.kept()))));
    assert.equal(again.newest, '2026-11-22T17:01:40.000Z');
    assert.deepEqual(
      [30, 40, 50, 100].map((second) => again.has(event(`at-${second}`, second))),
      [false, true, true, true],
    );
  });
});
