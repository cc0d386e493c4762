// Knows how to do something to API servers while clients ask them everywhere, and how to tell what those saw.
import assert from 'node:assert/strict';
import { startPollers, type Pollers, type PollersOptions, type Seen } from '../pollers.ts';

/** Does it while these ask, and prints what they saw. */
export async function whileAsked<T>(
  title: string,
  at: readonly PollersOptions[],
  doing: () => Promise<T>,
): Promise<{ done: T; seen: Seen }> {
  const pollers: Pollers[] = [];
  const stop = async (): Promise<Seen> =>
    Object.assign({}, ...(await Promise.all(pollers.map((one) => one.stop())))) as Seen;
  try {
    for (const one of at) pollers.push(await startPollers(one));
    const done = await doing();
    const seen = await stop();
    process.stdout.write(`      ${title}\n${figures(seen)}\n`);
    return { done, seen };
  } catch (error) {
    const seen = await stop().catch(String);
    throw new Error(typeof seen === 'string' ? seen : figures(seen), { cause: error });
  }
}

/** One line for each client, and one for its first error. */
export function figures(seen: Seen): string {
  return Object.entries(seen)
    .map(([client, { asked, failed, putOff, longestGapMs, firstErrors }]) => {
      const counts = `${failed} of ${asked} failed, ${putOff} put off, longest gap ${longestGapMs} ms`;
      return [`        ${client}: ${counts}`, ...firstErrors.slice(0, 1)].join('\n          ');
    })
    .join('\n');
}

/**
 * Each client asked often, and never failed.
 * @param spared clients that may fail, and how often at most
 * @param known what else explains a failure
 */
export function assertServed(
  seen: Seen,
  least: number,
  spared: Readonly<Record<string, number>> = {},
  known = '',
): void {
  const told = known === '' ? figures(seen) : `${figures(seen)}\n${known}`;
  for (const { asked } of Object.values(seen)) assert.ok(asked >= least, told);
  for (const [client, { failed }] of Object.entries(seen)) assert.ok(failed <= (spared[client] ?? 0), told);
}
