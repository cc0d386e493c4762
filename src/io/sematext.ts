// Talks to the sink: the receiver's side-effect-free probe, a synthetic post, and the search. The token goes into
// URLs here and nowhere else; no message made here holds one.
import type { Delivery, Look, ReceiverAnswer } from '../audit/facts.ts';
import { hostOf } from '../audit/sink/sematext.ts';
import type { Sink } from '../audit/sink/sematext.ts';
import { queryByAuditId, queryRecent, readHits } from '../audit/sink/search.ts';
import type { Found } from '../audit/sink/search.ts';
import { Failure } from '../errors.ts';
import { HttpError } from './http.ts';
import type { Answer, World } from './world.ts';

/** A sink and what opens it; each secret is missing when the user gave none. */
export interface SinkAccess {
  readonly sink: Sink;
  readonly token?: string;
  readonly apiKey?: string;
}

/** The receiver's answer to a GET of the token's URL, which stores nothing (Logagent input-kubernetes-audit). */
export async function lookAtReceiver(world: World, sink: Sink, token: string): Promise<Look<ReceiverAnswer>> {
  const { receiver } = sink;
  // no trailing slash: the API server posts without one, and a redirect that adds it is what must be noticed
  return orUnseen(async () => {
    const { status, ms, headers } = await world.http({ method: 'GET', url: `${receiver}/${token}` });
    const location = status >= 300 && status < 400 ? headers['location'] : undefined;
    return { seen: { status, ms, ...(location !== undefined && { redirect: hostOf(location) }) } };
  });
}

/** Sends events as an API server would. @throws Failure receiver-unreachable | token-refused */
export async function post(world: World, sink: Sink, token: string, events: object): Promise<Answer> {
  const host = hostOf(sink.receiver);
  const headers = { 'content-type': 'application/json' };
  const answer = await reach('receiver-unreachable', () =>
    world.http({ method: 'POST', url: `${sink.receiver}/${token}`, headers, body: JSON.stringify(events) }),
  );
  if (answer.status >= 200 && answer.status <= 206) return answer;
  if (answer.status === 403)
    throw new Failure('token-refused', `${host} refused the Logs token with HTTP 403.`, [
      'see that the token and the region belong together, and that the token is active in the Logs App settings',
    ]);
  throw new Failure('receiver-unreachable', `${host} answered HTTP ${answer.status}.`, ['try again later']);
}

/** Audit events of the last `window` seconds, by their own clock. */
export async function lookForRecent(
  world: World,
  access: SinkAccess,
  window: number,
): Promise<Look<Delivery>> {
  const since = new Date(world.clock.now().getTime() - window * 1000).toISOString();
  return orUnseen(async () => {
    const { total, events } = await searchFor(world, access, queryRecent(since));
    const newest = events
      .map(({ stageTimestamp }) => stageTimestamp)
      .sort()
      .at(-1);
    return { seen: { events: total, window, ...(newest !== undefined && { newest }) } };
  });
}

/** Every document of one request. @throws Failure search-unreachable | search-refused */
export async function findEvents(
  world: World,
  access: SinkAccess,
  auditId: string,
  timeoutMs: number,
): Promise<readonly Found[]> {
  const { events } = await searchFor(world, access, queryByAuditId(auditId), timeoutMs);
  return events.filter(({ auditID }) => auditID === auditId); // the search's analysis is looser than ours
}

async function searchFor(
  world: World,
  access: SinkAccess,
  query: object,
  timeoutMs?: number,
): Promise<{ total: number; events: readonly Found[] }> {
  const answer = await askSearch(world, access, query, timeoutMs);
  if (answer.status === 404) return { total: 0, events: [] }; // an index that never got a document
  const hits = answer.status === 200 ? readHits(answer.text) : undefined;
  if (hits === undefined) throw new Unavailable(hostOf(access.sink.search ?? ''), answer);
  return hits;
}

/**
 * One request to the search, whatever its answer is, as long as the key is not refused.
 * @param timeoutMs for the whole exchange; as of any request when not given
 * @throws Failure search-unreachable | search-refused
 */
export async function askSearch(
  world: World,
  { sink, token, apiKey }: SinkAccess,
  query: object,
  timeoutMs?: number,
): Promise<Answer> {
  const answer = await reach('search-unreachable', () =>
    world.http({
      method: 'POST',
      url: `${sink.search}/${token}/_search`,
      headers: { 'content-type': 'application/json', authorization: `apiKey ${apiKey}` },
      body: JSON.stringify(query),
      ...(timeoutMs !== undefined && { timeoutMs }),
    }),
  );
  if (answer.status === 401 || answer.status === 403)
    throw new Failure(
      'search-refused',
      `${hostOf(sink.search ?? '')} refused the API key with HTTP ${answer.status}.`,
      ['see SEMATEXT_API_KEY or --api-key-file; the key is in the account settings, API'],
    );
  return answer;
}

/** The search is there and cannot answer now: busy, broken, or something else in its place. */
export class Unavailable extends Failure {
  /** What the search asked us to wait, milliseconds; undefined when it did not say. */
  readonly retryAfterMs: number | undefined;
  constructor(host: string, { status, headers }: Answer) {
    const said = status === 200 ? 'answered something that is no search result' : `answered HTTP ${status}`;
    super('search-unreachable', `${host} ${said}.`, ['try again later']);
    this.retryAfterMs = retryAfterMs(headers);
  }
}

// seconds, or a moment of the other side's clock
function retryAfterMs({ 'retry-after': wait = '', date = '' }: Answer['headers']): number | undefined {
  const ms = /^\d+$/.test(wait) ? Number(wait) * 1000 : Date.parse(wait) - Date.parse(date);
  return ms > 0 ? ms : undefined;
}

async function reach(
  code: 'receiver-unreachable' | 'search-unreachable',
  ask: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    throw new Failure(
      code,
      `${error.message}.`,
      ['see that this machine can reach it: DNS, proxy, firewall'],
      error,
    );
  }
}

// A sink that cannot be reached is a fact for a check to judge; an interruption is not.
async function orUnseen<T>(ask: () => Promise<Look<T>>): Promise<Look<T>> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof HttpError || (error instanceof Failure && error.exitCode === 5))
      return { unseen: 'failed', why: error.message };
    throw error;
  }
}
