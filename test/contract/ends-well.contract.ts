// Whatever happens to a whole `enable --webhook` or `disable` on a control-plane node, at whichever step: the API server
// ends on its old manifest or on its new one, whole, and serves; nothing stays behind; and `disable --resume` brings the
// first state back byte for byte. The same for the imitated node and for a real one.
import { casesOf, type Case } from './ends-well/cases.ts';
import { endsWell } from './ends-well/interrupted.ts';
import type { Stand, Subject } from './ends-well/stand.ts';

/** WHOLE_MATRIX=1: all of it. */
const whole = process.env['WHOLE_MATRIX'] === '1';

/**
 * States it.
 * @param part which cases are tried where not all are: the first, and from one to the next
 */
export function endsWellContract(subject: Subject, [first, every]: readonly [number, number]): void {
  describe(`whatever happens on ${subject.name}`, function () {
    this.timeout(subject.patienceMs * 8);
    const cases: readonly Case[] = casesOf(subject).filter((_, i) => whole || i % every === first);
    let stand: Stand | undefined;
    let well = 0;

    after(async () => {
      await stand?.stop();
      process.stdout.write(`\n  ${subject.name}: ${well} of ${cases.length} end well\n`);
    });
    for (const one of cases)
      it(one.title, async () => {
        const on = (stand ??= await subject.start());
        try {
          await endsWell(on, one, subject);
          well += 1;
        } catch (error) {
          stand = undefined; // what this one has left is not the next one's
          await on.stop();
          throw error;
        }
      });
  });
}
