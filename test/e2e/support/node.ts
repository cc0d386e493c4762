// Knows how to run real control-plane nodes: containerd, kubelet and the static pods that kubeadm writes, each on a
// machine of its own (node/machine.ts).
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startBalancer, type Balancer } from './balancer.ts';
import { eventually } from './eventually.ts';
import { kubectl, type KubectlResult } from './kubectl.ts';
import * as controlPlane from './node/control-plane.ts';
import { nodeParts, type KubeadmSettings, type NodeVersions } from './node/kubeadm-config.ts';
import { patches } from './node/older-images.ts';
import { startMachine, type Machine } from './node/machine.ts';
import { startNetwork, type Network } from './node/network.ts';
import { folder } from './running.ts';

/** What to start. */
export interface NodeOptions {
  /** Of the API server; 1.18.19 runs under kubelet 1.30.4. Default 1.37.2. */
  version?: NodeVersions['apiServer'];
  /** With kube-proxy in this mode, so that the service address leads to an API server; not with 1.18. Default none. */
  kubeProxy?: 'iptables' | 'nftables';
  /** Flags of the API server that kubeadm would not give it, without dashes. */
  apiServerFlags?: Readonly<Record<string, string>>;
  /** How long the API server may take to end, in seconds; kubeadm leaves the default, 30. */
  gracePeriod?: number;
}

/** A way to the API. */
export interface Access {
  /** https://host:port */
  readonly url: string;
  /** The file of an administrator (system:masters), by that URL. */
  readonly kubeconfig: string;
  /** kubectl as that administrator; a non-zero code is an answer, not a throw. */
  kubectl(args: readonly string[], input?: string): Promise<KubectlResult>;
}

/** A control-plane node that serves, by its own address. */
export interface Node extends Machine, Access {
  readonly network: Network;
  /** The folder of the static pods, on the node. */
  readonly manifests: string;
}

/** Several control planes of one cluster, by their load balancer. */
export interface Nodes extends Access {
  readonly nodes: readonly Node[];
  readonly network: Network;
  readonly balancer: Balancer;
  /** Ends all of them. */
  stop(): Promise<void>;
}

/** Starts a cluster of one control plane; its stop leaves nothing. */
export async function startNode(options: NodeOptions = {}): Promise<Node> {
  const parts = new Parts();
  return parts.orNothing(async () => {
    const network = parts.keep(await startNetwork());
    const node = await first({ parts, network, options, endpoint: `${network.addressOf(1)}:6443` });
    return { ...node, stop: () => parts.stop() };
  });
}

/** Starts a cluster of several control planes, each with a member of etcd, behind a load balancer. */
export async function startNodes(count: number, options: NodeOptions = {}): Promise<Nodes> {
  const parts = new Parts();
  return parts.orNothing(async () => {
    const network = parts.keep(await startNetwork());
    const balancer = parts.keep(await startBalancer(network.hostAddress, 6443));
    const cluster = { parts, network, options, endpoint: `${balancer.address}:${balancer.port}` };
    balancer.use([`${network.addressOf(1)}:6443`]);
    const nodes = [await first(cluster)];
    for (let n = 2; n <= count; n += 1) nodes.push(await further(cluster, nodes, n));
    balancer.use(nodes.map(({ address }) => `${address}:6443`));
    const access = await accessTo(parts, nodes[0] as Machine, cluster.endpoint);
    return { ...access, nodes, network, balancer, stop: () => parts.stop() };
  });
}

interface Cluster {
  readonly parts: Parts;
  readonly network: Network;
  readonly options: NodeOptions;
  /** host:port */
  readonly endpoint: string;
}

async function first(cluster: Cluster): Promise<Node> {
  const { machine, settings } = await machineOf(cluster, 1);
  await controlPlane.init(machine, settings);
  return serving(cluster, machine, machine);
}

async function further(cluster: Cluster, [one]: readonly Node[], n: number): Promise<Node> {
  const { machine, settings } = await machineOf(cluster, n);
  await controlPlane.join(machine, one as Node, settings);
  return serving(cluster, machine, one as Node);
}

async function machineOf(
  { parts, network, options, endpoint }: Cluster,
  n: number,
): Promise<{ machine: Machine; settings: KubeadmSettings }> {
  const apiServer = options.version ?? '1.37.2';
  if (options.kubeProxy && apiServer !== '1.37.2') throw new Error('kube-proxy 1.37 wants EndpointSlices v1');
  const versions: NodeVersions = { apiServer, kubelet: apiServer === '1.37.2' ? '1.37.2' : '1.30.4' };
  const name = `control-${n}`;
  const machine = parts.keep(await startMachine({ name, network, number: n, parts: nodeParts(versions) }));
  await controlPlane.install(machine, n, versions);
  const { address, cgroup } = machine;
  const alsoKnownAs = ['127.0.0.1', network.hostAddress];
  // 1.18 would serve plain HTTP on 8080 as well
  const apiServerFlags = {
    ...(apiServer === '1.18.19' && { 'insecure-port': '0' }),
    ...options.apiServerFlags,
  };
  const { gracePeriod: terminationGracePeriodSeconds } = options;
  const settings = {
    ...{ versions, name, address, cgroup, endpoint, alsoKnownAs, apiServerFlags },
    patches: {
      ...(apiServer === '1.18.19' && patches(apiServer)),
      ...(terminationGracePeriodSeconds !== undefined && {
        'kube-apiserver1+strategic.yaml': JSON.stringify({ spec: { terminationGracePeriodSeconds } }),
      }),
    },
  };
  return { machine, settings };
}

async function serving({ parts, network, options }: Cluster, machine: Machine, one: Machine): Promise<Node> {
  const access = await accessTo(parts, one, `${machine.address}:6443`);
  await ready(machine, access);
  if (options.kubeProxy) await controlPlane.startKubeProxy(machine, options.kubeProxy);
  return { ...machine, ...access, network, manifests: '/etc/kubernetes/manifests' };
}

/**
 * Waits for the mirror pods. Kubelet makes them when the API server answers; one that is refused then, because the
 * priority classes are not there yet, it makes a minute later, or at once when it is started again.
 */
async function ready(machine: Machine, access: Access): Promise<void> {
  const pods = ['get', 'pods', '-n=kube-system', `--field-selector=spec.nodeName=${machine.name}`];
  const conditions = `jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}`;
  const within = (timeoutMs: number): Promise<true> =>
    eventually({
      what: `the static pods of ${machine.name} to be ready`,
      timeoutMs,
      ask: async () => {
        const { stdout } = await access.kubectl([...pods, '-o', conditions]);
        return stdout === 'True True True True' || undefined;
      },
    });
  const again = async (): Promise<true> => {
    await machine.stopService('kubelet');
    await machine.startService('kubelet');
    return within(120_000);
  };
  await within(20_000)
    .catch(again)
    .catch(async (error: unknown) => {
      const { stdout } = await access.kubectl([...pods, '-o', 'wide']);
      throw new Error(`${String(error)}\n${stdout}\n${(await machine.log('kubelet')).slice(-4000)}`);
    });
}

async function accessTo(parts: Parts, one: Machine, hostPort: string): Promise<Access> {
  const home = await folder('kubeconfig');
  parts.keep({ stop: home.remove });
  const url = `https://${hostPort}`;
  const kubeconfig = join(home.path, 'admin.kubeconfig');
  const text = await readFile(one.path(controlPlane.superAdmin), 'utf8');
  await writeFile(kubeconfig, text.replace(/server: .*/, `server: ${url}`), { mode: 0o600 });
  return { url, kubeconfig, kubectl: (args, input) => kubectl(kubeconfig, args, input) };
}

/** What was started, ended in the opposite order. */
class Parts {
  readonly #started: { stop(): Promise<unknown> }[] = [];

  keep<T extends { stop(): Promise<unknown> }>(part: T): T {
    this.#started.unshift(part);
    return part;
  }

  async stop(): Promise<void> {
    for (const part of this.#started.splice(0)) await part.stop();
  }

  async orNothing<T>(start: () => Promise<T>): Promise<T> {
    return start().catch(async (error: unknown) => {
      await this.stop();
      throw error;
    });
  }
}
