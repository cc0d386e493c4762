// A template of `-o jsonpath=`, as kubectl reads it (k8s.io/client-go/util/jsonpath/parser.go): text, and actions in
// braces. `$` and `@` are both what is at hand; every field stands for itself and not for a path that is evaluated.
import { Failure } from '../../errors.ts';

/** One step of an action, from values to values. */
export type Step =
  | { readonly do: 'field'; readonly name: string }
  /** What stands in `['…']`: a key, or else a path with dots. */
  | { readonly do: 'key'; readonly name: string; readonly path: readonly Step[] }
  | { readonly do: 'wildcard' }
  | { readonly do: 'recursive' }
  | {
      readonly do: 'slice';
      readonly from?: number;
      readonly to?: number;
      readonly by: number;
      readonly one: boolean;
    }
  | { readonly do: 'union'; readonly parts: readonly (readonly Step[])[] }
  | {
      readonly do: 'filter';
      readonly left: readonly Step[];
      readonly operator: string;
      readonly right: readonly Step[];
    }
  | { readonly do: 'constant'; readonly value: string | number | boolean };

/** A part of a template. */
export type Part =
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'action'; readonly steps: readonly Step[] }
  | { readonly is: 'range'; readonly steps: readonly Step[]; readonly body: readonly Part[] };

const endOfField = /[\s.,[\]$@{}]/;
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

class Parser {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Everything up to the end, or up to `{end}` inside of a range. */
  parts(range?: number): readonly Part[] {
    const parts: Part[] = [];
    while (this.at < this.text.length) {
      const open = this.text.indexOf('{', this.at);
      if (open !== this.at)
        parts.push({ is: 'text', text: this.text.slice(this.at, open === -1 ? undefined : open) });
      if (open === -1) break;
      this.at = open + 1;
      const word = /^\s*(range|end)(?![\w])/.exec(this.text.slice(this.at));
      this.at += word?.[0].length ?? 0;
      const steps = this.steps('}');
      if (word?.[1] === 'range') parts.push({ is: 'range', steps, body: this.parts(open) });
      else if (word === null) parts.push({ is: 'action', steps });
      else if (range === undefined) this.refuse('{end} without a {range}', open);
      else return parts;
    }
    if (range !== undefined) this.refuse('a {range} without its {end}', range);
    return parts;
  }

  /** The steps up to a closing brace, which is passed, or up to the end of the text. */
  steps(closing: '}' | ''): readonly Step[] {
    const steps: Step[] = [];
    const start = this.at;
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined || char === '\n') {
        if (closing === '' && char === undefined) return steps;
        this.refuse('an action that is not closed with }', start - 1);
      }
      if (char === closing) {
        this.at++;
        return steps;
      }
      steps.push(...this.step(char));
    }
  }

  private step(char: string): readonly Step[] {
    const { at, text } = this;
    if (text.startsWith('[?(', at)) return [this.filter()];
    if (text.startsWith('..', at)) return this.recursive();
    if (char === '[') return [this.brackets()];
    if (char === '.') return this.field(at + 1);
    if (char === '"' || char === "'") return [this.quoted(char)];
    if (/[-+\d]/.test(char)) return [this.number()];
    const word = /^\w+/.exec(text.slice(at))?.[0];
    if (word !== undefined) return [this.word(word)];
    if (!/[ @$]/.test(char)) this.refuse(`"${char}", which means nothing there`, at);
    this.at++;
    return [];
  }

  private recursive(): readonly Step[] {
    const named = /\w/.test(this.text[this.at + 2] ?? '');
    this.at += 2;
    return [{ do: 'recursive' }, ...(named ? this.field(this.at) : [])];
  }

  private field(start: number): readonly Step[] {
    let end = start;
    while (end < this.text.length && !endOfField.test(this.text[end] ?? ''))
      end += this.text[end] === '\\' ? 2 : 1;
    this.at = end;
    const name = this.text.slice(start, end);
    return [name === '*' ? { do: 'wildcard' } : { do: 'field', name: name.replaceAll('\\', '') }];
  }

  private word(word: string): Step {
    if (word !== 'true' && word !== 'false')
      this.refuse(`"${word}", which is neither range nor end; a field begins with a dot`, this.at);
    this.at += word.length;
    return { do: 'constant', value: word === 'true' };
  }

  private number(): Step {
    const text = /^[-+]?\d*\.?\d*/.exec(this.text.slice(this.at))?.[0] ?? '';
    const value = text === '' ? NaN : Number(text);
    if (Number.isNaN(value)) this.refuse(`"${text}", which is no number`, this.at);
    this.at += text.length;
    return { do: 'constant', value };
  }

  private quoted(quote: string): Step {
    const start = this.at++;
    let value = '';
    for (;;) {
      const char = this.text[this.at++];
      if (char === undefined || char === '\n') this.refuse('a quote that is not closed', start);
      if (char === quote) return { do: 'constant', value };
      const next = char === '\\' ? (this.text[this.at++] ?? '') : '';
      value += char === '\\' ? (escapes[next] ?? next) : char;
    }
  }

  private brackets(): Step {
    const start = this.at;
    let end = start + 1;
    for (let quote = ''; end < this.text.length; end++) {
      const char = this.text[end] ?? '';
      if (quote === '' && char === ']') break;
      if (char === "'") quote = quote === '' ? char : '';
    }
    if (end >= this.text.length) this.refuse('a [ without its ]', start);
    this.at = end + 1;
    const items = this.text.slice(start + 1, end).split(',');
    if (items.length === 1) return this.bracket(items[0] ?? '', start);
    return { do: 'union', parts: items.map((item) => [this.bracket(item.trim(), start)]) };
  }

  private bracket(text: string, start: number): Step {
    if (text === '*') return { do: 'slice', by: 1, one: false };
    const key = /^'([^']*)'$/.exec(text)?.[1];
    if (key !== undefined)
      return { do: 'key', name: key.replaceAll('\\', ''), path: new Parser(`.${key}`).steps('') };
    const [whole, from = '', to, by] = /^(-?\d*)(?::(-?\d*))?(?::(-?\d*))?$/.exec(text) ?? [];
    if (whole === undefined || whole === '') this.refuse(`[${text}], which is no index`, start);
    return {
      do: 'slice',
      ...(from !== '' && { from: Number(from) }),
      ...(to !== undefined && to !== '' && { to: Number(to) }),
      by: Number(by || 1),
      one: to === undefined,
    };
  }

  private filter(): Step {
    const start = this.at;
    const inside = /^\[\?\(((?:"[^"]*"|'[^']*'|[^"'()]|\([^()]*\))*)\)\]/.exec(this.text.slice(start));
    if (inside === null) this.refuse('a filter without its )]', start);
    this.at += inside[0].length;
    const [, left = '', operator = '', right = ''] = /^([^!<>=]+)([!<>=]+)(.+?)$/.exec(inside[1] ?? '') ?? [];
    if (!['', '==', '!=', '<', '<=', '>', '>='].includes(operator))
      this.refuse(`"${operator}", which compares nothing`, start);
    const steps = (text: string): readonly Step[] => new Parser(text).steps('');
    return { do: 'filter', left: steps(left || (inside[1] ?? '')), operator, right: steps(right) };
  }

  private refuse(what: string, at: number): never {
    throw new Failure('usage', `-o jsonpath: ${what}, at character ${at + 1} of ${this.text}`, [
      'Write it as for kubectl: {.user.username}{"\\t"}{.verb}{"\\n"}',
    ]);
  }
}

/**
 * The parts of a template; a path without braces, `.verb`, is taken as one in braces.
 * @throws Failure usage that names the place
 */
export const parse = (template: string): readonly Part[] =>
  new Parser(/^[.[$][^{}]*$/.test(template) ? `{${template}}` : template).parts();
