// Knows how to put a pod on a node that does nothing but have an address of its own in the pod network.
import { eventually } from '../eventually.ts';
import type { Node } from '../node.ts';

const image = 'registry.k8s.io/pause:3.10.2';

/** Starts such a pod; the file of its network namespace, which lives until the pod ends or the node is rebooted. */
export async function startPod(node: Node, name: string): Promise<string> {
  const pod = {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' } },
    spec: {
      ...{ nodeName: node.name, tolerations: [{ operator: 'Exists' }], terminationGracePeriodSeconds: 0 },
      containers: [{ name: 'pause', image }],
    },
  };
  return eventually({
    what: `the pod ${name} to have an address`,
    timeoutMs: 30_000,
    ask: async () => {
      // refused until the service account of a new namespace is there
      await node.kubectl(['apply', '-f', '-'], JSON.stringify(pod));
      const { stdout: address } = await node.kubectl(['get', 'pod', name, '-o', 'jsonpath={.status.podIP}']);
      if (address === '') return undefined;
      const script = `for file in /run/netns/*; do
        if nsenter "--net=$file" ip -4 address | grep -q "inet $1/"; then echo "$file"; fi
      done`;
      const { stdout: file } = await node.exec(`set -- ${address}; ${script}`);
      return file === '' ? undefined : node.path(file.trim());
    },
  });
}
