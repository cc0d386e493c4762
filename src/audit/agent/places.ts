// Where the agent's things are: its folder on a node, its files in the container, its objects in the API.
import { names } from '../names.ts';
import type { KubeObject } from '../plan/step.ts';
import type { Sink } from '../sink/sematext.ts';

/**
 * What an agent remembers on a node: how far each file was delivered. It outlives the pod; whoever takes the agent
 * away removes it too, and what is shipped by a later one begins anew.
 */
export const stateFolder = '/var/lib/sematext-audit-agent';

/** Where both Logagent's image and the chart look for configurations. */
export const configFolder = '/etc/sematext';

/** Kept by the vendor for each release, also under `latest`; the chart's default is the latter (build/ci/Jenkinsfile). */
export const vendorImage = 'docker.io/sematext/logagent:3.2.0';

/** Name of the agent's Secret, ConfigMap, DaemonSet or release. */
export const agentName = 'sematext-audit-agent';

/** The Secret's key, as the chart wants it. */
export const tokenKey = 'logs-token';

/** Where each node with an API server is found: by either label, for the older one went in Kubernetes 1.24. */
export const controlPlaneLabels = [
  'node-role.kubernetes.io/control-plane',
  'node-role.kubernetes.io/master',
] as const;

/** Control-plane taints have the labels' names; `CriticalAddonsOnly` is how others keep such a node to themselves. */
export const tolerations = [...controlPlaneLabels, 'CriticalAddonsOnly'].map((key) => ({
  key,
  operator: 'Exists',
}));

/** The twin's log beside the API server's: `audit-twin.log` for `audit.log`. */
export function twinLogPath(logPath: string): string {
  return logPath.replace(/(\.[^./]*)?$/, '-twin$1');
}

/** The API server's log, from its twin's. */
export function logOfTwin(path: string): string {
  return path.replace(/-twin(\.[^./]*)?$/, '$1');
}

/** Where the kubelet keeps containers' logs. */
const podLogs = '/var/log/pods';

/** What the agent reads: a folder of the node, and in it files or containers' logs, as the plugin takes them. */
export interface Source {
  readonly folder: string;
  readonly section: { readonly files: readonly string[] } | { readonly containers: readonly string[] };
}

/** @param logPath of the API server: a file, in whose folder it renames the full ones, or `-` for its stdout */
export function sourceOf(logPath: string): Source {
  if (logPath !== '-')
    return {
      folder: logPath.replace(/\/[^/]*$/, ''),
      section: { files: [logPath, twinLogPath(logPath)] },
    };
  const pods = [`kube-system_kube-apiserver-*`, `${names.namespace}_*`]; // the second is the twin's
  return { folder: podLogs, section: { containers: pods.map((pod) => `${podLogs}/${pod}/kube-apiserver`) } };
}

/**
 * Base of the bulk API that agents post to: Sematext's logs receiver, not the audit receiver that webhooks post to. An
 * own receiver is taken as it is.
 */
export function logsReceiverOf(sink: Sink): string {
  if (sink.region === 'own') return sink.receiver;
  return `https://logsene-receiver${sink.region === 'eu' ? '.eu' : ''}.sematext.com`;
}

const collections: Readonly<Record<string, string>> = {
  Secret: 'api/v1 secrets',
  ConfigMap: 'api/v1 configmaps',
  DaemonSet: 'apis/apps/v1 daemonsets',
};

/** Paths of the agent's objects, by kind: there is one of each. */
export const agentPaths: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(collections).map((kind) => {
    const metadata = { name: agentName, namespace: names.namespace };
    return [kind, `${collectionOf({ apiVersion: '', kind, metadata })}/${agentName}`];
  }),
);

/** Path of the collection that an agent's object is created in. */
export function collectionOf({ kind, metadata: { name, namespace } }: KubeObject): string {
  const [group, plural] = collections[kind]?.split(' ') ?? [];
  if (group === undefined || namespace === undefined)
    throw new Error(`${kind} ${name} is no object of an agent`);
  return `/${group}/namespaces/${namespace}/${plural}`;
}
