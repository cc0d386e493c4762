// What lint found, for people: each problem with its line, a caret, what to do, and where it is explained.
import type { Fixed } from '../../audit/policy/lint/fix.ts';
import type { PolicyProblem } from '../../audit/policy/problem.ts';
import { fold, mark, paint } from '../paint.ts';
import type { Colour, Terminal } from '../paint.ts';
import { excerpt } from './excerpt.ts';

interface Problem extends PolicyProblem {
  readonly source: string;
  readonly page: string;
  readonly fixable: boolean;
}

export interface LintView {
  readonly kubernetes: { readonly version: string; readonly from: 'flag' | 'cluster' | 'assumed' };
  readonly files: readonly {
    readonly file: string;
    readonly problems: readonly Problem[];
    readonly unjudged: readonly {
      readonly path: string;
      readonly line: number;
      readonly column: number;
      readonly why: string;
    }[];
    readonly fixed: readonly Fixed[];
  }[];
  readonly counts: { readonly errors: number; readonly warnings: number; readonly advice: number };
}

const colours: Readonly<Record<PolicyProblem['severity'], Colour>> = {
  error: 'red',
  warning: 'yellow',
  advice: 'cyan',
};

/** Everything, and a line that sums it up. */
export function viewLint(result: LintView, terminal: Terminal): string {
  const parts = result.files.flatMap(({ file, problems, unjudged, fixed }) => [
    ...fixed.map((one) => viewFixed(file, one, terminal)),
    ...problems.map((problem) => viewProblem(file, problem, terminal)),
    ...unjudged.map(({ path, line, column, why }) => {
      const said = fold(`${path} could not be judged: ${why}`, terminal, 4);
      return `${file}:${line}:${column}: ${mark(terminal, 'unknown')} ${said}\n`;
    }),
  ]);
  return `${[...parts, fold(summary(result), terminal, 0)].join('\n')}\n`;
}

/** One change that was made. */
function viewFixed(file: string, { line, column, what, less, id }: Fixed, terminal: Terminal): string {
  const warned = less
    ? `; ${paint(terminal, 'yellow', 'less may be recorded than before: see that it is meant')}`
    : '';
  return `${file}:${line}:${column}: ${mark(terminal, 'ok')} ${what}${warned} [${id}]`;
}

function viewProblem(file: string, problem: Problem, terminal: Terminal): string {
  const { id, severity, path, line, column, message, hint, source, page } = problem;
  const head = `${file}:${line}:${column}: ${paint(terminal, colours[severity], severity)}: `;
  const number = `${line}`.padStart(5);
  const shown = excerpt(source, column, Math.max(20, terminal.width - 8));
  const blank = ' '.repeat(number.length);
  return [
    `${head}${fold(`${path === '' ? '' : `${path}: `}${message}`, terminal, 4)} [${id}]`,
    `${paint(terminal, 'dim', `${number} |`)} ${shown.line}`,
    `${paint(terminal, 'dim', `${blank} |`)} ${paint(terminal, colours[severity], shown.caret)}`,
    ...(hint === undefined ? [] : [`    → ${fold(hint, terminal, 6)}`]),
    paint(terminal, 'dim', `      ${page}`),
    '',
  ].join('\n');
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

function summary({ kubernetes: { version, from }, files, counts }: LintView): string {
  const { errors, warnings, advice } = counts;
  const fixable = files.flatMap(({ problems }) => problems).filter(({ fixable: can }) => can).length;
  const found = [counted(errors, 'error'), counted(warnings, 'warning'), `${advice} advice`].join(', ');
  const fix = fixable === 0 ? '' : ` ${counted(fixable, 'change')} can be made by --fix.`;
  const whose = {
    flag: '',
    cluster: ', as the cluster says',
    assumed: ', the newest known; --kubernetes-version or --cluster says another',
  }[from];
  return `${errors + warnings + advice === 0 ? 'Nothing found' : found}.${fix} For Kubernetes ${version}${whose}.`;
}
