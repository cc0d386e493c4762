// What must be known before nodes are changed, learned in one go: the nodes as they are, whether a twin may run there,
// where the API's service address is, and what kubeadm would render next time.
import { names } from '../../audit/names.ts';
import type { Ground, KubeadmConfigMap } from '../../audit/plan/turns.ts';
import { kubeadmPath } from '../../audit/plan/rollout.ts';
import type { ControlPlaneNode, SeenNode } from '../../audit/target/control-plane-node.ts';
import { twinPod } from '../../audit/target/twin.ts';
import { Unusable } from '../../audit/target/unusable.ts';
import { Failure } from '../../errors.ts';
import { look } from '../../io/api.ts';
import { objectOf, arrayOf } from '../read-json.ts';
import { findNodes, lookAtNodes, manifestFolderOf } from './control-plane.ts';
import { ensureNamespace, leaveNamespace, wouldTake } from './pods.ts';
import { resume } from './resume.ts';
import type { Site } from './site.ts';
import { calm, until } from './site.ts';
import type { Means } from './transaction.ts';

export interface Work {
  readonly site: Site;
  readonly means: Means;
  readonly ground: Ground;
}

export interface Wishes {
  /** End what a run that died left behind, instead of refusing to go on. */
  readonly resume: boolean;
  /** Nothing may be changed. */
  readonly dryRun: boolean;
  /** No twin is wanted, whatever could be had. */
  readonly noTwin: boolean;
  /** The one node that may be changed; all when undefined. */
  readonly only: string | undefined;
}

/**
 * Looks at the nodes, works, and leaves no namespace behind that nobody needs.
 * @param meansFor what transactions need, made once the manifests folder is known
 */
export async function onNodes<T>(
  site: Site,
  wishes: Wishes,
  meansFor: (folder: string) => Means,
  work: (work: Work) => Promise<T>,
): Promise<T> {
  await ensureNamespace(site);
  try {
    const all = await findNodes(site.cluster);
    const nodes = wishes.only === undefined ? all : all.filter(({ name }) => name === wishes.only);
    const [first] = nodes;
    if (first === undefined)
      throw new Failure('usage', `No API server runs on a node named ${wishes.only}.`, [
        `there are: ${all.map(({ name }) => name).join(', ')}`,
      ]);
    const means = meansFor(await manifestFolderOf(site.cluster, first.name));
    const seen = await settled(site, means, wishes, await lookAtNodes(site, means, nodes));
    const names = all.map(({ name }) => name);
    return await work({ site, means, ground: { ...(await groundOf(site, wishes, seen)), all: names } });
  } finally {
    await leaveNamespace(calm(site)).catch(() => undefined); // an empty namespace harms nobody; the next run takes it away
  }
}

async function settled(
  site: Site,
  means: Means,
  wishes: Wishes,
  nodes: readonly SeenNode[],
): Promise<readonly SeenNode[]> {
  const open = nodes.find((node) => node.look.open !== undefined);
  if (open === undefined && (!wishes.resume || wishes.dryRun)) return nodes;
  if (!wishes.resume || wishes.dryRun)
    throw new Failure(
      'another-run',
      `A change of the API server on ${open?.name} is under way, or its run ended in the middle (run ${open?.look.open?.run}).`,
      [
        wishes.resume
          ? 'a dry run ends nothing: the same command without --dry-run does'
          : 'if no other run is at work: the same command with --resume',
      ],
    );
  await resume(site, means, nodes);
  return lookAtNodes(site, means, await readyAgain(site, nodes));
}

/** The kubelet calls an API server ready some seconds after it serves: startup probes of kubeadm are 10 s apart. */
const readyAgainMs = 60_000;

/** The nodes as they are now: the end of a dead run, or the guard, may just have exchanged an API server. */
async function readyAgain(
  site: Site,
  before: readonly ControlPlaneNode[],
): Promise<readonly ControlPlaneNode[]> {
  let now: readonly ControlPlaneNode[] = before;
  await until(site, { timeoutMs: readyAgainMs, everyMs: 1_000 }, async () => {
    const all = await findNodes(site.cluster);
    now = before.map((node) => all.find(({ name }) => name === node.name) ?? { ...node, ready: false });
    return now.every(({ ready }) => ready) ? true : undefined;
  });
  return now; // whether they are ready is asked of them in any case
}

async function groundOf(
  site: Site,
  { noTwin }: Wishes,
  nodes: readonly SeenNode[],
): Promise<Omit<Ground, 'all'>> {
  const [service, kubeadm, twin] = await Promise.all([
    look(site.cluster, '/api/v1/namespaces/default/services/kubernetes', readService),
    look(site.cluster, kubeadmPath, (json) => json as KubeadmConfigMap),
    noTwin ? '--no-twin was given' : whyNoTwin(site, nodes),
  ]);
  if ('unseen' in service)
    throw new Failure(
      'cluster-forbidden',
      `The Service default/kubernetes could not be looked at: ${service.why}`,
      [
        'requests by its address would fail while an API server is exchanged; docs/permissions-nodes.yaml has the role',
      ],
    );
  if ('unseen' in kubeadm && kubeadm.unseen !== 'absent')
    throw new Failure('cluster-forbidden', `kubeadm-config could not be looked at: ${kubeadm.why}`, [
      'without it the change would be lost at the next upgrade; docs/permissions-nodes.yaml has the role',
    ]);
  return {
    nodes,
    service: service.seen,
    noTwin: twin,
    kubeadm: 'seen' in kubeadm ? kubeadm.seen : undefined,
  };
}

function readService(json: unknown): string {
  const { clusterIP, ports } = objectOf(objectOf(json)['spec']);
  const port = Number(objectOf(arrayOf(ports)[0])['port']);
  const ip = String(clusterIP);
  return `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}

/** The API server is asked whether it would take the twin's pod: admission may forbid it. */
async function whyNoTwin(site: Site, nodes: readonly SeenNode[]): Promise<string | undefined> {
  for (const { name, look: seen } of nodes) {
    const text = seen.manifest?.text;
    if (text === undefined) continue;
    try {
      const pod = twinPod(text, { run: site.run, node: name, port: 7443 });
      const taken = await wouldTake(site, {
        ...pod,
        metadata: { ...pod.metadata, namespace: names.namespace },
      });
      if (taken !== true) return `no second API server may run beside it (${taken})`;
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      return undefined; // the check of the manifests tells it
    }
  }
  return undefined;
}
