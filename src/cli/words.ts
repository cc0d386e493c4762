// What the words of a command line mean before any command is loaded: which command is meant, which format the
// output has, and what was probably meant by a word that nobody knows. Pure.
import { Failure } from '../errors.ts';

/** Name of the program in all that users read; kubectl turns the dash of the file name into an underscore. */
export const bin = 'kubectl sematext-audit';

/** What a command line asks for. */
export type Wish =
  | { readonly version: true }
  | { readonly help: string }
  | { readonly id: string; readonly argv: readonly string[] };

/** Number of letters to add, drop, change or swap with the next to make one word of another. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      rows[i]?.push(Math.min(change, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(a.length, b.length);
}

/** The known word that was most likely meant, or undefined when none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, far: name.startsWith(word) ? 1 : distance(word, name) }))
    .sort((a, b) => a.far - b.far);
  const best = ranked[0];
  return best !== undefined && best.far <= Math.max(1, Math.floor(word.length / 3)) ? best.name : undefined;
}

/** The output format that was asked for, seen without knowing the command: for errors that come before parsing. */
export function formatOf(argv: readonly string[]): string {
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  let format = 'text';
  words.forEach((word, i) => {
    const glued = /^(?:--output=|-o=?)(.+)$/.exec(word)?.[1];
    if (glued !== undefined) format = glued;
    else if (word === '-o' || word === '--output') format = words[i + 1] ?? format;
  });
  return format;
}

/** How many leading words are flags and their values: in `-n prod status` they are two. */
function flagsBefore(argv: readonly string[], takesValue: (flag: string) => boolean): number {
  let i = 0;
  while (argv[i]?.startsWith('-') === true && argv[i] !== '--') i += takesValue(argv[i] ?? '') ? 2 : 1;
  return i;
}

/** The longest run of leading words that is a command: `policy lint x` → `policy:lint`. */
function commandOf(words: readonly string[], ids: readonly string[]): string | undefined {
  for (let n = words.length; n > 0; n--) {
    const id = words.slice(0, n).join(':');
    if (ids.includes(id)) return id;
  }
  return undefined;
}

function leadingWords(argv: readonly string[]): readonly string[] {
  const end = argv.findIndex((word) => word.startsWith('-'));
  return end === -1 ? argv : argv.slice(0, end);
}

/** The topic (first words of commands) that leading words name, and the commands under it. */
function topicOf(words: readonly string[], ids: readonly string[]): readonly string[] {
  return ids.filter((id) => id.startsWith(`${words[0] ?? ''}:`));
}

function unknown(words: readonly string[], ids: readonly string[]): Failure {
  const under = topicOf(words, ids).map((id) => id.replaceAll(':', ' '));
  const all = ids.map((id) => id.replaceAll(':', ' '));
  const said = words.join(' ');
  if (under.length > 0 && words.length === 1)
    return new Failure('usage', `"${said}" is the first word of several commands.`, [
      `Say which: ${under.map((name) => `${bin} ${name}`).join(', ')}.`,
    ]);
  const near = nearest(said, all) ?? nearest(words[0] ?? '', all) ?? under[0];
  return new Failure('usage', `There is no command "${near?.includes(' ') ? said : (words[0] ?? '')}".`, [
    ...(near === undefined ? [] : [`Did you mean: ${bin} ${near}`]),
    `See what there is: ${bin} --help`,
  ]);
}

function asksHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).some((word) => word === '--help' || word === '-h');
}

/**
 * What a command line asks for.
 * @param ids all commands, their words joined by colons
 * @param takesValue whether a flag (as typed) is followed by its value; asked only for flags before the command
 * @throws Failure usage when no command is meant
 */
export function wish(
  typed: readonly string[],
  ids: readonly string[],
  takesValue: (flag: string) => boolean,
): Wish {
  if (typed[0] === '--version') return { version: true };
  const n = flagsBefore(typed, takesValue);
  const [before, argv] = [typed.slice(0, n), typed.slice(n)];
  const help = argv[0] === 'help' || asksHelp(typed);
  const words = leadingWords(argv[0] === 'help' ? argv.slice(1) : argv);
  const id = commandOf(words, ids);
  if (id !== undefined)
    return help ? { help: id } : { id, argv: [...before, ...argv.slice(id.split(':').length)] };
  if (words.length === 0) return atTheRoot(help || typed.length === 0);
  if (help && topicOf(words, ids).length > 0) return { help: words[0] ?? '' };
  throw unknown(words, ids);
}

function atTheRoot(help: boolean): Wish {
  if (help) return { help: '' };
  throw new Failure('usage', 'A command is missing.', [`See what there is: ${bin} --help`]);
}
