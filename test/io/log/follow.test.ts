// Following a log: whatever is written, rotated, packed and removed between any two looks, each line comes once, and what
// cannot come is said.
import assert from 'node:assert/strict';
import { interrupted } from '../../../src/io/clock.ts';
import { followLog } from '../../../src/io/log/follow.ts';
import type { Piece } from '../../../src/io/log/lines.ts';
import { readPosition } from '../../../src/io/log/mark.ts';
import type { Position } from '../../../src/io/log/mark.ts';
import type { Clock } from '../../../src/io/world.ts';
import { draws } from '../../support/draws.ts';
import { base, RotatingLog, type Scheme } from './rotating-log.ts';

/** Schedules of each kind. */
const seeds = Number(process.env['SEEDS'] ?? 60);

interface Outcome {
  readonly log: RotatingLog;
  /** The number in each line that was written; what else came, as it came. */
  readonly lines: readonly (number | string)[];
  readonly notes: readonly string[];
  /** Lines before this one were there before it was followed, and may have been left out. */
  readonly first: number;
}

/** Follows a log in several runs, each of which goes on where the last one ended, until nothing comes any more. */
async function followed(seed: number, scheme: Scheme, thins: boolean): Promise<Outcome> {
  const chance = draws(seed);
  const log = new RotatingLog(chance, scheme, thins);
  const pace = chance.pick(1, 2, 6);
  let steps = 150 + chance.below(150);
  const since = chance.pick(0, undefined);
  if (since === undefined) for (let n = chance.below(60); n > 0; n--) log.step();
  // what was removed before anything was read cannot be known
  let first = thins ? Infinity : 0;
  let begun = false;
  const act = (most: number): void => {
    for (let n = chance.below(most + 1); n > 0 && steps > 0; n--, steps--) log.step();
    if (steps === 0) log.finish();
  };
  const folder = {
    names: () => {
      act(pace);
      if (!begun && since === undefined && !thins) first = log.firstNow();
      return log.names();
    },
    read: (...asked: Parameters<RotatingLog['read']>) => (act(pace), log.read(...asked)),
  };
  let idle = 0;
  const sleep = (): Promise<void> => {
    act(12);
    idle = steps === 0 ? idle + 1 : 0;
    return idle > 3 ? Promise.reject(interrupted()) : Promise.resolve();
  };
  const clock: Clock = { now: () => new Date(steps), sleep, rest: sleep };
  const signal = new AbortController().signal;
  const [lines, notes]: [(number | string)[], string[]] = [[], []];
  let position: Position | undefined;
  const run = async (): Promise<boolean> => {
    const wish = { follow: true, literals: [], ...(position ? { position } : since === 0 && { since }) };
    for await (const piece of followLog(folder, base, wish, { clock, signal, pollMs: 1 })) {
      begun = true;
      lines.push(...linesOf(piece).map((line) => named(log, line)));
      notes.push(...piece.notes);
      position = readPosition(JSON.parse(JSON.stringify(piece.position)), base);
      // a copy of less than 1 KiB, of which a run read more, is not known again by the next run
      const knowable = scheme !== 'copied' || position.offset === 0 || position.offset >= 1024;
      if (steps > 0 && knowable && chance.below(12) === 0) return false;
    }
    return true;
  };
  for (;;) {
    try {
      if (await run()) break;
      act(20);
    } catch (error) {
      if ((error as { code?: unknown }).code === 'interrupted') break;
      // between renaming and creating there is none to begin with
      if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
      act(3);
    }
  }
  return { log, lines, notes, first };
}

function linesOf({ text }: Piece): readonly string[] {
  return text === '' ? [] : text.slice(0, -1).split('\n');
}

/** The number of a line that was written, or the line as it is. */
function named(log: RotatingLog, line: string): number | string {
  const n = Number(/^{"kind":"Event","n":(\d+),/.exec(line)?.[1] ?? -1);
  return log.written[n] === line ? n : line.slice(0, 100);
}

/** What was to come: all from where following began, and that not too late. */
function everyNumber({ log, first, lines }: Outcome): number[] {
  const begun = Math.min(first, ...lines.filter((line) => typeof line === 'number'));
  return log.written.map((_, n) => n).slice(begun);
}

/** What did not come. */
const missingIn = (outcome: Outcome): number[] =>
  everyNumber(outcome).filter((n) => !outcome.lines.includes(n));

describe('a log that is followed', function () {
  this.timeout(120_000);

  for (const scheme of ['dated', 'numbered'] as const)
    it(`comes whole and once through rotations, ${scheme}`, async () => {
      for (let seed = 1; seed <= seeds; seed++) {
        const outcome = await followed(seed, scheme, false);
        const { log, lines, notes } = outcome;
        assert.deepEqual({ lines, notes }, { lines: everyNumber(outcome), notes: [] }, `seed ${seed}`);
        assert.ok(log.written.length > 20);
      }
    });

  for (const scheme of ['dated', 'numbered'] as const)
    it(`comes once, and its losses are said, where old files are removed, ${scheme}`, async () => {
      let lost = 0;
      for (let seed = 1; seed <= seeds; seed++) {
        const outcome = await followed(seed, scheme, true);
        const { log, notes } = outcome;
        const missing = missingIn(outcome);
        inOrder(outcome, seed);
        const left = log.left();
        const there = missing.filter((n) => left.includes(`${log.written[n]}\n`));
        assert.deepEqual(there, [], `seed ${seed}: these are still there`);
        if (missing.length > 0) assert.notDeepEqual(notes, [], `seed ${seed}: ${missing.join()} not said`);
        if (!log.thinned) assert.deepEqual({ missing, notes }, { missing: [], notes: [] }, `seed ${seed}`);
        if (missing.length > 0) lost++;
      }
      assert.ok(lost > seeds / 20, `something was lost in ${lost} schedules only`);
    });

  it('comes once where it is copied and emptied, but for what is written in between', async () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const outcome = await followed(seed, 'copied', false);
      inOrder(outcome, seed);
      const missing = missingIn(outcome).filter((n) => !outcome.log.cut.has(n));
      assert.deepEqual(missing, [], `seed ${seed}`);
    }
  });
});

/** Each line that came was written, and came once and in its turn; but for those that were cut in two. */
function inOrder(outcome: Outcome, seed: number): void {
  const whole = outcome.lines.filter((line) => typeof line === 'number');
  const missing = missingIn(outcome);
  const expected = everyNumber(outcome).filter((n) => !missing.includes(n));
  assert.deepEqual(whole, expected, `seed ${seed}: each once, in order`);
  const torn = outcome.lines.filter((line) => typeof line === 'string');
  // the log may begin within a line, where it was emptied while that was written
  assert.ok(torn.length <= missing.length + 1, `seed ${seed}: ${torn.join('\n')}`);
}
