// The twin: a second API server with the next manifest beside the real one, as an ordinary pod. It rehearses the
// change, and carries the traffic while the real one restarts; so it must be that API server in all that clients see,
// and must not be in its way. Pod: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
import { twinLogPath } from '../agent/places.ts';
import type { Flags } from '../facts.ts';
import { names } from '../names.ts';
import type { KubeObject } from '../plan/step.ts';
import { readManifest } from './manifest.ts';
import { withFlags } from './manifest-flags.ts';
import type { FlagValues } from './manifest-flags.ts';
import { serverIn } from './manifest-server.ts';
import { mapAt } from './plain-data.ts';
import type { Data } from './plain-data.ts';

export interface TwinOptions {
  readonly run: string;
  readonly node: string;
  /** A port of the node that is free. */
  readonly port: number;
}

export interface TwinPod extends KubeObject {
  readonly kind: 'Pod';
  readonly spec: Data;
}

/**
 * The twin of an API server.
 * @param manifestText the next manifest
 * @throws Unusable as readManifest does
 */
export function twinPod(manifestText: string, { run, node, port }: TwinOptions): TwinPod {
  const manifest = readManifest(manifestText);
  const flags = flagsOfTwin(manifest.flags, manifest.image, port);
  const { pod, container } = serverIn(withFlags(manifestText, flags));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      // not cut: the kubelet names static pods so, too
      name: `${names.object}-twin-${run.slice(0, 8)}-${node}`,
      namespace: names.namespace,
      // none of the API server's own labels: Services, kubeadm and monitoring select it by them
      labels: { [names.managedByLabel]: names.managedBy, 'app.kubernetes.io/component': 'twin' },
      annotations: { ...confinement(manifest.annotations), [names.runAnnotation]: run },
    },
    spec: {
      ...kept(mapAt(pod['spec'], ['spec']), podFields),
      nodeName: node,
      restartPolicy: 'Never',
      tolerations: [{ operator: 'Exists' }],
      activeDeadlineSeconds: 1800,
      terminationGracePeriodSeconds: manifest.gracePeriod,
      // spared when memory is short, as the real one; it is what serves meanwhile
      priorityClassName: mapAt(pod['spec'], ['spec'])['priorityClassName'] ?? 'system-node-critical',
      // admission gives a static pod neither of these
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      containers: [
        { ...kept(container, containerFields), terminationMessagePolicy: 'FallbackToLogsOnError' },
      ],
    },
  };
}

/**
 * What makes the pod's surroundings the same. Not kept, besides what is set above: `priority`, for admission computes it
 * from the class; sidecars and init containers, for they would take the sockets and files of those that run.
 */
const podFields = [
  'dnsConfig',
  'dnsPolicy',
  'hostAliases',
  'hostIPC',
  'hostNetwork',
  'hostPID',
  'runtimeClassName',
  'securityContext',
  'volumes',
];

/**
 * What makes the process the same. Not kept: `ports`, for the host's are taken; probes and `lifecycle`, for they name
 * the real port; `resources`, for a request may not fit, and the kubelet ends other pods to fit a critical one in.
 */
const containerFields = [
  'args',
  'command',
  'env',
  'image',
  'imagePullPolicy',
  'name',
  'securityContext',
  'volumeDevices',
  'volumeMounts',
  'workingDir',
];

const kept = (from: Data, fields: readonly string[]): Data =>
  Object.fromEntries(
    fields.filter((field) => from[field] !== undefined).map((field) => [field, from[field]]),
  );

/** Annotations that older releases have in the place of a security context. */
const confinement = (annotations: Flags): Flags =>
  Object.fromEntries(
    Object.entries(annotations).filter(([key]) =>
      /^((container\.)?seccomp\.security\.alpha|container\.apparmor\.security\.beta)\.kubernetes\.io\//.test(
        key,
      ),
    ),
  );

/**
 * The flags that a second API server on a node must have otherwise. All the rest stays, and among that:
 * - advertise-address, bind-address: the same node; no endpoint is written with it (reconciler).
 * - service-account-*, tls-*, client-ca-*, encryption-*, etcd-*: tokens, certificates and data of the real one must hold.
 * - etcd-compaction-interval: API servers agree on one compaction through a key in etcd (storage/etcd3/compact.go).
 * - peer-advertise-*, peer-ca-file, the identity lease: both processes have the host name's identity, so they renew one
 *   lease together; the one that ends deletes it, and the other makes it anew within 10 s (controlplane/apiserver).
 * - goaway-chance, max-requests-*: clients see the same behaviour.
 * - shutdown-*: the twin drains its clients as the real one would.
 */
function flagsOfTwin(flags: Flags, image: string, port: number): FlagValues {
  const log = flags['audit-log-path'] ?? '';
  const webhook = flags['audit-webhook-config-file'] !== undefined;
  return [
    ['secure-port', String(port)],
    // else it would put its port among the endpoints of the Service kubernetes, and take the real one's out when it ends
    ['endpoint-reconciler-type', 'none'],
    // 8080 is open without it up to 1.19, and taken; the flag is unknown from 1.24 on
    ...(hasInsecurePort(flags, image) ? [['insecure-port', '0'] as const] : []),
    // two writers would tear each other's rotation
    ...(log === '' || log === '-' ? [] : [['audit-log-path', twinLogPath(log)] as const]),
    // 30 s by default: the proof waits for its event
    ...(webhook ? [['audit-webhook-batch-max-wait', '1s'] as const] : []),
  ];
}

function hasInsecurePort(flags: Flags, image: string): boolean {
  const [, minor] = /:v1\.(\d+)\.[^/]*$/.exec(image) ?? [];
  return flags['insecure-port'] !== undefined || (minor !== undefined && Number(minor) < 20);
}
