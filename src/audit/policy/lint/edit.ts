// A mending as a change of the text, which keeps every other byte: comments, quotes, order. Where the text does not
// stand there as plainly as is expected (an alias, an anchor, a tag, a comment in between), there is no edit.
import type { Reading } from '../read.ts';
import { wordValue } from '../yaml/word.ts';
import type { Fix } from './rule.ts';

/** Replaces what stands between two offsets. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** What it does, in words. */
  readonly what: string;
}

/** The edit for a fix at a path; undefined where the text cannot be changed safely. */
export function editOf(text: string, reading: Reading, path: string, fix: Fix): Edit | undefined {
  if (!reading.has(path)) return undefined;
  const isKey = 'key' in fix && fix.key === true;
  const at = isKey ? reading.offsetOf(path) : reading.valueOffsetOf(path);
  if ('write' in fix) return writing(text, at, fix);
  if ('quote' in fix) return quoting(text, at);
  return fix.drop === 'item'
    ? item(text, at)
    : list(text, reading.offsetOf(path.replace(/\[\d+\]$/, '')), fix.key);
}

/** What may stand behind a scalar in a line. */
const endsScalar = /^(?:$|[\s,\]}])/;
const endsKey = /^\s*:(?:$|\s)/;
const endsQuotedKey = /^\s*:/;

function writing(text: string, at: number, fix: Extract<Fix, { write: string }>): Edit | undefined {
  const { write, for: said } = fix;
  for (const quote of ['', '"', "'"]) {
    const found = `${quote}${said}${quote}`;
    const ends = fix.key !== true ? endsScalar : quote === '' ? endsKey : endsQuotedKey;
    if (!text.startsWith(found, at) || !ends.test(rest(text, at + found.length))) continue;
    const put = quote === '' && write === '' ? '""' : `${quote}${write}${quote}`;
    return {
      from: at,
      to: at + found.length,
      text: put,
      what: `wrote ${write === '' ? '""' : write} for ${said}`,
    };
  }
  return undefined;
}

// enough to see what follows
const rest = (text: string, at: number): string => text.slice(at, at + 80);

function quoting(text: string, at: number): Edit | undefined {
  const [word = ''] = /^[^\s,[\]{}#"'&*!|>]+/.exec(rest(text, at)) ?? [];
  if (word === '' || wordValue(word).kind === 'string' || !endsScalar.test(rest(text, at + word.length)))
    return undefined;
  return { from: at, to: at + word.length, text: `"${word}"`, what: `put ${word} in quotes` };
}

function item(text: string, at: number): Edit | undefined {
  const [word] = /^(?:"[^"\\\n]*"|'[^'\n]*'|[^\s,[\]{}#"'&!|>]+)/.exec(text.slice(at, at + 300)) ?? [];
  if (word === undefined) return undefined;
  const to = at + word.length;
  const what = `took out the second ${word}`;
  const [comma] = /,[ \t\r\n]*$/.exec(text.slice(0, at)) ?? [];
  if (comma !== undefined)
    return /^\s*[,\]]/.test(rest(text, to)) ? { from: at - comma.length, to, text: '', what } : undefined;
  const [indent] = /(?<=^|[\r\n])[ \t]*- +$/.exec(text.slice(0, at)) ?? [];
  const [end] = /^[ \t]*(?:\r\n|\n|\r|$)/.exec(text.slice(to)) ?? [];
  return indent === undefined || end === undefined
    ? undefined
    : { from: at - indent.length, to: to + end.length, text: '', what };
}

/** `KEY: ["*"]`, or the same in two lines: the whole lines where nothing else stands there, an empty list else. */
function list(text: string, at: number, key: string): Edit | undefined {
  const tail = text.slice(at, at + 300);
  const [found, head = ''] =
    /^((["']?)\w+\2[ \t]*:)(?:[ \t]*\[\s*(["'])\*\3\s*\]|[ \t]*\r?\n[ \t]*- +(["'])\*\4(?=[ \t]*(?:\r?\n|$)))/.exec(
      tail,
    ) ?? [];
  if (found === undefined || head.replace(/["':\s]/g, '') !== key) return undefined;
  const what = `took out ${key}, which is now for all`;
  const [indent] = /(?<=^|[\r\n])[ \t]+$/.exec(text.slice(0, at)) ?? [];
  const [end] = /^[ \t]*(?:\r\n|\n|$)/.exec(text.slice(at + found.length)) ?? [];
  return indent === undefined || end === undefined || /^["']/.test(head)
    ? { from: at + head.length, to: at + found.length, text: ' []', what }
    : { from: at - indent.length, to: at + found.length + end.length, text: '', what };
}
