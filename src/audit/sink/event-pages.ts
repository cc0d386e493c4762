// The requests by which events are read out of the search page by page, in the order of their own stageTimestamp, and
// what its answers mean. `@timestamp` is never used: the receiver leaves it null. Times are cut to milliseconds, which
// is all that a field of type date keeps.
import { anyOf } from './event-query.ts';
import type { Clause } from './event-query.ts';

/** What this search can do; found out by what it refuses. */
export interface Ability {
  /** stageTimestamp is a date, or kept whole; else an analysed text with an exact copy. */
  readonly times: boolean;
  /** It counts and leaves out documents (filters aggregation, post_filter, ids). */
  readonly counts: boolean;
  /** It understands all filters. */
  readonly filters: boolean;
}

/** From the first millisecond on, to before the other; epoch. */
export interface Span {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

// without its Z a time compares well as a text too, with times that have more digits
const text = (ms: number): string => new Date(ms).toISOString().slice(0, -1);

const copies = ['stageTimestamp.raw', 'stageTimestamp.keyword'];
const timesOf = ({ times }: Ability): readonly string[] => (times ? ['stageTimestamp'] : copies);

function within(ability: Ability, { from, to }: Span): Clause {
  const bounds = {
    ...(from !== undefined && { gte: text(from) }),
    ...(to !== undefined && { lt: text(to) }),
  };
  return anyOf(timesOf(ability).map((field) => ({ range: { [field]: bounds } })));
}

type SortValue = string | number | null;

/** What is asked at once. */
export interface Asked {
  readonly span: Span;
  readonly size: number;
  /** Goes on after these sort values. */
  readonly after?: readonly SortValue[];
  /** Shows only hits from here on; what is counted is not touched by it. */
  readonly shownFrom?: number | undefined;
  /** Counts the documents of these. */
  readonly counted?: readonly Span[];
  /** Ids of documents that are known. */
  readonly without?: readonly string[];
}

/**
 * The body of one request to `_search`.
 * @param query what documents must be, but for their time
 */
export function bodyOf(ability: Ability, query: Clause, asked: Asked): object {
  const { span, size, after } = asked;
  // without its counting, documents that are not to be shown are not to be found either
  const { shownFrom, counted = [], without = [] } = ability.counts ? asked : {};
  const found = ability.counts ? span : { ...span, from: asked.shownFrom ?? span.from };
  // the auditID makes the order the same each time where times are; a field that is not there sorts nothing
  const ties = ['auditID.raw', 'auditID.keyword'].map((field) => [field, 'keyword'] as const);
  const times = timesOf(ability).map((field) => [field, ability.times ? 'date' : 'keyword'] as const);
  const filters = counted.map((one) => within(ability, one));
  return {
    size,
    track_total_hits: false,
    sort: [...times, ...ties].map(([field, type]) => ({ [field]: { order: 'asc', unmapped_type: type } })),
    query: {
      bool: {
        filter: [query, within(ability, found)],
        ...(without.length > 0 && { must_not: [{ ids: { values: without } }] }),
      },
    },
    ...(after !== undefined && { search_after: after }),
    ...(shownFrom !== undefined && { post_filter: within(ability, { from: shownFrom }) }),
    ...(filters.length > 0 && { aggs: { spans: { filters: { filters } } } }),
  };
}

/** One document of a page. */
export interface Hit {
  readonly id: string;
  readonly sort: readonly SortValue[];
  /** Time of the stage, epoch ms; NaN where there is none. */
  readonly at: number;
  readonly source: Readonly<Record<string, unknown>>;
}

export interface Page {
  readonly hits: readonly Hit[];
  /** How many documents are in each of the counted spans; empty where there is no index, undefined when not told. */
  readonly counts: readonly number[] | undefined;
}

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

function hitOf(value: unknown): Hit | undefined {
  const { _id: id, sort, _source } = fields(value);
  if (typeof id !== 'string' || !Array.isArray(sort)) return undefined;
  const source = fields(_source);
  const at = Date.parse(String(source['stageTimestamp']));
  const [first] = sort as SortValue[]; // what a search sorts by is nothing else
  return { id, sort, at: Number.isNaN(at) && typeof first === 'number' ? first : at, source };
}

/**
 * A page of events.
 * @returns undefined when the text is no whole answer: another thing, cut off, or of only some of the shards
 */
export function readPage(text: string): Page | undefined {
  let body: Fields;
  try {
    body = fields(JSON.parse(text));
  } catch {
    return undefined;
  }
  const { hits } = fields(body['hits']);
  const failed = Number(fields(body['_shards'])['failed'] ?? 0);
  if (!Array.isArray(hits) || body['timed_out'] === true || failed > 0) return undefined;
  const all = hits.map(hitOf);
  if (all.includes(undefined)) return undefined;
  return { hits: all.flatMap((hit) => hit ?? []), counts: countsIn(body) };
}

function countsIn(body: Fields): readonly number[] | undefined {
  if (fields(body['_shards'])['total'] === 0) return [];
  const { buckets } = fields(fields(body['aggregations'])['spans']);
  if (!Array.isArray(buckets)) return undefined;
  const counts = buckets.map((bucket) => fields(bucket)['doc_count']);
  return counts.every((count) => typeof count === 'number') ? counts : undefined;
}

/** The part of a page that is shown, and where the next page begins. */
export interface Cut {
  readonly hits: readonly Hit[];
  /** Undefined when the page was the last one. */
  readonly next?: {
    /** Where this page began, when undefined. */
    readonly after?: readonly SortValue[];
    readonly size: number;
  };
  /** More documents than any page holds have one time and one auditID: the rest of them is passed over. */
  readonly passed?: true;
}

export const pageSize = 1000;
/** The most that OpenSearch gives at once (index.max_result_window). */
const mostAtOnce = 10_000;

/**
 * A full page may end in the middle of documents that sort alike, of which the next page would show none: so it ends
 * before the last moment, or before the last request where all is one moment, and the next page shows that again.
 * @param size that this page was asked to have, and `usual` the next ones
 */
export function cut({ hits }: Page, size: number, usual: number): Cut {
  const last = hits.at(-1);
  if (last === undefined || hits.length < size) return { hits };
  const moment = hits.findIndex(({ at }) => at === last.at || Number.isNaN(last.at));
  const alike = JSON.stringify(last.sort);
  const request = hits.findIndex(({ sort }) => JSON.stringify(sort) === alike);
  const end = moment > 0 ? moment : request;
  const before = hits[end - 1];
  if (before !== undefined) return { hits: hits.slice(0, end), next: { after: before.sort, size: usual } };
  if (size < mostAtOnce) return { hits: [], next: { size: mostAtOnce } };
  return { hits, next: { after: last.sort, size: usual }, passed: true };
}
