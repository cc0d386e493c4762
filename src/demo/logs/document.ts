// What becomes of an audit event on its way from the receiver to the search: the document as Logagent's audit input
// and elasticsearch output write it (sematext/logagent-js 3.2.0, logsene-js 1.1).
import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';

/** One indexed document. */
export interface Document {
  readonly id: string;
  readonly source: Readonly<Record<string, unknown>>;
  /** When a search finds it, epoch ms. */
  readonly from: number;
}

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Dots in names become underscores at every depth, and one leading underscore goes. */
function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed);
  if (!isFields(value)) return value;
  const entries = Object.entries(value).map(([name, inner]) => [fieldName(name), renamed(inner)] as const);
  return Object.fromEntries(entries);
}

function fieldName(name: string): string {
  return name.replaceAll('.', '_').replace(/^_/, '');
}

function timeOf(value: unknown): string | null {
  const time = new Date(value as string);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

/**
 * The document of one item.
 *
 * @param listed whether it stood in the items of a list; a body of any other shape is taken whole
 */
export function documentOf(
  item: Fields,
  listed: boolean,
  from: number,
): { index?: string; document: Document } {
  const { _id, _index, ...fields } = item;
  const given = fields['@timestamp'] === undefined ? new Date().toISOString() : timeOf(fields['@timestamp']);
  const own = {
    '@timestamp': listed ? timeOf(fields['timestamp']) : given,
    severity: fields['level'] ?? 'info',
    os: { host: hostname(), hostip: '127.0.0.1' },
  };
  const source = { ...(renamed(fields) as Fields), ...own, ...(_id !== undefined && { id: _id }) };
  const id = typeof _id === 'string' ? _id : randomUUID().replaceAll('-', '').slice(0, 20);
  return { ...(typeof _index === 'string' && { index: _index }), document: { id, source, from } };
}
