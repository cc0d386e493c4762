// Makes the changes that have one meaning only, and looks again until there are none: what is mended may show what
// was behind it.
import type { ServerVersion } from '../../facts.ts';
import type { Edit } from './edit.ts';
import { lintPolicy } from './lint.ts';
import type { LintOptions, LintProblem } from './lint.ts';

/** A change that was made. */
export interface Fixed {
  readonly id: string;
  readonly path: string;
  /** In the text as it was when the change was made. */
  readonly line: number;
  readonly column: number;
  /** In words: wrote get for GET. */
  readonly what: string;
  /** The policy may record less than before. */
  readonly less: boolean;
}

export interface FixedText {
  readonly text: string;
  readonly fixed: readonly Fixed[];
}

/** A field in the wrong case, then its value, then what stands there twice: more are not nested. */
const mostPasses = 6;

/** The text with every safe change made; the same text where there is none. It has no error that it did not have. */
export function fixPolicy(text: string, version: ServerVersion, options: LintOptions = {}): FixedText {
  let now: FixedText = { text, fixed: [] };
  for (let pass = 0; pass < mostPasses; pass += 1) {
    const next = onePass(now, version, options);
    if (next.text === now.text) break;
    now = next;
  }
  return now;
}

type Mending = LintProblem & { readonly edit: Edit };

function onePass(before: FixedText, version: ServerVersion, options: LintOptions): FixedText {
  const { problems } = lintPolicy(before.text, version, options);
  const mendings = apart(problems.filter((one): one is Mending => one.edit !== undefined));
  const errors = errorsIn(problems);
  const isGood = (text: string): boolean => errorsIn(lintPolicy(text, version).problems) <= errors;
  const all = applied(before, mendings);
  if (isGood(all.text)) return all;
  // a field that counts at last may hold what the API server refuses
  const good = mendings.filter((one) => isGood(applied(before, [one]).text));
  const some = applied(before, good);
  return isGood(some.text) ? some : before;
}

const errorsIn = (problems: readonly LintProblem[]): number =>
  problems.filter(({ severity }) => severity === 'error').length;

/** Those that do not touch one another; what an alias repeats is changed once. */
function apart(mendings: readonly Mending[]): readonly Mending[] {
  let end = 0;
  return mendings
    .toSorted((a, b) => a.edit.from - b.edit.from)
    .filter(({ edit: { from, to } }) => from >= end && ((end = Math.max(to, from + 1)), true));
}

function applied({ text, fixed }: FixedText, mendings: readonly Mending[]): FixedText {
  const changed = mendings
    .toReversed()
    .reduce((now, { edit }) => now.slice(0, edit.from) + edit.text + now.slice(edit.to), text);
  return {
    text: changed,
    fixed: [
      ...fixed,
      ...mendings.map(({ id, path, line, column, edit, less }) => ({
        ...{ id, path, line, column },
        what: edit.what,
        less: less === true,
      })),
    ],
  };
}
