// Text of a policy to a tree of values with their places, as the API server reads it: words of YAML 1.1, aliases and
// merge keys resolved. Source: go-yaml v2 decode.go, sigs.k8s.io/yaml YAMLToJSON.
import { isAlias, isMap, isScalar, isSeq, Scalar } from 'yaml';
import type { Alias, Node as YamlNode, Pair, YAMLMap } from 'yaml';
import { firstDocument } from './document.ts';
import type { FirstDocument } from './document.ts';
import { Unreadable } from './unreadable.ts';
import { wordValue } from './word.ts';
import type { Plain } from './word.ts';

/** A value and where it stands: an offset into the text. */
export type Node = { readonly at: number } & (
  | Plain
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  /** In the order of the text; of entries with the same key the last one counts. */
  | { readonly kind: 'map'; readonly entries: readonly Entry[] }
);
export interface Entry {
  readonly key: string;
  readonly at: number;
  readonly value: Node;
}

/** What the text holds, or why it cannot be read. */
export type Tree =
  | { readonly root: Node; /** Where a second document begins. */ readonly more: number | undefined }
  | { readonly fault: string; readonly at: number };

/** Reads a text; an empty one has a root that is null. */
export function readTree(text: string): Tree {
  try {
    const first = firstDocument(text);
    if (first === undefined) return { root: { at: 0, kind: 'null' }, more: undefined };
    const { contents, range } = first.document;
    return { root: new Reader(first).node(contents, range[0]), more: first.more };
  } catch (error) {
    if (error instanceof Unreadable) return { fault: error.message, at: error.at };
    throw error;
  }
}

type YamlPair = Pair<YamlNode, YamlNode | null>;

class Reader {
  readonly #first: FirstDocument;
  readonly #targets = new Map<Alias, YamlNode | undefined>();
  readonly #within = new Set<YamlNode>();
  #nodes = 0;

  constructor(first: FirstDocument) {
    this.#first = first;
  }

  /** @param above place of what it stands in, for a value that is not written */
  node(node: YamlNode | null, above: number): Node {
    const read = this.#read(node, above);
    if (read.kind === 'number' && Number.isNaN(read.value))
      throw new Unreadable('json: unsupported value: not a number, or endless', read.at);
    return read;
  }

  #read(node: YamlNode | null, above: number): Node {
    const at = node?.range ? this.#first.original(node.range[0]) : above;
    // go-yaml has another measure for it
    if ((this.#nodes += 1) > 200_000) throw new Unreadable('document contains excessive aliasing', at);
    if (node === null) return { at, kind: 'null' };
    if (isAlias(node)) return this.#alias(node, at);
    if (isSeq<YamlNode | null>(node))
      return { at, kind: 'list', items: node.items.map((item) => this.node(item, at)) };
    if (isMap<YamlNode, YamlNode | null>(node)) return { at, kind: 'map', entries: this.#entries(node, at) };
    if (!isScalar(node)) throw new Unreadable('not a value', at);
    return { at, ...scalarValue(node, at) };
  }

  #alias(alias: Alias, at: number): Node {
    // the library looks through the whole document for it
    if (!this.#targets.has(alias)) this.#targets.set(alias, alias.resolve(this.#first.document));
    const target = this.#targets.get(alias);
    if (target === undefined) throw new Unreadable(`unknown anchor '${alias.source}' referenced`, at);
    if (this.#within.has(target)) throw new Unreadable(`anchor '${alias.source}' value contains itself`, at);
    this.#within.add(target);
    const node = { ...this.node(target, at), at };
    this.#within.delete(target);
    return node;
  }

  #entries(map: YAMLMap<YamlNode, YamlNode | null>, above: number): readonly Entry[] {
    return map.items.flatMap((pair) => {
      const key = this.#read(pair.key, above); // which may be no number
      if (isMergeKey(pair)) return this.#merged(pair.value, key.at);
      if (key.kind === 'list' || key.kind === 'map' || key.kind === 'null')
        throw new Unreadable(`a ${key.kind} cannot be a key`, key.at);
      return [{ key: String(key.value), at: key.at, value: this.node(pair.value, key.at) }];
    });
  }

  // To go-yaml 2 what is merged overrides what stands above it; of several maps the first wins.
  #merged(value: YamlNode | null, at: number): readonly Entry[] {
    const source = this.node(value, at);
    const maps = source.kind === 'list' ? source.items.toReversed() : [source];
    return maps.flatMap((map) => {
      if (map.kind === 'map') return map.entries.map((entry) => ({ ...entry, at }));
      throw new Unreadable('map merge requires map or sequence of maps as the value', at);
    });
  }
}

function isMergeKey({ key }: YamlPair): boolean {
  return isScalar(key) && key.value === '<<' && key.type === Scalar.PLAIN && key.tag === undefined;
}

const tags: Readonly<Record<string, Plain['kind']>> = {
  'tag:yaml.org,2002:str': 'string',
  'tag:yaml.org,2002:bool': 'boolean',
  'tag:yaml.org,2002:int': 'number',
  'tag:yaml.org,2002:float': 'number',
  'tag:yaml.org,2002:null': 'null',
};

function scalarValue({ tag, type, value }: Scalar, at: number): Plain {
  const text = String(value);
  const asked = tag === undefined ? undefined : (tags[tag] ?? 'string');
  if (asked === 'string' || (asked === undefined && type !== Scalar.PLAIN))
    return { kind: 'string', value: text };
  const word = wordValue(text);
  if (asked !== undefined && word.kind !== asked)
    throw new Unreadable(`cannot decode '${text}' as a ${asked}`, at);
  return word;
}
