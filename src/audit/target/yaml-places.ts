// Where things stand in YAML text: what the parser knows of its tokens, as offsets.
import { isAlias, isCollection, isMap, isNode, isPair, isScalar, isSeq, parseAllDocuments } from 'yaml';
import type { CST, Document, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { Unusable } from './unusable.ts';

export type Path = readonly (string | number)[];

export type Collection = YAMLMap | YAMLSeq;

/**
 * Parses the one document of a text. Empty ones may follow: the kubelet reads the first.
 * @throws Unusable when the text is no YAML, is several documents, or has a key twice (the kubelet would take the last)
 */
export function openYaml(text: string): Document.Parsed {
  const documents = parseAllDocuments(text, { keepSourceTokens: true });
  const [first, ...rest] = documents;
  const error = documents.flatMap(({ errors }) => errors)[0];
  if (error !== undefined) {
    const [what = ''] = error.message.split(/:?\n/, 1);
    throw new Unusable(
      error.code === 'DUPLICATE_KEY' ? `a key is there twice: ${what}` : `it is no YAML: ${what}`,
    );
  }
  if (first === undefined || isEmpty(first)) throw new Unusable('it is empty');
  if (!rest.every(isEmpty)) throw new Unusable('it holds several documents');
  return first;
}

const isEmpty = ({ contents }: Document): boolean =>
  contents === null || (isScalar(contents) && contents.value === null);

/**
 * The node at a path; undefined when there is none.
 * @throws Unusable when an anchor, alias or merge key is on the way: an edit there would change other places too
 */
export function editableAt(document: Document, path: Path): unknown {
  const nodes = path.map((_, i) => document.getIn(path.slice(0, i + 1), true));
  for (const node of [document.contents, ...nodes])
    if (isAlias(node) || (isNode(node) && Boolean(node.anchor)) || (isMap(node) && node.has('<<')))
      throw new Unusable(`${dotted(path)} is made with YAML anchors`);
  return path.length === 0 ? document.contents : nodes.at(-1);
}

export const dotted = (path: Path): string => path.join('.') || 'the document';

/** No words at all where a value could be; an explicit null has some. */
export function isVoid(node: unknown): boolean {
  if (!isScalar(node)) return node === null;
  const [start, end] = rangeOf(node);
  return start === end;
}

/** From where to where a node's own words go. */
export function rangeOf({
  range,
}: {
  range?: readonly number[] | null | undefined;
}): readonly [number, number] {
  const [start = 0, end = 0] = range ?? [];
  return [start, end];
}

/** Index of an entry in a list, or of a key in a map; -1 when the map lacks it. */
export function indexIn(list: Collection, step: string | number | undefined): number {
  if (isSeq(list)) return Number(step);
  return list.items.findIndex(({ key }) => isScalar(key) && key.value === step);
}

/** Where an entry begins: its dash, its key, or, in brackets, its value. */
export function startOf(list: Collection, i: number): number {
  const source = list.srcToken as CST.BlockMap | CST.BlockSequence | CST.FlowCollection;
  const { start, key, sep, value } = source.items[i] as CST.CollectionItem;
  const gaps = ['space', 'newline', 'comment', 'comma'];
  const token = [...start, key, ...(sep ?? []), value].find((one) => one && !gaps.includes(one.type));
  return token?.offset ?? 0;
}

/** Where a node or pair ends; before the last line end of a block scalar, which is one of its words. */
export function endOf(text: string, item: unknown): number {
  if (isPair(item)) return isVoid(item.value) ? colonOf(item) : endOf(text, item.value);
  if (isCollection(item) && !item.flow) return endOf(text, item.items.at(-1));
  const [, end] = rangeOf(item as Scalar);
  return text[end - 1] === '\n' ? lineEnd(text, end - 1) : end;
}

/** Behind the colon of a pair; behind the key of one that has no colon. */
function colonOf({ srcToken, key }: Pair): number {
  const colon = srcToken?.sep?.find(({ type }) => type === 'map-value-ind');
  return colon === undefined ? rangeOf(key as Scalar)[1] : colon.offset + 1;
}

/** Behind the colon of the pair at a path. @throws Unusable when it is none, or is in brackets */
export function colonAt(document: Document, path: Path): number {
  const map = editableAt(document, path.slice(0, -1));
  if (!isMap(map) || map.flow) throw new Unusable(`${dotted(path)} is null`);
  return colonOf(map.items[indexIn(map, path.at(-1))] as Pair);
}

export const lineStart = (text: string, at: number): number => text.lastIndexOf('\n', at - 1) + 1;

/** Where the line with this offset ends: before its line feed, or before its carriage return. */
export function lineEnd(text: string, at: number): number {
  const feed = text.indexOf('\n', at);
  if (feed < 0) return text.length;
  return text[feed - 1] === '\r' ? feed - 1 : feed;
}

/** How far the entries of a list or map in lines are indented. */
export function columnOf(text: string, list: Collection): number {
  const start = startOf(list, 0);
  return start - lineStart(text, start);
}
