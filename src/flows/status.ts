// status: gathers, asks every check, says one word. Healthy means that events were found arriving; whatever could not
// be looked at is told and never passes.
import { ask } from '../audit/check/state.ts';
import { obstacles } from '../audit/check/check.ts';
import type { Finding } from '../audit/check/check.ts';
import { backendsOf } from '../audit/check/configured.ts';
import { eventsArrive } from '../audit/check/delivery.ts';
import type { ApiServer, Facts } from '../audit/facts.ts';
import type { Sink } from '../audit/sink/sematext.ts';
import { recognise } from '../audit/target/recognise.ts';
import { codes } from '../errors.ts';
import type { Code } from '../errors.ts';
import type { SinkAccess } from '../io/sematext.ts';
import type { World } from '../io/world.ts';
import { gather } from './gather.ts';
import type { StatusResult } from '../audit/results.ts';

export interface StatusRequest {
  readonly access: SinkAccess;
  /** Checks that the user does not want asked, by id. */
  readonly skip: readonly string[];
  /** How far back delivered events count, seconds. */
  readonly window: number;
  /** Least time between the two readings of each API server's counters, milliseconds. */
  readonly interval: number;
}

export type { StatusResult };

/** @throws Failure when the cluster cannot be reached or lets us do nothing */
export async function status(world: World, request: StatusRequest): Promise<StatusResult> {
  const { access, window, interval, skip } = request;
  return judged(await gather(world, { access, window, interval }), access.sink, skip);
}

/** What these facts say; `skip` as in the request. */
export function judged(facts: Facts, sink: Sink, skip: readonly string[]): StatusResult {
  const { state, findings } = ask({ facts, sink }, skip);
  return {
    at: facts.at,
    state,
    healthy: isHealthy(state, skip) && obstacles(findings).length === 0,
    server: facts.version.gitVersion,
    controlPlane: recognise(facts),
    apiServers: facts.apiServers.map((server) => shown(facts, server)),
    checks: findings,
  };
}

// Whether events arrive may be left out, but only by whoever says so: an unknown of its own never passes.
function isHealthy(state: StatusResult['state'], skip: readonly string[]): boolean {
  const leftOut = state === 'running-delivery-unknown' && skip.includes(eventsArrive.id);
  return state === 'delivering' || leftOut;
}

function shown(facts: Facts, server: ApiServer): StatusResult['apiServers'][number] {
  const backends = backendsOf(facts, server);
  return { name: server.name, flagsFrom: server.flagsFrom, ...(backends !== undefined && { backends }) };
}

/** What a status exits as: undefined when healthy; the class of what stands in the way, the sink's first. */
export function codeOf({ healthy, checks }: StatusResult): Code | undefined {
  if (healthy) return undefined;
  const of = (kind: Finding['result']): readonly Code[] =>
    obstacles(checks).flatMap(({ result, code }) => (result === kind ? [code] : []));
  const told = [...of('bad'), ...of('unknown')];
  return told.find((code) => code === 'receiver-unreachable') ?? told[0] ?? 'unhealthy';
}

/**
 * Asks again until it is healthy, or the time is over.
 * @param timeoutMs for all of it
 * @param seen told every result on the way
 */
export async function awaitHealthy(
  world: World,
  request: StatusRequest,
  timeoutMs: number,
  seen: (result: StatusResult) => void,
): Promise<StatusResult> {
  const until = world.clock.now().getTime() + timeoutMs;
  for (;;) {
    const result = await status(world, request);
    if (result.healthy || !canHeal(result) || world.clock.now().getTime() + retryMs > until) return result;
    seen(result);
    await world.clock.sleep(retryMs);
  }
}

/** Asks again for as long as the run lasts. */
export async function watchStatus(
  world: World,
  request: StatusRequest,
  everyMs: number,
  seen: (result: StatusResult) => Promise<void>,
): Promise<never> {
  for (;;) {
    await seen(await status(world, request));
    await world.clock.sleep(everyMs);
  }
}

const retryMs = 5_000;

// Nothing is on its way where nothing is configured, and no waiting brings a missing permission or key. A sink that
// does not answer may answer later.
function canHeal({ state, checks }: StatusResult): boolean {
  const blind = obstacles(checks).filter(({ result }) => result === 'unknown');
  return state !== 'off' && blind.every(({ code }) => codes[code] === codes['search-unreachable']);
}
