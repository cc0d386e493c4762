// Proof of delivery: a harmless request with an Audit-ID of our choosing goes through an API server, and the search
// is asked until it shows that very event. Nothing less than the event read back counts as delivered.
import type { Probe } from '../audit/event/probe.ts';
import type { Found } from '../audit/sink/search.ts';
import { Failure } from '../errors.ts';
import { Unavailable, findEvents } from '../io/sematext.ts';
import type { SinkAccess } from '../io/sematext.ts';
import type { ApiRequest, Cluster, World } from '../io/world.ts';

/** One request on its way. */
export interface Sent {
  readonly title: string;
  /** The API server that was asked directly; undefined for the kubeconfig's address. */
  readonly via: string | undefined;
  readonly auditId: string;
  readonly status: number;
  readonly ms: number;
  /** When it was sent, epoch milliseconds. */
  readonly at: number;
  /** Whether the answer carried an Audit-ID header; up to 1.21 that means "audited". */
  readonly marked: boolean;
}

/**
 * Sends one probe.
 * @param to one API server of several; whoever answers at the kubeconfig's address when left out
 * @throws Failure when the API server cannot be reached
 */
export async function send(
  world: World,
  cluster: Cluster,
  probe: Probe,
  to: Pick<ApiRequest, 'via' | 'through'> = {},
): Promise<Sent> {
  const auditId = world.uuid();
  const at = world.clock.now().getTime();
  const { title, method, path, body } = probe;
  const answer = await cluster.request({
    method,
    path,
    headers: { 'audit-id': auditId },
    ...(body !== undefined && { body }),
    ...to,
  });
  const marked = answer.headers['audit-id'] !== undefined;
  return { title, via: to.via, auditId, status: answer.status, ms: answer.ms, at, marked };
}

/** First waits between two searches are short, for a person waits; later ones not, for the search is shared. */
const firstPollMs = 500;
const pollMs = 2_000;

export interface Awaited {
  readonly sent: Sent;
  readonly events: readonly Found[];
  /** From sending to the search's first hit, milliseconds; undefined when it never came. */
  readonly foundAfterMs: number | undefined;
  /** Whether the search was asked at all. */
  readonly searched: boolean;
}

/**
 * Asks the search until one request through each API server was found, or the time is over. A search that is busy is
 * asked again, later when it says so; one that refuses us is a failure at once, for it cannot heal.
 * @param timeoutMs for all of it
 */
export async function awaitEvents(
  world: World,
  access: SinkAccess,
  sent: readonly Sent[],
  timeoutMs: number,
): Promise<{ awaited: readonly Awaited[]; trouble?: Failure }> {
  const started = world.clock.now().getTime();
  const left = (): number => Math.max(leastMs, started + timeoutMs - world.clock.now().getTime());
  const found = new Map<string, { events: readonly Found[]; foundAfterMs: number }>();
  let trouble: Failure | undefined;
  let wait = firstPollMs;
  for (;;) {
    wait = Math.min(wait * 2, pollMs);
    try {
      await lookOnce(world, access, sent, { found, left });
      trouble = undefined;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'search-unreachable') throw error;
      trouble = error;
      wait = (error instanceof Unavailable ? error.retryAfterMs : undefined) ?? pollMs * 2;
    }
    const waited = world.clock.now().getTime() - started;
    if (sent.every(({ via }) => sent.some((one) => one.via === via && found.has(one.auditId)))) break;
    if (waited + wait > timeoutMs) return { awaited: listed(sent, found), ...(trouble && { trouble }) };
    await world.clock.sleep(wait);
  }
  await world.clock.sleep(wait); // once more, for duplicates
  await lookOnce(world, access, sent, { found, left }).catch(() => undefined); // duplicates only: what was found stays found
  return { awaited: listed(sent, found) };
}

/** As long as any request of ours. */
const mostMs = 30_000;

/** A search is always given this long, however late it is. */
const leastMs = 1_000;

interface Looking {
  readonly found: Map<string, { events: readonly Found[]; foundAfterMs: number }>;
  /** How long the search may take now, milliseconds. */
  readonly left: () => number;
}

async function lookOnce(
  world: World,
  access: SinkAccess,
  sent: readonly Sent[],
  { found, left }: Looking,
): Promise<void> {
  for (const one of sent) {
    const events = await findEvents(world, access, one.auditId, Math.min(left(), mostMs));
    const before = found.get(one.auditId);
    const foundAfterMs = before?.foundAfterMs ?? world.clock.now().getTime() - one.at;
    if (events.length > (before?.events.length ?? 0)) found.set(one.auditId, { events, foundAfterMs });
  }
}

function listed(sent: readonly Sent[], found: Looking['found']): readonly Awaited[] {
  return sent.map((one) => ({
    sent: one,
    events: found.get(one.auditId)?.events ?? [],
    foundAfterMs: found.get(one.auditId)?.foundAfterMs,
    searched: true,
  }));
}
