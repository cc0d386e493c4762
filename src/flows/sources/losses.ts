// Events that API servers could not keep or send, by their own counters, as a source of notes: who follows events must
// hear of those that will never come.
import type { AuditMetrics } from '../../audit/metrics.ts';
import { Failure } from '../../errors.ts';
import type { Cluster, World } from '../../io/world.ts';
import { lookAtMetrics } from '../gather-api-servers.ts';
import type { Batch, Source } from './source.ts';

/** /metrics is megabytes on a large cluster. */
const everyMs = 60_000;

/** What is known of one API server: the same start is the same process. */
type Known = Map<number, { readonly errors: AuditMetrics['errors']; readonly at: Date }>;

/**
 * Asks one API server after the other, as the kubeconfig's address leads to them; never fails, but says why it cannot
 * look.
 * @param follow again every minute, else once
 */
export function lossSource(world: World, follow: boolean): Source {
  return { name: 'the counters of the API servers', batches: () => readings(world, follow) };
}

async function* readings(world: World, follow: boolean): AsyncGenerator<Batch> {
  const known: Known = new Map();
  let blind = false;
  do {
    const found = await oneReading(world);
    if (typeof found !== 'string') yield { events: [], notes: compared(known, found, world) };
    else if (!blind) yield { events: [], notes: [`Whether events get lost cannot be seen: ${found}`] };
    blind = typeof found === 'string';
    if (follow) await world.clock.sleep(everyMs);
  } while (follow);
}

/** The counters, or why they are not to be had. */
async function oneReading(world: World): Promise<AuditMetrics | string> {
  try {
    const cluster: Cluster = await world.cluster();
    // over a connection of its own, so that a load balancer may choose another API server each time
    const found = await lookAtMetrics(cluster, { fresh: true });
    return 'seen' in found ? found.seen : `${found.why}.`;
  } catch (error) {
    if (!(error instanceof Failure) || error.code === 'interrupted') throw error;
    return error.message;
  }
}

function compared(known: Known, { processStart, errors }: AuditMetrics, world: World): readonly string[] {
  const start = processStart ?? 0;
  const before = known.get(start);
  known.set(start, { errors, at: world.clock.now() });
  const since = before?.at ?? new Date(start * 1000);
  return Object.entries(errors).flatMap(([plugin, count]) => {
    const more = count - (before?.errors[plugin] ?? 0);
    if (more <= 0) return [];
    const who = before === undefined ? 'since it began at' : 'since';
    return `${more} ${more === 1 ? 'event was' : 'events were'} lost by an API server ${who} ${since.toISOString()} (${plugin}).`;
  });
}
