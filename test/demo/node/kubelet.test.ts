// The imitated node under the contract that the real one is under (test/e2e/node/kubelet.test.ts).
import { join } from 'node:path';
import { startNode } from '../../../src/demo/node/nodes.ts';
import {
  apiServerPodContract,
  kubeletContract,
  type KubeletSubject,
  type PodSeen,
} from '../../contract/kubelet.contract.ts';
import { ask } from './ask.ts';

async function start(pace: number): Promise<KubeletSubject> {
  const cluster = await startNode({ pace, scriptPace: pace });
  const { node } = cluster;
  const at = (namespace: string, name: string): string => `/api/v1/namespaces/${namespace}/pods/${name}`;
  return {
    node: node.name,
    address: node.address,
    second: pace * 1000,
    image: 'registry.k8s.io/kube-apiserver:v1.37.2',
    path: (inside) => join(node.root, inside),
    create: async (object) => {
      const { kind, metadata } = object as { kind: string; metadata: { namespace?: string } };
      const within = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
      const { status, text } = await ask(cluster, 'POST', `/api/v1${within}/${kind.toLowerCase()}s`, object);
      if (status !== 201) throw new Error(text);
    },
    remove: async (namespace, name) => {
      const { status, text } = await ask(cluster, 'DELETE', at(namespace, name));
      if (status !== 200) throw new Error(text);
    },
    pod: async (namespace, name) => {
      const { status, text } = await ask(cluster, 'GET', at(namespace, name));
      return status === 200 ? (JSON.parse(text) as PodSeen) : undefined;
    },
    log: async (namespace, name) => (await ask(cluster, 'GET', `${at(namespace, name)}/log`)).text,
    answers: async () =>
      ask(cluster, 'GET', '/readyz').then(
        ({ status }) => status === 200,
        () => false,
      ),
    stop: () => cluster.stop(),
  };
}

kubeletContract('imitated', () => start(0.01));
apiServerPodContract('imitated', () => start(0.05));
