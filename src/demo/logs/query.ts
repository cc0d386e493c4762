// The part of OpenSearch's query language that the tool asks: bool, match_phrase, match, term, terms, range, exists,
// match_all. Everything else is refused as the real one refuses what it does not know.
import { fieldOf, terms, timeOf, valuesAt, type FieldType } from './fields.ts';

type Source = Readonly<Record<string, unknown>>;
type Body = Readonly<Record<string, unknown>>;

/** Whether a document is found. */
export type Matches = (source: Source) => boolean;

/** A query that cannot be answered: 400 with this type and reason. */
export class BadQuery extends Error {
  readonly type: string;

  constructor(type: string, reason: string) {
    super(reason);
    this.type = type;
  }
}

interface Context {
  readonly sources: readonly Source[];
  readonly now: number;
}

function asBody(value: unknown): Body {
  return typeof value === 'object' && value !== null ? (value as Body) : {};
}

function listOf(value: unknown): unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** A field's condition, from `{field: value}` or `{field: {query|value: value}}`. */
function condition(query: Body): { name: string; wanted: unknown } {
  const [name = '', inner] = Object.entries(query)[0] ?? [];
  const { query: phrase, value = phrase } = asBody(inner);
  return { name, wanted: value ?? inner };
}

function contains(text: string, phrase: string): boolean {
  const [all, part] = [terms(text), terms(phrase)];
  if (part.length === 0) return false;
  return all.some((_, at) => part.every((term, i) => all[at + i] === term));
}

function equals(type: FieldType, value: unknown, wanted: unknown, now: number): boolean {
  if (type === 'date') return timeOf(value, now) === timeOf(wanted, now);
  return String(value) === String(wanted);
}

function phrase(query: Body, { sources, now }: Context): Matches {
  const { name, wanted } = condition(query);
  const field = fieldOf(sources, name);
  if (!field) return () => false;
  const fits = (value: unknown): boolean =>
    field.type === 'text' ? contains(String(value), String(wanted)) : equals(field.type, value, wanted, now);
  return (source) => valuesAt(source, field.path).some(fits);
}

function match(query: Body, context: Context): Matches {
  const { name, wanted } = condition(query);
  const field = fieldOf(context.sources, name);
  if (field?.type !== 'text') return phrase(query, context);
  const any = new Set(terms(String(wanted)));
  return (source) =>
    valuesAt(source, field.path).some((value) => terms(String(value)).some((term) => any.has(term)));
}

function term(query: Body, { sources, now }: Context): Matches {
  const { name, wanted } = condition(query);
  const field = fieldOf(sources, name);
  if (!field) return () => false;
  const fits = (value: unknown): boolean =>
    field.type === 'text'
      ? terms(String(value)).includes(String(wanted))
      : listOf(wanted).some((one) => equals(field.type, value, one, now));
  return (source) => valuesAt(source, field.path).some(fits);
}

function anyTerm(query: Body, context: Context): Matches {
  const [name = '', values] = Object.entries(query)[0] ?? [];
  const tests = listOf(values).map((value) => term({ [name]: value }, context));
  return (source) => tests.some((test) => test(source));
}

const compare: Readonly<Record<string, (a: number | string, b: number | string) => boolean>> = {
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
};

function range(query: Body, { sources, now }: Context): Matches {
  const [name = '', bounds] = Object.entries(query)[0] ?? [];
  const field = fieldOf(sources, name);
  if (!field) return () => false;
  const scalar = (value: unknown): number | string => {
    if (field.type === 'date') return timeOf(value, now);
    return field.type === 'long' || field.type === 'double' ? Number(value) : String(value);
  };
  const limits = Object.entries(asBody(bounds)).filter(([bound, limit]) => compare[bound] && limit !== null);
  for (const [, limit] of limits)
    if (field.type === 'date' && Number.isNaN(scalar(limit)))
      throw new BadQuery(
        'parse_exception',
        `failed to parse date field [${String(limit)}] with format [strict_date_optional_time||epoch_millis]`,
      );
  const fits = (value: unknown): boolean =>
    limits.every(([bound, limit]) => compare[bound]?.(scalar(value), scalar(limit)) ?? false);
  return (source) => valuesAt(source, field.path).some(fits);
}

function exists(query: Body): Matches {
  const path = String(query['field']);
  return (source) => valuesAt(source, path).length > 0;
}

function bool(query: Body, context: Context): Matches {
  const all = (name: string): Matches[] => listOf(query[name]).map((one) => parse(one, context));
  const [must, should, not] = [[...all('must'), ...all('filter')], all('should'), all('must_not')];
  const least = Number(query['minimum_should_match'] ?? (must.length > 0 ? 0 : Math.min(1, should.length)));
  return (source) =>
    must.every((matches) => matches(source)) &&
    !not.some((matches) => matches(source)) &&
    should.filter((matches) => matches(source)).length >= least;
}

const kinds: Readonly<Record<string, (query: Body, context: Context) => Matches>> = {
  bool,
  exists,
  match,
  match_all: () => () => true,
  match_phrase: phrase,
  range,
  term,
  terms: anyTerm,
};

/** Makes one query ready to be asked of documents. @throws BadQuery */
export function parse(query: unknown, context: Context): Matches {
  const [name, ...more] = Object.keys(asBody(query));
  if (name === undefined)
    throw new BadQuery('illegal_argument_exception', 'query malformed, empty clause found');
  const kind = kinds[name];
  if (!kind) throw new BadQuery('parsing_exception', `unknown query [${name}]`);
  if (more.length > 0)
    throw new BadQuery(
      'parsing_exception',
      `[${name}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]`,
    );
  return kind(asBody(asBody(query)[name]), context);
}
