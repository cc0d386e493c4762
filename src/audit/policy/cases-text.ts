// A list of cases out of its text, JSON or YAML, and the place of what is wrong in it.
import { isNode, isPair, LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import type { ServerVersion } from '../facts.ts';
import { CaseFault, casesIn } from './cases.ts';
import type { PolicyCase } from './cases.ts';

/** Thrown where a text is no list of cases; the message says where and why. */
export class NoCases extends Error {
  /** From 1 on; absent in JSON that is too long to be looked through again. */
  readonly place: { readonly line: number; readonly column: number } | undefined;
  constructor(message: string, place: NoCases['place']) {
    super(message);
    this.place = place;
  }
}

/** JSON that is longer is read by nothing but JSON's own, quick parser, which knows no places; characters. */
const mostPlaced = 1024 * 1024;

/**
 * The cases in a text, one after the other.
 * @param version that requests are meant for
 * @throws NoCases for the first thing that is wrong, when it is come to
 */
export function* readCases(text: string, version: ServerVersion): Generator<PolicyCase> {
  const json = text.trimStart().startsWith('[') ? parsedJson(text) : undefined;
  const yaml = json === undefined ? readYaml(text) : undefined;
  try {
    yield* casesIn(json === undefined ? yaml?.value : json.value, version);
  } catch (error) {
    if (!(error instanceof CaseFault)) throw error;
    const { path, message } = error;
    const [index] = path;
    const where = typeof index === 'number' ? `case ${index + 1}: ` : '';
    const { placeOf } = yaml ?? (text.length > mostPlaced ? { placeOf: () => undefined } : readYaml(text));
    throw new NoCases(`${where}${message}`, placeOf(path));
  }
}

/** undefined where it is no JSON, and may be YAML. @throws NoCases where it is too long to try */
function parsedJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    if (text.length > mostPlaced) throw new NoCases((error as SyntaxError).message, undefined);
    return undefined;
  }
}

interface Yaml {
  readonly value: unknown;
  readonly placeOf: (path: CaseFault['path']) => NoCases['place'];
}

function readYaml(text: string): Yaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, prettyErrors: false });
  const at = (offset: number): NonNullable<NoCases['place']> => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const [error] = document.errors;
  if (error !== undefined) {
    const several = error.code === 'MULTIPLE_DOCS';
    throw new NoCases(several ? 'there is more than one YAML document' : error.message, at(error.pos[0]));
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: 10_000 });
    return { value, placeOf: (path) => at(offsetOf(document, path)) };
  } catch (fault) {
    // an anchor that is nowhere, or too many of them
    if (fault instanceof ReferenceError) throw new NoCases(fault.message, undefined);
    throw fault;
  }
}

/** Where the value of a path stands, its key where it has one, or the nearest above it that the text has. */
function offsetOf(document: Document, path: CaseFault['path']): number {
  const parent: unknown = document.getIn(path.slice(0, -1), true);
  const items = (parent as { items?: readonly unknown[] } | undefined)?.items ?? [];
  const key = path.at(-1);
  const pair = items.filter(isPair).find((one) => String((one.key as { value?: unknown }).value) === key);
  const node: unknown = pair?.key ?? (path.length === 0 ? document.contents : document.getIn(path, true));
  if (isNode(node) && node.range) return node.range[0];
  return path.length === 0 ? 0 : offsetOf(document, path.slice(0, -1));
}
