// Which kind of control plane this is, told from ordinary API access: walks the decision table of rows.ts.
import type { Signs } from '../facts.ts';
import { rows } from './rows.ts';
import type { Row } from './rows.ts';
import type { TargetId } from './target.ts';

export interface Recognition {
  readonly target: TargetId;
  /** For people. */
  readonly name: string;
  /** One sentence: what was seen, and what could not be. */
  readonly evidence: string;
  readonly confidence: 'certain' | 'high' | 'medium' | 'none';
  /** Kinds that come before the one that matched and could not be ruled out, since their signs were not to be seen. */
  readonly unseen: readonly TargetId[];
}

interface Undecided {
  readonly id: TargetId;
  readonly why: readonly string[];
}

const lower = { certain: 'high', high: 'medium', medium: 'medium' } as const;

/** The first row of the decision table that says yes; never `certain` when a row above it could not be looked at. */
export function recognise(signs: Signs): Recognition {
  const undecided: Undecided[] = [];
  for (const row of rows) {
    const finding = row.test(signs);
    if ('yes' in finding) return matched(row, finding.yes, undecided);
    if ('blind' in finding) undecided.push({ id: row.id, why: finding.blind });
  }
  const evidence =
    undecided.length === 0
      ? 'No sign of a control plane that this tool knows.'
      : `What could be seen does not tell: ${reasons(undecided)}.`;
  return {
    target: 'unknown',
    name: 'unknown control plane',
    evidence,
    confidence: 'none',
    unseen: undecided.map(({ id }) => id),
  };
}

function matched({ id, name, sure }: Row, evidence: string, undecided: readonly Undecided[]): Recognition {
  const sentence = `${evidence.charAt(0).toUpperCase()}${evidence.slice(1)}`;
  const unseen = undecided.map((one) => one.id);
  if (unseen.length === 0) return { target: id, name, evidence: `${sentence}.`, confidence: sure, unseen };
  const doubt = `not certain, since ${unseen.join(', ')} could not be ruled out: ${reasons(undecided)}`;
  return { target: id, name, evidence: `${sentence}; ${doubt}.`, confidence: lower[sure], unseen };
}

function reasons(undecided: readonly Undecided[]): string {
  const why = undecided.flatMap((one) => one.why.map((text) => text.replace(/\.$/, '')));
  return [...new Set(why)].join('; ');
}
