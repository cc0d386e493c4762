// Whatever happens to a whole `enable --webhook` or `disable` on a control-plane node, at whichever step: the API server
// ends on its old manifest or on its new one, whole, and serves; nothing stays behind; and `disable --resume` brings the
// first state back byte for byte. The same for the imitated node and for a real one.
import { casesOf, type Case } from './ends-well/cases.ts';
import { endsWell } from './ends-well/interrupted.ts';
import type { Stand, Subject } from './ends-well/stand.ts';

/** WHOLE_MATRIX=1: all of it; WHOLE_MATRIX=101-150: these cases of it, the first being 1. */
const wanted = process.env['WHOLE_MATRIX'] ?? '';

/**
 * States it.
 * @param part which cases are tried where not all are: the first, and from one to the next
 */
export function endsWellContract(subject: Subject, part: readonly [number, number]): void {
  describe(`whatever happens on ${subject.name}`, function () {
    this.timeout(subject.patienceMs * 8);
    const cases = chosen(casesOf(subject), part);
    const lanes = Array.from({ length: subject.atOnce }, () => new Lane(subject));
    let tried: readonly (Promise<void> | undefined)[] = [];
    let well = 0;

    before(() => {
      tried = cases.map((one, i) => lanes[i % lanes.length]?.take(one));
    });
    after(async () => {
      await Promise.all(lanes.map((lane) => lane.end()));
      process.stdout.write(`\n  ${subject.name}: ${well} of ${cases.length} end well\n`);
    });
    for (const [i, one] of cases.entries())
      it(one.title, async () => {
        await tried[i];
        well += 1;
      });
  });
}

function chosen(all: readonly Case[], [first, every]: readonly [number, number]): readonly Case[] {
  if (wanted === '1') return all;
  const range = /^(\d+)-(\d+)$/.exec(wanted);
  if (range) return all.slice(Number(range[1]) - 1, Number(range[2]));
  return all.filter((_, i) => i % every === first);
}

/** Tries its cases one after the other, on a stand of its own. */
class Lane {
  readonly #subject: Subject;
  #stand: Stand | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  /** @returns how it ends, in the end */
  take(one: Case): Promise<void> {
    const ends = this.#last.then(() => this.#try(one));
    this.#last = ends.catch(() => undefined); // told by its test
    return ends;
  }

  async #try(one: Case): Promise<void> {
    const stand = (this.#stand ??= await this.#subject.start());
    try {
      await endsWell(stand, one, this.#subject);
    } catch (error) {
      this.#stand = undefined; // what this one has left is not the next one's
      await stand.stop();
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.#last;
    await this.#stand?.stop();
  }
}
