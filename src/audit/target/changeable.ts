// Which control planes this tool changes itself: those whose API server is a static pod that nobody writes anew behind
// its back. Everywhere else the change is told, not made.
import type { TargetId } from './target.ts';

const byTurns: readonly TargetId[] = ['kubeadm', 'kind', 'minikube', 'docker-desktop', 'static-pod'];

export function isChangeable(target: TargetId): boolean {
  return byTurns.includes(target);
}

/** What of the change does not last on this kind, in a sentence; undefined where everything does. */
export function volatileOn(target: TargetId): string | undefined {
  if (target === 'minikube')
    return 'minikube with a VM driver writes the manifest anew at every start, and any minikube does when its own settings change: run enable again then.';
  if (target === 'docker-desktop')
    return '"Reset Kubernetes Cluster" and upgrades of Docker Desktop take the change away.';
  if (target === 'static-pod')
    return 'An installer that writes the manifest anew takes the change away: set the same there.';
  return undefined;
}
