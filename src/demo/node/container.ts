// A container that runs, whatever stands for its process.
import type { Pod, ContainerSpec } from './pod.ts';
import type { Mount } from './mounts.ts';
import type { WriteLog } from './container-log.ts';

/** How a container ended. */
export interface Exit {
  readonly exitCode: number;
  readonly reason: 'Completed' | 'Error' | 'OOMKilled';
}

/** What a container is started with. */
export interface Launch {
  readonly pod: Pod;
  readonly container: ContainerSpec;
  readonly mounts: readonly Mount[];
  readonly log: WriteLog;
}

/** One run of a container. */
export interface Running {
  readonly ended: Promise<Exit>;
  /** SIGTERM, and SIGKILL after so many milliseconds; the last call counts. */
  stop(graceMs: number): void;
  /** SIGKILL; out of memory when that is why. */
  kill(why?: 'OOMKilled'): void;
  /** Whether a probe of it succeeds; absent: it has nothing to be probed. */
  ready?(): boolean;
}

export type Start = (launch: Launch) => Running;

/** How a process that a signal ended looks. */
export function endedBy(signal: 'SIGTERM' | 'SIGKILL', why?: 'OOMKilled'): Exit {
  return { exitCode: signal === 'SIGTERM' ? 143 : 137, reason: why ?? 'Error' };
}

/** A container that does nothing until it is told to end: etcd and the others whose work nobody looks at. */
export function startIdle(): Running {
  let end: (exit: Exit) => void = () => undefined;
  const ended = new Promise<Exit>((resolve) => (end = resolve));
  return {
    ended,
    stop: () => end({ exitCode: 0, reason: 'Completed' }),
    kill: (why) => end(endedBy('SIGKILL', why)),
  };
}
