// Asks an address the whole time over new connections, and counts how often it was not answered.
import { request } from 'node:https';

/** One question that was not answered. */
export interface Missed {
  /** Milliseconds since the first question. */
  readonly at: number;
  readonly why: string;
}

/** What has become of the questions so far. */
export interface Availability {
  readonly asked: number;
  readonly missed: readonly Missed[];
  /** Milliseconds from the first missed question to the next that was answered, of the longest gap. */
  readonly outageMs: number;
}

/** Asks until it is stopped. */
export interface Watched {
  stop(): Promise<Availability>;
}

function ask(url: string, ca: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const outgoing = request(`${url}/readyz`, { ca, agent: false, timeout: 5000 }, (answer) => {
      answer
        .resume()
        .once('end', () => resolve(answer.statusCode === 200 ? undefined : `${answer.statusCode}`));
    });
    outgoing.once('timeout', () => outgoing.destroy(new Error('no answer within 5 s')));
    outgoing.once('error', (error) => resolve(error.message)).end();
  });
}

/**
 * Begins to ask.
 * @param everyMs from the beginning of one question to that of the next, when it was answered by then
 */
export function watchAvailability({ url, ca }: { url: string; ca: string }, everyMs = 5): Watched {
  const started = performance.now();
  const missed: Missed[] = [];
  let [asked, outageMs, over] = [0, 0, false];
  let since: number | undefined;
  const work = async (): Promise<void> => {
    while (!over) {
      const at = performance.now();
      const why = await ask(url, ca);
      asked += 1;
      if (why !== undefined) missed.push({ at: at - started, why });
      since = why === undefined ? undefined : (since ?? at);
      if (since !== undefined) outageMs = Math.max(outageMs, performance.now() - since);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, everyMs - (performance.now() - at))));
    }
  };
  const working = work();
  return {
    stop: async () => {
      over = true;
      await working;
      return { asked, missed, outageMs };
    },
  };
}
