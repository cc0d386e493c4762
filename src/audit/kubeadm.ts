// What the ConfigMap kube-system/kubeadm-config intends for the API server: ClusterConfiguration.apiServer.extraArgs,
// a map up to kubeadm v1beta3 and a list of {name, value} in v1beta4.
import { parse } from 'yaml';
import type { Flags } from './facts.ts';

/**
 * Extra flags out of the ClusterConfiguration document.
 * @returns undefined when the text is not such a document
 */
export function flagsFromKubeadm(text: string): Flags | undefined {
  const extra = extraArgs(text);
  if (extra === undefined) return undefined;
  if (Array.isArray(extra)) {
    const pairs = extra.filter(
      (one): one is { name: string; value: unknown } => typeof one?.name === 'string',
    );
    return Object.fromEntries(pairs.map(({ name, value }) => [name, String(value)]));
  }
  return Object.fromEntries(Object.entries(extra).map(([name, value]) => [name, String(value)]));
}

function extraArgs(text: string): object | undefined {
  let config: unknown;
  try {
    config = parse(text);
  } catch {
    return undefined; // not YAML: the caller says that it could not be read
  }
  if (typeof config !== 'object' || config === null) return undefined;
  const { kind, apiServer } = config as { kind?: unknown; apiServer?: { extraArgs?: unknown } };
  if (kind !== 'ClusterConfiguration') return undefined;
  const extra = apiServer?.extraArgs ?? {};
  return typeof extra === 'object' && extra !== null ? extra : undefined;
}
