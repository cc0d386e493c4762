// A line of a file with a caret under one of its columns, however wide its characters are.
import { columns, cut } from '../columns.ts';

/** Columns that stand before the line itself: its number and a bar. */
const tabWidth = 8;

/** Columns of a text that begins a line: a tab leads to the next multiple of eight. */
function widthOf(text: string): number {
  return text.split('\t').reduce((width, part, i) => {
    const from = i === 0 ? 0 : width + tabWidth - (width % tabWidth);
    return from + columns(part);
  }, 0);
}

/** Tabs as blanks: what follows stands under the same column in any terminal. */
function expanded(text: string): string {
  return text.split('\t').reduce((line, part, i) => {
    const gap = i === 0 ? 0 : tabWidth - (columns(line) % tabWidth);
    return line + ' '.repeat(gap) + part;
  }, '');
}

export interface Excerpt {
  readonly line: string;
  /** The caret, with blanks before it. */
  readonly caret: string;
}

/**
 * @param source a line without its end, and without characters that steer a terminal
 * @param column from 1 on, in UTF-16 code units
 * @param width columns that there are; of a longer line the part around the column is shown
 */
export function excerpt(source: string, column: number, width: number): Excerpt {
  const at = widthOf(source.slice(0, column - 1));
  const whole = expanded(source);
  if (columns(whole) <= width) return { line: whole, caret: `${' '.repeat(at)}^` };
  const lead = Math.max(0, at - Math.floor(width / 2));
  if (lead === 0) return { line: cut(whole, width), caret: `${' '.repeat(at)}^` };
  const { skipped, rest } = without(whole, lead + 1);
  return { line: `…${cut(rest, width - 1)}`, caret: `${' '.repeat(at - skipped + 1)}^` };
}

/** The text without its first columns: a wide character is left out whole. */
function without(text: string, least: number): { readonly skipped: number; readonly rest: string } {
  let skipped = 0;
  let units = 0;
  for (const char of text) {
    if (skipped >= least) break;
    skipped += columns(char);
    units += char.length;
  }
  return { skipped, rest: text.slice(units) };
}
