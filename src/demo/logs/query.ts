// The part of OpenSearch's query language that the tool asks: bool, match_phrase, match, term, terms, wildcard, prefix,
// range, exists, ids, match_all. Everything else is refused as the real one refuses what it does not know.
import type { Document } from './document.ts';
import { fieldOf, terms, timeOf, valuesAt, type Field, type FieldType, type Index } from './fields.ts';

type Body = Readonly<Record<string, unknown>>;

/** Whether a document is found. */
export type Matches = (document: Document) => boolean;

/** A query that cannot be answered: 400 with this type and reason. */
export class BadQuery extends Error {
  readonly type: string;

  constructor(type: string, reason: string) {
    super(reason);
    this.type = type;
  }
}

/** What a query is asked of, and when. */
export interface Context extends Index {
  readonly now: number;
}

/** Documents that have a value like this in a field. */
const having =
  (field: Field, fits: (value: unknown) => boolean): Matches =>
  ({ source }) =>
    field.in(source).some(fits);

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

function phrase(query: Body, context: Context): Matches {
  const { name, wanted } = condition(query);
  const { now } = context;
  const field = fieldOf(context, name);
  if (!field) return () => false;
  const fits = (value: unknown): boolean =>
    field.type === 'text' ? contains(String(value), String(wanted)) : equals(field.type, value, wanted, now);
  return having(field, fits);
}

function match(query: Body, context: Context): Matches {
  const { name, wanted } = condition(query);
  const field = fieldOf(context, name);
  if (field?.type !== 'text') return phrase(query, context);
  const any = new Set(terms(String(wanted)));
  return having(field, (value) => terms(String(value)).some((term) => any.has(term)));
}

function term(query: Body, context: Context): Matches {
  const { name, wanted } = condition(query);
  const { now } = context;
  const field = fieldOf(context, name);
  if (!field) return () => false;
  const fits = (value: unknown): boolean =>
    field.type === 'text'
      ? terms(String(value)).includes(String(wanted))
      : listOf(wanted).some((one) => equals(field.type, value, one, now));
  return having(field, fits);
}

function anyTerm(query: Body, context: Context): Matches {
  const [name = '', values] = Object.entries(query)[0] ?? [];
  const tests = listOf(values).map((value) => term({ [name]: value }, context));
  return (document) => tests.some((test) => test(document));
}

const compare: Readonly<Record<string, (a: number | string, b: number | string) => boolean>> = {
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
};

function range(query: Body, context: Context): Matches {
  const [name = '', bounds] = Object.entries(query)[0] ?? [];
  const { now } = context;
  const field = fieldOf(context, name);
  if (!field) return () => false;
  const scalar = (value: unknown): number | string => {
    if (field.type === 'date') return timeOf(value, now);
    return field.type === 'long' || field.type === 'double' ? Number(value) : String(value);
  };
  const limits = Object.entries(asBody(bounds)).flatMap(([bound, limit]) => {
    const holds = compare[bound];
    return holds && limit !== null ? [{ holds, limit: scalar(limit), said: limit }] : [];
  });
  for (const { limit, said } of limits)
    if (Number.isNaN(limit))
      throw new BadQuery(
        'parse_exception',
        `failed to parse date field [${String(said)}] with format [strict_date_optional_time||epoch_millis]`,
      );
  const fits = (value: unknown): boolean => {
    const one = scalar(value);
    return limits.every(({ holds, limit }) => holds(one, limit));
  };
  return having(field, (value) => termsOf(field, value).some(fits));
}

function exists(query: Body, context: Context): Matches {
  const path = String(query['field']);
  const field = fieldOf(context, path);
  return ({ source }) => (field ? field.in(source) : valuesAt(source, path)).length > 0;
}

/** What is in the index of a value: a text's terms, anything else as it is. */
const termsOf = ({ type }: Field, value: unknown): unknown[] =>
  type === 'text' ? terms(String(value)) : [value];

/** Terms that a pattern is a picture of: only strings have any. */
function pictured(kind: 'wildcard' | 'prefix', pattern: (text: string) => RegExp) {
  return (query: Body, context: Context): Matches => {
    const { name, wanted } = condition(query);
    const field = fieldOf(context, name);
    if (!field) return () => false;
    if (field.type !== 'text' && field.type !== 'keyword')
      throw new BadQuery(
        'query_shard_exception',
        `Can only use ${kind} queries on keyword, text and wildcard fields - not on [${name}] which is of type ` +
          `[${field.type}]`,
      );
    const picture = pattern(String(wanted));
    return having(field, (value) => termsOf(field, value).some((one) => picture.test(String(one))));
  };
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** `*` is any text, `?` one character, and a backslash takes the meaning of what follows. */
function wildcard(text: string): RegExp {
  const parts = text.match(/\\?./gsu) ?? [];
  const signs: Readonly<Record<string, string>> = { '*': '.*', '?': '.' };
  const source = parts.map(
    (part) => signs[part] ?? literal(part.length > 1 ? part.replace(/^\\/, '') : part),
  );
  return new RegExp(`^${source.join('')}$`, 'su');
}

function ids(query: Body): Matches {
  const wanted = new Set(listOf(query['values']).map(String));
  return ({ id }) => wanted.has(id);
}

function bool(query: Body, context: Context): Matches {
  const all = (name: string): Matches[] => listOf(query[name]).map((one) => parse(one, context));
  const [must, should, not] = [[...all('must'), ...all('filter')], all('should'), all('must_not')];
  const least = Number(query['minimum_should_match'] ?? (must.length > 0 ? 0 : Math.min(1, should.length)));
  return (document) =>
    must.every((matches) => matches(document)) &&
    !not.some((matches) => matches(document)) &&
    should.filter((matches) => matches(document)).length >= least;
}

const kinds: Readonly<Record<string, (query: Body, context: Context) => Matches>> = {
  bool,
  exists,
  ids,
  match,
  match_all: () => () => true,
  match_phrase: phrase,
  prefix: pictured('prefix', (text) => new RegExp(`^${literal(text)}`, 'u')),
  range,
  term,
  terms: anyTerm,
  wildcard: pictured('wildcard', wildcard),
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
