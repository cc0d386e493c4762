// Edits of YAML text that leave every other byte as it is: comments, order, quotes, line ends. The parser finds the
// places, the text is spliced, and the result must mean what the same edits make of plain data.
//
// What is added can be taken away without a trace. So each kind of nothing that was there before gets a form of its own:
// - a missing list or map is added in lines, or in brackets with a space inside where its parent is in brackets;
// - a null becomes brackets with a space inside;
// - into empty brackets the first entry goes without a space;
// - ` {}` that gets a list or a map is unfolded into lines, and lines that lose their last list or map become ` {}`,
//   for so kubeadm writes its configuration.
import { Scalar, isCollection, isMap, isPair, isScalar, isSeq, stringify } from 'yaml';
import type { Document } from 'yaml';
import { Unusable } from './unusable.ts';
import { carryOut, comparable, placeOf } from './yaml-meaning.ts';
import type { Edit, Entries, Value } from './yaml-meaning.ts';
import { colonAt, columnOf, dotted, editableAt, endOf, indexIn, isVoid } from './yaml-places.ts';
import { lineEnd, lineStart, openYaml, rangeOf, startOf } from './yaml-places.ts';
import type { Collection, Path } from './yaml-places.ts';

/** A string in double quotes, whatever it holds. */
export function quoted(text: string): Scalar<string> {
  const scalar = new Scalar(text);
  scalar.type = 'QUOTE_DOUBLE';
  return scalar;
}

/**
 * Makes the edits one after the other: a path means the text that the edits before it left.
 * @throws Unusable when the text has no safe place for one; Error when the result is not what was meant (our bug)
 */
export function edited(text: string, asked: readonly Edit[]): string {
  const edits = asked.filter((edit) => edit.do !== 'add' || Object.keys(edit.these).length > 0);
  const next = edits.reduce(splice, text);
  const meant: unknown = openYaml(text).toJS();
  for (const edit of edits) carryOut(meant, edit);
  const places = edits.map(placeOf);
  if (comparable(openYaml(next).toJS(), places) !== comparable(meant, places))
    throw new Error(`An edit of YAML came out wrong at one of ${places.map(dotted).join(', ')}`);
  return next;
}

function splice(text: string, edit: Edit): string {
  switch (edit.do) {
    case 'add':
      return add(text, edit.to, edit.these);
    case 'set':
      return set(text, edit.at, edit.value);
    case 'remove':
      return remove(text, edit.at);
  }
}

function add(text: string, to: Path, these: Entries): string {
  const document = openYaml(text);
  const list = editableAt(document, to);
  if (list === undefined) return add(text, to.slice(0, -1), { [String(to.at(-1))]: these });
  if (isVoid(list)) return put(text, colonAt(document, to), ` ${inBrackets(these)}`);
  if (!isCollection(list) || isSeq(list) !== Array.isArray(these))
    throw new Unusable(`${dotted(to)} is no ${Array.isArray(these) ? 'list' : 'map'}`);
  const last = list.items.at(-1);
  if (last === undefined) return addFirst(text, { document, to, list }, these);
  const end = endOf(text, last);
  if (!list.flow) return put(text, lineEnd(text, end), lines(text, columnOf(text, list), these));
  const separator = comma(text, list);
  return put(text, end, separator + wordsOf(these).join(separator));
}

interface Brackets {
  readonly document: Document;
  readonly to: Path;
  readonly list: Collection;
}

/** Into brackets that hold nothing. */
function addFirst(text: string, { document, to, list }: Brackets, these: Entries): string {
  const [start, end] = rangeOf(list);
  const outer = editableAt(document, to.slice(0, -1));
  if (Object.values(these).every(isNested) && isMap(list) && isMap(outer) && !outer.flow) {
    const colon = colonAt(document, to);
    const unfolded = lines(text, columnOf(text, outer) + 2, these);
    if (text.slice(colon, end) === ' {}') return put(text, colon, unfolded, end);
  }
  return put(text, start + 1, wordsOf(these).join(', '));
}

function set(text: string, at: Path, value: string): string {
  const document = openYaml(text);
  const node = editableAt(document, at);
  if (!isScalar(node) || isVoid(node)) throw new Unusable(`${dotted(at)} is no text`);
  const { flow = false } = editableAt(document, at.slice(0, -1)) as Collection;
  const [start] = rangeOf(node);
  return put(text, start, inQuotesOf(node, value, flow), endOf(text, node));
}

function remove(text: string, at: Path): string {
  const document = openYaml(text);
  editableAt(document, at);
  const list = editableAt(document, at.slice(0, -1)) as Collection;
  if (list.items.length === 1) return removeLast(text, document, at.slice(0, -1));
  const i = indexIn(list, at.at(-1));
  const [start, end] = [startOf(list, i), endOf(text, list.items[i])];
  if (!list.flow) return removeLines(text, start, end);
  return i === 0
    ? put(text, start, '', startOf(list, 1))
    : put(text, endOf(text, list.items[i - 1]), '', end);
}

/** Takes the only entry of a list or map away, and what would be left of that. */
function removeLast(text: string, document: Document, path: Path): string {
  const list = editableAt(document, path) as Collection;
  const [item] = list.items;
  const [start, end] = rangeOf(list);
  if (!list.flow)
    return isPair(item) && isCollection(item.value)
      ? put(text, colonAt(document, path), ' {}', endOf(text, list))
      : remove(text, path);
  if (text[start + 1] !== ' ') return put(text, startOf(list, 0), '', endOf(text, item));
  const { flow } = editableAt(document, path.slice(0, -1)) as Collection;
  return flow ? remove(text, path) : put(text, colonAt(document, path), '', end);
}

/** Takes the lines from one offset to another away; the first line's end goes, the last one's stays. */
function removeLines(text: string, start: number, end: number): string {
  const line = lineStart(text, start);
  if (line === 0 || text.slice(line, start).trim() !== '')
    throw new Unusable('what is to be taken out shares a line with other things');
  return put(text, lineEnd(text, line - 1), '', lineEnd(text, end));
}

/** Puts words in the place of what stands between two offsets. */
const put = (text: string, from: number, what: string, to = from): string =>
  text.slice(0, from) + what + text.slice(to);

const isNested = (value: Value): boolean => typeof value === 'object' && !isScalar(value);

const lineFeed = (text: string): string => /\r?\n/.exec(text)?.[0] ?? '\n';

/** YAML 1.1, as the kubelet reads it: `yes` or `0b1` is no string without quotes. */
const style = { version: '1.1', lineWidth: 0, indentSeq: false, blockQuote: false } as const;

/** The entries in lines; before each line its line end. */
function lines(text: string, column: number, these: Entries): string {
  const rows = stringify(these, style).trimEnd().split('\n');
  return rows.map((row) => lineFeed(text) + ' '.repeat(column) + row).join('');
}

/**
 * In brackets, as JSON: the whole text may be that. A list or map that is made with it has a space inside, which is
 * what tells it from one that was there.
 */
function inBrackets(value: Value): string {
  if (!isNested(value)) return JSON.stringify(value);
  const words = wordsOf(value as Entries).join(', ');
  return Array.isArray(value) ? `[ ${words} ]` : `{ ${words} }`;
}

/** Each entry of a list or map as it stands in brackets. */
function wordsOf(these: Entries): readonly string[] {
  if (Array.isArray(these)) return these.map(inBrackets);
  return Object.entries(these).map(([key, value]) => `${JSON.stringify(key)}: ${inBrackets(value)}`);
}

/** What separates a new entry in brackets from the last one: a line of its own when that one has one. */
function comma(text: string, list: Collection): string {
  const start = startOf(list, list.items.length - 1);
  const indent = text.slice(lineStart(text, start), start);
  return indent.trim() === '' ? `,${lineFeed(text)}${indent}` : ', ';
}

/** In the quotes that a scalar has, or in double quotes when they cannot hold it. */
function inQuotesOf({ type }: Scalar, value: string, flow: boolean): string {
  if (type === 'QUOTE_SINGLE' && /^[ -~]*$/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  const plain = stringify(value, style).trimEnd() === value && !(flow && /[,[\]{}]/.test(value));
  return type === 'PLAIN' && plain ? value : JSON.stringify(value);
}
