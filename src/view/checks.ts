// Findings as text: a line each, the hint and the page under what is not well.
import type { Finding } from '../audit/check/check.ts';
import { fold, mark, paint } from './paint.ts';
import type { Mark, Terminal } from './paint.ts';

function markOf({ result, severity }: Finding): Mark {
  return result === 'bad' && severity === 'warning' ? 'warn' : result;
}

/**
 * One line per finding and, where something is to be done, what.
 * @param wide also evidence of what is well, ids, and what was skipped
 */
export function viewFindings(findings: readonly Finding[], terminal: Terminal, wide: boolean): string {
  return findings
    .filter(({ result }) => wide || result !== 'skipped')
    .map((finding) => viewFinding(finding, terminal, wide))
    .join('\n');
}

function viewFinding(finding: Finding, terminal: Terminal, wide: boolean): string {
  const { id, title, result, evidence, hint, page } = finding;
  const lines = [
    `${mark(terminal, markOf(finding))} ${title}${wide ? paint(terminal, 'dim', `  [${id}]`) : ''}`,
  ];
  const troubled = result === 'bad' || result === 'unknown';
  if (troubled || wide) {
    const said = result === 'unknown' ? `could not look: ${evidence}` : evidence;
    lines.push(`    ${fold(said, terminal, 4)}`);
  }
  if (hint !== undefined)
    lines.push(`    → ${fold(hint, terminal, 6)}`, paint(terminal, 'dim', `      ${page}`));
  return lines.join('\n');
}
