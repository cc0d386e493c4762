// What the hops of one request say: where it was seen last, and so which hop lost it.
import type { Found } from '../sink/search.ts';
import { isAuditing, lost, postsTo } from '../metrics.ts';
import type { AuditMetrics } from '../metrics.ts';
import type { ApiServer } from '../facts.ts';

/** `unknown`: this hop could not be looked at, which never counts as passed. */
export interface Hop {
  readonly hop: 'api-server' | 'audit' | 'delivery' | 'receiver' | 'search';
  readonly result: 'passed' | 'lost' | 'unknown';
  readonly evidence: string;
  /** From sending the request, milliseconds, where that is known. */
  readonly afterMs?: number;
}

export interface ProbeResult {
  readonly request: string;
  readonly apiServer: string;
  readonly auditId: string;
  readonly delivered: boolean;
  readonly hops: readonly Hop[];
  readonly stages: readonly string[];
  /** Documents beyond one per stage: each was billed again. */
  readonly duplicates: number;
}

interface Journey {
  readonly sent: { readonly title: string; readonly via: string | undefined; readonly auditId: string };
  readonly events: readonly Found[];
  readonly foundAfterMs: number | undefined;
  /** Whether anybody asked the search. */
  readonly searched: boolean;
  readonly before: readonly Hop[];
}

/** A journey as it is shown: an event that was found has passed every hop, whatever they could tell themselves. */
export function summarise({ sent, events, foundAfterMs, searched, before }: Journey): ProbeResult {
  const stages = [...new Set(events.map(({ stage }) => stage))].sort();
  const delivered = foundAfterMs !== undefined;
  const search: Hop = delivered
    ? { hop: 'search', result: 'passed', evidence: `found ${stages.join(', ')}`, afterMs: foundAfterMs }
    : {
        hop: 'search',
        result: searched && before.every(({ result }) => result === 'passed') ? 'lost' : 'unknown',
        evidence: searched ? 'not found' : 'nobody looked',
      };
  return {
    request: sent.title,
    apiServer: sent.via ?? 'api',
    auditId: sent.auditId,
    delivered,
    hops: [...(delivered ? before.map(passed) : before), search],
    stages,
    duplicates: events.length - stages.length,
  };
}

const passed = (hop: Hop): Hop =>
  hop.result === 'passed'
    ? hop
    : { ...hop, result: 'passed', evidence: `passed: the event was found (${hop.evidence})` };

/**
 * What the API server's own counters say of the time between two readings: whether anything was audited, and whether
 * the receiver took it.
 * @param host of the receiver as rest_client_requests_total names it
 */
export function hopsOf(metrics: ApiServer['metrics'] | undefined, host: string): readonly Hop[] {
  if (metrics === undefined || 'unseen' in metrics) {
    const why = metrics?.why ?? 'its counters were not read';
    return [
      { hop: 'audit', result: 'unknown', evidence: why },
      { hop: 'delivery', result: 'unknown', evidence: why },
    ];
  }
  const { before, after } = metrics.seen;
  return [auditHop(before, after), deliveryHop(before, after, host)];
}

function auditHop(before: AuditMetrics, after: AuditMetrics): Hop {
  if (!isAuditing(after))
    return { hop: 'audit', result: 'lost', evidence: 'this API server is not auditing' };
  const grown = (after.events ?? 0) - (before.events ?? 0);
  return grown > 0
    ? { hop: 'audit', result: 'passed', evidence: `${grown} events counted meanwhile` }
    : { hop: 'audit', result: 'lost', evidence: 'no event was counted: the policy drops this request' };
}

function deliveryHop(before: AuditMetrics, after: AuditMetrics, host: string): Hop {
  const [then, now] = [postsTo(before, host), postsTo(after, host)];
  const accepted = now.accepted - then.accepted;
  const refused = now.refused - then.refused;
  const given = lost(after) - lost(before);
  const evidence = `${accepted} batches accepted by ${host}, ${refused} refused, ${given} events given up`;
  return {
    hop: 'delivery',
    result: accepted > 0 ? 'passed' : refused > 0 || given > 0 ? 'lost' : 'unknown',
    evidence,
  };
}
