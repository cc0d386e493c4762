// Colours, symbols and wrapped lines: the few marks that all views share.

/** What a view must know about where its text goes. */
export interface Terminal {
  readonly colour: boolean;
  /** Columns. */
  readonly width: number;
}

export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'magenta' | 'blue' | 'dim' | 'bold';
const escapes: Record<Colour, readonly [number, number]> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
  magenta: [35, 39],
  blue: [34, 39],
  dim: [2, 22],
  bold: [1, 22],
};

/** The text in a colour, where the terminal takes colours. */
export function paint(terminal: Terminal, colour: Colour, text: string): string {
  const [on, off] = escapes[colour];
  return terminal.colour ? `\u001b[${on}m${text}\u001b[${off}m` : text;
}

/**
 * Folds a text at blanks so that no line passes the width; every line but the first is indented. What came from
 * elsewhere must not steer the terminal, so control characters become question marks.
 */
export function fold(text: string, { width }: Terminal, indent: number): string {
  const room = Math.max(20, width - indent);
  const lines: string[] = [''];
  for (const word of text.replace(/\p{Cc}/gu, '?').split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}

export type Mark = 'ok' | 'bad' | 'warn' | 'unknown' | 'skipped';
const marks: Record<Mark, readonly [string, Colour]> = {
  ok: ['✔', 'green'],
  bad: ['✘', 'red'],
  warn: ['!', 'yellow'],
  unknown: ['?', 'yellow'],
  skipped: ['-', 'dim'],
};

/** The symbol of an answer. */
export function mark(terminal: Terminal, kind: Mark): string {
  const [symbol, colour] = marks[kind];
  return paint(terminal, colour, symbol);
}
