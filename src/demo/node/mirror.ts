// What a kubelet writes about its pods: the mirror of a static pod, and the status of one that was lost.
import { isRecord, type KubeObject } from '../kubernetes/object.ts';
import type { ObjectStore } from '../kubernetes/store.ts';
import { annotations, type Pod } from './pod.ts';
import { apiTime } from './pod-status.ts';

/** The mirror of a static pod (kubernetes pkg/kubelet/pod/mirror_client.go), with the defaults that the API adds. */
export function mirrorOf(pod: Pod, objects: ObjectStore, status: Record<string, unknown>): KubeObject {
  const { uid: hash = '', ...metadata } = pod.metadata;
  const name = pod.spec.nodeName ?? '';
  const node = objects.all().find((object) => object.kind === 'Node' && object.metadata.name === name);
  const owner = { apiVersion: 'v1', kind: 'Node', name, uid: node?.metadata.uid, controller: true };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, [annotations.mirror]: hash },
      ownerReferences: [owner],
    },
    spec: {
      ...pod.spec,
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      restartPolicy: pod.spec.restartPolicy ?? 'Always',
      schedulerName: 'default-scheduler',
      terminationGracePeriodSeconds: pod.spec.terminationGracePeriodSeconds ?? 30,
      tolerations: [{ operator: 'Exists', effect: 'NoExecute' }],
    },
    status,
  };
}

/** The status of a pod whose containers went with the last boot, and that is not started again. */
export function lostStatus(pod: Pod): Record<string, unknown> {
  const status = isRecord(pod['status']) ? pod['status'] : {};
  const all = Array.isArray(status['containerStatuses'])
    ? (status['containerStatuses'] as Record<string, unknown>[])
    : [];
  const terminated = { exitCode: 255, reason: 'Unknown', finishedAt: apiTime() };
  const containerStatuses = all.map((one) => ({ ...one, ready: false, state: { terminated } }));
  return { ...status, phase: 'Failed', containerStatuses };
}
