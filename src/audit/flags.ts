// The flags of an API server, from the places that show them: a pod's argv and /flagz (component-base zpages/flagz).
import type { Flags } from './facts.ts';

/** A flag in an argument list. */
export interface FlagWord {
  /** Without dashes; underscores are dashes (component-base cli/flag, WordSepNormalizeFunc). */
  readonly name: string;
  /** "true" for a bare `--name`. */
  readonly value: string;
  /** Index of its first word. */
  readonly at: number;
  /** Two for `--name value`. */
  readonly words: 1 | 2;
}

/** Every flag of an argument list, repeated ones too: `--name=value`, `--name value`, a bare `--name`. */
export function flagWords(words: readonly string[]): readonly FlagWord[] {
  return words.flatMap((word, at): FlagWord[] => {
    const [, spelt, joined] = /^--([A-Za-z0-9_-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (spelt === undefined) return [];
    const name = spelt.replaceAll('_', '-');
    if (joined !== undefined) return [{ name, value: joined, at, words: 1 }];
    const next = words[at + 1];
    // a dash alone is a value, stdout say
    const takesNext = next !== undefined && (next === '-' || !next.startsWith('-'));
    return [takesNext ? { name, value: next, at, words: 2 } : { name, value: 'true', at, words: 1 }];
  });
}

/**
 * Flags out of a process's argument list. The last one wins, as pflag has it. A list wrapped in one shell string
 * (`sh -c "exec kube-apiserver --a=b"`) is split first.
 */
export function flagsFromArgv(argv: readonly string[]): Flags {
  const words = argv.flatMap((word) => (/\skube-apiserver\s|\s--/.test(word) ? shellWords(word) : [word]));
  return Object.fromEntries(flagWords(words).map(({ name, value }) => [name, value]));
}

/** The words of a shell command without their quotes, up to a redirection that a bare flag would take for its value. */
function shellWords(text: string): readonly string[] {
  const words = [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word);
  const end = words.findIndex((word, i) => i > 0 && /^\d*[<>]/.test(word) && words[i - 1]?.startsWith('--'));
  return (end < 0 ? words : words.slice(0, end)).map((word) => word.replace(/["']/g, ''));
}

/**
 * Flags out of /flagz: the structured form of 1.35 and later, or the text of 1.32 on, whose separator the server
 * picks at random per process from ":", ": ", "=", " ".
 * @returns undefined when the text is neither
 */
export function flagsFromFlagz(text: string): Flags | undefined {
  if (text.trimStart().startsWith('{')) return flagsFromJson(text);
  // "kube-apiserver flags" up to 1.35, "kube-apiserver flagz" or "apiserver flagz" since
  const [, lines] = /^(?:kube-)?apiserver flag[sz]\n(.*)/ms.exec(text) ?? [];
  if (lines === undefined) return undefined;
  const flags: Record<string, string> = {};
  for (const line of lines.split('\n')) {
    const [, name, value] = /^([a-z0-9]+(?:-[a-z0-9]+)+|v)(?:: ?|=| )(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) flags[name] = value;
  }
  return flags;
}

function flagsFromJson(text: string): Flags | undefined {
  try {
    const flags = (JSON.parse(text) as { flags?: unknown } | null)?.flags;
    if (typeof flags !== 'object' || flags === null || Array.isArray(flags)) return undefined;
    return Object.fromEntries(Object.entries(flags).map(([name, value]) => [name, String(value)]));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
