// Each API server's flags and counters, asked of it directly where there are several and they can be told apart.
import { flagsFromArgv, flagsFromFlagz } from '../audit/flags.ts';
import type { ApiServer, ApiServerPod, Flags, Look, Signs } from '../audit/facts.ts';
import { seen } from '../audit/facts.ts';
import { readMetrics } from '../audit/metrics.ts';
import type { AuditMetrics } from '../audit/metrics.ts';
import { lookText } from '../io/api.ts';
import type { ApiRequest, Cluster, World } from '../io/world.ts';

/** What one API server said of itself, before it is known which others there are. */
export interface Heard {
  readonly metrics: ApiServer['metrics'];
  readonly flagz: Look<Flags>;
}

/**
 * Reads an API server's /metrics twice, and its /flagz.
 * @param interval least time between the two readings, milliseconds
 * @param via one API server of several; undefined for whoever answers at the kubeconfig's address
 */
export async function listen(world: World, cluster: Cluster, interval: number, via?: string): Promise<Heard> {
  const started = world.clock.now().getTime();
  const to = via === undefined ? {} : { via };
  const [before, flagz] = await Promise.all([lookAtMetrics(cluster, to), lookAtFlagz(cluster, via)]);
  if (interval > 0) await world.clock.sleep(interval);
  const after = await lookAtMetrics(cluster, to);
  return { metrics: compareReadings(before, after, world.clock.now().getTime() - started), flagz };
}

/**
 * The API servers: each of them asked directly where there are several; the one that was heard where there is one.
 * @param front what the kubeconfig's address said
 */
export async function gatherApiServers(
  ask: (via: string) => Promise<Heard>,
  front: Heard,
  signs: Signs,
  endpoints: Look<readonly string[]>,
): Promise<readonly ApiServer[]> {
  const addresses = seen(endpoints) ?? [];
  if (addresses.length < 2) return [await described(signs, front)];
  return Promise.all(addresses.map(async (via) => described(signs, await ask(via), via)));
}

async function described(signs: Signs, { metrics, flagz }: Heard, via?: string): Promise<ApiServer> {
  return { name: via ?? 'api', metrics, ...(await flagsOf(signs, flagz, via)) };
}

/** One reading of an API server's counters; `to` names one of several. */
export async function lookAtMetrics(
  cluster: Cluster,
  to: Pick<ApiRequest, 'via' | 'through' | 'fresh'> = {},
): Promise<Look<AuditMetrics>> {
  return lookText(cluster, { path: '/metrics', ...to }, understood(readMetrics));
}

function understood<T>(parse: (text: string) => T | undefined): (text: string) => T {
  return (text) => {
    const value = parse(text);
    if (value === undefined) throw new Error('it has another form than expected');
    return value;
  };
}

async function lookAtFlagz(cluster: Cluster, via?: string): Promise<Look<Flags>> {
  const headers = { accept: flagzTypes };
  return lookText(
    cluster,
    { path: '/flagz', headers, ...(via !== undefined && { via }) },
    understood(flagsFromFlagz),
  );
}

// structured from 1.35 on (v1beta1 from 1.36), text before (kubernetes-apiserver pkg/server/flagz)
const flagzTypes =
  'application/json;v=v1beta1;g=config.k8s.io;as=Flagz,application/json;v=v1alpha1;g=config.k8s.io;as=Flagz,text/plain';

/** Two readings as one look: only of the same process do they say anything together. */
export function compareReadings(
  before: Look<AuditMetrics>,
  after: Look<AuditMetrics>,
  ms: number,
): ApiServer['metrics'] {
  if ('unseen' in before) return before;
  if ('unseen' in after) return after;
  if (after.seen.processStart !== before.seen.processStart)
    return {
      unseen: 'failed',
      why: 'another API server answered the second time, or it was restarted in between',
    };
  return { seen: { before: before.seen, after: after.seen, seconds: Math.round(ms / 100) / 10 } };
}

async function flagsOf(
  signs: Signs,
  flagz: Look<Flags>,
  via?: string,
): Promise<Pick<ApiServer, 'flags' | 'flagsFrom'>> {
  if ('seen' in flagz) return { flags: flagz, flagsFrom: 'flagz' };
  const pod = podOf(seen(signs.apiServerPods) ?? [], via);
  if (pod !== undefined) return { flags: { seen: flagsFromArgv(pod.argv) }, flagsFrom: 'mirror-pod' };
  if ('seen' in signs.kubeadmConfig) {
    const { flagsFromKubeadm } = await import('../audit/kubeadm.ts'); // a YAML parser that most clusters do not need
    const flags = flagsFromKubeadm(signs.kubeadmConfig.seen);
    if (flags !== undefined) return { flags: { seen: flags }, flagsFrom: 'kubeadm-config' };
  }
  const why = `its flags are not to be seen: ${flagz.why}; no mirror pod, no kubeadm-config`;
  return { flags: { unseen: flagz.unseen === 'absent' ? 'failed' : flagz.unseen, why }, flagsFrom: 'none' };
}

// One pod among several belongs to an address only when it says so itself.
function podOf(pods: readonly ApiServerPod[], via?: string): ApiServerPod | undefined {
  if (via === undefined) return pods.length === 1 ? pods[0] : undefined;
  const ip = via.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return pods.find(({ argv, annotations }) => {
    const endpoint = annotations['kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint'];
    return flagsFromArgv(argv)['advertise-address'] === ip || endpoint === via;
  });
}
