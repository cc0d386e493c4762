// What the kubelet of an imitated node does: it runs the guard while its manifest is there, again when it ends, and one
// API server after the other as the manifest says. Bad manifests make servers that end at once.
import { setTimeout as pause } from 'node:timers/promises';
import type { ImitatedNode, Options, RunningGuard } from './imitated-node.ts';
import { oldManifest, guardFile, manifestPath, sha256 } from './imitated-node.ts';

export interface Kubelet {
  /** What all guards said. */
  said(): string;
  /** How often it has started a guard. */
  starts(): number;
  /** Ends the guard that runs, as kill -9 does; it is started again. */
  killGuard(): void;
  /** Resolves once no guard is to be run any more, and none runs. */
  idle(): Promise<void>;
  /** Resolves once the API server is that of the manifest. */
  settled(): Promise<void>;
  /** From now on it does nothing; the guard ends. */
  stop(): void;
  stopped(): Promise<void>;
}

export interface KubeletOptions {
  /** Whether the API server of a manifest serves; else it ends each time. */
  readonly serves?: (manifest: string) => boolean;
  /** Milliseconds until it takes note of another manifest of the API server. */
  readonly slow?: number;
  /** It starts no guard. */
  readonly noGuard?: boolean;
  /** How the n-th guard is run. */
  readonly guard?: (n: number) => Options;
}

/** No two processes have the same id, whichever kubelet started them. */
let pid = 5000;

/** Starts it; it looks every few milliseconds. */
export function startKubelet(node: ImitatedNode, options: KubeletOptions = {}): Kubelet {
  const { serves = () => true, slow = 0, noGuard = false, guard: run = () => ({}) } = options;
  let guard: RunningGuard | undefined;
  let [starts, said] = [0, ''];
  let manifest = node.read(manifestPath);
  let unchanged = Date.now();

  function runGuard(): void {
    const wanted = !noGuard && node.read(guardFile) !== undefined;
    if (!wanted) guard?.kill();
    if (!wanted || guard !== undefined) return;
    starts += 1;
    guard = node.guard(run(starts));
    void guard.ended.then((ended) => {
      said += ended.text + ended.stderr;
      guard = undefined;
    });
  }
  function runServer(): void {
    const now = node.read(manifestPath);
    if (now === manifest) unchanged = Date.now();
    if (now === manifest || Date.now() - unchanged < slow) return;
    manifest = now;
    node.silence(6443);
    if (now === undefined) return;
    pid += 1;
    if (serves(now)) node.serve({ port: 6443, pid, command: now === oldManifest ? 'old' : 'new' });
    else crash(node, sha256(now).slice(0, 8));
  }
  const timer = setInterval(() => {
    runGuard();
    runServer();
  }, 5);
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) await pause(5);
  };
  return {
    said: () => said,
    starts: () => starts,
    killGuard: () => guard?.kill(),
    idle: () => until(() => guard === undefined && node.read(guardFile) === undefined),
    settled: () => until(() => node.read(manifestPath) === manifest),
    stop: () => {
      clearInterval(timer);
      guard?.kill();
    },
    stopped: () => until(() => guard === undefined),
  };
}

/** The logs that the kubelet keeps of a server that ended twice and is being started a third time. */
function crash(node: ImitatedNode, uid: string): void {
  node.podLog(uid, 1, '2026-01-01T00:00:00.000000000Z stderr F Error: unknown flag: --audit-nonsense');
  node.podLog(uid, 2, '');
}
