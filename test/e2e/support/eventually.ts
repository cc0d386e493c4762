// Knows how to wait: ask again and again until there is an answer, and say what was missing when there is none.
import { setTimeout as sleep } from 'node:timers/promises';

/** How to wait for something. */
export interface Waiting<T> {
  /** What is waited for, as in "timed out waiting for …". */
  what: string;
  timeoutMs: number;
  everyMs?: number;
  /** undefined or a throw: not yet. */
  ask: () => Promise<T | undefined>;
  /** A reason why it cannot come any more, when there is one. */
  hopeless?: () => string | undefined;
}

/** The first answer; throws after the timeout, or at once when it is hopeless. */
export async function eventually<T>(wait: Waiting<T>): Promise<T> {
  const deadline = Date.now() + wait.timeoutMs;
  let last = 'no answer yet';
  do {
    const reason = wait.hopeless?.();
    if (reason !== undefined) throw new Error(`${wait.what} cannot come: ${reason}`);
    try {
      const answer = await wait.ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await sleep(wait.everyMs ?? 100);
  } while (Date.now() < deadline);
  throw new Error(`timed out after ${wait.timeoutMs} ms waiting for ${wait.what}: ${last}`);
}
