// Knows how to count what a client was answered: how often it asked, how often it failed, how long it had no answer.

/** What became of one client's requests. */
export interface Polled {
  readonly asked: number;
  readonly failed: number;
  /** How often it was told to come again later, and did. */
  readonly putOff: number;
  /** The longest time between two answers in a row, the end of the polling being one. */
  readonly longestGapMs: number;
  /** When it failed first, since the polling began. */
  readonly firstFailureMs?: number;
  /** The first five, each with the time since the polling began. */
  readonly firstErrors: readonly string[];
  /** Of a client that writes: each write that was acknowledged, in order. */
  readonly writes: readonly Write[];
}

/** A write that was acknowledged. */
export interface Write {
  readonly auditId: string;
  /** When it was sent, epoch milliseconds. */
  readonly at: number;
}

const keptErrors = 5;

/** Counts for one client. */
export class Tally {
  readonly #began = Date.now();
  #answered = this.#began;
  #asked = 0;
  #failed = 0;
  #putOff = 0;
  #longestGapMs = 0;
  #firstFailureMs: number | undefined;
  readonly #errors: string[] = [];
  readonly #writes: Write[] = [];

  answered(): void {
    this.#asked += 1;
    this.#longestGapMs = this.#gap();
    this.#answered = Date.now();
  }

  failed(error: unknown): void {
    this.#asked += 1;
    this.complain(error);
  }

  putOff(): void {
    this.#putOff += 1;
  }

  wrote(write: Write): void {
    this.#writes.push(write);
  }

  /** Something is wrong that was not an answer to one request. */
  complain(error: unknown): void {
    this.#failed += 1;
    const since = Date.now() - this.#began;
    this.#firstFailureMs ??= since;
    const reason = error instanceof Error ? error.message || error.name : String(error);
    const at = new Date().toISOString();
    if (this.#errors.length < keptErrors) this.#errors.push(`+${since} ms, ${at}: ${reason}`);
  }

  /** Whether there was an answer already. */
  get begun(): boolean {
    return this.#asked > this.#failed;
  }

  result(): Polled {
    return {
      asked: this.#asked,
      failed: this.#failed,
      putOff: this.#putOff,
      longestGapMs: this.#gap(),
      ...(this.#firstFailureMs !== undefined && { firstFailureMs: this.#firstFailureMs }),
      firstErrors: this.#errors,
      writes: this.#writes,
    };
  }

  #gap(): number {
    return Math.max(this.#longestGapMs, Date.now() - this.#answered);
  }
}
