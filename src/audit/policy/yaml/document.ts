// Text of a policy to a document of the YAML library, where the API server would read one too: JSON when it begins
// with a brace, else YAML 1.1, first document only. Source: apimachinery pkg/runtime/serializer (recognizer, json),
// sigs.k8s.io/yaml on go-yaml 2. The library follows YAML 1.2; what is done here is the difference.
import { isCollection, isScalar, parseAllDocuments } from 'yaml';
import type { Document, YAMLParseError } from 'yaml';
import { readColonsAsGoYaml, refuseWhatGoYamlRefuses } from './go-yaml.ts';
import { Unreadable } from './unreadable.ts';

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
  // no string of JSON can hold a bare tab, and about tabs between its tokens YAML has its own mind
  if (jsonStart.test(text)) return parse(refuseWhatIsNoJson(text).replace(/[\t\r]/g, ' '), []);
  refuseControlCharacters(text);
  const plain = text.replace(breaks, '\n');
  const found = parse(plain, []);
  if (found === undefined) return undefined;
  readColonsAsGoYaml(found, plain);
  refuseWhatGoYamlRefuses(found, plain);
  return found;
}

// unicode.IsSpace of Latin-1; a byte order mark is none
const jsonStart = /^[\t-\r \u0085\u00a0]*\{/;
/** Line breaks that are none to the library: those of YAML 1.1 only, and the carriage return that stands alone. */
const breaks = /[\u0085\u2028\u2029]|\r(?!\n)/g;

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
  if (error === undefined || isBehind(error, document, text)) {
    const more = second && !isEmpty(second) ? original(second.range[0]) : undefined;
    return { document, original, more };
  }
  if (isDirective(error, text)) return parse(text.slice(0, error.pos[0]), pads);
  const at = shallowLine(error, text);
  if (at === undefined) throw new Unreadable(error.message, original(error.pos[0]));
  return parse(`${text.slice(0, at)}${pad}${text.slice(at)}`, [...pads, at]);
}

function isEmpty({ contents }: Document.Parsed): boolean {
  return contents === null || (isScalar(contents) && contents.source === '');
}

/** To go-yaml a directive ends the document before it, wherever it stands. */
function isDirective({ code, pos: [at] }: YAMLParseError, text: string): boolean {
  const line = /^%YAML[ \t]+\d+\.\d+[ \t]*(?:#.*)?\r?$/m;
  return code === 'BAD_SCALAR_START' && text[at - 1] === '\n' && line.exec(text.slice(at))?.index === 0;
}

// go-yaml looks at nothing behind a document that ends with a bracket, or that stood further to the right
function isBehind({ code, pos: [at] }: YAMLParseError, { contents }: Document.Parsed, text: string): boolean {
  if (code !== 'UNEXPECTED_TOKEN' || !isCollection(contents) || !contents.range) return false;
  const [start, end] = contents.range;
  return at >= end && (contents.flow === true || text[start - 1] === ' ');
}

/**
 * Where a line is to be moved to the right: to go-yaml the lines of a flow collection and of a quoted text may begin
 * anywhere; the library wants them deeper than what is around, and as deep as the pad is deep enough.
 */
function shallowLine({ code, message, pos: [start] }: YAMLParseError, text: string): number | undefined {
  const isFlow = code === 'BAD_INDENT' && message.startsWith('Flow ');
  const isQuoted = code === 'MISSING_CHAR' && message.startsWith('Missing closing ');
  if (!isFlow && !isQuoted) return undefined;
  const content = isFlow ? /^(?:\r?\n *)?(?=\S)(?!---|\.\.\.)/ : /^\r?\n(?=[^])(?!---|\.\.\.| {80})/;
  const skipped = content.exec(text.slice(start))?.[0];
  if (skipped === undefined) return undefined;
  const at = start + skipped.length;
  return /(?:^|\n) {0,79}$/.test(text.slice(0, at)) ? at : undefined;
}
