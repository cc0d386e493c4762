// What does not go at once when it is deleted: a pod that a kubelet has to end first, and a namespace with what is in it
// (kubernetes pkg/registry/core/pod/strategy.go, apiserver pkg/registry/rest/delete.go).
import type { Kind } from './kinds.ts';
import { isRecord, type KubeObject } from './object.ts';

const graceSeconds = 30;

function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Seconds that a pod gets to end. */
function graceOf(pod: KubeObject, options: unknown): number {
  const spec = isRecord(pod['spec']) ? pod['spec'] : {};
  const phase = isRecord(pod['status']) ? pod['status']['phase'] : undefined;
  if (spec['nodeName'] === undefined || phase === 'Succeeded' || phase === 'Failed') return 0;
  const asked = isRecord(options) ? options['gracePeriodSeconds'] : undefined;
  return Number(asked ?? spec['terminationGracePeriodSeconds'] ?? graceSeconds);
}

function dyingPod(pod: KubeObject, options: unknown): KubeObject | undefined {
  const grace = graceOf(pod, options);
  if (grace <= 0) return undefined;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  // a second delete can only make it shorter
  if (deletionTimestamp !== undefined && Number(deletionGracePeriodSeconds) <= grace) return pod;
  const dead = { deletionTimestamp: time(Date.now() + grace * 1000), deletionGracePeriodSeconds: grace };
  return { ...pod, metadata: { ...pod.metadata, ...dead } };
}

function dyingNamespace(namespace: KubeObject): KubeObject {
  if (namespace.metadata['deletionTimestamp'] !== undefined) return namespace;
  const metadata = { ...namespace.metadata, deletionTimestamp: time(Date.now()) };
  return { ...namespace, metadata, status: { phase: 'Terminating' } };
}

/**
 * The object as it stays for others to finish: a kubelet, or the namespace controller. Undefined when it goes at once.
 * @param options DeleteOptions, as sent
 */
export function dying(kind: Kind, object: KubeObject, options: unknown): KubeObject | undefined {
  if (kind.resource === 'namespaces') return dyingNamespace(object);
  return kind.resource === 'pods' ? dyingPod(object, options) : undefined;
}
