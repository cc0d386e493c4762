// A document as text, in forms by chance: JSON, or YAML of blocks and flows, quoted or not, with comments.
import type { Draws } from '../../../support/draws.ts';
import type { Json } from '../../../support/shrink.ts';

/** A text that begins so is written bare, whatever it means then. */
export const bare = '\u{e000}';

/** The document as text; every form of it means the same. */
export function drawText(draws: Draws, document: Json): string {
  const { next, pick } = draws;
  if (next() < 0.2) return JSON.stringify(document, null, pick(0, 1)).replaceAll(bare, 'z');
  const writer = new Writer(draws);
  return `${next() < 0.3 ? '---\n' : ''}${writer.lines(document, '')}\n`;
}

class Writer {
  readonly #draws: Draws;
  readonly #step: string;
  readonly #deep: boolean;
  readonly #flows: number;
  readonly #comments: number;

  constructor(draws: Draws) {
    this.#draws = draws;
    this.#step = draws.pick('  ', '    ', ' ');
    this.#deep = draws.next() < 0.5;
    this.#flows = draws.pick(0, 0.2, 0.5);
    this.#comments = draws.pick(0, 0, 0.1);
  }

  /** What stands behind `key:`, or behind nothing: a line break and lines, or a value on the same line. */
  block(value: Json, indent: string): string {
    const { next } = this.#draws;
    if (typeof value !== 'object' || value === null) return this.scalar(value);
    const parts = Object.keys(value).length;
    return parts === 0 || next() < this.#flows ? this.flow(value) : `\n${this.lines(value, indent)}`;
  }

  /** A value that begins a line; only a block does not begin with a brace, which would make the whole JSON. */
  lines(value: Json, indent: string): string {
    if (typeof value !== 'object' || value === null || Object.keys(value).length === 0)
      return this.flow(value);
    const lines = Array.isArray(value)
      ? value.map((item: Json) => `${indent}- ${this.#item(item, `${indent}  `)}`)
      : this.#entries(value as { [key: string]: Json }, indent).map((entry) => `${indent}${entry}`);
    return lines.map((line) => this.#comment(indent) + line).join('\n');
  }

  // the first entry of a mapping stands on the line of its dash
  #item(item: Json, indent: string): string {
    return this.block(item, indent).replace(/^\n */, '');
  }

  #entries(value: { readonly [key: string]: Json }, indent: string): readonly string[] {
    return Object.entries(value).map(([key, item]) => {
      const deeper = Array.isArray(item) && !this.#deep ? indent : indent + this.#step;
      const written = this.block(item, deeper);
      return `${this.key(key)}:${written.startsWith('\n') ? '' : ' '}${written}`;
    });
  }

  flow(value: Json): string {
    if (typeof value !== 'object' || value === null) return this.scalar(value);
    if (Array.isArray(value)) return `[${value.map((item: Json) => this.flow(item)).join(', ')}]`;
    return `{${Object.entries(value)
      .map(([key, item]) => `${this.key(key)}: ${this.flow(item as Json)}`)
      .join(', ')}}`;
  }

  key(key: string): string {
    if (key.startsWith(bare)) return key.slice(1);
    return this.#draws.next() < 0.02 ? `"${key}"` : key;
  }

  scalar(value: Json): string {
    const { next } = this.#draws;
    if (value === null) return this.#draws.pick('null', '~');
    if (typeof value !== 'string') return String(value);
    if (value.startsWith(bare)) return value.slice(1);
    if (/^(?!y$|n$|yes$|no$|on$|off$|true$|false$|null$)[a-z/][\w./-]*$/i.test(value) && next() < 0.8)
      return value;
    return next() < 0.5 && !/['\n]/.test(value) ? `'${value}'` : JSON.stringify(value);
  }

  #comment(indent: string): string {
    return this.#draws.next() < this.#comments ? `${indent}# a: [b\n` : '';
  }
}
