// Text of a policy to a document of the YAML library, where the API server would read one too: JSON when it begins
// with a brace, else YAML 1.1, first document only. Source: apimachinery pkg/runtime/serializer (recognizer, json),
// sigs.k8s.io/yaml on go-yaml 2. The library follows YAML 1.2; what is done here is the difference.
import { isCollection, isScalar, parseAllDocuments, visit } from 'yaml';
import type { Document, YAMLParseError } from 'yaml';

/** Thrown where the API server could not read the text. */
export class Unreadable extends Error {
  /** Offset into the text. */
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

export interface FirstDocument {
  /** Scalars are as they are written, of whatever type they are. */
  readonly document: Document.Parsed;
  /** Offset into the text of an offset in the document. */
  readonly original: (offset: number) => number;
  /** Where a second document begins, if one has something in it. */
  readonly more: number | undefined;
}

/**
 * The first document; undefined when there is none.
 * @throws Unreadable
 */
export function firstDocument(text: string): FirstDocument | undefined {
  refuseControlCharacters(text);
  // no string of JSON can hold a bare tab, and about tabs between its tokens YAML has its own mind
  if (jsonStart.test(text)) return parse(refuseWhatIsNoJson(text).replaceAll('\t', ' '), []);
  const plain = text.replace(breaks, '\n');
  const found = parse(plain, []);
  if (found !== undefined) refuseWhatYaml1Refuses(found, plain);
  return found;
}

// unicode.IsSpace of Latin-1; a byte order mark is none
const jsonStart = /^[\t-\r \u0085\u00a0]*\{/;
/** Line breaks of YAML 1.1 that are none in 1.2. */
const breaks = /[\u0085\u2028\u2029]/g;

function refuseControlCharacters(text: string): void {
  const at = text.search(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/);
  if (at >= 0) throw new Unreadable('control characters are not allowed', at);
}

function refuseWhatIsNoJson(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    const { message } = error as SyntaxError;
    const at = Number(/position (\d+)/.exec(message)?.[1] ?? 0); // V8 names the offset, or nothing
    throw new Unreadable(`what begins with a brace is read as JSON: ${message}`, at);
  }
}

/** Blanks put into the text: where, by offset into the text that was there before. */
type Pads = readonly number[];
const pad = ' '.repeat(80);

function parse(text: string, pads: Pads): FirstDocument | undefined {
  const documents = parseAllDocuments(text, {
    version: '1.1',
    schema: 'failsafe',
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const [document, second] = 'empty' in documents ? [] : documents;
  if (document === undefined) return undefined;
  const original = (offset: number): number =>
    pads.reduceRight((at, put) => (at >= put + pad.length ? at - pad.length : Math.min(at, put)), offset);
  const [error] = document.errors;
  if (error === undefined) {
    const more = second && !isEmpty(second) ? original(second.range[0]) : undefined;
    return { document, original, more };
  }
  const [at] = error.pos;
  if (!isShallowFlow(error, text)) throw new Unreadable(error.message, original(at));
  return parse(`${text.slice(0, at)}${pad}${text.slice(at)}`, [...pads, at]);
}

function isEmpty({ contents }: Document.Parsed): boolean {
  return contents === null || (isScalar(contents) && contents.source === '');
}

/**
 * To go-yaml the lines of a flow collection may begin anywhere; the library wants them deeper than what is around, and
 * as deep as the pad is deep enough.
 */
function isShallowFlow({ code, message, pos: [at] }: YAMLParseError, text: string): boolean {
  const isLineStart = /(?:^|\n) {0,79}$/.test(text.slice(0, at));
  const isContent = /^(?!---|\.\.\.)\S/.test(text.slice(at));
  return code === 'BAD_INDENT' && message.startsWith('Flow ') && isLineStart && isContent;
}

function refuseWhatYaml1Refuses({ document, original }: FirstDocument, text: string): void {
  const [start, , end] = document.range;
  const directive = /^%YAML[ \t]+(?!1\.1(?:[ \t]|$))/m.exec(text.slice(0, original(start)));
  if (document.directives.yaml.explicit === true && directive !== null)
    throw new Unreadable('found incompatible YAML document', directive.index);
  const inside: (readonly [number, number])[] = [];
  visit(document, (_, node) => {
    if (!isScalar(node) && !(isCollection(node) && node.flow === true)) return;
    if (node.range) inside.push([original(node.range[0]), original(node.range[1])]);
  });
  for (const { index, 0: blanks } of text.slice(0, original(end)).matchAll(/^ *\t/gm)) {
    const tab = index + blanks.length - 1;
    if (!inside.some(([from, to]) => from <= tab && tab < to))
      throw new Unreadable('found a tab character that violates indentation', tab);
  }
}
