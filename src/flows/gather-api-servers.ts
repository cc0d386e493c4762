// Each API server's flags and counters, asked of it directly where there are several and they can be told apart.
import { flagsFromArgv, flagsFromFlagz } from '../audit/flags.ts';
import type { ApiServer, ApiServerPod, Facts, Flags, Look, Signs } from '../audit/facts.ts';
import { seen } from '../audit/facts.ts';
import { readMetrics } from '../audit/metrics.ts';
import type { AuditMetrics } from '../audit/metrics.ts';
import { lookAtText } from '../io/api.ts';
import type { Cluster, World } from '../io/world.ts';

interface Known {
  readonly signs: Signs;
  readonly endpoints: Look<readonly string[]>;
  readonly interval: number;
}

/**
 * Reads /metrics twice with /flagz in between, per API server.
 * @returns the API servers, and whether this one marked our own request as audited (a sign up to 1.21 only)
 */
export async function gatherApiServers(
  world: World,
  cluster: Cluster,
  known: Known,
): Promise<Pick<Facts, 'apiServers' | 'auditIdHeader'>> {
  const several = (seen(known.endpoints) ?? []).length > 1 ? (seen(known.endpoints) ?? []) : [undefined];
  const apiServers = await Promise.all(several.map((via) => gatherOne(world, cluster, known, via)));
  const { headers } = await cluster.request({ path: '/version' });
  return { apiServers, auditIdHeader: { seen: headers['audit-id'] !== undefined } };
}

async function gatherOne(world: World, cluster: Cluster, known: Known, via?: string): Promise<ApiServer> {
  const ask = { ...(via !== undefined && { via }) };
  const readings = async (): Promise<ApiServer['metrics']> => {
    const started = world.clock.now().getTime();
    const first = await lookAtText(cluster, { path: '/metrics', ...ask }, readMetrics);
    if ('unseen' in first) return first;
    const flagz = known.interval > 0 ? world.clock.sleep(known.interval) : undefined;
    await flagz;
    return second(
      await lookAtText(cluster, { path: '/metrics', ...ask }, readMetrics),
      first.seen,
      world.clock.now().getTime() - started,
    );
  };
  const [metrics, flagz] = await Promise.all([
    readings(),
    lookAtText(cluster, { path: '/flagz', headers: { accept: flagzTypes }, ...ask }, flagsFromFlagz),
  ]);
  return { name: via ?? 'api', metrics, ...(await flagsOf(known.signs, flagz, via)) };
}

// structured from 1.35 on (v1beta1 from 1.36), text before (kubernetes-apiserver pkg/server/flagz)
const flagzTypes =
  'application/json;v=v1beta1;g=config.k8s.io;as=Flagz,application/json;v=v1alpha1;g=config.k8s.io;as=Flagz,text/plain';

function second(after: Look<AuditMetrics>, before: AuditMetrics, ms: number): ApiServer['metrics'] {
  if ('unseen' in after) return after;
  if (after.seen.processStart !== before.processStart)
    return {
      unseen: 'failed',
      why: 'another API server answered the second time, or it was restarted in between',
    };
  return { seen: { before, after: after.seen, seconds: Math.round(ms / 100) / 10 } };
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
