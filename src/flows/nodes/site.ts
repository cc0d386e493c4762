// Where a run works on nodes: the cluster, made patient, and what belongs to this run. Requests that are cut off while
// an API server is exchanged are sent again; they are made so that a second one does no harm.
import type { Answer, ApiRequest, Clock, Cluster, World } from '../../io/world.ts';
import { Failure } from '../../errors.ts';

export interface Site {
  readonly world: World;
  readonly cluster: Cluster;
  /** The world's clock, or one that does not mind Ctrl-C. */
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  /** This run's id. */
  readonly run: string;
  /** Fills the token's slot; undefined where no file of this run has one. */
  readonly token: string | undefined;
  readonly helperImage: string | undefined;
  /** Told what is done. */
  readonly tell: (title: string) => void;
}

/** How long a cluster may be away before a request fails: longer than the worst exchange of an API server. */
const patienceMs = 180_000;
const pauseMs = 500;

/** The site whose requests and waits go on after Ctrl-C: what was begun must be ended. */
export function calm(site: Site): Site {
  const { cluster, world } = site;
  return {
    ...site,
    cluster: { ...cluster, request: (request) => cluster.request({ ...request, uncancelled: true }) },
    clock: { now: () => world.clock.now(), sleep: (ms) => world.clock.rest(ms) },
  };
}

/**
 * A cluster whose requests outlast the exchange of an API server. A request through one node's port, or over a
 * connection of its own, is not sent again: whoever asks so wants to know whether there is an answer.
 */
export function patient(cluster: Cluster, clock: World['clock']): Cluster {
  const request = async (one: ApiRequest): Promise<Answer> => {
    const until = clock.now().getTime() + patienceMs;
    const pause = one.uncancelled === true ? clock.rest : clock.sleep;
    for (;;) {
      const once = one.through !== undefined || one.fresh === true;
      const late = once || clock.now().getTime() + pauseMs > until;
      try {
        const answer = await cluster.request(one);
        if (late || !isAway(answer)) return answer;
      } catch (error) {
        if (late || !wasCutOff(error)) throw error;
      }
      await pause(pauseMs);
    }
  };
  return { ...cluster, request };
}

// a load balancer without a server behind it, or an API server that is going down
const isAway = ({ status }: Answer): boolean => status === 502 || status === 503 || status === 504;

function wasCutOff(error: unknown): boolean {
  return (
    error instanceof Failure && (error.code === 'cluster-unreachable' || error.code === 'cluster-answer')
  );
}

/** Asks again until there is an answer, or the time is over. @returns undefined when it is */
export async function until<T>(
  { clock }: Pick<Site, 'clock'>,
  { timeoutMs, everyMs = 500 }: { readonly timeoutMs: number; readonly everyMs?: number },
  ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const end = clock.now().getTime() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (clock.now().getTime() + everyMs > end) return undefined;
    await clock.sleep(everyMs);
  }
}
