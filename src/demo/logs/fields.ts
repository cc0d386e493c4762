// Fields of documents as OpenSearch's dynamic mapping makes them: text that is split into terms, with an exact copy
// beside it, dates, numbers and booleans; and the values that a document has at a path.

/** How a field was mapped by the first value it ever had. */
export type FieldType = 'text' | 'keyword' | 'date' | 'long' | 'double' | 'boolean';

type Source = Readonly<Record<string, unknown>>;

const isoDate = /^\d{4}(-\d{2}(-\d{2}(T\d{2}(:\d{2}(:\d{2}([.,]\d{1,9})?)?)?(Z|[+-]\d{2}:?\d{2})?)?)?)?$/;
const plainYear = /^\d{4}$/;

function typeOf(value: unknown): FieldType | undefined {
  if (typeof value === 'string') return isoDate.test(value) && !plainYear.test(value) ? 'date' : 'text';
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

const exactCopy = /\.(?:keyword|raw)$/;

/** The field behind a name, and its type: `x.keyword` is the exact copy of the text `x`. */
export function fieldOf(
  sources: readonly Source[],
  name: string,
): { readonly path: string; readonly type: FieldType } | undefined {
  const mapped = (path: string): FieldType | undefined => {
    for (const source of sources)
      for (const value of valuesAt(source, path)) if (typeOf(value)) return typeOf(value);
    return undefined;
  };
  const own = mapped(name);
  if (own) return { path: name, type: own };
  const path = name.replace(exactCopy, '');
  return path !== name && mapped(path) === 'text' ? { path, type: 'keyword' } : undefined;
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

/** A time in epoch ms: ISO 8601, epoch ms, or date math on now; NaN when it is none of them. */
export function timeOf(value: unknown, now: number): number {
  if (typeof value === 'number') return value;
  const text = String(value);
  const math = /^now(?:([+-]\d+)([smhd]))?(?:\/[smhd])?$/.exec(text);
  if (!math) return /^\d{5,}$/.test(text) ? Number(text) : Date.parse(text.replace(/(\.\d{3})\d+/, '$1'));
  const units: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 };
  return now + Number(math[1] ?? 0) * (units[math[2] ?? 's'] ?? 0);
}
