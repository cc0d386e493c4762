// The life of one pod on an imitated node: volumes, images, containers, restarts, deadline, end (kubernetes
// pkg/kubelet/pod_workers.go, kuberuntime).
import { randomUUID } from 'node:crypto';
import type { Start, Running } from './container.ts';
import { lastWords, openLog } from './container-log.ts';
import { mountsOf, setUpVolumes, tearDownVolumes, type ReadSecret, type Volumes } from './mounts.ts';
import { graceOf, type Pod } from './pod.ts';
import { apiTime, podStatus, type ContainerState, type Terminated } from './pod-status.ts';

/** What a pod finds on its node. */
export interface Surroundings {
  readonly root: string;
  readonly address: string;
  /** Real milliseconds of a second: of the kubelet, and of a pod's own deadline. */
  readonly second: number;
  readonly deadlineSecond: number;
  /** Ends when the kubelet gets to it: at once, later when it is slow, not before it lives again when it is dead. */
  readonly attention: () => Promise<void>;
  readonly readSecret: ReadSecret;
  /** Why a pod's image cannot be had; undefined when it can. */
  readonly missing: (image: string, pod: Pod) => string | undefined;
  readonly start: Start;
  /** Told of every change of the pod's status. */
  readonly changed: () => void;
}

const backOffSeconds = 10;
const longestBackOff = 300;

/** One pod. */
export class PodWorker {
  readonly pod: Pod;
  readonly #around: Surroundings;
  readonly #startTime = apiTime();
  readonly #containers: ContainerState[];
  readonly #running = new Map<ContainerState, Running>();
  readonly #stop = new AbortController();
  #failure: { reason: string; message: string } | undefined;
  #grace: number;
  #finished = false;
  /** Ends when nothing of it runs any more and nothing will. */
  readonly ended: Promise<void>;

  constructor(pod: Pod, around: Surroundings) {
    this.pod = pod;
    this.#around = around;
    this.#grace = graceOf(pod);
    this.#containers = pod.spec.containers.map((spec) => ({
      spec,
      state: { waiting: { reason: 'ContainerCreating' } },
      lastState: undefined,
      restartCount: 0,
      ready: false,
      containerID: '',
    }));
    this.ended = this.#live();
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Whether it was told to end. */
  get stopping(): boolean {
    return this.#stop.signal.aborted;
  }

  get status(): Record<string, unknown> {
    return podStatus({
      pod: this.pod,
      address: this.#around.address,
      startTime: this.#startTime,
      containers: this.#containers,
      failure: this.#failure,
      finished: this.#finished,
    });
  }

  /** Why a container has not been started yet. */
  waitsFor(container: string): string | undefined {
    const state = this.#containers.find(({ spec }) => spec.name === container)?.state;
    return state && 'waiting' in state ? state.waiting.reason : undefined;
  }

  /** Ends the pod; a second call can only make it quicker. */
  terminate(graceSeconds: number): void {
    if (this.stopping && graceSeconds >= this.#grace) return;
    this.#grace = graceSeconds;
    this.#stop.abort();
    for (const running of this.#running.values()) running.stop(graceSeconds * this.#around.second);
  }

  async #live(): Promise<void> {
    const { activeDeadlineSeconds: seconds } = this.pod.spec;
    const { deadlineSecond, root, changed } = this.#around;
    const timer = seconds && setTimeout(() => this.#expire(), seconds * deadlineSecond);
    const volumes = await this.#prepared();
    if (volumes) await Promise.all(this.#containers.map((one) => this.#runContainer(one, volumes)));
    clearTimeout(timer || undefined);
    await this.#around.attention();
    tearDownVolumes(root, this.pod);
    this.#finished = true;
    changed();
  }

  #expire(): void {
    this.#failure = {
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    };
    this.terminate(graceOf(this.pod));
    this.#around.changed();
  }

  /** Waits until volumes and images are there; undefined when the pod was ended before. */
  async #prepared(): Promise<Volumes | undefined> {
    const { root, readSecret, second } = this.#around;
    for (let tried = 0; !this.stopping; tried += 1) {
      await this.#around.attention();
      try {
        const volumes = setUpVolumes(root, this.pod, readSecret);
        await this.#pause(second / 2); // sandbox and container take about half a second
        if (this.#pulled(tried)) return this.stopping ? undefined : volumes;
      } catch {
        // a FailedMount event, which nobody reads here; the pod stays ContainerCreating
      }
      await this.#pause(second);
    }
    return undefined;
  }

  #pulled(tried: number): boolean {
    let all = true;
    for (const one of this.#containers) {
      const message = this.#around.missing(one.spec.image, this.pod);
      const reason = tried % 2 === 0 ? 'ErrImagePull' : 'ImagePullBackOff';
      if (message !== undefined) one.state = { waiting: { reason, message } };
      all &&= message === undefined;
    }
    if (!all) this.#around.changed();
    return all;
  }

  async #runContainer(one: ContainerState, volumes: Volumes): Promise<void> {
    for (;;) {
      const { exitCode } = await this.#runOnce(one, volumes);
      const { restartPolicy = 'Always' } = this.pod.spec;
      const again = restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && exitCode !== 0);
      if (this.stopping || !again) return;
      await this.#backOff(one);
      if (this.stopping) return;
      one.restartCount += 1;
    }
  }

  async #runOnce(one: ContainerState, volumes: Volumes): Promise<Terminated> {
    const { root, start, changed } = this.#around;
    const { spec } = one;
    const startedAt = apiTime();
    one.containerID = `containerd://${randomUUID().replaceAll('-', '').padEnd(64, '0')}`;
    one.state = { running: { startedAt } };
    const log = openLog(root, this.pod, spec.name, one.restartCount);
    const running = start({ pod: this.pod, container: spec, mounts: mountsOf(spec, volumes), log });
    this.#running.set(one, running);
    if (this.stopping) running.kill();
    void this.#probe(one, running);
    changed();
    const exit = await running.ended;
    this.#running.delete(one);
    const { containerID } = one;
    const told = spec.terminationMessagePolicy === 'FallbackToLogsOnError' && exit.exitCode !== 0;
    const message = told ? lastWords(root, this.pod, spec.name) : '';
    const terminated = {
      ...exit,
      startedAt,
      finishedAt: apiTime(),
      containerID,
      ...(message && { message }),
    };
    await this.#around.attention();
    one.ready = false;
    one.state = { terminated };
    changed();
    return terminated;
  }

  /** The first restart comes at once, each later one after twice the time of the one before. */
  async #backOff(one: ContainerState): Promise<void> {
    if (!('terminated' in one.state)) return;
    one.lastState = one.state.terminated;
    if (one.restartCount === 0) return;
    const seconds = Math.min(backOffSeconds * 2 ** (one.restartCount - 1), longestBackOff);
    const { name, namespace, uid } = this.pod.metadata;
    const message =
      `back-off ${seconds}s restarting failed container=${one.spec.name} ` +
      `pod=${name}_${namespace}(${uid})`;
    one.state = { waiting: { reason: 'CrashLoopBackOff', message } };
    this.#around.changed();
    await this.#pause(seconds * this.#around.second);
    await this.#around.attention();
  }

  /** Looks until it is ready once; an API server that serves is not found unready again before it ends. */
  async #probe(one: ContainerState, running: Running): Promise<void> {
    const { second, changed } = this.#around;
    const { startupProbe, readinessProbe } = one.spec;
    let ended = false;
    void running.ended.then(() => (ended = true));
    // a pause is over at once when the pod is told to end
    const over = (): boolean => ended || this.stopping;
    const first = startupProbe ?? readinessProbe;
    if (first) await this.#pause((first.initialDelaySeconds ?? 0) * second);
    while (first && !over() && running.ready?.() === false)
      await this.#pause((first.periodSeconds ?? 10) * second);
    if (over()) return;
    one.ready = true;
    changed();
  }

  /** Waits, at most until the pod is told to end. */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done);
    });
  }
}
