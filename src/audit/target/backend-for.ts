// Which backend a plain `enable` picks. The order: what works on a running cluster without touching its API servers;
// then the webhook, which needs no agent; then the file; and the provider's own way where nothing else is possible.
import { hasAuditSinks } from '../backend/dynamic.ts';
import type { Look, ServerVersion } from '../facts.ts';
import type { TargetId } from './target.ts';

export interface BackendChoice {
  readonly backend: 'dynamic' | 'webhook' | 'log-backend' | 'provider';
  /** One sentence. */
  readonly why: string;
}

const changeable = 'API servers here can be started with an audit webhook, which needs no log agent.';
const owned = 'The control plane belongs to the provider: only its own export of audit logs can be used.';

const choices: Readonly<Record<TargetId, BackendChoice>> = {
  openshift: {
    backend: 'provider',
    why: 'OpenShift audits by default and its operator allows no audit webhook: its own log forwarding is the way.',
  },
  aks: { backend: 'provider', why: owned },
  gke: { backend: 'provider', why: owned },
  eks: { backend: 'provider', why: owned },
  rke2: { backend: 'webhook', why: changeable },
  k3s: { backend: 'webhook', why: changeable },
  k0s: { backend: 'webhook', why: changeable },
  microk8s: { backend: 'webhook', why: changeable },
  talos: {
    backend: 'log-backend',
    why: 'Talos writes an audit log by default and has no option for a webhook: its file is the way.',
  },
  kops: { backend: 'webhook', why: changeable },
  kind: { backend: 'webhook', why: changeable },
  minikube: { backend: 'webhook', why: changeable },
  'docker-desktop': { backend: 'webhook', why: changeable },
  'capi-kubeadm': { backend: 'webhook', why: changeable },
  kubeadm: { backend: 'webhook', why: changeable },
  'static-pod': { backend: 'webhook', why: changeable },
  'self-hosted': {
    backend: 'provider',
    why: "The API server is a workload of somebody's operator: only what that operator offers can be used.",
  },
  'managed-unknown': { backend: 'provider', why: owned },
  unknown: {
    backend: 'webhook',
    why: 'The control plane was not recognised; a webhook works in every version wherever flags can be set.',
  },
};

/**
 * The backend that plain `enable` picks, and why.
 * @param auditSinks the answer of the AuditSink API: seen means served, absent means not served
 */
export function backendFor(
  version: ServerVersion,
  target: TargetId,
  auditSinks: Look<unknown>,
): BackendChoice {
  if (!hasAuditSinks(version)) return choices[target];
  if ('seen' in auditSinks)
    return {
      backend: 'dynamic',
      why: 'The AuditSink API is served: sinks change on the running cluster, without a restart of any API server.',
    };
  if (auditSinks.unseen === 'absent') return choices[target];
  const { backend, why } = choices[target];
  const doubt = `whether the AuditSink API is served could not be seen (${auditSinks.why.replace(/\.$/, '')})`;
  return { backend, why: `${why.replace(/\.$/, '')}; ${doubt}.` };
}
