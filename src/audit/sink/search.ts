// What is asked of the search and what its answers mean. The search is a subset of OpenSearch's; hits hold the audit
// event as the receiver stored it: no trustworthy @timestamp, dots in keys turned to underscores.

/** One stage of one request as the search returned it. */
export interface Found {
  readonly auditID: string;
  readonly stage: string;
  readonly stageTimestamp: string;
}

/** Asks for every document of one request; `match_phrase` works whatever the mapping of the field. */
export function queryByAuditId(auditId: string): object {
  return { size: 50, query: { bool: { must: [{ match_phrase: { auditID: auditId } }] } } };
}

/**
 * Asks for audit events since a time, newest first, by the event's own clock.
 * @param since ISO 8601
 */
export function queryRecent(since: string): object {
  return {
    size: 50,
    track_total_hits: true,
    sort: [{ stageTimestamp: { order: 'desc', unmapped_type: 'date' } }],
    query: {
      bool: {
        must: [{ exists: { field: 'auditID' } }],
        filter: [{ range: { stageTimestamp: { gte: since } } }],
      },
    },
  };
}

interface Hit {
  _source?: { auditID?: unknown; stage?: unknown; stageTimestamp?: unknown };
}

/**
 * The events of a search answer.
 * @returns undefined when the text is no search answer
 */
export function readHits(text: string): { total: number; events: readonly Found[] } | undefined {
  let body: { hits?: { total?: unknown; hits?: unknown } } | null;
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    return undefined; // cut off or HTML: the caller says so
  }
  const hits = body?.hits;
  if (typeof hits !== 'object' || hits === null || !Array.isArray(hits.hits)) return undefined;
  const events = (hits.hits as (Hit | null)[]).flatMap((hit) => {
    const { auditID, stage, stageTimestamp } = hit?._source ?? {};
    return typeof auditID === 'string' && typeof stage === 'string'
      ? [{ auditID, stage, stageTimestamp: String(stageTimestamp ?? '') }]
      : [];
  });
  return { total: totalOf(hits.total) ?? events.length, events };
}

// a number in old engines, {value, relation} in newer ones
function totalOf(total: unknown): number | undefined {
  if (typeof total === 'number') return total;
  const value = (total as { value?: unknown } | null | undefined)?.value;
  return typeof value === 'number' ? value : undefined;
}
