// What each backend may have set on an API server, by name without dashes.
import { logFlags } from './log.ts';
import { webhookFlags } from './webhook.ts';

/**
 * The flags to take back when a backend goes, or another one comes. Of the dynamic backend's switches, feature-gates
 * and runtime-config hold entries of others too: not the flag is ours there, but one entry of its list.
 */
export const ownFlags: Readonly<Record<'dynamic' | 'webhook' | 'log-backend', readonly string[]>> = {
  dynamic: ['audit-dynamic-configuration', 'feature-gates', 'runtime-config'],
  webhook: webhookFlags,
  'log-backend': logFlags,
};
