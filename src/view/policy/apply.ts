// What `policy apply` did: as enable, in words of the policy.
import { isTurn } from '../../audit/plan/step.ts';
import type { EnableResult } from '../../audit/results.ts';
import { viewEnable } from '../enable.ts';
import { mark } from '../paint.ts';
import type { Terminal } from '../paint.ts';

/** @param policy as the user named it */
export const viewApply =
  (policy: string) =>
  (result: EnableResult, terminal: Terminal): string => {
    const { backend, plan } = result;
    const nodes = plan.steps.filter(isTurn).map(({ action }) => action.turn.node);
    const where = nodes.length === 0 ? '' : ` on ${nodes.join(', ')}`;
    return viewEnable(result, terminal, {
      enabled: `${mark(terminal, 'ok')} The policy ${policy} is in force${where} (${backend.name} backend)`,
      unchanged: `${mark(terminal, 'ok')} The policy ${policy} is in force already; nothing was changed.`,
    });
  };
