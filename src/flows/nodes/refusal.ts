// What a node says no to, as a failure of the run: its code, and what to do about it.
import { Failure } from '../../errors.ts';
import type { Phase, PhaseAnswer, PhaseCode } from '../../node/protocol.ts';

/** @param answer of that phase on that node; every code is explained in docs/how-it-changes-your-api-server.md */
export function refusal(
  node: string,
  phase: Phase,
  answer: Exclude<PhaseAnswer, { readonly outcome: 'ok' }>,
): Failure {
  if (answer.outcome === 'unknown')
    return new Failure('cluster-answer', `${node}: how "${phase}" ended is not known: its pod was cut off.`, [
      'kubectl sematext-audit status; then the same command with --resume',
    ]);
  const { code, text } = answer;
  const foreign = code === 'open-transaction' || code === 'manifest-changed';
  return new Failure(
    foreign ? 'another-run' : 'target-unsupported',
    `${node}: ${text || code} (${phase}).`,
    next[code] ?? [`see ${code} in docs/how-it-changes-your-api-server.md`],
  );
}

const resume = ['if no other run is at work: the same command with --resume'];
const next: Partial<Record<PhaseCode, readonly string[]>> = {
  'open-transaction': resume,
  'manifest-changed': resume,
  'carry-blocked': [
    'let that port in on the node for the time of the change',
    'or accept an outage of this API server: --no-twin',
  ],
};
