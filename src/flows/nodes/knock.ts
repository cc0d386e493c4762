// Connections of our own to an API server, while the node watches whether what is sent to the twin gets there: it can
// only see that when somebody comes.
import type { Turn } from '../../audit/plan/step.ts';
import { Failure } from '../../errors.ts';
import type { ApiRequest } from '../../io/world.ts';
import type { Site } from './site.ts';

const everyMs = 200;

/** Longer ones are not waited for: the node has seen that they came. */
const timeoutMs = 2_000;

/**
 * Opens connections until the work has ended: by the kubeconfig's own address, and by the node's, which a load balancer
 * may not choose. Their answers mean nothing: the node counts them.
 * @returns what the work does
 */
export async function whileKnocking<T>(
  site: Site,
  { carry, port }: Pick<Turn, 'carry' | 'port'>,
  work: () => Promise<T>,
): Promise<T> {
  const address = carry?.address ?? '';
  const via = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  const one = { path: '/readyz', fresh: true, timeoutMs } as const;
  const doors: readonly ApiRequest[] = [one, { ...one, via }];
  let over = false;
  const ended = work().finally(() => (over = true));
  const knocking = doors.map(async (door) => {
    while (!over) {
      await knock(site, door);
      await site.world.clock.rest(everyMs);
    }
  });
  const [done] = await Promise.all([ended, ...knocking]);
  return done;
}

async function knock({ cluster }: Site, door: ApiRequest): Promise<void> {
  try {
    await cluster.request(door);
  } catch (error) {
    if (!(error instanceof Failure)) throw error; // that there is no answer is what the node is to find out
  }
}
