// The few cheap requests by which a control plane is recognised.
import type { ApiServerPod, Look, NodeSign, ServerVersion, Signs } from '../audit/facts.ts';
import { Failure } from '../errors.ts';
import { look } from '../io/api.ts';
import type { Cluster } from '../io/world.ts';
import { arrayOf, objectOf, stringsOf } from './read-json.ts';

// Enough for every API server of a large control plane; more would make the cost grow with the cluster.
const handful = 10;

// control-plane since 1.20, master before; api-server on kOps, controlplane on RKE1
const roles = ['control-plane', 'master', 'api-server', 'controlplane'];

/** @throws Failure cluster-answer when not even the version can be read */
export async function gatherSigns(cluster: Cluster): Promise<Signs> {
  const nodes = (selector: string, limit: number): Promise<Look<readonly NodeSign[]>> =>
    look(
      cluster,
      `/api/v1/nodes?limit=${limit}${selector && `&labelSelector=${encodeURIComponent(selector)}`}`,
      readNodes,
    );
  const configMap = (name: string): Promise<Look<unknown>> =>
    look(cluster, `/api/v1/namespaces/kube-system/configmaps/${name}`, (json) =>
      objectOf(objectOf(json)['data'] ?? {}),
    );
  const [version, groups, controlPlanes, any, pods, kubeadm, kops] = await Promise.all([
    look(cluster, '/version', readVersion),
    look(cluster, '/apis', (json) =>
      arrayOf(objectOf(json)['groups']).map((group) => String(objectOf(group)['name'])),
    ),
    Promise.all(roles.map((role) => nodes(`node-role.kubernetes.io/${role}`, handful))),
    nodes('', 1),
    gatherPods(cluster),
    configMap('kubeadm-config'),
    configMap('kops-controller'),
  ]);
  if ('unseen' in version)
    throw new Failure('cluster-answer', `${cluster.host} did not tell its version: ${version.why}`, [
      'see that the kubeconfig points at a Kubernetes API server',
    ]);
  return {
    version: version.seen,
    groups,
    controlPlaneNodes: controlPlanes.reduce(either),
    anyNode: map(any, ([node]) => node),
    apiServerPods: pods,
    kubeadmConfig: map(kubeadm, (data) =>
      String((data as Record<string, unknown>)['ClusterConfiguration'] ?? ''),
    ),
    kopsController: map(kops, () => true),
  };
}

function map<A, B>(from: Look<A>, to: (value: A) => B): Look<B> {
  return 'seen' in from ? { seen: to(from.seen) } : from;
}

// Both labels at once on clusters of 1.20 to 1.23: each node once.
function either(a: Look<readonly NodeSign[]>, b: Look<readonly NodeSign[]>): Look<readonly NodeSign[]> {
  if ('unseen' in a) return a;
  if ('unseen' in b) return b;
  return { seen: [...a.seen, ...b.seen.filter(({ name }) => !a.seen.some((one) => one.name === name))] };
}

/** The mirror pods of the API servers; a handful at most. */
export async function gatherPods(cluster: Cluster): Promise<Look<readonly ApiServerPod[]>> {
  const pods = (selector: string): Promise<Look<readonly ApiServerPod[]>> =>
    look(
      cluster,
      `/api/v1/namespaces/kube-system/pods?limit=${handful}&labelSelector=${encodeURIComponent(selector)}`,
      readPods,
    );
  const [kubeadm, others] = await Promise.all([
    pods('component=kube-apiserver'),
    pods('k8s-app=kube-apiserver'),
  ]);
  if ('unseen' in kubeadm) return kubeadm;
  if ('unseen' in others) return others;
  return {
    seen: [
      ...kubeadm.seen,
      ...others.seen.filter(({ name }) => !kubeadm.seen.some((one) => one.name === name)),
    ],
  };
}

/** major and minor as numbers; providers write minor as "18+". */
export function readVersion(json: unknown): ServerVersion {
  const { gitVersion } = objectOf(json);
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(String(gitVersion)) ?? [];
  if (major === undefined || minor === undefined) throw new Error('the version has no gitVersion');
  return { gitVersion: String(gitVersion), major: Number(major), minor: Number(minor) };
}

function readNodes(json: unknown): readonly NodeSign[] {
  return arrayOf(objectOf(json)['items']).map((item) => {
    const { metadata, spec, status } = objectOf(item);
    const { name, labels, annotations } = objectOf(metadata);
    const info = objectOf(objectOf(status ?? {})['nodeInfo'] ?? {});
    return {
      name: String(name),
      labels: stringsOf(labels),
      annotations: stringsOf(annotations),
      providerId: String(objectOf(spec ?? {})['providerID'] ?? ''),
      kubeletVersion: String(info['kubeletVersion'] ?? ''),
      osImage: String(info['osImage'] ?? ''),
    };
  });
}

function readPods(json: unknown): readonly ApiServerPod[] {
  return arrayOf(objectOf(json)['items']).map((item) => {
    const { metadata, spec } = objectOf(item);
    const { name, namespace, labels, annotations, ownerReferences } = objectOf(metadata);
    const { nodeName, containers } = objectOf(spec);
    return {
      name: String(name),
      namespace: String(namespace),
      nodeName: String(nodeName ?? ''),
      labels: stringsOf(labels),
      annotations: stringsOf(annotations),
      ownerKind: String(objectOf(arrayOf(ownerReferences ?? [])[0] ?? {})['kind'] ?? ''),
      argv: argvOf(arrayOf(containers)),
    };
  });
}

// kops runs the API server beside a health-check container: the one that names kube-apiserver counts.
function argvOf(containers: readonly unknown[]): readonly string[] {
  const lists = containers.map((one) => {
    const { command, args } = objectOf(one);
    return [...arrayOf(command ?? []), ...arrayOf(args ?? [])].map(String);
  });
  return lists.find((words) => words.some((word) => word.includes('kube-apiserver'))) ?? lists[0] ?? [];
}
