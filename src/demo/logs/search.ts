// One _search: finds, counts, sorts, pages, and shapes the hits as OpenSearch does.
import { aggregate } from './aggregations.ts';
import type { Document } from './document.ts';
import { fieldOf, timeOf, type Mapping } from './fields.ts';
import { BadQuery, parse, type Context } from './query.ts';

type Body = Readonly<Record<string, unknown>>;
type SortValue = string | number | null;

interface Order {
  readonly name: string;
  readonly descending: boolean;
  readonly missingFirst: boolean;
  readonly valueOf: (document: Document) => SortValue;
}

interface Found {
  readonly document: Document;
  readonly sort: readonly SortValue[];
}

const window = 10_000;

function orderOf(entry: unknown, context: Context, documents: readonly Document[]): Order {
  const [name = '', given] =
    typeof entry === 'string' ? [entry, 'asc'] : (Object.entries((entry ?? {}) as Body)[0] ?? []);
  const options: Body = typeof given === 'string' ? { order: given } : ((given ?? {}) as Body);
  const descending =
    String(options['order'] ?? (name === '_score' ? 'desc' : 'asc')).toLowerCase() === 'desc';
  const missingFirst = options['missing'] === '_first';
  return {
    name,
    descending,
    missingFirst,
    valueOf: readerOf({ name, descending, options }, context, documents),
  };
}

function readerOf(
  { name, descending, options }: { name: string; descending: boolean; options: Body },
  context: Context,
  documents: readonly Document[],
): Order['valueOf'] {
  if (name === '_id') return ({ id }) => id;
  if (name === '_score') return () => 1;
  if (name === '_doc') return (document) => documents.indexOf(document);
  const field = fieldOf(context, name);
  if (!field && options['unmapped_type'] === undefined)
    throw new BadQuery('query_shard_exception', `No mapping found for [${name}] in order to sort on`);
  if (!field) return () => null;
  if (field.type === 'text')
    throw new BadQuery(
      'illegal_argument_exception',
      'Text fields are not optimised for operations that require per-document field data like aggregations and ' +
        `sorting, so these operations are disabled by default. Please use a keyword field instead. Alternatively, ` +
        `set fielddata=true on [${name}] in order to load field data by uninverting the inverted index. Note that ` +
        'this can use significant memory.',
    );
  const scalar = (value: unknown): string | number =>
    field.type === 'date' ? timeOf(value, 0) : typeof value === 'number' ? value : String(value);
  return ({ source }) => {
    const values = field.in(source).map(scalar).sort(ascending);
    return (descending ? values.at(-1) : values[0]) ?? null;
  };
}

function ascending(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compare(a: readonly SortValue[], b: readonly SortValue[], orders: readonly Order[]): number {
  for (const [i, { descending, missingFirst }] of orders.entries()) {
    const [x = null, y = null] = [a[i], b[i]];
    if (x === null && y === null) continue;
    if (x === null || y === null) return (x === null) === missingFirst ? -1 : 1;
    const way = ascending(x, y) * (descending ? -1 : 1);
    if (way !== 0) return way;
  }
  return 0;
}

function after(found: readonly Found[], given: unknown, orders: readonly Order[]): readonly Found[] {
  if (!Array.isArray(given)) return found;
  if (orders.length === 0)
    throw new BadQuery('illegal_argument_exception', 'Sort must contain at least one field.');
  if (given.length !== orders.length)
    throw new BadQuery(
      'illegal_argument_exception',
      `search_after has ${given.length} value(s) but sort has ${orders.length}.`,
    );
  return found.filter(({ sort }) => compare(sort, given as SortValue[], orders) > 0);
}

function total(count: number, track: unknown): object {
  if (track === false) return {};
  const limit = track === true ? Number.POSITIVE_INFINITY : Number(track ?? window);
  return { total: count > limit ? { value: limit, relation: 'gte' } : { value: count, relation: 'eq' } };
}

function kept(source: unknown, patterns: readonly string[], path = ''): unknown {
  if (typeof source !== 'object' || source === null || Array.isArray(source)) return source;
  const entries = Object.entries(source).flatMap(([name, value]) => {
    const at = path ? `${path}.${name}` : name;
    if (patterns.some((pattern) => covers(pattern, at))) return [[name, value] as const];
    const inner = kept(value, patterns, at);
    const some =
      typeof inner === 'object' && inner !== null && inner !== value && Object.keys(inner).length > 0;
    return some ? [[name, inner] as const] : [];
  });
  return Object.fromEntries(entries);
}

function covers(pattern: string, path: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(path);
}

function sourceOf(document: Document, wanted: unknown): object {
  if (wanted === false) return {};
  if (wanted === undefined || wanted === true) return { _source: document.source };
  const includes =
    Array.isArray(wanted) || typeof wanted === 'string' ? wanted : (wanted as Body)['includes'];
  const patterns = (Array.isArray(includes) ? includes : [includes ?? '*']).map(String);
  return { _source: kept(document.source, patterns) };
}

function limits(body: Body): { size: number; from: number } {
  const size = Number(body['size'] ?? 10);
  const from = Number(body['from'] ?? 0);
  if (from + size > window)
    throw new BadQuery(
      'illegal_argument_exception',
      `Result window is too large, from + size must be less than or equal to: [${window}] but was [${from + size}]. ` +
        'See the scroll api for a more efficient way to request large data sets. This limit can be set by changing ' +
        'the [index.max_result_window] index level setting.',
    );
  return { size, from };
}

const known = [
  ...['query', 'post_filter', 'sort', 'search_after', 'from', 'size'],
  ...['_source', 'track_total_hits', 'aggs', 'aggregations'],
];

function refuseUnknown(body: Body): void {
  const [name, value] = Object.entries(body).find(([key]) => !known.includes(key)) ?? [];
  if (name === undefined) return;
  const token = Array.isArray(value)
    ? 'START_ARRAY'
    : { object: 'START_OBJECT', number: 'VALUE_NUMBER', boolean: 'VALUE_BOOLEAN' }[typeof value as string];
  throw new BadQuery('parsing_exception', `Unknown key for a ${token ?? 'VALUE_STRING'} in [${name}].`);
}

/** Answers a search over the documents of one index. @throws BadQuery */
export function search(index: string, documents: readonly Document[], mapping: Mapping, body: Body): object {
  refuseUnknown(body);
  const started = Date.now();
  const context = { sources: documents.map(({ source }) => source), mapping, now: started };
  const matches = parse(body['query'] ?? { match_all: {} }, context);
  const shown = parse(body['post_filter'] ?? { match_all: {} }, context);
  const sort = body['sort'];
  const orders = (sort === undefined ? [] : Array.isArray(sort) ? sort : [sort]).map((one) =>
    orderOf(one, context, documents),
  );
  const matching = documents.filter(matches);
  const found = matching
    .filter(shown)
    .map((document) => ({ document, sort: orders.map(({ valueOf }) => valueOf(document)) }))
    .sort((a, b) => compare(a.sort, b.sort, orders));
  const hits = page(index, after(found, body['search_after'], orders), body, orders);
  return {
    took: Date.now() - started,
    timed_out: false,
    _shards: { total: 1, successful: 1, skipped: 0, failed: 0 },
    hits: {
      ...total(found.length, body['track_total_hits']),
      max_score: orders.length > 0 || hits.length === 0 ? null : 1,
      hits,
    },
    ...aggregate(body['aggs'] ?? body['aggregations'], matching, context),
  };
}

function page(index: string, found: readonly Found[], body: Body, orders: readonly Order[]): object[] {
  const { size, from } = limits(body);
  return found.slice(from, from + size).map(({ document, sort: values }) => ({
    _index: index,
    _type: 'logs',
    _id: document.id,
    _score: orders.length > 0 ? null : 1,
    ...sourceOf(document, body['_source']),
    ...(orders.length > 0 && { sort: values }),
  }));
}
