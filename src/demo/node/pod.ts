// Pods as an imitated kubelet takes them, out of a manifest or out of the API.
import type { KubeObject } from '../kubernetes/object.ts';

export interface Probe {
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly terminationMessagePolicy?: 'File' | 'FallbackToLogsOnError';
}

export interface Volume {
  readonly name: string;
  readonly hostPath?: { readonly path: string; readonly type?: string };
  readonly secret?: { readonly secretName: string; readonly defaultMode?: number };
  readonly configMap?: unknown;
}

export interface PodSpec {
  readonly containers: readonly ContainerSpec[];
  readonly volumes?: readonly Volume[];
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  readonly activeDeadlineSeconds?: number;
  readonly terminationGracePeriodSeconds?: number;
  readonly nodeName?: string;
  readonly hostNetwork?: boolean;
}

export interface Pod extends KubeObject {
  readonly spec: PodSpec;
}

/** Annotations of a static pod and of its mirror (kubernetes pkg/kubelet/types/pod_update.go). */
export const annotations = {
  hash: 'kubernetes.io/config.hash',
  mirror: 'kubernetes.io/config.mirror',
  seen: 'kubernetes.io/config.seen',
  source: 'kubernetes.io/config.source',
} as const;

/** namespace/name */
export function fullName({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** Seconds a pod gets to end when nobody says otherwise. */
export function graceOf({ spec }: Pod): number {
  return spec.terminationGracePeriodSeconds ?? 30;
}
