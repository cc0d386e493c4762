// The audit files of the API servers of a cluster, read through the kubelets of their nodes: one source for each node.
import type { Look } from '../../audit/facts.ts';
import { logFileOf } from '../../audit/target/log-place.ts';
import type { MountedPod } from '../../audit/target/log-place.ts';
import { Failure } from '../../errors.ts';
import { look } from '../../io/api.ts';
import type { LogPlace } from '../../io/log/open.ts';
import type { Cluster, World } from '../../io/world.ts';
import { arrayOf, objectOf, stringsOf } from '../read-json.ts';
import { nodeBatches } from './node-batches.ts';
import type { Source } from './source.ts';

export interface NodesWish {
  readonly follow: boolean;
  /** By the name of the source, which is that of the node; as they were read from wherever they were kept. */
  readonly positions?: Readonly<Record<string, unknown>>;
  /** ISO 8601: rotated files that may hold events from then on are read too. Without it, the log as it is now. */
  readonly since?: string;
  /** A JSON object in one line that holds none of these is left out; with none given, no line is. */
  readonly literals: readonly string[];
  /** Whether every byte of an event matters. */
  readonly whole: boolean;
}

/** What kubelets serve. */
const served = '/var/log/';

/**
 * One source for each control-plane node. A node whose file cannot be read, while others can, is tried again; where it
 * stays so, a run that does not follow fails when the others are read.
 * @throws Failure target-unsupported when no API server writes a file that can be had | cluster-forbidden and others of
 *   the cluster; usage when a position is none
 */
export async function nodeSources(world: World, wish: NodesWish): Promise<readonly Source[]> {
  const pods = await apiServerPods(await world.cluster());
  const found = pods.map((pod) => ({ node: pod.nodeName, file: logFileOf(pod) }));
  const places = found.flatMap(({ node, file }) =>
    'path' in file && file.path.startsWith(served) ? [{ node, path: file.path }] : [],
  );
  if (places.length === 0) throw noneOf(found.map(({ file }) => file));
  const others = found.filter(({ node }) => !places.some((place) => place.node === node));
  const readable = await Promise.all(places.map((place) => whyNot(world, place)));
  const [first] = readable;
  if (first !== undefined && readable.every((why) => why !== undefined)) throw first;
  return [
    ...places.map((place) => nodeSource(world, place, wish)),
    ...others.map(({ node, file }) => silent(node, noneOf([file]).message)),
  ];
}

function nodeSource(world: World, place: LogPlace & { readonly node: string }, wish: NodesWish): Source {
  const { follow, positions = {}, since, literals, whole } = wish;
  const position = positions[place.node];
  const asked = { follow, literals, position, ...(since !== undefined && { since: Date.parse(since) }) };
  return { name: place.node, batches: () => nodeBatches(world, place, asked, whole) };
}

/** A node that has nothing to read, and says why. */
function silent(name: string, note: string): Source {
  return {
    name,
    batches: async function* () {
      yield await Promise.resolve({ events: [], notes: [note] });
    },
  };
}

/** Why a log cannot be read now; undefined when it can. @throws Failure that holds for all nodes */
async function whyNot(world: World, place: LogPlace): Promise<Failure | undefined> {
  try {
    for await (const _ of world.log(place, { follow: false, literals: [] })) return undefined;
    return undefined;
  } catch (error) {
    if (error instanceof Failure && error.code !== 'interrupted') return error;
    throw error;
  }
}

type File = ReturnType<typeof logFileOf>;

/** What keeps these files from being read: that of the first, where they differ. */
function noneOf(files: readonly File[]): Failure {
  const [first] = files;
  const unsupported = (why: string, ...next: string[]): Failure =>
    new Failure('target-unsupported', why, next);
  if (first === undefined)
    return unsupported(
      'No API server of this cluster runs as a static pod whose files could be found.',
      'Where the API server writes its audit file, run kubectl sematext-audit tail FILE -f.',
    );
  if ('path' in first || 'inside' in first) {
    const where = 'path' in first ? first.path : `${first.inside} in its container`;
    return unsupported(
      `The API server writes its audit file to ${where}; a kubelet hands out only what is below ${served}.`,
      'On the node, run kubectl sematext-audit tail FILE -f.',
      'Or move the log below /var/log: kubectl sematext-audit enable --log-backend --log-path PATH.',
    );
  }
  if (first.none === 'container-log')
    return unsupported(
      'The API server writes its audit events to the log of its container, not to a file.',
      'Read them from there: --source api-server.',
    );
  return unsupported(
    'No API server of this cluster writes an audit file: none has --audit-log-path.',
    'Turn it on: kubectl sematext-audit enable --log-backend.',
  );
}

// enough for every API server of a large control plane
const handful = 50;

/** The API servers that run as static pods. kOps labels them otherwise than kubeadm. */
async function apiServerPods(cluster: Cluster): Promise<readonly MountedPod[]> {
  const all = await Promise.all(
    ['component=kube-apiserver', 'k8s-app=kube-apiserver'].map((selector) =>
      look(
        cluster,
        `/api/v1/namespaces/kube-system/pods?limit=${handful}&labelSelector=${encodeURIComponent(selector)}`,
        (json) => arrayOf(objectOf(json)['items']).flatMap(readPod),
      ),
    ),
  );
  const pods = all.flatMap(seenOrThrow);
  return pods.filter(({ nodeName }, i) => pods.findIndex((pod) => pod.nodeName === nodeName) === i);
}

function seenOrThrow<T>(pods: Look<readonly T[]>): readonly T[] {
  if ('seen' in pods) return pods.seen;
  const forbidden = pods.unseen === 'forbidden';
  throw new Failure(
    forbidden ? 'cluster-forbidden' : 'cluster-answer',
    `The API servers' pods cannot be seen: ${pods.why}.`,
    forbidden ? ['Ask a cluster administrator for the verb list on pods in kube-system.'] : ['Try again.'],
  );
}

/** A mirror pod; a twin of an API server is none. */
function readPod(item: unknown): readonly MountedPod[] {
  const { metadata, spec } = objectOf(item);
  const { name, annotations } = objectOf(metadata);
  const { nodeName, containers, volumes } = objectOf(spec);
  if (stringsOf(annotations)['kubernetes.io/config.mirror'] === undefined) return [];
  const hostPaths = arrayOf(volumes ?? []).flatMap((volume): [string, string][] => {
    const { name: volumeName, hostPath } = objectOf(volume);
    return hostPath === undefined ? [] : [[String(volumeName), String(objectOf(hostPath)['path'])]];
  });
  const read = arrayOf(containers).map((container) => {
    const { command, args, volumeMounts } = objectOf(container);
    const argv = [...arrayOf(command ?? []), ...arrayOf(args ?? [])].map(String);
    const mounts = arrayOf(volumeMounts ?? []).map((mount) => {
      const { name: volume, mountPath, subPath } = objectOf(mount);
      return { name: String(volume), mountPath: String(mountPath), subPath: String(subPath ?? '') };
    });
    return { argv, mounts };
  });
  // kOps runs it beside a health check
  const server = read.find(({ argv }) => argv.some((word) => word.includes('kube-apiserver'))) ?? read[0];
  return server === undefined
    ? []
    : [
        {
          name: String(name),
          nodeName: String(nodeName ?? ''),
          ...server,
          hostPaths: Object.fromEntries(hostPaths),
        },
      ];
}
