// The one aggregation that the tool asks: how many of the found documents each of some queries finds.
import type { Document } from './document.ts';
import { BadQuery, parse, type Context } from './query.ts';

type Body = Readonly<Record<string, unknown>>;

/**
 * What belongs into the answer for the aggregations that were asked for.
 * @param found the documents of the query, whatever post_filter hides
 * @throws BadQuery
 */
export function aggregate(asked: unknown, found: readonly Document[], context: Context): object {
  if (asked === undefined) return {};
  const entries = Object.entries(asked as Body).map(([name, one]) => [name, counted(one, found, context)]);
  return { aggregations: Object.fromEntries(entries) as object };
}

function counted(one: unknown, found: readonly Document[], context: Context): object {
  const [type = '', body] = Object.entries((one ?? {}) as Body)[0] ?? [];
  if (type !== 'filters') throw new BadQuery('parsing_exception', `Unknown aggregation type [${type}]`);
  const { filters } = body as { filters?: Body | readonly unknown[] };
  const count = (query: unknown): object => ({ doc_count: found.filter(parse(query, context)).length });
  if (Array.isArray(filters)) return { buckets: filters.map(count) };
  const named = Object.entries(filters ?? {}).map(([name, query]) => [name, count(query)]);
  return { buckets: Object.fromEntries(named) as object };
}
