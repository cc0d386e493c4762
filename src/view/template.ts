// `-o template=`: a mustache template for each event. It has no logic and no code; names are paths, and the leading
// dot of Go's templates may stand before them. Loaded only when it is asked for.
import Mustache from 'mustache';
import { Failure } from '../errors.ts';

/** Kind, name or text, place, end; of a section also its tokens. As `Mustache.parse` gives them. */
type Token = [string, string, number, number, Token[]?, ...unknown[]];

/** A value and those around it, looked up by a path whose keys may hold dots behind backslashes, as in jsonpath. */
class Path extends Mustache.Context {
  override push(view: unknown): Path {
    return new Path(view, this);
  }

  override lookup(name: string): unknown {
    if (name === '.') return this.view as unknown;
    const [first = '', ...rest] = name
      .replace(/^\./, '')
      .match(/(?:\\.|[^.\\])+/g)
      ?.map((key) => key.replaceAll('\\', '')) ?? [''];
    const found = own(this.view, first);
    return found === undefined ? (this.parent?.lookup(name) as unknown) : rest.reduce(own, found);
  }
}

const own = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;

/** What is not a text stands there as JSON. */
const written = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** All tokens, those within sections too, with nothing unescaped and nothing from elsewhere. */
function checked(tokens: readonly Token[], template: string): Token[] {
  return tokens.map(([kind, name, start, end, inner, ...rest]) => {
    if (kind === '>') throw refusal(`a partial, which there is none of: ${name}`, start, template);
    const same = kind === '&' ? 'name' : kind; // what "unescaped" would let through could steer a terminal
    return inner === undefined
      ? [same, name, start, end]
      : [same, name, start, end, checked(inner, template), ...rest];
  });
}

const refusal = (what: string, at: number, template: string): Failure =>
  new Failure('usage', `-o template: ${what}, at character ${at + 1} of ${template}`, [
    'Write it like {{.user.username}} {{.verb}}.',
  ]);

function parsed(template: string): Token[] {
  try {
    return Mustache.parse(template) as Token[];
  } catch (error) {
    const [, what = String(error), at = '0'] = /^(.*) at (\d+)$/s.exec((error as Error).message) ?? [];
    throw refusal(
      what.replace(/^./, (first) => first.toLowerCase()),
      Number(at),
      template,
    );
  }
}

/**
 * What writes values by a template.
 * @param harmless makes a text that came out of a value harmless to who reads it; the template's own is as it is
 * @throws Failure usage that names the place
 */
export function templated(template: string, harmless: (text: string) => string): (value: object) => string {
  const tokens = checked(parsed(template), template);
  const writer = new Mustache.Writer();
  const escape = (value: unknown): string => harmless(written(value));
  return (value) =>
    writer.renderTokens(tokens as string[][], new Path(value), undefined, template, { escape });
}
