// An imitated kubelet: runs the pods of a manifests folder and those that the API gives to its node, shows the former as
// mirror pods, reports what becomes of both, and answers for their logs (kubernetes pkg/kubelet).
import type { ContainerLog } from '../kubernetes/kubelets.ts';
import type { KubeObject } from '../kubernetes/object.ts';
import { badRequest, Refusal } from '../kubernetes/status.ts';
import type { ObjectStore } from '../kubernetes/store.ts';
import { readLog, removeLogs } from './container-log.ts';
import { lostStatus, mirrorOf } from './mirror.ts';
import { annotations, fullName, graceOf, type Pod } from './pod.ts';
import { PodWorker, type Surroundings } from './pod-worker.ts';
import { StaticPods } from './static-pods.ts';

export interface KubeletOptions {
  readonly node: string;
  /** Folder of static pod manifests, on this machine. */
  readonly manifests: string;
  readonly objects: ObjectStore;
  /** Whether an API server can be reached from the node. */
  readonly reachable: () => boolean;
  readonly around: Omit<Surroundings, 'readSecret' | 'changed' | 'attention'>;
}

interface Known {
  readonly worker: PodWorker;
  readonly isStatic: boolean;
}

/** Seconds: between two looks at everything, and at the whole manifests folder. */
const lookSeconds = 1;
const recheckSeconds = 20;
/** Seconds after the end of a static pod until another one of its name is started, or itself again. */
const nextSeconds = 10;
const againSeconds = 2;
/** Seconds for which the logs of a static pod that has gone are kept. */
const logSeconds = 60;

/** One kubelet, from its start to its end. */
export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #folder: StaticPods;
  readonly #known = new Map<string, Known>();
  readonly #notBefore = new Map<string, number>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #manifests = new Map<string, Pod>();
  #over = false;
  #slowMs = 0;
  #revived: Promise<void> | undefined;
  #due = false;
  #forget: () => void = () => undefined;

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.#folder = new StaticPods({
      folder: options.manifests,
      node: options.node,
      recheckMs: recheckSeconds * options.around.second,
      tell: (pods) => void this.#take(pods),
    });
  }

  start(): void {
    this.#folder.start();
    this.#forget = this.#options.objects.onChange(({ kind }) => {
      if (kind.resource === 'pods') this.#soon();
    });
    const look = setInterval(() => this.#sync(), Math.max(2, lookSeconds * this.#options.around.second));
    this.#timers.add(look);
  }

  /** Everything ends at once, as when the machine is switched off. */
  async halt(): Promise<void> {
    this.#over = true;
    this.#folder.stop();
    this.#forget();
    for (const timer of this.#timers) clearTimeout(timer);
    const all = [...this.#known.values()].map(({ worker }) => worker);
    for (const worker of all) worker.terminate(0);
    await Promise.all(all.map(({ ended }) => ended));
  }

  /** From now on everything takes so much longer to be seen to. */
  slow(ms: number): void {
    this.#slowMs = ms;
  }

  /** The kubelet is dead until the returned function is called; what runs goes on. */
  die(): () => void {
    let revive: () => void = () => undefined;
    this.#revived = new Promise((resolve) => (revive = resolve));
    return () => {
      this.#revived = undefined;
      revive();
    };
  }

  /** The pods that run here, by namespace/name; of a mirror pod, the static one. */
  worker(pod: KubeObject): PodWorker | undefined {
    const uid = pod.metadata.annotations?.[annotations.mirror] ?? pod.metadata.uid ?? '';
    return this.#known.get(uid)?.worker;
  }

  /** @throws Refusal when there is none, or when this kubelet is dead */
  log(pod: KubeObject, container: string, previous: boolean): ContainerLog {
    const { address, root } = this.#options.around;
    if (this.#revived)
      throw new Refusal(500, 'InternalError', `dial tcp ${address}:10250: connect: connection refused`);
    const lines = readLog(root, pod, container, previous);
    const worker = this.worker(pod);
    if (lines) return { lines, open: worker?.finished === false };
    const { name } = pod.metadata;
    if (previous) throw badRequest(`previous terminated container "${container}" in pod "${name}" not found`);
    const reason = worker?.waitsFor(container) ?? 'ContainerCreating';
    throw badRequest(`container "${container}" in pod "${name}" is waiting to start: ${reason}`);
  }

  async #take(pods: readonly Pod[]): Promise<void> {
    await this.#attention();
    this.#manifests = new Map(pods.map((pod) => [fullName(pod), pod]));
    this.#sync();
  }

  async #attention(): Promise<void> {
    if (this.#slowMs > 0 && !this.#over) await new Promise((resolve) => setTimeout(resolve, this.#slowMs));
    while (this.#revived && !this.#over) await this.#revived;
  }

  /** Looks at everything, once for all that happens in this turn. */
  #soon(): void {
    if (this.#due || this.#over) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      this.#sync();
    });
  }

  #sync(): void {
    if (this.#over || this.#revived) return;
    this.#runStatic();
    if (!this.#options.reachable()) return;
    this.#runOrdinary();
    this.#mirror();
    this.#report();
  }

  #runStatic(): void {
    for (const { worker, isStatic } of this.#known.values()) {
      const wanted = this.#manifests.get(fullName(worker.pod))?.metadata.uid;
      if (isStatic && wanted !== worker.pod.metadata.uid) worker.terminate(graceOf(worker.pod));
    }
    for (const [name, pod] of this.#manifests) {
      const taken = [...this.#known.values()].some(
        (one) => one.isStatic && fullName(one.worker.pod) === name,
      );
      if (!taken && (this.#notBefore.get(name) ?? 0) <= Date.now()) this.#begin(pod, true);
    }
  }

  #begin(pod: Pod, isStatic: boolean): void {
    const { around, objects } = this.#options;
    const worker = new PodWorker(pod, {
      ...around,
      attention: () => this.#attention(),
      changed: () => this.#soon(),
      readSecret: (namespace, name) => {
        const secret = objects
          .all()
          .find(
            ({ kind, metadata }) =>
              kind === 'Secret' && metadata.name === name && metadata.namespace === namespace,
          );
        return secret && this.#options.reachable()
          ? ((secret['data'] ?? {}) as Record<string, string>)
          : undefined;
      },
    });
    this.#known.set(pod.metadata.uid ?? '', { worker, isStatic });
    if (isStatic) void worker.ended.then(() => this.#endedStatic(worker));
  }

  #endedStatic(worker: PodWorker): void {
    const { pod } = worker;
    const { second, root } = this.#options.around;
    if (!worker.stopping || this.#over) return;
    this.#known.delete(pod.metadata.uid ?? '');
    const name = fullName(pod);
    const same = this.#manifests.get(name)?.metadata.uid === pod.metadata.uid;
    const wait = (same ? againSeconds : nextSeconds) * second;
    this.#notBefore.set(name, Date.now() + wait);
    this.#later(wait, () => this.#sync());
    this.#later(logSeconds * second, () => {
      if (!this.#known.has(pod.metadata.uid ?? '')) removeLogs(root, pod);
    });
    this.#soon();
  }

  #later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  /** Pods of the API on this node, mirror pods apart. */
  #ordinary(): readonly Pod[] {
    return (this.#options.objects.all() as Pod[]).filter(
      ({ kind, spec, metadata }) =>
        kind === 'Pod' && spec.nodeName === this.#options.node && !metadata.annotations?.[annotations.mirror],
    );
  }

  #runOrdinary(): void {
    const { root } = this.#options.around;
    const pods = this.#ordinary();
    for (const pod of pods) {
      if (pod.metadata['deletionTimestamp'] !== undefined) this.#endOrdinary(pod);
      else if (!this.worker(pod)) this.#beginOrdinary(pod);
    }
    for (const [uid, { worker, isStatic }] of this.#known) {
      if (isStatic || pods.some(({ metadata }) => metadata.uid === uid)) continue;
      worker.terminate(graceOf(worker.pod));
      if (!worker.finished) continue;
      this.#known.delete(uid);
      removeLogs(root, worker.pod);
    }
  }

  #beginOrdinary(pod: Pod): void {
    const { phase } = (pod['status'] ?? {}) as { phase?: string };
    // it ran before this kubelet was started, and its containers are gone
    if (phase === 'Running' && pod.spec.restartPolicy === 'Never')
      this.#options.objects.put({ ...pod, status: lostStatus(pod) });
    else if (phase !== 'Succeeded' && phase !== 'Failed') this.#begin(pod, false);
  }

  #endOrdinary(pod: Pod): void {
    const worker = this.worker(pod);
    worker?.terminate(Number(pod.metadata['deletionGracePeriodSeconds'] ?? graceOf(pod)));
    if (!worker || worker.finished) this.#options.objects.drop(pod);
  }

  /** Every static pod that runs has its mirror, made anew when it is of another revision; no other pod has one. */
  #mirror(): void {
    const { objects, node } = this.#options;
    const mirrors = (objects.all() as Pod[]).filter(
      ({ kind, spec, metadata }) =>
        kind === 'Pod' && spec.nodeName === node && metadata.annotations?.[annotations.mirror] !== undefined,
    );
    const running = [...this.#known.values()].filter(({ isStatic }) => isStatic).map(({ worker }) => worker);
    for (const mirror of mirrors)
      if (
        !running.some(({ pod }) => fullName(pod) === fullName(mirror)) &&
        !this.#manifests.has(fullName(mirror))
      )
        objects.drop(mirror);
    for (const worker of running.filter(({ stopping }) => !stopping)) {
      const { pod } = worker;
      const old = mirrors.find((mirror) => fullName(mirror) === fullName(pod));
      const dying = old?.metadata['deletionTimestamp'] !== undefined;
      if (old?.metadata.annotations?.[annotations.mirror] === pod.metadata.uid && !dying) continue;
      if (old) objects.drop(old);
      objects.put(mirrorOf(pod, objects, worker.status));
    }
  }

  /** Writes down what has become of each pod since the last time. */
  #report(): void {
    const { objects, node } = this.#options;
    for (const pod of objects.all() as Pod[]) {
      if (pod.kind !== 'Pod' || pod.spec.nodeName !== node) continue;
      const status = this.worker(pod)?.status;
      if (status && JSON.stringify(status) !== JSON.stringify(pod['status'])) objects.put({ ...pod, status });
    }
  }
}
