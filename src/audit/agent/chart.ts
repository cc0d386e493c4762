// The vendor's chart sematext-agent as the agent, so that it ships the audit log and nothing else. By itself, with a
// token alone, it ships nothing where containers are run by containerd or CRI-O. Facts of the chart: version 1.9.1.
// Chart: https://github.com/sematext/helm-charts
import { names } from '../names.ts';
import { tokenSlot } from '../sink/sematext.ts';
import { agentFiles, resources } from './logagent.ts';
import type { AgentObject, LogConfig } from './logagent.ts';
import {
  agentName,
  configFolder,
  logsReceiverOf,
  sourceOf,
  stateFolder,
  tokenKey,
  tolerations,
  vendorImage,
} from './places.ts';

export const chart = {
  repository: 'https://cdn.sematext.com/helm-charts',
  name: 'sematext-agent',
  version: '1.9.1',
} as const;

export interface ChartSettings extends LogConfig {
  /** First hex digits of the token's SHA-256. */
  readonly fingerprint: string;
  /** Instead of the vendor's: name and tag of a copy of it. */
  readonly image?: string | undefined;
  /** Label of the control-plane nodes; the chart knows labels and no affinity. */
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
}

/**
 * The Secret that the chart is told of, with the token's slot: a token among the values would stay in the release.
 * @param fingerprint first hex digits of the token's SHA-256: another one, and the Secret is written anew
 */
export function chartSecret(run: string, fingerprint: string): AgentObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: agentName,
      namespace: names.namespace,
      labels: { [names.managedByLabel]: names.managedBy },
      annotations: { [names.runAnnotation]: run, [names.hashAnnotation]: fingerprint },
    },
    stringData: { [tokenKey]: tokenSlot },
  };
}

/**
 * The chart's values. Its Logagent collects containers' logs only where it has a docker socket, and without an output
 * in its configuration it sends none of them.
 */
export function chartValues(settings: ChartSettings): Readonly<Record<string, unknown>> {
  const { sink, logPath, fingerprint, image = vendorImage, nodeSelector } = settings;
  const folder = (name: string, path: string): object => ({ name, hostPath: path, mountPath: path });
  return {
    // exactly these words: any other, and it takes the United States (run.sh)
    region: sink.region === 'eu' ? 'EU' : 'US',
    ...(sink.region === 'own' && { logsReceiverUrl: logsReceiverOf(sink) }),
    existingSecret: { name: agentName, hasLogsToken: true },
    nodeSelector: nodeSelector ?? { 'node-role.kubernetes.io/control-plane': '' },
    tolerations,
    // nothing cluster-wide: it asks the API server nothing, and another release of the chart has the same names
    rbac: { create: false },
    priorityClass: null,
    logagent: {
      image: imageOf(image),
      // the second is read by nobody: it makes the pods start anew, which the Secret alone does not
      config: { LA_CONFIG: `${configFolder}/logagent.conf`, LOGS_TOKEN_FINGERPRINT: fingerprint },
      customConfigs: agentFiles(settings),
      extraHostVolumeMounts: [
        folder('audit-log', sourceOf(logPath).folder),
        folder('audit-agent', stateFolder),
      ],
      resources,
    },
  };
}

/** The chart puts a colon between the two; a digest keeps its own by taking the name's last part along. */
function imageOf(image: string): object {
  const at = image.lastIndexOf(':');
  const tagged = at > image.lastIndexOf('/');
  return {
    repository: tagged ? image.slice(0, at) : image,
    tag: tagged ? image.slice(at + 1) : 'latest',
    pullPolicy: 'IfNotPresent',
  };
}

/** Arguments of helm, without those that say which cluster; the values come by standard input. No secret is in them. */
export function helmArgs(
  task: 'install' | 'template' | 'uninstall',
  from: string | undefined = undefined,
): readonly string[] {
  const place = ['--namespace', names.namespace];
  if (task === 'uninstall') return ['uninstall', agentName, ...place, '--ignore-not-found'];
  const verb = task === 'install' ? ['upgrade', '--install'] : ['template'];
  const source =
    from === undefined ? [chart.name, '--repo', chart.repository, '--version', chart.version] : [from];
  return [...verb, agentName, ...source, ...place, '--values', '-'];
}
