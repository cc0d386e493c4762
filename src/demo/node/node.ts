// One imitated control-plane node: a folder for its disk, a kubelet, API servers in this process, shell scripts run for
// real, and an address of its own, on which a redirect of the node script is obeyed.
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { ContainerLog } from '../kubernetes/kubelets.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { startIdle, type Launch, type Running } from './container.ts';
import { Kubelet } from './kubelet.ts';
import { writeNodeFiles } from './manifests.ts';
import type { PodWorker } from './pod-worker.ts';
import { Ports } from './ports.ts';
import { Proc } from './proc.ts';
import { clearRules, setDisk, writePrograms, type Places, type Tool } from './programs.ts';
import { countRedirected, redirected } from './redirect.ts';
import { Relay, type Destination } from './relay.ts';
import { startApiServerContainer, type ControlPlane } from './server/api-server-container.ts';
import { startShellContainer } from './shell-container.ts';

/** What one node of a cluster is made of. */
export interface NodeSetting {
  readonly name: string;
  readonly address: string;
  /** An address at which it is as a pod on this node sees the service kubernetes. */
  readonly serviceAddress: string;
  /** A folder of its own, to be filled. */
  readonly home: string;
  /** Real milliseconds of a second of the kubelet and the API server, and of the scripts. */
  readonly second: number;
  readonly scriptSecond: number;
  readonly without: readonly Tool[];
  readonly cluster: ControlPlane;
  /** Whether any API server can be reached. */
  readonly reachable: () => boolean;
  /** Where kube-proxy of this node sends a connection to the service, when no rule of ours does. */
  readonly proxied: (from: ImitatedNode) => Destination;
  /** Told when a port was opened or closed. */
  readonly changed: () => void;
}

/** Of a kubeadm cluster. */
export const apiPort = 6443;
const clusterIP = '10.96.0.1';

/** Which pods a fault is about. */
export type Which = (pod: KubeObject) => boolean;

/** One node that runs. */
export class ImitatedNode {
  readonly name: string;
  readonly address: string;
  /** The folder that stands for the node's disk. */
  readonly root: string;
  /** Folder of static pod manifests, on this machine. */
  readonly manifests: string;
  /** The API server's address, as others see it, and as pods of this node see the service kubernetes. */
  readonly url: string;
  readonly serviceUrl: string;
  readonly #setting: NodeSetting;
  readonly #places: Places;
  readonly #ports: Ports;
  readonly #proc: Proc;
  readonly #front: Relay;
  readonly #service: Relay;
  readonly #timer: NodeJS.Timeout;
  #kubelet: Kubelet;
  #full = false;
  #dead = false;
  #filters = false;
  #missing: Which = () => false;
  #doomed: { readonly which: Which; readonly ms: number } | undefined;

  constructor(setting: NodeSetting) {
    const { name, address, serviceAddress, home, scriptSecond, without, cluster } = setting;
    this.#setting = setting;
    [this.name, this.address, this.root] = [name, address, join(home, 'root')];
    this.manifests = join(this.root, 'etc/kubernetes/manifests');
    this.url = `https://${address}:${apiPort}`;
    this.serviceUrl = `https://${serviceAddress}:${apiPort}`;
    writeNodeFiles(this.root, cluster.release, address);
    this.#places = writePrograms({ home, second: scriptSecond, without });
    this.#proc = new Proc(this.root, scriptSecond);
    this.#ports = new Ports(() => this.#opened());
    this.#front = new Relay(
      address,
      apiPort,
      () => this.enter(),
      () => this.front() !== undefined,
    );
    // kube-proxy itself refuses nothing while there is an address behind the service
    this.#service = new Relay(serviceAddress, apiPort, () => this.#behindService(), setting.reachable);
    this.#kubelet = this.#makeKubelet();
    // rules come and go without a word
    this.#timer = setInterval(() => this.#relay(), Math.max(5, setting.second));
  }

  /** Starts the kubelet, and with it the pods of the manifests folder. */
  start(): void {
    this.#kubelet.start();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#kubelet.halt();
    this.#front.stop();
    this.#service.stop();
    this.#proc.close();
  }

  /** Where a new connection to the node's address gets to, on this machine's loopback; undefined: refused. */
  front(): number | undefined {
    return this.#ports.outside(this.carriedTo ?? apiPort);
  }

  /** A new connection comes to the node's address, and gets there. */
  enter(): Destination {
    const { carriedTo } = this;
    return carriedTo === undefined ? this.front() : this.#redirect(carriedTo);
  }

  /** The same for a connection whose address was already changed on this node, to which our rules do not apply. */
  past(): number | undefined {
    return this.#ports.outside(apiPort);
  }

  /** The port that new connections to the API server's are redirected to. */
  get carriedTo(): number | undefined {
    return redirected(this.#places.rules, { hook: 'prerouting', to: 'node', port: apiPort });
  }

  /** Where a port of the node is on this machine's loopback, past all redirects; undefined: nobody listens. */
  inner(port: number): number | undefined {
    return this.#ports.inside(port);
  }

  /** Whether somebody listens on a port of the node. */
  listens(port: number): boolean {
    return this.inner(port) !== undefined;
  }

  /** A connection to localhost on this node. @throws Error when nobody listens */
  async dial(port: number): Promise<Duplex> {
    const inner = this.#ports.inside(port);
    if (inner === undefined) throw new Error(`dial tcp4 127.0.0.1:${port}: connect: connection refused`);
    const socket = connect({ port: inner, host: '127.0.0.1' });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return socket;
  }

  /** What runs of a pod; of a mirror pod, the static one. */
  worker(pod: KubeObject): PodWorker | undefined {
    return this.#kubelet.worker(pod);
  }

  /** The newest log of a container, or the one before it. @throws Refusal */
  log(pod: KubeObject, container: string, previous: boolean): ContainerLog {
    return this.#kubelet.log(pod, container, previous);
  }

  /** Its /var/log on this machine, as long as the kubelet lives to serve it. */
  get logs(): string | undefined {
    return this.#dead ? undefined : join(this.root, 'var/log');
  }

  /** Moves the node's clock on, as far as scripts see it. */
  advance(seconds: number): void {
    this.#proc.advance(seconds);
  }

  /** The kubelet is so much later with everything from now on. */
  slowKubelet(ms: number): void {
    this.#kubelet.slow(ms);
  }

  /** The kubelet is dead until the returned function is called; what runs goes on. */
  killKubelet(): () => void {
    const revive = this.#kubelet.die();
    this.#dead = true;
    return () => {
      this.#dead = false;
      revive();
    };
  }

  /** From now on no image can be had for these pods. */
  missImages(which: Which): void {
    this.#missing = which;
  }

  /** Containers of these pods, when they are started, are killed for want of memory after so long. */
  runOutOfMemory(which: Which, ms: number): void {
    this.#doomed = { which, ms };
  }

  /** No room on the disk: df says so, and what a script that starts from now on writes to a file fails. */
  fillDisk(full = true): void {
    this.#full = full;
    setDisk(this.#places.programs, full);
  }

  /** A packet filter of the node lets in the API server's port, and drops every other from here on. */
  filterPorts(): void {
    this.#filters = true;
  }

  /** No client's connection to this node lives or comes through for so long. */
  loseNetwork(ms: number): Promise<void> {
    return this.#front.lose(ms);
  }

  /** Everything is killed, as when the power fails, and starts again after so long. */
  async reboot(offMs = 0): Promise<void> {
    await this.#kubelet.halt();
    clearRules(this.#places.rules);
    await new Promise((resolve) => setTimeout(resolve, offMs));
    this.#proc.reboot();
    this.#kubelet = this.#makeKubelet();
    this.#kubelet.start();
  }

  #makeKubelet(): Kubelet {
    const { name, address, second, scriptSecond, cluster, reachable } = this.#setting;
    const missing = (image: string, pod: KubeObject): string | undefined =>
      this.#missing(pod) ? `failed to pull and unpack image "${image}": not found` : undefined;
    const start = (launch: Launch): Running => this.#start(launch);
    const around = { root: this.root, address, second, deadlineSecond: scriptSecond, missing, start };
    return new Kubelet({
      node: name,
      manifests: this.manifests,
      objects: cluster.objects,
      reachable,
      around,
    });
  }

  #start(launch: Launch): Running {
    const { name: node, home, second, cluster } = this.#setting;
    const program = launch.container.command?.[0];
    const layers = join(home, 'layers');
    const shell = { programs: this.#places.programs, full: () => this.#full };
    const running =
      program === 'kube-apiserver'
        ? startApiServerContainer(cluster, { node, ports: this.#ports, layers, second }, launch)
        : program === '/bin/sh'
          ? startShellContainer(shell, launch)
          : startIdle();
    const doomed = this.#doomed;
    if (doomed?.which(launch.pod) === true) {
      const timer = setTimeout(() => running.kill('OOMKilled'), doomed.ms);
      void running.ended.then(() => clearTimeout(timer));
    }
    return running;
  }

  #opened(): void {
    const { processes } = this.#ports;
    this.#proc.sockets(processes);
    const open = processes.flatMap(({ socket }) => (socket?.inner === undefined ? [] : String(socket.port)));
    const { serving } = this.#places;
    for (const port of readdirSync(serving)) if (!open.includes(port)) rmSync(join(serving, port));
    for (const port of open) writeFileSync(join(serving, port), '');
    this.#relay();
    this.#setting.changed();
  }

  #relay(): void {
    this.#front.update();
    this.#service.update();
  }

  #redirect(port: number): Destination {
    countRedirected(this.#places.rules, !this.#filters);
    return this.#filters ? 'filtered' : this.#ports.outside(port);
  }

  #behindService(): Destination {
    const carried = redirected(this.#places.rules, { hook: 'prerouting', to: clusterIP, port: 443 });
    return carried === undefined ? this.#setting.proxied(this) : this.#redirect(carried);
  }
}
