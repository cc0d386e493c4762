// Fields of documents as OpenSearch's dynamic mapping makes them: text that is split into terms, with an exact copy
// beside it, dates, numbers and booleans; and the values that a document has in them.

/** How a field was mapped by the first value it ever had. */
export type FieldType = 'text' | 'keyword' | 'date' | 'long' | 'double' | 'boolean';

type Source = Readonly<Record<string, unknown>>;

const isoDate = /^\d{4}(-\d{2}(-\d{2}(T\d{2}(:\d{2}(:\d{2}([.,]\d{1,9})?)?)?(Z|[+-]\d{2}:?\d{2})?)?)?)?$/;
const plainYear = /^\d{4}$/;

const isDate = (text: string): boolean => isoDate.test(text) && !plainYear.test(text);

function typeOf(value: unknown, { dates, copy }: Mapping): FieldType | undefined {
  if (typeof value === 'string')
    return dates && isDate(value) ? 'date' : copy === 'none' ? 'keyword' : 'text';
  if (typeof value === 'number') return Number.isInteger(value) ? 'long' : 'double';
  return typeof value === 'boolean' ? 'boolean' : undefined;
}

/** All values at a path: through objects and arrays, nulls left out; a dotted name counts as a path too. */
export function valuesAt(source: unknown, path: string): unknown[] {
  if (Array.isArray(source)) return source.flatMap((one) => valuesAt(one, path));
  if (source === null || source === undefined) return [];
  if (path === '') return [source];
  if (typeof source !== 'object') return [];
  return Object.entries(source as Source).flatMap(([name, value]) => {
    if (name === path) return valuesAt(value, '');
    return path.startsWith(`${name}.`) ? valuesAt(value, path.slice(name.length + 1)) : [];
  });
}

/** How strings are mapped: all of an index alike. */
export interface Mapping {
  /**
   * The name of the exact copy beside each text: Sematext has `raw`, OpenSearch of itself `keyword`. `none`: strings are
   * no text, but are kept exactly themselves.
   */
  readonly copy: 'raw' | 'keyword' | 'none';
  /** A longer string is not kept exactly. */
  readonly ignoreAbove: number;
  /** Whether strings that look like a date are one. */
  readonly dates: boolean;
}

/** As Sematext documents its own. */
export const sematextMapping: Mapping = { copy: 'raw', ignoreAbove: 1024, dates: true };

/** The documents of an index and how they were mapped. */
export interface Index {
  readonly sources: readonly Source[];
  readonly mapping: Mapping;
}

/** A field of an index. */
export interface Field {
  readonly type: FieldType;
  /** Its values in a document, as they were indexed. */
  readonly in: (source: Source) => unknown[];
}

/** The field of a name: `x.raw` is the exact copy of the text `x`. */
export function fieldOf({ sources, mapping }: Index, name: string): Field | undefined {
  const mapped = (path: string): FieldType | undefined => {
    for (const source of sources)
      for (const value of valuesAt(source, path)) if (typeOf(value, mapping)) return typeOf(value, mapping);
    return undefined;
  };
  const own = mapped(name);
  const short = (value: unknown): boolean => String(value).length <= mapping.ignoreAbove;
  if (own === 'keyword') return { type: own, in: (source) => valuesAt(source, name).filter(short) };
  if (own) return { type: own, in: (source) => valuesAt(source, name) };
  const path = name.replace(/\.[^.]*$/, '');
  if (name !== `${path}.${mapping.copy}` || mapped(path) !== 'text') return undefined;
  return { type: 'keyword', in: (source) => valuesAt(source, path).filter(short) };
}

/** The terms of a text, as the standard analyzer splits it: at all but letters, digits and underscores. */
export function terms(text: string): string[] {
  const words = text
    .toLowerCase()
    .match(
      /[\p{L}\p{N}_]+(?:(?<=\p{L})[.':](?=\p{L})[\p{L}\p{N}_]+|(?<=\p{N})[.,](?=\p{N})[\p{L}\p{N}_]+)*/gu,
    );
  return words ?? [];
}

/** Without a zone it is UTC, and digits after the milliseconds are cut off. */
const isoTime = (text: string): number =>
  Date.parse(text.replace(/(\.\d{3})\d+/, '$1').replace(/(T[\d:.]+)$/, '$1Z'));

/** A time in epoch ms: ISO 8601, epoch ms, or date math on now; NaN when it is none of them. */
export function timeOf(value: unknown, now: number): number {
  if (typeof value === 'number') return value;
  const text = String(value);
  const math = /^now(?:([+-]\d+)([smhd]))?(?:\/[smhd])?$/.exec(text);
  if (!math) return /^\d{5,}$/.test(text) ? Number(text) : isoTime(text);
  const units: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 };
  return now + Number(math[1] ?? 0) * (units[math[2] ?? 's'] ?? 0);
}
