// The control-plane nodes: found by the mirror pods of their API servers, then looked at on the node itself.
import type { ControlPlaneNode, SeenNode } from '../../audit/target/control-plane-node.ts';
import { Failure } from '../../errors.ts';
import { look, write } from '../../io/api.ts';
import type { Cluster } from '../../io/world.ts';
import { nodeLook } from '../../node/look.ts';
import { manifestFolder } from '../../node/protocol.ts';
import { arrayOf, objectOf } from '../read-json.ts';
import type { Site } from './site.ts';
import type { Means } from './transaction.ts';

/**
 * The nodes whose kubelet runs an API server, those that the kubeconfig does not name first.
 * @throws Failure when they cannot be listed, or there are none
 */
export async function findNodes(cluster: Cluster): Promise<readonly ControlPlaneNode[]> {
  // kubeadm, kind and minikube label them so; others name the container
  const labelled = await mirrorPods(
    cluster,
    `?labelSelector=${encodeURIComponent('component=kube-apiserver')}`,
  );
  const mirrors = labelled.length > 0 ? labelled : (await mirrorPods(cluster)).filter(isApiServer);
  const nodes = await Promise.all(mirrors.map((pod) => nodeOf(cluster, pod)));
  if (nodes.length === 0)
    throw new Failure(
      'target-unsupported',
      'No API server of this cluster is a static pod that can be seen.',
      ['kubectl sematext-audit enable --print shows what to do by hand'],
    );
  const own = (node: ControlPlaneNode): number => Number(cluster.host.startsWith(`${node.address}:`));
  return nodes.sort((a, b) => own(a) - own(b) || (a.name < b.name ? -1 : 1));
}

async function mirrorPods(cluster: Cluster, query = ''): Promise<readonly Record<string, unknown>[]> {
  const pods = await write(cluster, { path: `/api/v1/namespaces/kube-system/pods${query}` });
  return arrayOf(pods['items'])
    .map(objectOf)
    .filter((pod) => objectOf(objectOf(pod['metadata'])['annotations'] ?? {})['kubernetes.io/config.mirror']);
}

const isApiServer = (pod: Record<string, unknown>): boolean =>
  objectOf(arrayOf(objectOf(pod['spec'])['containers'])[0])['name'] === 'kube-apiserver';

async function nodeOf(cluster: Cluster, pod: Record<string, unknown>): Promise<ControlPlaneNode> {
  const { nodeName, containers } = objectOf(pod['spec']);
  const { conditions } = objectOf(pod['status'] ?? {});
  const node = await write(cluster, { path: `/api/v1/nodes/${String(nodeName)}` });
  const { addresses, nodeInfo } = objectOf(node['status']);
  const internal = arrayOf(addresses ?? [])
    .map(objectOf)
    .find(({ type }) => type === 'InternalIP');
  return {
    name: String(nodeName),
    arch: String(objectOf(nodeInfo)['architecture']),
    address: String(internal?.['address'] ?? ''),
    pod: String(objectOf(pod['metadata'])['name']),
    image: String(objectOf(arrayOf(containers)[0])['image']),
    ready: arrayOf(conditions ?? [])
      .map(objectOf)
      .some(({ type, status }) => type === 'Ready' && status === 'True'),
  };
}

/** The folder of static pods as the kubelet says it, where it may be asked; else where kubeadm has it. */
export async function manifestFolderOf(cluster: Cluster, node: string): Promise<string> {
  const config = await look(cluster, `/api/v1/nodes/${node}/proxy/configz`, (json) =>
    String(objectOf(objectOf(json)['kubeletconfig'])['staticPodPath'] ?? ''),
  );
  return 'seen' in config && config.seen !== '' ? config.seen : manifestFolder;
}

/** Looks at each node. @throws Failure when one cannot be looked at */
export async function lookAtNodes(
  site: Site,
  { hand, folder, logFolder }: Pick<Means, 'hand' | 'folder' | 'logFolder'>,
  nodes: readonly ControlPlaneNode[],
): Promise<readonly SeenNode[]> {
  return Promise.all(
    nodes.map(async (node) => {
      const place = { node: node.name, arch: node.arch, image: node.image };
      const answer = await hand.phase(site, place, { phase: 'look', args: { folder, log: logFolder } });
      const seen = nodeLook(answer);
      if (seen === undefined) {
        const why = 'text' in answer ? answer.text : 'its answer broke off';
        throw new Failure('cluster-answer', `The node ${node.name} could not be looked at: ${why}.`, [
          'Try again.',
        ]);
      }
      return { ...node, look: seen };
    }),
  );
}
