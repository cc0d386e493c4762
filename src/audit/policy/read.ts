// A policy out of its text, as the API server decodes it: types that do not fit, fields that it drops, and where
// every field stands. Source: apiserver pkg/audit/policy/reader.go, apimachinery pkg/runtime/serializer/json.
import type { ServerVersion } from '../facts.ts';
import type { Decoded } from './policy.ts';
import type { Found } from './problem.ts';
import { homeOf, policyShape } from './shape.ts';
import type { Fields, PlainShape, Shape } from './shape.ts';
import { readTree } from './yaml/tree.ts';
import type { Entry, Node } from './yaml/tree.ts';

/** Ids of what decoding finds, with their severity. */
export const decoding = {
  unreadable: 'error',
  empty: 'error',
  'not-a-mapping': 'error',
  'wrong-type': 'error',
  'unknown-field': 'warning',
  'field-too-new': 'warning',
  'duplicate-field': 'warning',
  'more-documents': 'warning',
} as const;
export type DecodingId = keyof typeof decoding;

/** What a text holds. */
export interface Reading {
  /** What the API server would go on with: unknown fields left out, of equal keys the last; undefined when unreadable. */
  readonly policy: Decoded | undefined;
  readonly found: readonly Misread[];
  /** Offset of a field by its path, or of the nearest one above it that the text has. */
  readonly offsetOf: (path: string) => number;
  /** The same of what stands behind a field's name. */
  readonly valueOffsetOf: (path: string) => number;
  /** Whether the text has a field or an item of this path. */
  readonly has: (path: string) => boolean;
  /** Paths of items without a value, which are "". */
  readonly nulls: readonly string[];
}

export interface Misread extends Found {
  readonly id: DecodingId;
  /** The field that was meant, where its name is in the wrong case. */
  readonly meant?: string;
  /** A word or number that was to be a text. */
  readonly bare?: true;
}

/** Reads a text as an API server of that version does. */
export function readPolicy(text: string, { minor }: ServerVersion): Reading {
  const tree = readTree(text);
  const decoder = new Decoder(minor);
  if ('fault' in tree) {
    decoder.at('', tree.at);
    decoder.find('unreadable', { path: '', message: tree.fault });
    return decoder.reading(undefined);
  }
  const { root, more } = tree;
  decoder.at('', root.at);
  if (more !== undefined) {
    decoder.at(nextDocument, more);
    const message = 'only the first YAML document is read';
    decoder.find('more-documents', { path: '', message, place: nextDocument });
  }
  if (root.kind === 'null') decoder.find('empty', { path: '', message: 'there is no policy in it' });
  else if (root.kind !== 'map') {
    const message = `a policy is a mapping, and this is ${nameOf(root)}`;
    decoder.find('not-a-mapping', { path: '', message });
  }
  if (root.kind !== 'map') return decoder.reading(undefined);
  const policy = decoder.fields(root.entries, policyShape.fields, '') as Decoded;
  return decoder.reading({ ...policy, ...decoder.head(root.entries) });
}

const headFields = ['apiVersion', 'kind'] as const;

/** No field has such a path. */
const nextDocument = '---';

class Decoder {
  readonly #minor: number;
  readonly #found: Misread[] = [];
  readonly #nulls: string[] = [];
  readonly #offsets = new Map<string, number>();
  readonly #values = new Map<string, number>();

  constructor(minor: number) {
    this.#minor = minor;
  }

  at(path: string, offset: number): void {
    this.#offsets.set(path, offset);
  }

  find(id: DecodingId, found: Omit<Misread, 'id'>): void {
    this.#found.push({ id, ...found });
  }

  reading(policy: Decoded | undefined): Reading {
    const above = (path: string): string =>
      path.slice(0, Math.max(path.lastIndexOf('.'), path.lastIndexOf('['), 0));
    const offsetOf = (path: string): number =>
      this.#offsets.get(path) ?? (path === '' ? 0 : offsetOf(above(path)));
    return {
      policy,
      found: this.#found,
      offsetOf,
      valueOffsetOf: (path) => this.#values.get(path) ?? offsetOf(path),
      has: (path) => this.#offsets.has(path),
      nulls: this.#nulls,
    };
  }

  /** The fields that are known, of equal ones the last. */
  fields(entries: readonly Entry[], fields: Fields, within: string): Record<string, unknown> {
    const last = new Map<string, Entry & { path: string }>();
    for (const entry of entries) {
      const path = within === '' ? entry.key : `${within}.${entry.key}`;
      this.at(path, entry.at);
      this.#values.set(path, entry.value.at);
      if (last.has(entry.key))
        this.find('duplicate-field', {
          path,
          message: `duplicate field "${path}"`,
          hint: 'the last one counts',
        });
      last.set(entry.key, { ...entry, path });
    }
    const decoded = [...last.values()].map(({ key, path, value }): [string, unknown] => {
      const shape = this.#shapeOf(key, fields, path);
      return [key, shape === undefined ? undefined : this.#value(value, shape, path)];
    });
    return Object.fromEntries(decoded.filter(([, value]) => value !== undefined));
  }

  /** What a text says that it is: there, and nowhere else, capitals are small letters to an API server. */
  head(entries: readonly Entry[]): Pick<Decoded, 'apiVersion' | 'kind'> {
    const head: { apiVersion?: string; kind?: string } = {};
    const last = [...new Map(entries.map((entry) => [entry.key, entry])).values()];
    for (const { key, value } of last.sort((a, b) => (a.key < b.key ? -1 : 1))) {
      const name = headFields.find((one) => one.toLowerCase() === key.toLowerCase());
      if (name === undefined || value.kind === 'null') continue;
      if (value.kind === 'string') head[name] = value.value;
      else if (key !== name) this.#wrong(value, 'a text', key);
    }
    return head;
  }

  #shapeOf(key: string, fields: Fields, path: string): Shape | undefined {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined)
      this.find('unknown-field', { path, message: `unknown field "${path}"`, ...hintFor(key, fields) });
    else if (field.since !== undefined && field.since > this.#minor)
      this.find('field-too-new', {
        path,
        message: `unknown field "${path}"`,
        hint: `1.${field.since} is the first to know it; it is ignored`,
      });
    else return field.shape;
    return undefined;
  }

  /** The value of a node in this shape; undefined where it has none, or one of another type. */
  #value(node: Node, shape: Shape, path: string): unknown {
    if (shape === 'any' || node.kind === 'null') return undefined;
    if (typeof shape === 'string') return this.#plain(node, shape, path);
    if ('listOf' in shape) return this.#list(node, shape.listOf, path);
    if (node.kind !== 'map') return this.#wrong(node, 'a mapping', path);
    if ('fields' in shape) return this.fields(node.entries, shape.fields, path);
    for (const { key, value } of node.entries) this.#value(value, shape.mapOf, `${path}[${key}]`);
    return undefined;
  }

  #plain(node: Node, shape: PlainShape, path: string): unknown {
    switch (shape) {
      case 'string':
        return node.kind === 'string' ? node.value : this.#wrong(node, 'a text', path);
      case 'boolean':
        return node.kind === 'boolean' ? node.value : this.#wrong(node, 'true or false', path);
      case 'integer':
        return node.kind === 'number' && Number.isInteger(node.value) && Math.abs(node.value) < 2 ** 63
          ? node.value
          : this.#wrong(node, 'a whole number', path);
      case 'time':
        return node.kind === 'string' && isTime(node.value)
          ? node.value
          : this.#wrong(node, 'a time of RFC 3339', path);
    }
  }

  #list(node: Node, shape: Shape, path: string): readonly unknown[] | undefined {
    if (node.kind !== 'list') return this.#wrong(node, 'a list', path);
    const ofNull = shape === 'string' ? '' : {};
    return node.items.map((item, i) => {
      this.at(`${path}[${i}]`, item.at);
      if (item.kind === 'null') this.#nulls.push(`${path}[${i}]`);
      return this.#value(item, shape, `${path}[${i}]`) ?? ofNull;
    });
  }

  #wrong(node: Node, wanted: string, path: string): undefined {
    const message = `must be ${wanted}, and is ${nameOf(node)}`;
    const word = node.kind === 'boolean' || node.kind === 'number' ? String(node.value) : undefined;
    const hint = `YAML 1.1 takes it for ${word ?? ''}: put it in quotes`;
    const isBare = wanted === 'a text' && word !== undefined;
    this.find('wrong-type', { path, message, ...(isBare && { hint, bare: true }) });
  }
}

function hintFor(key: string, fields: Fields): { hint: string; meant?: string } {
  const same = Object.keys(fields).find((name) => name.toLowerCase() === key.toLowerCase());
  if (same === 'apiVersion' || same === 'kind') return { hint: `write ${same}`, meant: same };
  if (same !== undefined) return { hint: `it is ignored; write ${same}`, meant: same };
  const home = homeOf(key);
  return {
    hint: `it is ignored, as if it were not there${home === undefined ? '' : `; it belongs to ${home}`}`,
  };
}

function nameOf(node: Node): string {
  switch (node.kind) {
    case 'string':
      return 'a text';
    case 'null':
      return 'nothing';
    case 'list':
      return 'a list';
    case 'map':
      return 'a mapping';
    case 'number':
    case 'boolean':
      return `the ${node.kind} ${String(node.value)}`;
  }
}

// Go's time.RFC3339, which takes an hour of one digit and a comma, too
function isTime(text: string): boolean {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d?)(:\d\d:\d\d)(?:[.,]\d+)?(?:Z|[+-](\d\d):(\d\d))$/.exec(text);
  const [, day = '', hour = '', rest = '', zoneHour = '0', zoneMinute = '0'] = found ?? [];
  const time = new Date(`${day}T${hour.padStart(2, '0')}${rest}Z`);
  // what is no day of that month would be one of the next
  const exists = Number(hour) < 24 && !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day);
  return exists && Number(zoneHour) <= 24 && Number(zoneMinute) <= 60;
}
