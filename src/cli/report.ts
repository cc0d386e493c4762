// What is thrown → what the user reads, and the exit number. Failures say what to do next; oclif's own complaints
// about a command line are turned into such failures; everything else is our bug and shows its stack. Pure.
import { Failure, type Code } from '../errors.ts';
import { bin, nearest } from './words.ts';

const issues = 'https://github.com/sematext/kubectl-sematext-audit/issues/new';

/** What oclif's parser attaches to its errors, as far as it is used here. */
interface ParseError extends Error {
  readonly oclif: { readonly exit?: number };
  readonly flags?: readonly string[];
  readonly args?: readonly (string | { readonly name: string })[];
  readonly parse?: { readonly input?: { readonly flags?: Record<string, unknown> } };
}

const list = (words: readonly string[]): string => words.map((word) => `"${word}"`).join(', ');

function sentence(error: ParseError): string {
  const { flags, args } = error;
  if (flags !== undefined) return `There is no flag ${list(flags)} in this command.`;
  const strings = args?.filter((arg) => typeof arg === 'string') ?? [];
  if (strings.length > 0) return `Unexpected argument ${list(strings)}.`;
  const names = args?.flatMap((arg) => (typeof arg === 'string' ? [] : [arg.name.toUpperCase()])) ?? [];
  if (names.length > 0) return `Missing argument ${names.join(', ')}.`;
  return clean(error.message)
    .replace(/^The following errors? occurred:\s*/, '')
    .replace(/^Flag (--\S+)/, '$1')
    .replace(/\s*\n\s*/g, '; ')
    .replace(/[^.]$/, '$&.');
}

/** oclif wraps what a flag's parser says, ours included: `Parsing --x \n\t… \nSee more help with --help`. */
function clean(message: string): string {
  return message
    .replace(/\nSee more help with --help$/, '')
    .replace(/^Parsing (--\S+) \n\t/, '$1: ')
    .replace(/^(--\S+): \1 is/, '$1 is');
}

function near(error: ParseError): readonly string[] {
  const known = Object.keys(error.parse?.input?.flags ?? {}).map((name) => `--${name}`);
  const flag = error.flags?.[0]?.split('=')[0];
  const meant = flag?.startsWith('--') === true ? nearest(flag, known) : undefined;
  return meant === undefined ? [] : [`Did you mean: ${meant}`];
}

/** The failure in anything thrown; undefined when it is our bug. */
export function failureIn(error: unknown, command?: string): Failure | undefined {
  if (error instanceof Failure) {
    const { code, message, suggestions, cause } = error;
    return clean(message) === message ? error : new Failure(code, clean(message), suggestions, cause);
  }
  if (!(error instanceof Error) || !('oclif' in error)) return undefined;
  const usage = error as ParseError;
  const help = `See its flags: ${bin} ${command === undefined ? '' : `${command.replaceAll(':', ' ')} `}--help`;
  return new Failure('usage', sentence(usage), [...near(usage), help]);
}

/** A failure as lines for stderr. */
export function failureText({ message, suggestions, ref }: Failure): string {
  return [`Error: ${message}`, ...suggestions.map((next) => `  → ${next}`), `  More: ${ref}`, ''].join('\n');
}

/** A bug as lines for stderr. */
export function bugText(error: unknown, version: string): string {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `This is a bug in ${bin} ${version}:\n${what}\nPlease report it: ${issues}\n`;
}

/** The error as scripts get it on stdout; a bug has the code `bug`. */
export function errorDocument(error: Failure | undefined, thrown: unknown): object {
  const {
    code,
    message,
    suggestions,
    exitCode,
  }: { code: Code | 'bug' } & Pick<Failure, 'message' | 'suggestions' | 'exitCode'> = error ?? {
    code: 'bug',
    message: thrown instanceof Error ? thrown.message : String(thrown),
    suggestions: [`Please report it: ${issues}`],
    exitCode: 1,
  };
  return { schema: 'error.v1', error: { code, message, next: suggestions, exit: exitCode } };
}
