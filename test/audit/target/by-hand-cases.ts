// The question behind each page and golden: a typical version, every flag missing, nothing special set.
import type { Look, Flags } from '../../../src/audit/facts.ts';
import type { Need } from '../../../src/audit/target/by-hand/recipe.ts';
import { changeByHand, flagsNeeded } from '../../../src/audit/target/byhand.ts';
import type { ByHand } from '../../../src/audit/target/byhand.ts';
import type { TargetId } from '../../../src/audit/target/target.ts';
import { versionOf } from './clusters.ts';

export const needs: readonly Need[] = ['dynamic', 'webhook', 'log-backend'];

/** The last version with AuditSinks, and a present one. */
export const typical: Readonly<Record<Need, string>> = {
  dynamic: 'v1.18.20',
  webhook: 'v1.34.0',
  'log-backend': 'v1.34.0',
};

const plain: Look<Flags> = { seen: { 'secure-port': '6443' } };

export function change(
  target: TargetId,
  need: Need,
  gitVersion: string,
  currentFlags: Look<Flags> = plain,
): ByHand {
  return changeByHand(target, need, {
    flagsMissing: flagsNeeded[need],
    currentFlags,
    version: versionOf(gitVersion),
  });
}

/** The code of a step, without its indentation. */
export function codeOf(step: string): string {
  const lines = step.split('\n').filter((line) => line.startsWith('    '));
  return lines.map((line) => line.slice(4)).join('\n');
}

/** Texts that a step writes into files by a heredoc. */
export function heredocsOf(step: string): readonly string[] {
  return [...codeOf(step).matchAll(/<<'EOF'\n(.*?)\nEOF$/gms)].map(([, text]) => text ?? '');
}
