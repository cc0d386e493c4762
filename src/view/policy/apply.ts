// What `policy apply` did: as enable, in words of the policy.
import { isTurn } from '../../audit/plan/step.ts';
import type { EnableResult } from '../../audit/results.ts';
import { viewEnable } from '../enable.ts';
import { mark } from '../paint.ts';
import type { Terminal } from '../paint.ts';

/** What policy apply did. */
export function viewApply(result: EnableResult, terminal: Terminal): string {
  const { backend, plan, checks } = result;
  // what was accepted is the policy by its name
  const policy = checks.find(({ id }) => id === 'policy-accepted')?.evidence ?? 'the policy';
  const nodes = plan.steps.filter(isTurn).map(({ action }) => action.turn.node);
  const where = nodes.length === 0 ? '' : ` on ${nodes.join(', ')}`;
  return viewEnable(result, terminal, {
    enabled: `${mark(terminal, 'ok')} In force${where}: ${policy} (${backend.name} backend)`,
    unchanged: `${mark(terminal, 'ok')} In force already: ${policy}; nothing was changed.`,
  });
}
