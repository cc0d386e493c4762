// Our own agent: Logagent in a DaemonSet on the control-plane nodes, with the least that reading one folder takes. What
// it runs is its plugin audit-files.cjs, sent along in the ConfigMap; why, is said there.
// DaemonSet: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/daemon-set-v1/
import { names } from '../names.ts';
import type { KubeObject } from '../plan/step.ts';
import { tokenSlot } from '../sink/sematext.ts';
import type { Sink } from '../sink/sematext.ts';
import {
  agentName,
  configFolder,
  controlPlaneLabels,
  logsReceiverOf,
  sourceOf,
  stateFolder,
  tokenKey,
  tolerations,
  vendorImage,
} from './places.ts';

/** Texts of the plugin's files by their names (`src/io/agent-scripts.ts` reads them). */
export type AgentScripts = Readonly<Record<'audit-files.cjs' | 'audit-bulk.cjs' | 'audit-cri.cjs', string>>;

export interface LogConfig {
  readonly sink: Sink;
  /** The file that API servers write, on the node and in the container, or `-` for their stdout. */
  readonly logPath: string;
  /** RFC 3339; events older than that are not shipped. Without it all that the files hold is. */
  readonly since?: string | undefined;
  readonly scripts: AgentScripts;
}

export interface LogagentSettings extends LogConfig {
  readonly run: string;
  /** First hex digits of the token's SHA-256: another token, and the pods start anew. */
  readonly fingerprint: string;
  /** SHA-256 in hex. */
  readonly digest: (text: string) => string;
  /** Instead of the vendor's: a copy of it in a registry of the user's. */
  readonly image?: string | undefined;
  /** Instead of the control plane's labels, where nodes lack them. */
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
}

export interface AgentObject extends KubeObject {
  readonly stringData?: Readonly<Record<string, string>>;
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** The agent's files, by their names in `configFolder`. No secret is in them. */
export function agentFiles({ sink, logPath, since, scripts }: LogConfig): Readonly<Record<string, string>> {
  const section = {
    module: `${configFolder}/audit-files.cjs`,
    ...sourceOf(logPath).section,
    state: stateFolder,
    url: logsReceiverOf(sink),
    ...(since !== undefined && { since }),
  };
  // JSON is YAML; no output section, for the plugin delivers by itself
  const conf = [
    '# Made by kubectl sematext-audit enable, which writes it anew.',
    'options:',
    '  suppress: true # no event in the log of the pod',
    '  geoipEnabled: false',
    `  diskBufferDir: ${stateFolder}`,
    'input:',
    '  audit:',
    ...Object.entries(section).map(([name, value]) => `    ${name}: ${JSON.stringify(value)}`),
  ];
  return { 'logagent.conf': `${conf.join('\n')}\n`, ...scripts };
}

/** Secret, ConfigMap and DaemonSet, in the order in which they are made; all carry one hash of what they are made from. */
export function logagentObjects(settings: LogagentSettings): readonly AgentObject[] {
  const files = agentFiles(settings);
  const spec = podSpec(settings);
  const hash = settings.digest(JSON.stringify([files, spec, settings.fingerprint])).slice(0, 12);
  const labels = { 'app.kubernetes.io/name': names.object, 'app.kubernetes.io/component': 'agent' };
  const metadata = {
    name: agentName,
    namespace: names.namespace,
    labels: { ...labels, [names.managedByLabel]: names.managedBy },
    annotations: { [names.runAnnotation]: settings.run, [names.hashAnnotation]: hash },
  };
  return [
    { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { [tokenKey]: tokenSlot } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: files },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata,
      spec: {
        selector: { matchLabels: labels },
        // the old pod goes before the new one comes: two of them would both ship from one position
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
        template: { metadata: { labels, annotations: { [names.hashAnnotation]: hash } }, spec },
      },
    },
  ];
}

function podSpec({
  sink,
  logPath,
  image = vendorImage,
  nodeSelector,
}: LogagentSettings): Record<string, unknown> {
  const log = sourceOf(logPath).folder;
  return {
    ...(nodeSelector === undefined ? { affinity: onControlPlane } : { nodeSelector }),
    tolerations,
    priorityClassName: 'system-cluster-critical', // evicted after the workloads, before the control plane itself
    automountServiceAccountToken: false, // it asks the API server nothing
    enableServiceLinks: false,
    // the node's resolver works while the cluster's does not; only an own receiver may be a Service
    dnsPolicy: sink.region === 'own' ? 'ClusterFirst' : 'Default',
    terminationGracePeriodSeconds: 20, // Logagent takes up to 10 s to end
    containers: [container(image, log)],
    volumes: [
      { name: 'config', configMap: { name: agentName } },
      { name: 'log', hostPath: { path: log, type: 'DirectoryOrCreate' } },
      { name: 'state', hostPath: { path: stateFolder, type: 'DirectoryOrCreate' } },
    ],
  };
}

function container(image: string, log: string): object {
  return {
    name: 'logagent',
    image,
    imagePullPolicy: 'IfNotPresent',
    // not the image's run.sh: it prints its configuration and adds inputs of its own
    args: ['/bin/logagent.js', '-c', `${configFolder}/logagent.conf`],
    env: [
      { name: 'LOGS_TOKEN', valueFrom: { secretKeyRef: { name: agentName, key: tokenKey } } },
      { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ],
    securityContext,
    resources,
    volumeMounts: [
      { name: 'config', mountPath: configFolder, readOnly: true },
      { name: 'log', mountPath: log, readOnly: true },
      { name: 'state', mountPath: stateFolder },
    ],
  };
}

const onControlPlane = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      // one of the terms is enough
      nodeSelectorTerms: controlPlaneLabels.map((key) => ({
        matchExpressions: [{ key, operator: 'Exists' }],
      })),
    },
  },
};

/** Root, since the API server's log is 0600 and root's; and nothing else of what root may. */
const securityContext = {
  runAsUser: 0,
  runAsGroup: 0,
  privileged: false,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** Measured: docs/agents.md. Without a limit on CPU, for a backlog is to be worked off. */
export const resources = {
  requests: { cpu: '20m', memory: '128Mi' },
  limits: { memory: '384Mi' },
};
