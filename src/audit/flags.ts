// The flags of an API server, from the places that show them: a pod's argv and /flagz (component-base zpages/flagz).
import type { Flags } from './facts.ts';

/**
 * Flags out of a process's argument list: `--name=value`, `--name value`, a bare `--name` (value "true"). The last
 * one wins, as pflag has it. A list wrapped in one shell string (`sh -c "exec kube-apiserver --a=b"`) is split first.
 * Underscores in names are dashes to every Kubernetes program (component-base cli/flag, WordSepNormalizeFunc).
 */
export function flagsFromArgv(argv: readonly string[]): Flags {
  const words = argv.flatMap((word) => (/\skube-apiserver\s|\s--/.test(word) ? shellWords(word) : [word]));
  const flags: Record<string, string> = {};
  words.forEach((word, i) => {
    const [, name, value] = /^--([A-Za-z0-9_-]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) return;
    const next = words[i + 1];
    flags[name.replaceAll('_', '-')] = value ?? (next !== undefined && !next.startsWith('-') ? next : 'true');
  });
  return flags;
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
