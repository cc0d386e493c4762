// Knows how to run a real control-plane node: containerd, kubelet and the static pods that kubeadm writes, on a
// machine of its own (node/machine.ts).
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { eventually } from './eventually.ts';
import { kubectl, type KubectlResult } from './kubectl.ts';
import { partFolder } from './parts.ts';
import { folder } from './running.ts';
import {
  containerdConfig,
  kubeadmConfig,
  kubeProxyConfig,
  nodeParts,
  podNetwork,
  serviceAddress,
  type NodeVersions,
} from './node/kubeadm-config.ts';
import { startMachine, type Machine } from './node/machine.ts';
import { startNetwork, type Network } from './node/network.ts';

/** What to start. */
export interface NodeOptions {
  /** Of the API server; 1.18.19 runs under kubelet 1.30.4. Default 1.37.2. */
  version?: NodeVersions['apiServer'];
  /** With kube-proxy in this mode, so that the service address leads to the API server. Default none. */
  kubeProxy?: 'iptables' | 'nftables';
}

/** A control-plane node that serves. */
export interface Node extends Machine {
  /** Of an administrator (system:masters), by the node's address. */
  readonly kubeconfig: string;
  /** https://address:6443 */
  readonly url: string;
  readonly network: Network;
  /** Of the static pods, on the node. */
  readonly manifests: string;
  /** kubectl as that administrator; a non-zero code is an answer, not a throw. */
  kubectl(args: readonly string[], input?: string): Promise<KubectlResult>;
}

const manifests = '/etc/kubernetes/manifests';

/** Starts a control plane of one node and waits until all its pods run. */
export async function startNode(options: NodeOptions = {}): Promise<Node> {
  const versions = versionsFor(options.version ?? '1.37.2');
  const network = await startNetwork();
  const home = await folder('kubeconfig');
  const machine = await startMachine({ name: 'control-1', network, number: 1, parts: nodeParts(versions) });
  const endpoint = `${machine.address}:6443`;
  await setUp(machine, 1, versions);
  const alsoKnownAs = ['127.0.0.1', network.hostAddress];
  const { name, address, cgroup } = machine;
  await init(machine, kubeadmConfig({ versions, name, address, cgroup, endpoint, alsoKnownAs }));
  const kubeconfig = join(home.path, 'admin.kubeconfig');
  await writeFile(kubeconfig, await readFile(machine.path('/etc/kubernetes/super-admin.conf')), {
    mode: 0o600,
  });
  const node: Node = {
    ...machine,
    kubeconfig,
    url: `https://${endpoint}`,
    network,
    manifests,
    kubectl: (args, input) => kubectl(kubeconfig, args, input),
    stop: async () => {
      await machine.stop();
      await network.stop();
      await home.remove();
    },
  };
  await running(node);
  if (options.kubeProxy) await startKubeProxy(node, options.kubeProxy);
  return node;
}

function versionsFor(apiServer: NodeVersions['apiServer']): NodeVersions {
  return { apiServer, kubelet: apiServer === '1.37.2' ? '1.37.2' : '1.30.4' };
}

/** containerd, its images, the pod network. */
async function setUp(machine: Machine, n: number, { apiServer }: NodeVersions): Promise<void> {
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(machine.path(path)), { recursive: true });
    await writeFile(machine.path(path), text);
  };
  await write('/etc/cni/net.d/10-pods.conflist', podNetwork(n));
  await write('/etc/containerd/config.toml', containerdConfig());
  const folders = [partFolder('node-images', '1.37.2')];
  if (apiServer !== '1.37.2') folders.push(partFolder('node-images', apiServer));
  await machine.exec(`until ctr version >/dev/null 2>&1; do sleep 0.1; done
    for archive in ${folders.map((path) => `/opt/parts/${path}/*.tar`).join(' ')}; do
      ctr --namespace k8s.io images import --local "$archive"
    done`);
}

async function init(machine: Machine, config: string): Promise<void> {
  const file = '/etc/kubernetes/kubeadm.yaml';
  await mkdir(machine.path('/etc/kubernetes'), { recursive: true });
  await writeFile(machine.path(file), config);
  await machine.exec(`kubeadm init --config ${file} --skip-phases=preflight,addon,show-join-command`);
}

async function running(node: Node): Promise<void> {
  await eventually({
    what: 'the static pods to run',
    timeoutMs: 60_000,
    ask: async () => {
      const pods = await node.kubectl([
        'get',
        'pods',
        '-n=kube-system',
        '-o=jsonpath={.items[*].status.phase}',
      ]);
      return pods.stdout === 'Running Running Running Running' ? true : undefined;
    },
  });
}

async function startKubeProxy(node: Node, mode: 'iptables' | 'nftables'): Promise<void> {
  const home = node.path('/var/lib/kube-proxy');
  await mkdir(home, { recursive: true });
  await writeFile(join(home, 'kubeconfig'), await readFile(node.kubeconfig), { mode: 0o600 });
  await writeFile(join(home, 'config.conf'), kubeProxyConfig(mode, node.name));
  await eventually({
    what: `rules of kube-proxy for ${serviceAddress}`,
    timeoutMs: 30_000,
    ask: async () => {
      const { stdout } = await node.exec('nft list ruleset');
      return stdout.includes(serviceAddress) || undefined;
    },
  });
}
