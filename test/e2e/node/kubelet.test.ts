// The real kubelet under the contract that the imitated node is under: what the quick tests of a change take for granted
// is what a real node does.
import {
  apiServerPodContract,
  kubeletContract,
  type KubeletSubject,
  type PodSeen,
} from '../../contract/kubelet.contract.ts';
import { startNode } from '../support/node.ts';

async function start(): Promise<KubeletSubject> {
  const node = await startNode();
  const kubectl = async (args: readonly string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await node.kubectl(args, input);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  return {
    node: node.name,
    address: node.address,
    second: 1000,
    image: 'registry.k8s.io/kube-apiserver:v1.37.2',
    path: (inside) => node.path(inside),
    create: async (object) => {
      await kubectl(['create', '-f', '-'], JSON.stringify(object));
    },
    remove: async (namespace, name) => {
      await kubectl(['delete', 'pod', `--namespace=${namespace}`, name, '--wait=false']);
    },
    pod: async (namespace, name) => {
      const args = ['get', 'pod', `--namespace=${namespace}`, name, '--ignore-not-found', '-o=json'];
      const { code, stdout } = await node.kubectl(args);
      return code === 0 && stdout !== '' ? (JSON.parse(stdout) as PodSeen) : undefined;
    },
    log: async (namespace, name) => {
      const { stdout, stderr } = await node.kubectl(['logs', `--namespace=${namespace}`, name]);
      return stdout + stderr;
    },
    answers: async () => (await node.kubectl(['get', '--raw', '/readyz', '--request-timeout=2s'])).code === 0,
    stop: () => node.stop(),
  };
}

kubeletContract('real 1.37.2', start);
apiServerPodContract('real 1.37.2', start);
