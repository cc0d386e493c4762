// Label and field selectors, and the pages of a list: which objects a list or watch request is about.
import type { KubeObject } from './object.ts';
import { badRequest } from './status.ts';

type Matches = (labels: Readonly<Record<string, string>>) => boolean;

function term(text: string): Matches {
  const set = /^\s*([\w./-]+)\s+(in|notin)\s*\(([^)]*)\)\s*$/.exec(text);
  if (set) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return operator === 'in'
      ? (labels) => labels[key] !== undefined && values.includes(labels[key])
      : (labels) => labels[key] === undefined || !values.includes(labels[key]);
  }
  const [, not, key = '', operator, value = ''] =
    /^\s*(!?)\s*([\w./-]+)\s*(?:(==|=|!=)\s*([\w.-]*))?\s*$/.exec(text) ?? [];
  if (!key) throw badRequest(`found '${text.trim()}', expected: !, identifier, or 'end of string'`);
  if (operator === '!=') return (labels) => labels[key] !== value;
  if (operator) return (labels) => labels[key] === value;
  return not ? (labels) => labels[key] === undefined : (labels) => labels[key] !== undefined;
}

/** Parses a labelSelector; an empty one matches everything. */
export function labelSelector(text: string): Matches {
  if (!text.trim()) return () => true;
  const terms = text.split(/,(?![^(]*\))/).map(term);
  return (labels) => terms.every((matches) => matches(labels));
}

function valueAt(object: KubeObject, path: string): string {
  let value: unknown = object;
  for (const step of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[step];
  return typeof value === 'string' ? value : '';
}

const knownFields = new Set(['metadata.name', 'metadata.namespace', 'spec.nodeName', 'status.phase']);

/** Parses a fieldSelector of `path=value` and `path!=value` terms. */
export function fieldSelector(text: string): (object: KubeObject) => boolean {
  const terms = text.split(',').filter(Boolean);
  const tests = terms.map((one) => {
    const [, path = '', operator, value = ''] = /^([^=!]+)(==|=|!=)(.*)$/.exec(one) ?? [];
    if (!path) throw badRequest(`invalid selector: '${one}'; can't understand '${one}'`);
    if (!knownFields.has(path))
      throw badRequest(`"${path}" is not a known field selector: only "metadata.name", "metadata.namespace"`);
    return (object: KubeObject): boolean => (valueAt(object, path) === value) === (operator !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}

/** The objects that a list or watch request selects. */
export function selected(query: URLSearchParams): (object: KubeObject) => boolean {
  const byLabel = labelSelector(query.get('labelSelector') ?? '');
  const byField = fieldSelector(query.get('fieldSelector') ?? '');
  return (object) => byLabel(object.metadata.labels ?? {}) && byField(object);
}

/** One page of a list, and how to ask for the next. */
export interface Page {
  readonly items: readonly KubeObject[];
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** Cuts a list by `limit` and `continue`. */
export function page(items: readonly KubeObject[], query: URLSearchParams): Page {
  const limit = Number(query.get('limit') ?? 0);
  const from = Number(Buffer.from(query.get('continue') ?? '', 'base64url').toString() || 0);
  if (Number.isNaN(from)) throw badRequest('invalid continue token: continue key is not valid: no number');
  if (limit <= 0 || from + limit >= items.length) return { items: items.slice(from) };
  return {
    items: items.slice(from, from + limit),
    continue: Buffer.from(String(from + limit)).toString('base64url'),
    remainingItemCount: items.length - from - limit,
  };
}
