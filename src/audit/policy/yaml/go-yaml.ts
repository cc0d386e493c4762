// Where go-yaml 2 and the YAML library read the same signs in two ways, though both could read them, or only the library
// could: another version, tabs where blocks are indented, colons and question marks in flow collections. Source: go-yaml v2 scannerc.go.
import { isCollection, isMap, isPair, isScalar, isSeq, Scalar, visit } from 'yaml';
import type { Node, Pair } from 'yaml';
import type { FirstDocument } from './document.ts';
import { Unreadable } from './unreadable.ts';

/** To go-yaml a colon belongs to the bare word before it where no blank follows: `[a:]` is a list of one text. */
export function readColonsAsGoYaml({ document, original }: FirstDocument, text: string): void {
  const wordBefore = ({ key }: Pair): Scalar | undefined => {
    if (!isScalar(key) || key.type !== Scalar.PLAIN || !key.range) return undefined;
    const end = original(key.range[1]);
    return /^:[,\]}]/.test(text.slice(end, end + 2)) ? key : undefined;
  };
  const lengthen = (word: Scalar): Scalar => Object.assign(word, { value: `${String(word.value)}:` });
  visit(document, {
    Map: (_, { items: [pair], range }, path) => {
      const word = pair && wordBefore(pair);
      const isBraced = range && text[original(range[0])] === '{';
      return word && isSeq(path.at(-1)) && isBraced === false ? lengthen(word) : undefined;
    },
    Pair: (_, pair) => {
      const word = wordBefore(pair);
      if (word) lengthen(word);
    },
  });
}

/**
 * @param text the one that was read, before anything was put into it
 * @throws Unreadable
 */
export function refuseWhatGoYamlRefuses(found: FirstDocument, text: string): void {
  refuseOtherVersions(found, text);
  const inside: (readonly [number, number])[] = [];
  const within = ({ range }: Node): readonly [number, number] =>
    range ? [found.original(range[0]), found.original(range[1])] : [0, 0];
  visit(found.document, (place, node, path) => {
    if (isScalar(node) || (isCollection(node) && node.flow === true)) inside.push(within(node));
    if (isScalar(node)) refuseForm(node, within(node), text);
    const inFlow = path.some((above) => isCollection(above) && above.flow === true);
    if (inFlow && isScalar(node) && node.type === Scalar.PLAIN)
      refuseSigns(within(node), text, place === 'key');
    if (inFlow && isPair(node) && isMap(path.at(-1))) refuseLongKey(node, within, text);
  });
  refuseTabs(text.slice(0, found.original(found.document.range[2])), inside);
}

function refuseOtherVersions({ document, original }: FirstDocument, text: string): void {
  const directive = /^%YAML[ \t]+(?!1\.1(?:[ \t]|$))/m.exec(text.slice(0, original(document.range[0])));
  if (document.directives.yaml.explicit === true && directive !== null)
    throw new Unreadable('found incompatible YAML document', directive.index);
}

function refuseTabs(text: string, inside: readonly (readonly [number, number])[]): void {
  for (const { index, 0: blanks } of text.matchAll(/^(?: *[-?](?=[ \t]))* *\t/gm)) {
    const tab = index + blanks.length - 1;
    if (!inside.some(([from, to]) => from <= tab && tab < to))
      throw new Unreadable('found a tab character that violates indentation', tab);
  }
}

function refuseForm({ anchor, type }: Scalar, [from, to]: readonly [number, number], text: string): void {
  if (anchor !== undefined && !/^[-\w]+$/.test(anchor))
    throw new Unreadable('found a sign that no anchor has', from);
  if (type === Scalar.QUOTE_SINGLE && !/^'(?:[^']|'')*'$/.test(text.slice(from, to)))
    throw new Unreadable('found unexpected end of stream', from);
}

/** A bare word of a flow collection ends at a question mark, and not at a colon with a bracket behind it. */
function refuseSigns([from, to]: readonly [number, number], text: string, isKey: boolean): void {
  const word = text.slice(from, to);
  const marked = isKey ? word.indexOf('?') > 0 : word.includes('?');
  if (marked || word.startsWith(':') || /^:[[{]/.test(text.slice(to, to + 2)))
    throw new Unreadable('found a sign that a bare word cannot have here', from);
}

function refuseLongKey(
  { key, value }: Pair,
  within: (node: Node) => readonly [number, number],
  text: string,
): void {
  if (!isScalar(key) || value === null) return;
  const [from, to] = within(key);
  if (text.slice(from, text.indexOf(':', to)).includes('\n'))
    throw new Unreadable('a key and its colon have to be on one line', from);
}
