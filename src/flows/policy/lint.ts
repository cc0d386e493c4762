// `policy lint`: reads the policies, asks the cluster what is wanted of it, mends what is wanted, and judges.
import type { ServerVersion } from '../../audit/facts.ts';
import { catalogue, pageOf } from '../../audit/policy/lint/catalogue.ts';
import type { RuleInfo } from '../../audit/policy/lint/catalogue.ts';
import { fixPolicy } from '../../audit/policy/lint/fix.ts';
import type { Fixed, FixedText } from '../../audit/policy/lint/fix.ts';
import { lintPolicy } from '../../audit/policy/lint/lint.ts';
import type { LintOptions, Unjudged } from '../../audit/policy/lint/lint.ts';
import { preset } from '../../audit/policy/presets.ts';
import type { PolicyProblem } from '../../audit/policy/problem.ts';
import { newestKnown } from '../../audit/versions.ts';
import { Failure } from '../../errors.ts';
import type { World } from '../../io/world.ts';
import { serverVersion } from '../version.ts';
import { discover } from './discovery.ts';
import { openPolicy } from './open.ts';
import type { PolicyChoice } from './open.ts';

export interface LintRequest {
  /** Paths, `-`, or names of presets. */
  readonly files: readonly string[];
  /** Of Kubernetes; undefined is the cluster's, or the newest known. */
  readonly version: ServerVersion | undefined;
  /** Whether the cluster is asked what it is and what it serves. */
  readonly cluster: boolean;
  readonly fix: boolean;
  /** Whether warnings make a policy faulty, too. */
  readonly strict: boolean;
  /** Ids of rules. */
  readonly ignore: readonly string[];
}

/** A problem as it is shown. */
export interface ShownProblem extends PolicyProblem {
  /** The line that it is in. */
  readonly source: string;
  readonly page: string;
  /** Whether --fix mends it. */
  readonly fixable: boolean;
}

export interface LintedFile {
  readonly file: string;
  readonly problems: readonly ShownProblem[];
  /** What the cluster could not say. */
  readonly unjudged: readonly Unjudged[];
  /** What --fix changed; lines are those before. */
  readonly fixed: readonly Fixed[];
}

export interface LintResult {
  /** The Kubernetes that the policies were judged for, and who said so. */
  readonly kubernetes: { readonly version: string; readonly from: 'flag' | 'cluster' | 'assumed' };
  /** Whether names of resources were held against a cluster. */
  readonly resources: 'cluster' | 'known';
  readonly files: readonly LintedFile[];
  readonly counts: { readonly errors: number; readonly warnings: number; readonly advice: number };
  readonly faulty: boolean;
}

/** What is to be done with the text of standard input once it is mended. */
export interface Linted {
  readonly result: LintResult;
  /** Of `-` under --fix. */
  readonly mended: string | undefined;
}

/**
 * Judges every policy.
 * @throws Failure usage for a file that is not there or a rule that there is not; those of the cluster where it is asked
 */
export async function lint(world: World, request: LintRequest): Promise<Linted> {
  if (request.files.length === 0)
    throw new Failure('usage', 'No policy was named.', ['Say a file, - for standard input, or a preset.']);
  mustBeRules(request.ignore);
  const { kubernetes, version, cluster } = await judge(world, request);
  const options: LintOptions = { ignore: request.ignore, ...(cluster && { cluster }) };
  let mended: string | undefined;
  const files: LintedFile[] = [];
  for (const file of new Set(request.files)) {
    const policy = await openPolicy(world, file);
    const { text, fixed } = mend(policy, version, request.fix ? options : undefined);
    if (request.fix && file === '-') mended = text;
    else if (fixed.length > 0 && 'file' in policy) await world.rewrite(file, policy.text, text);
    files.push({ file, ...shown(text, version, options), fixed });
  }
  const counts = countsOf(files);
  const resources = cluster === undefined ? 'known' : 'cluster';
  const faulty = isFaulty(counts, files, request);
  return { result: { kubernetes, resources, files, counts, faulty }, mended };
}

function mend(policy: PolicyChoice, version: ServerVersion, options: LintOptions | undefined): FixedText {
  const text = 'text' in policy ? policy.text : preset(policy.preset, version);
  return options === undefined ? { text, fixed: [] } : fixPolicy(text, version, options);
}

// what could not be looked at does not pass where everything has to
function isFaulty(
  counts: LintResult['counts'],
  files: readonly LintedFile[],
  { strict }: LintRequest,
): boolean {
  const unsure = files.some(({ unjudged }) => unjudged.length > 0);
  return counts.errors > 0 || (strict && (counts.warnings > 0 || unsure));
}

interface Judge {
  readonly kubernetes: LintResult['kubernetes'];
  readonly version: ServerVersion;
  readonly cluster?: Awaited<ReturnType<typeof discover>>;
}

/** A version that the user names wins for the syntax; the cluster says what it serves all the same. */
async function judge(world: World, { version: said, cluster: asks }: LintRequest): Promise<Judge> {
  if (!asks) {
    const version = said ?? newestKnown;
    return { version, kubernetes: { version: short(version), from: said ? 'flag' : 'assumed' } };
  }
  const [own, cluster] = await Promise.all([
    said === undefined ? serverVersion(world) : undefined,
    world.cluster().then(discover),
  ]);
  if (own instanceof Failure) throw own;
  const version = said ?? versionOf(own ?? '');
  return { version, cluster, kubernetes: { version: short(version), from: said ? 'flag' : 'cluster' } };
}

const short = ({ major, minor }: ServerVersion): string => `${major}.${minor}`;

/** @throws Failure cluster-answer for a version that is none */
function versionOf(gitVersion: string): ServerVersion {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  if (major === undefined || minor === undefined)
    throw new Failure('cluster-answer', `The cluster calls its version ${gitVersion}, which is none.`, [
      'Say --kubernetes-version.',
    ]);
  return { gitVersion, major: Number(major), minor: Number(minor) };
}

/** @throws Failure usage */
function mustBeRules(ignore: readonly string[]): void {
  for (const id of ignore) {
    const rule = catalogue.find((one) => one.id === id);
    if (rule === undefined)
      throw new Failure('usage', `--ignore: there is no rule ${id}.`, [
        'docs/policy-lint.md names them all.',
      ]);
    if (rule.severity === 'error')
      throw new Failure('usage', `--ignore: an API server does not ignore ${id}.`, ['Mend the policy.']);
  }
}

function shown(
  text: string,
  version: ServerVersion,
  options: LintOptions,
): Omit<LintedFile, 'file' | 'fixed'> {
  const { problems, unjudged } = lintPolicy(text, version, options);
  const lines = text.split(/\r\n|\r|\n/);
  return {
    unjudged,
    problems: problems.map(({ edit, less: _less, ...problem }) => ({
      ...problem,
      source: lines[problem.line - 1] ?? '',
      page: pageOf(problem.id),
      fixable: edit !== undefined,
    })),
  };
}

function countsOf(files: readonly LintedFile[]): LintResult['counts'] {
  const all = files.flatMap(({ problems }) => problems);
  const count = (wanted: PolicyProblem['severity']): number =>
    all.filter(({ severity }) => severity === wanted).length;
  return { errors: count('error'), warnings: count('warning'), advice: count('advice') };
}

/** Every rule that there is, with its page. */
export const rules: readonly (RuleInfo & { readonly page: string })[] = catalogue.map((rule) => ({
  ...rule,
  page: pageOf(rule.id),
}));
