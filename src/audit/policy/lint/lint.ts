// All that is wrong, misleading or unwise in a policy's text, for an API server of a version.
import type { ServerVersion } from '../../facts.ts';
import { inOrder, locator, problemsIn, wellTyped } from '../check.ts';
import type { PolicyProblem } from '../problem.ts';
import { readPolicy } from '../read.ts';
import type { Misread, Reading } from '../read.ts';
import { bodies } from './bodies.ts';
import { editOf } from './edit.ts';
import type { Edit } from './edit.ts';
import { groups } from './groups.ts';
import { habits } from './habits.ts';
import { order } from './order.ts';
import { resources } from './resources.ts';
import { entriesOf, rankOf } from './rule.ts';
import type { ClusterResources, LintFound, LintRule, LintSubject } from './rule.ts';
import { verbs } from './verbs.ts';
import { words } from './words.ts';

/** Rules about what single words mean: asked of every policy that can be decoded. */
const ofWords: readonly LintRule[] = [...words, ...verbs, ...groups, ...resources];
/** Rules about what the whole does: asked of a policy that an API server starts with. */
const ofMeaning: readonly LintRule[] = [...order, ...bodies, ...habits];

/** Every rule beside those of the API server itself. */
export const lintRules: readonly LintRule[] = [...ofWords, ...ofMeaning];

export interface LintOptions {
  readonly cluster?: ClusterResources;
  /** Ids of rules that are not asked. */
  readonly ignore?: readonly string[];
}

/** A problem, and the change of the text that mends it. */
export interface LintProblem extends PolicyProblem {
  readonly edit?: Edit;
  /** With the edit the policy may record less than before. */
  readonly less?: boolean;
}

/** A place that could not be judged, since the cluster could not say what is in the group. */
export interface Unjudged {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly group: string;
  readonly why: string;
}

export interface Linted {
  /** In the order of the text. */
  readonly problems: readonly LintProblem[];
  readonly unjudged: readonly Unjudged[];
}

/** Everything that is to be said about a text; `checkPolicy`'s problems are among it, as they are. */
export function lintPolicy(text: string, version: ServerVersion, options: LintOptions = {}): Linted {
  const reading = readPolicy(text, version);
  const checked = problemsIn(text, reading, version.minor).map((problem) => withEdit(problem, text, reading));
  const { policy, nulls } = reading;
  if (policy === undefined) return { problems: checked, unjudged: [] };
  const { cluster, ignore = [] } = options;
  const subject = { policy, minor: version.minor, nulls, ...(cluster && { cluster }) };
  const at = locator(text, reading);
  const isKnown = wellTyped(reading);
  const starts = !checked.some(({ severity }) => severity === 'error');
  const found = (starts ? lintRules : ofWords).flatMap(({ id, severity, ask }) =>
    ask(subject)
      .filter(isKnown)
      .map((one): LintProblem => ({ ...at(id, severity, one), ...edited(text, reading, one) })),
  );
  const problems = [...checked, ...found].filter(({ id }) => !ignore.includes(id)).sort(inOrder);
  return { problems, unjudged: unjudgedIn(subject, at) };
}

function edited(
  text: string,
  reading: Reading,
  { fix, less, path, place = path }: LintFound,
): Pick<LintProblem, 'edit' | 'less'> {
  const edit = fix && editOf(text, reading, place, fix);
  return edit === undefined ? {} : { edit, ...(less === true && { less }) };
}

/** The API server's own findings have a mending, too: words in the wrong case, and words that YAML reads otherwise. */
function withEdit(problem: PolicyProblem, text: string, reading: Reading): LintProblem {
  const misread = reading.found.find(({ id, path }) => id === problem.id && path === problem.path);
  const found = misread === undefined ? respelled(problem) : reread(misread, reading);
  return { ...problem, ...edited(text, reading, { ...problem, ...found }) };
}

type Mend = Pick<LintFound, 'fix' | 'less'>;

function reread(misread: Misread, reading: Reading): Mend {
  if (misread.meant !== undefined) return renamed(misread, misread.meant, reading);
  const isText = misread.bare === true && /(?:\]|\.group)$/.test(misread.path);
  return isText ? { fix: { quote: true } } : {};
}

function respelled({ id, message, hint = '' }: PolicyProblem): Mend {
  const [, write] = /^write (\w+)$/.exec(hint) ?? [];
  const [, said] = /(?:Unsupported|Invalid) value: "(\w+)"/.exec(message) ?? [];
  const isWord = (id === 'level' || id === 'stage') && write !== undefined && said !== undefined;
  return isWord ? { fix: { write, for: said } } : {};
}

/** Fields that say nothing about what is recorded, or without which no API server starts. */
const withoutThem: readonly string[] = ['apiVersion', 'kind', 'metadata', 'rules', 'level'];

/** A field that counts at last narrows a rule, or omits something, unless without it nothing started at all. */
function renamed({ path }: Misread, meant: string, { policy, has }: Reading): Mend {
  const [, above = '', key = ''] = /^(.*?\.?)([^.]+)$/s.exec(path) ?? [];
  if (has(`${above}${meant}`)) return {};
  const [, index] = /^rules\[(\d+)\]/.exec(path) ?? [];
  const rule = index === undefined ? undefined : policy?.rules?.[Number(index)];
  const less = !withoutThem.includes(meant) && (rule === undefined || rankOf(rule) > 0);
  return { fix: { write: meant, for: key, key: true }, less };
}

function unjudgedIn(subject: LintSubject, at: ReturnType<typeof locator>): readonly Unjudged[] {
  const unread = subject.cluster?.unread ?? [];
  return entriesOf(subject).flatMap(({ entry: { group = '', resources: named = [] }, path }) =>
    unread
      .filter((one) => one.group === group && (named.length === 0 || named.some((name) => name !== '*')))
      .map(({ why }) => {
        const place = `${path}.group`;
        const { line, column } = at('', 'advice', { path: place, message: '' });
        return { path: place, line, column, group, why };
      }),
  );
}
