// What is done about a search that does not answer: how long to wait, when to give up, and what to say, once.
import { Failure } from '../../errors.ts';
import { Unavailable } from '../../io/sematext.ts';
import type { Clock } from '../../io/world.ts';

/** Between two tries where nobody says how long: doubled each time. */
const firstMs = 1000;
const mostMs = 60_000;
/** More than this is waited for nobody, whatever Retry-After says. */
const mostAskedMs = 15 * 60_000;
/** How often something that has an end is tried again. */
const mostTries = 4;
/** A wait that is long enough to be wondered about. */
const longMs = 10_000;

/** Counts failures in a row. */
export class Patience {
  private readonly clock: Clock;
  private readonly endless: boolean;
  private tries = 0;
  private since = '';
  private told = false;

  /** @param endless whether to try for ever */
  constructor(clock: Clock, endless: boolean) {
    this.clock = clock;
    this.endless = endless;
  }

  /**
   * After a failure. A connection that broke off once, or a short wait that was asked for, is not worth a word.
   * @throws the failure itself when it cannot heal, or was tried often enough
   */
  failed(error: unknown): { readonly waitMs: number; readonly note?: string } {
    if (!(error instanceof Failure) || error.code !== 'search-unreachable') throw error;
    if (!this.endless && this.tries >= mostTries) throw error;
    if (this.tries === 0) this.since = `${this.clock.now().toISOString().slice(0, 19)}Z`;
    const asked = error instanceof Unavailable ? error.retryAfterMs : undefined;
    const waitMs =
      asked === undefined ? Math.min(mostMs, firstMs * 2 ** this.tries) : Math.min(asked, mostAskedMs);
    this.tries++;
    if (this.told || (this.tries === 1 && waitMs < longMs)) return { waitMs };
    this.told = true;
    return {
      waitMs,
      note: `The search cannot be reached since ${this.since}: ${error.message} Still trying.`,
    };
  }

  /** After an answer. @returns what to say when there was something to wonder about */
  answered(): string | undefined {
    const said = this.told;
    [this.tries, this.told] = [0, false];
    return said ? 'The search answers again; reading goes on where it was.' : undefined;
  }
}
