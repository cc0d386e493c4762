// Knows how to keep an API server busy: so many reads, so many a second, over a few kept connections.
import { Agent, request, type RequestOptions } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/** How many are sent at once. */
const together = 20;

/** Sends the requests; what fails, fails: an API server may be down on purpose. */
export async function load(
  { url, ...options }: RequestOptions & { readonly url: string },
  requests: number,
  perSecond: number,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const ask = (): Promise<void> =>
    new Promise((resolve) => {
      const one = request(`${url}/api/v1/namespaces/default`, { ...options, agent }, (answer) => {
        answer.resume().on('close', resolve);
      });
      one.on('error', () => resolve()).end();
    });
  const begun = Date.now();
  for (let sent = 0; sent < requests; sent += together) {
    await sleep(begun + (sent / perSecond) * 1000 - Date.now());
    await Promise.all(Array.from({ length: together }, ask));
  }
  agent.destroy();
}
