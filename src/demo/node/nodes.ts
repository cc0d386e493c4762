// A cluster of imitated control-plane nodes over one store of objects, behind one address: what a test of a change to a
// control-plane node runs on. All of it is in this process but for the node's shell scripts, which run for real.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { admin, adminToken, kubeconfigText } from '../api-server.ts';
import { makeCertificate, type Certificate } from '../certificate.ts';
import { Faults } from '../faults.ts';
import type { User } from '../kubernetes/access.ts';
import type { Admit } from '../kubernetes/admission.ts';
import { bareCluster, serviceEndpoints } from '../kubernetes/cluster.ts';
import type { Kubelets } from '../kubernetes/kubelets.ts';
import { kindsOf, type Release } from '../kubernetes/kinds.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import type { Seen } from '../kubernetes/pipeline.ts';
import { ObjectStore } from '../kubernetes/store.ts';
import { startNamespaceController } from './namespaces.ts';
import { apiPort, ImitatedNode, type NodeSetting } from './node.ts';
import type { Tool } from './programs.ts';
import { Relay, type Destination } from './relay.ts';
import type { ControlPlane, ServerName } from './server/api-server-container.ts';

/** How to start them; everything has a default. */
export interface NodesOptions {
  /** Of the API servers; default 1.37.2. */
  readonly version?: Release;
  /**
   * How long a second of the kubelet and of the API servers takes, in real seconds; default 0.01, by which the 41 s of
   * a plain change are 0.4 s.
   */
  readonly pace?: number;
  /**
   * The same for what the node's scripts take for a second, which are real processes and do not get faster; default 0.05,
   * or the pace when that is slower. Deadlines of pods are counted by it too.
   */
  readonly scriptPace?: number;
  /** By bearer token; default: one administrator, `adminToken`. */
  readonly users?: Readonly<Record<string, User>>;
  /** The longest an event waits for others, and the first pause before a batch is sent again; default 5 ms each. */
  readonly batchMs?: number;
  readonly retryMs?: number;
  /** Pod Security of namespaces that have no label for it; default privileged. */
  readonly podSecurity?: 'privileged' | 'baseline' | 'restricted';
  /** Programs that the nodes do not have. */
  readonly without?: readonly Tool[];
  /** Changes a node's disk before its kubelet starts. */
  readonly prepare?: (node: ImitatedNode) => void;
}

/** One request, and who answered it. */
export interface SeenBy extends Seen {
  readonly by: ServerName;
}

/** Nodes that run; looks like an embedded API server (api-server.ts) to its clients. */
export interface Nodes {
  /** The address that is balanced over all of them; of one node, its own. */
  readonly url: string;
  /** PEM of the authority of all their certificates. */
  readonly ca: string;
  readonly nodes: readonly ImitatedNode[];
  readonly objects: ObjectStore;
  /** What was asked of any API server, twins too, oldest first. */
  readonly requests: readonly SeenBy[];
  /** Shown by all API servers. */
  readonly faults: Faults;
  /** A kubeconfig for one user, as YAML; without a token the first user's. */
  kubeconfig(userToken?: string): string;
  /** Refuses what is to be created from now on, where this says why; without it nothing. */
  admit(refuse?: Admit): void;
  /** No client's connection lives or comes through for so long. */
  loseNetwork(ms: number): Promise<void>;
  /** Ends everything and takes the folders away. */
  stop(): Promise<void>;
}

/** A cluster of one. */
export interface OneNode extends Nodes {
  readonly node: ImitatedNode;
}

/** A loopback network that no other test uses, for as long as the lock is open. */
async function takeNetwork(): Promise<{ readonly network: string; readonly lock: Server }> {
  for (;;) {
    const byte = (from: number): number => from + Math.floor(Math.random() * (255 - from));
    const network = `127.${byte(16)}.${byte(0)}`;
    const lock = createServer();
    const taken = await new Promise<boolean>((resolve) => {
      lock.once('error', () => resolve(false)).listen(apiPort, `${network}.254`, () => resolve(true));
    });
    if (taken) return { network, lock: lock.unref() };
  }
}

/**
 * The addresses of the service kubernetes, as the API servers keep them. The last one that ends takes its own out as
 * well; in 1.18 it leaves it (pkg/master/reconcilers/lease.go).
 */
function joining(objects: ObjectStore, release: Release): ControlPlane['join'] {
  const joined = new Set<string>();
  const write = (): void => {
    if (joined.size === 0 && release === '1.18.19') return;
    for (const object of serviceEndpoints(release, [...joined].sort(), apiPort)) objects.put(object);
  };
  return (address) => {
    joined.add(address);
    write();
    return () => {
      joined.delete(address);
      write();
    };
  };
}

function kubeletsOf(nodes: readonly ImitatedNode[]): Kubelets {
  const nodeOf = (pod: KubeObject): ImitatedNode => {
    const { nodeName } = pod['spec'] as { nodeName?: string };
    const node = nodes.find(({ name }) => name === nodeName);
    if (!node) throw new Error(`no kubelet for node ${nodeName}`);
    return node;
  };
  return {
    log: (pod, container, previous) => nodeOf(pod).log(pod, container, previous),
    logs: (name) => nodes.find((node) => node.name === name)?.logs,
    dial: (pod, port) => nodeOf(pod).dial(port),
  };
}

/** What is asked of the same thing again and again, until it is so. @throws Error after 20 s */
async function until(what: string, so: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!so()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

function ready(objects: ObjectStore, node: ImitatedNode): boolean {
  const pod = objects
    .all()
    .find(({ kind, metadata }) => kind === 'Pod' && metadata.name === `kube-apiserver-${node.name}`);
  const { containerStatuses: [status] = [] } = (pod?.['status'] ?? {}) as {
    containerStatuses?: { ready: boolean }[];
  };
  return status?.ready === true;
}

interface Making {
  readonly options: NodesOptions;
  readonly home: string;
  readonly network: string;
  readonly tls: Certificate;
}

/** The addresses of the balancer, of a node, and of the service kubernetes as that node's pods see it. */
const lastOf = { front: 1, node: (i: number) => 11 + i, service: (i: number) => 101 + i };

/** Everything that the nodes share, and the nodes. */
class Cluster implements Nodes {
  readonly url: string;
  readonly ca: string;
  readonly nodes: ImitatedNode[] = [];
  readonly objects: ObjectStore;
  readonly requests: SeenBy[] = [];
  readonly faults = new Faults();
  readonly #users: Readonly<Record<string, User>>;
  readonly #front: Relay | undefined;
  readonly #endControllers: () => void;
  #admit: Admit | undefined;
  #turn = 0;

  constructor(count: number, making: Making) {
    const { options, network, tls } = making;
    const { version: release = '1.37.2', users = { [adminToken]: admin } } = options;
    this.#users = users;
    this.ca = tls.cert;
    const kinds = kindsOf(release, release === '1.18.19');
    this.objects = new ObjectStore(kinds);
    const front = `${network}.${lastOf.front}`;
    const places = Array.from({ length: count }, (_, i) => ({
      name: `control-${i + 1}`,
      address: `${network}.${lastOf.node(i)}`,
    }));
    this.#front =
      count > 1
        ? new Relay(
            front,
            apiPort,
            () => this.#next(),
            () => this.#serves(),
          )
        : undefined;
    const endpoint = this.#front && `${front}:${apiPort}`;
    for (const object of bareCluster(release, places, apiPort, endpoint)) this.objects.put(object);
    this.url = `https://${this.#front ? front : places[0]?.address}:${apiPort}`;
    const shared = this.#shared(release, making);
    for (const [i, place] of places.entries()) {
      const serviceAddress = `${network}.${lastOf.service(i)}`;
      this.nodes.push(
        new ImitatedNode({ ...shared, ...place, serviceAddress, home: join(making.home, place.name) }),
      );
    }
    this.#endControllers = startNamespaceController(this.objects, kinds);
  }

  kubeconfig(token?: string): string {
    return kubeconfigText(this.url, this.ca, token ?? Object.keys(this.#users)[0] ?? '');
  }

  admit(refuse?: Admit): void {
    this.#admit = refuse;
  }

  async loseNetwork(ms: number): Promise<void> {
    await Promise.all([this.#front?.lose(ms), ...this.nodes.map((node) => node.loseNetwork(ms))]);
  }

  async stop(): Promise<void> {
    this.#endControllers();
    this.#front?.stop();
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  /** What all nodes are made with. */
  #shared(
    release: Release,
    { options, tls }: Making,
  ): Omit<NodeSetting, 'name' | 'address' | 'serviceAddress' | 'home'> {
    const { pace = 0.01, scriptPace = Math.max(pace, 0.05), without = [] } = options;
    return {
      second: pace * 1000,
      scriptSecond: scriptPace * 1000,
      without,
      reachable: () => this.#serves(),
      proxied: (from) => this.#next(from),
      changed: () => this.#front?.update(),
      cluster: {
        release,
        objects: this.objects,
        tls,
        faults: this.faults,
        tell: (seen, by) => this.requests.push({ ...seen, by }),
        join: joining(this.objects, release),
        common: this.#common(options),
      },
    };
  }

  #common({ batchMs = 5, retryMs = 5, podSecurity }: NodesOptions): ControlPlane['common'] {
    return {
      users: new Map(Object.entries(this.#users)),
      pace: { batchMs, retryMs },
      kubelets: kubeletsOf(this.nodes),
      admit: (object) => this.#admit?.(object),
      ...(podSecurity && { podSecurity }),
    };
  }

  #serves(): boolean {
    return this.nodes.some((node) => node.front() !== undefined);
  }

  /**
   * The next node whose port is open, in turns.
   * @param from the node on which the choice is made; its own rules do not apply any more then
   */
  #next(from?: ImitatedNode): Destination {
    this.#turn += 1;
    for (let i = 0; i < this.nodes.length; i += 1) {
      const node = this.nodes[(this.#turn + i) % this.nodes.length];
      const open = node === from ? node?.past() : node?.front();
      if (open !== undefined) return node === from ? open : node?.enter();
    }
    return undefined;
  }
}

/** Starts so many control-plane nodes and resolves when the API server of each is ready. */
export async function startNodes(count: number, options: NodesOptions = {}): Promise<Nodes> {
  const { network, lock } = await takeNetwork();
  // in memory where that can be had: the node's shell scripts write a lot
  const home = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'imitated-node-'));
  const each = Array.from({ length: count }, (_, i) => [lastOf.node(i), lastOf.service(i)]).flat();
  const tls = await makeCertificate([lastOf.front, ...each].map((last) => `${network}.${last}`));
  const cluster = new Cluster(count, { options, home, network, tls });
  const end = cluster.stop.bind(cluster);
  const stop = async (): Promise<void> => {
    await end();
    lock.close();
    rmSync(home, { recursive: true, force: true });
  };
  for (const node of cluster.nodes) {
    options.prepare?.(node);
    node.start();
  }
  await until('the API servers to be ready', () =>
    cluster.nodes.every((node) => ready(cluster.objects, node)),
  );
  return Object.assign(cluster, { stop });
}

/** Starts a control plane of one node. */
export async function startNode(options: NodesOptions = {}): Promise<OneNode> {
  const cluster = await startNodes(1, options);
  const [node] = cluster.nodes;
  if (!node) throw new Error('no node');
  return Object.assign(cluster, { node });
}
