// The contract of requests through a pod on real nodes: kube-apiserver, kubelet and containerd, of today and of 1.18.
import {
  portForwardContract,
  tunnelUsers,
  unscheduled,
  type PortForwardSubject,
} from '../../contract/port-forward.contract.ts';
import { eventually } from '../support/eventually.ts';
import { startNode, type Node, type NodeOptions } from '../support/node.ts';

const image = 'registry.k8s.io/pause:3.10.2';
const pod = { namespace: 'default', pod: 'on-the-host' };

/** A user may do with pods/portforward what the contract says. */
function roleOf([user, verbs]: [string, readonly string[]]): object[] {
  const metadata = { name: `tunnel-${user}` };
  const apiGroup = 'rbac.authorization.k8s.io';
  const apiVersion = `${apiGroup}/v1`;
  const rules = [{ apiGroups: [''], resources: ['pods/portforward'], verbs }];
  const roleRef = { apiGroup, kind: 'ClusterRole', name: metadata.name };
  const subjects = [{ apiGroup, kind: 'User', name: user }];
  return [
    { apiVersion, kind: 'ClusterRole', metadata, rules },
    { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef, subjects },
  ];
}

function podOf(name: string, spec: object): object {
  const containers = [{ name: 'pause', image }];
  const metadata = { name, namespace: 'default' };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers, ...spec } };
}

async function prepare(node: Node): Promise<void> {
  const onHost = { hostNetwork: true, nodeName: node.name, tolerations: [{ operator: 'Exists' }] };
  const items = [
    podOf(pod.pod, onHost),
    podOf(unscheduled.pod, { nodeSelector: { 'no-such': 'node' } }),
    ...Object.entries(tunnelUsers)
      .filter(([, verbs]) => verbs.length > 0)
      .flatMap(roleOf),
  ];
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await eventually({
    what: 'the pod on the host to run',
    timeoutMs: 60_000,
    ask: async () => {
      // refused until the service account of the namespace is there
      await node.kubectl(['apply', '-f', '-'], list);
      const asked = await node.kubectl(['get', 'pod', pod.pod, '-o=jsonpath={.status.phase}']);
      return asked.stdout === 'Running' ? true : undefined;
    },
  });
}

async function start(version: NonNullable<NodeOptions['version']>): Promise<PortForwardSubject> {
  const node = await startNode({ version });
  try {
    await prepare(node);
  } catch (error) {
    await node.stop();
    throw error;
  }
  return { version, kubeconfig: node.kubeconfig, pod, port: 6443, deadPort: 9, stop: node.stop };
}

for (const version of ['1.37.2', '1.18.19'] as const)
  portForwardContract(`a real node of ${version}`, () => start(version));
