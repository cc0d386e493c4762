// Whether the real API server of a node runs the manifest that it should, and serves. Asked on the node's loopback
// address, which no redirect touches, and of the mirror pod, which says what the kubelet runs.
import { flagsFromArgv } from '../../audit/flags.ts';
import type { Flags } from '../../audit/facts.ts';
import { exitReason } from '../../audit/target/exit-reason.ts';
import { readManifest } from '../../audit/target/manifest.ts';
import { Failure } from '../../errors.ts';
import type { Through } from '../../io/world.ts';
import { podLog, podState } from './pods.ts';
import type { PodState } from './pods.ts';
import type { Site } from './site.ts';
import { until } from './site.ts';
import { answers } from './twin.ts';

/** kubeadm gives a new API server four minutes (startup probe, 24 × 10 s); the old one has a grace before that. */
const servingMs = 240_000;

/** So often in a row it must be ready, a second apart, before it is believed. */
const inARow = 3;

export interface Expected {
  /** Mirror pod in kube-system. */
  readonly pod: string;
  /** Text of the manifest that it should run. */
  readonly manifest: string;
  /** Leads to the API server's own port on its node; asked each time, for a way may end. */
  readonly way: () => Promise<Through>;
}

/**
 * Waits until the API server runs this manifest and is steadily ready.
 * @throws Failure config-rejected, in its own words, when it does not stay up; cluster-unreachable when it is not ready
 *   in time
 */
export async function awaitServing(site: Site, { pod, manifest, way }: Expected): Promise<void> {
  const wanted = readManifest(manifest).flags;
  let steady = 0;
  let last: PodState | undefined;
  const serving = await until(site, { timeoutMs: servingMs, everyMs: 1_000 }, async () => {
    last = await podState(site, pod, 'kube-system');
    if (last === undefined || !sameFlags(flagsFromArgv(last.argv), wanted)) return undefined;
    if (last.reason === 'CrashLoopBackOff' || last.restarts > 1) throw await didNotStay(site, pod);
    steady = last.running && (await answers(site, await way())) ? steady + 1 : 0;
    return steady >= inARow ? true : undefined;
  });
  if (serving === true) return;
  const why = last?.reason || (last === undefined ? 'its mirror pod is not to be seen' : 'it is not ready');
  throw new Failure('cluster-unreachable', `The API server ${pod} did not come up in time: ${why}.`);
}

function sameFlags(a: Flags, b: Flags): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}

async function didNotStay(site: Site, pod: string): Promise<Failure> {
  const where = { namespace: 'kube-system', query: '?previous=true&tailLines=50' };
  const said = exitReason(await podLog(site, pod, where)) ?? 'it ended again and again';
  return new Failure('config-rejected', `The API server ${pod} does not stay up: ${said}`);
}
