// Who ships the audit log file, as the user chose.
import { logFolder } from '../audit/change.ts';

export const agents = ['logagent', 'helm', 'none'] as const;

export interface AgentChoice {
  readonly kind: (typeof agents)[number];
  /** Instead of the vendor's image. */
  readonly image: string | undefined;
}

/** Where the audit log is written when nothing else is said: a path on each control-plane node. */
export const logPath = `${logFolder}/audit.log`;

/** The user's flags as a choice. */
export function agentChoice(flags: {
  readonly agent: AgentChoice['kind'];
  readonly 'agent-image'?: string | undefined;
}): AgentChoice {
  return { kind: flags.agent, image: flags['agent-image'] };
}
