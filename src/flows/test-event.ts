// test-event: makes one harmless event and watches it arrive, hop by hop. Without an API key it can only say what was
// accepted; that is `not-verified`, never `delivered`.
import { ownSink } from '../audit/backend/dynamic.ts';
import { probes, syntheticEvents } from '../audit/event/probe.ts';
import type { Probe } from '../audit/event/probe.ts';
import { hopsOf, summarise } from '../audit/event/proof.ts';
import type { Hop, ProbeResult } from '../audit/event/proof.ts';
import { seen } from '../audit/facts.ts';
import type { ApiServer, Look } from '../audit/facts.ts';
import { isAuditing } from '../audit/metrics.ts';
import type { AuditMetrics } from '../audit/metrics.ts';
import { hostOf } from '../audit/sink/sematext.ts';
import { Failure } from '../errors.ts';
import type { Code } from '../errors.ts';
import { look } from '../io/api.ts';
import { lookAtReceiver, post } from '../io/sematext.ts';
import type { SinkAccess } from '../io/sematext.ts';
import type { Cluster, World } from '../io/world.ts';
import { readEndpoints, sinksLook } from './gather.ts';
import { compareReadings, lookAtMetrics } from './gather-api-servers.ts';
import { awaitEvents, send } from './prove.ts';
import type { Awaited, Sent } from './prove.ts';
import type { TestEventResult } from '../audit/results.ts';

export interface TestEventRequest {
  readonly access: SinkAccess;
  /** `through` one API server, `each` API server in turn, or `direct` to the receiver with no API server at all. */
  readonly way: 'through' | 'each' | 'direct';
  readonly timeoutMs: number;
  /** Name and version, for the synthetic event's user agent. */
  readonly tool: string;
}

/** What each verdict exits as; delivered is 0. */
export const verdictCodes: Record<TestEventResult['verdict'], Code | undefined> = {
  delivered: undefined,
  'not-delivered': 'not-delivered',
  'not-verified': 'not-verified',
};

/** @throws Failure when the cluster, the receiver or the search cannot be reached or refuses us */
export async function testEvent(world: World, request: TestEventRequest): Promise<TestEventResult> {
  if (request.way === 'direct') return direct(world, request);
  const cluster = await world.cluster();
  const auditSinks = await sinksLook(world, cluster, request.access.token);
  const receiver =
    ownSink(seen(auditSinks) ?? [])?.spec.webhook.clientConfig.url ?? request.access.sink.receiver;
  const vias = request.way === 'each' ? await endpoints(cluster) : [undefined];
  return through(world, request, { cluster, vias, probes: probes({ auditSinks }), host: hostOf(receiver) });
}

async function endpoints(cluster: Cluster): Promise<readonly string[]> {
  const found = await look(cluster, '/api/v1/namespaces/default/endpoints/kubernetes', readEndpoints);
  if ('seen' in found && found.seen.length > 0) return found.seen;
  throw new Failure(
    'cluster-answer',
    `The API servers' addresses are not to be seen: ${'unseen' in found ? found.why : 'default/kubernetes has none'}.`,
    ['allow get on endpoints in the namespace default', 'leave out --each-api-server'],
  );
}

interface Way {
  readonly cluster: Cluster;
  readonly vias: readonly (string | undefined)[];
  readonly probes: readonly Probe[];
  readonly host: string;
}

async function through(world: World, request: TestEventRequest, way: Way): Promise<TestEventResult> {
  const { access, timeoutMs } = request;
  const before = await readingsOf(way);
  const sent: Sent[] = [];
  for (const via of way.vias)
    for (const probe of way.probes)
      sent.push(await send(world, way.cluster, probe, via === undefined ? {} : { via }));
  const { awaited, notes } = await verify(world, access, sent, {
    timeoutMs,
    hopeless: nobodyAudits(await laterReadingsOf(way)),
    acceptedByNow: async () => allTaken(compare(before, await laterReadingsOf(way)), way.host),
  });
  const metrics = compare(before, await laterReadingsOf(way));
  const receiver = await receiverHop(world, access);
  const results = awaited.map((one) =>
    summarise({
      ...one,
      before: [apiServerHop(one.sent), ...hopsOf(metrics.get(one.sent.via), way.host), receiver],
    }),
  );
  return judged(keepTelling(results), access, notes);
}

/** Counters by the address they were asked at. */
type Readings = ReadonlyMap<string | undefined, Look<AuditMetrics>>;

async function readingsOf({ cluster, vias }: Way): Promise<Readings> {
  return new Map(
    await Promise.all(
      vias.map(async (via) => [via, await lookAtMetrics(cluster, via === undefined ? {} : { via })] as const),
    ),
  );
}

/** Once the requests are sent, an API server that went away is no reason to tell nothing: the search may have them. */
async function laterReadingsOf(way: Way): Promise<Readings> {
  try {
    return await readingsOf(way);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'cluster-unreachable') throw error;
    return new Map(way.vias.map((via) => [via, { unseen: 'failed', why: error.message }]));
  }
}

function compare(before: Readings, after: Readings): ReadonlyMap<string | undefined, ApiServer['metrics']> {
  const none: Look<AuditMetrics> = { unseen: 'not-asked', why: 'its counters were not read' };
  return new Map(
    [...after].map(([via, reading]) => [via, compareReadings(before.get(via) ?? none, reading, 0)]),
  );
}

/** Whether waiting is vain: every API server was seen to have no auditing at all. */
function nobodyAudits(readings: Readings): boolean {
  return [...readings.values()].every((reading) => 'seen' in reading && !isAuditing(reading.seen));
}

/** Without a key: whether every API server's own counters show by now that the receiver took, or lost, a batch. */
function allTaken(metrics: ReadonlyMap<string | undefined, ApiServer['metrics']>, host: string): boolean {
  return [...metrics.values()].every((one) =>
    hopsOf(one, host).every(({ hop, result }) => hop !== 'delivery' || result !== 'unknown'),
  );
}

interface Verified {
  readonly awaited: readonly Awaited[];
  readonly notes: readonly string[];
}

interface Patience {
  readonly timeoutMs: number;
  readonly hopeless: boolean;
  /** Asked where nothing can be read back: whether there is nothing more to be learned. */
  readonly acceptedByNow: () => Promise<boolean>;
}

async function verify(
  world: World,
  access: SinkAccess,
  sent: readonly Sent[],
  patience: Patience,
): Promise<Verified> {
  const why = unverifiable(access);
  if (why === undefined && !patience.hopeless) {
    const { awaited, trouble } = await awaitEvents(world, access, sent, patience.timeoutMs);
    if (trouble !== undefined) throw trouble;
    return { awaited, notes: [] };
  }
  const awaited = sent.map((one) => ({ sent: one, events: [], foundAfterMs: undefined, searched: false }));
  if (patience.hopeless) return { awaited, notes: ['No API server is auditing: nothing was waited for.'] };
  const until = world.clock.now().getTime() + patience.timeoutMs;
  while (!(await patience.acceptedByNow()) && world.clock.now().getTime() + pollMs <= until)
    await world.clock.sleep(pollMs);
  return { awaited, notes: [why ?? ''] };
}

const pollMs = 2_000;

/** Why nothing can be read back; undefined when it can. */
export function unverifiable({ sink, token, apiKey }: SinkAccess): string | undefined {
  if (sink.search === undefined) return 'Not verified: no search is known for this receiver (--search-url).';
  if (token === undefined) return 'Not verified: no Logs token was given (--logs-token-file or LOGS_TOKEN).';
  if (apiKey === undefined) return 'Not verified: no API key was given (SEMATEXT_API_KEY or --api-key-file).';
  return undefined;
}

function apiServerHop({ status, ms }: Sent): Hop {
  const result = status < 500 ? 'passed' : 'lost';
  return { hop: 'api-server', result, evidence: `answered HTTP ${status}`, afterMs: ms };
}

async function receiverHop(world: World, { sink, token }: SinkAccess): Promise<Hop> {
  if (token === undefined) return { hop: 'receiver', result: 'unknown', evidence: 'no Logs token was given' };
  const answer = await lookAtReceiver(world, sink, token);
  if ('unseen' in answer) return { hop: 'receiver', result: 'unknown', evidence: `from here: ${answer.why}` };
  const { status, ms, redirect } = answer.seen;
  const fine = status >= 200 && status <= 206;
  const evidence =
    redirect === undefined ? `HTTP ${status} in ${ms} ms, asked from here` : `it redirects to ${redirect}`;
  return { hop: 'receiver', result: fine ? 'passed' : 'lost', evidence };
}

// Where several requests were tried because the policy is unknown, those that it dropped say nothing once one came.
function keepTelling(results: readonly ProbeResult[]): readonly ProbeResult[] {
  return results.filter(
    (one) => one.delivered || !results.some((other) => other.delivered && other.apiServer === one.apiServer),
  );
}

function judged(
  results: readonly ProbeResult[],
  access: SinkAccess,
  notes: readonly string[],
): TestEventResult {
  const duplicates = results.reduce((sum, one) => sum + one.duplicates, 0);
  const more =
    duplicates > 0
      ? [`${duplicates} duplicates were found: every event is stored, and billed, more than once.`]
      : [];
  const verdict =
    unverifiable(access) !== undefined
      ? 'not-verified'
      : results.every(({ delivered }) => delivered)
        ? 'delivered'
        : 'not-delivered';
  return {
    verdict,
    probes: results,
    notes: [...notes, ...more],
  };
}

async function direct(world: World, { access, timeoutMs, tool }: TestEventRequest): Promise<TestEventResult> {
  const { sink, token } = access;
  if (token === undefined)
    throw new Failure('token-missing', 'A direct test needs the Logs token.', [
      '--logs-token-file PATH, or LOGS_TOKEN',
    ]);
  const auditId = world.uuid();
  const at = world.clock.now();
  const answer = await post(world, sink, token, syntheticEvents(auditId, at.toISOString(), tool));
  const title = `synthetic event to ${hostOf(sink.receiver)}`;
  const sent: Sent = {
    title,
    via: undefined,
    auditId,
    status: answer.status,
    ms: answer.ms,
    at: at.getTime(),
    marked: true,
  };
  const { awaited, notes } = await verify(world, access, [sent], {
    timeoutMs,
    hopeless: false,
    acceptedByNow: async () => true,
  });
  const receiver: Hop = {
    hop: 'receiver',
    result: 'passed',
    evidence: `accepted with HTTP ${answer.status}`,
    afterMs: answer.ms,
  };
  const results = awaited.map((one) => ({ ...summarise({ ...one, before: [receiver] }), apiServer: 'none' }));
  return judged(results, access, notes);
}
