// The status of a pod as the kubelet reports it (kubernetes pkg/kubelet/kubelet_pods.go, status/generate.go).
import type { Exit } from './container.ts';
import type { ContainerSpec, Pod } from './pod.ts';

/** What one container does. */
export type State =
  | { readonly waiting: { readonly reason: string; readonly message?: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: Terminated };

export interface Terminated extends Exit {
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly containerID: string;
  /** The end of its log, when the container asks for that. */
  readonly message?: string;
}

/** All that is known of one container. */
export interface ContainerState {
  readonly spec: ContainerSpec;
  state: State;
  lastState: Terminated | undefined;
  restartCount: number;
  ready: boolean;
  /** Of the newest run; empty before the first. */
  containerID: string;
}

/** A pod as its kubelet knows it. */
export interface PodState {
  readonly pod: Pod;
  /** Address of the node. */
  readonly address: string;
  readonly startTime: string;
  readonly containers: readonly ContainerState[];
  /** Why it was ended, when the kubelet itself has ended it. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined;
  /** Whether no container will be started again. */
  readonly finished: boolean;
}

/** A time as the API writes it. */
export function apiTime(ms = Date.now()): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function phaseOf({ containers, failure, finished }: PodState): string {
  if (failure) return 'Failed';
  if (finished)
    return containers.every(({ state }) => 'terminated' in state && state.terminated.exitCode === 0)
      ? 'Succeeded'
      : 'Failed';
  // a container that waits after it has run once is not pending any more
  const begun = containers.every(({ state, containerID }) => !('waiting' in state) || containerID !== '');
  return begun ? 'Running' : 'Pending';
}

function conditions(state: PodState, ready: boolean): readonly object[] {
  const ended = state.finished || state.failure !== undefined;
  const why = ended ? { reason: 'PodCompleted' } : { reason: 'ContainersNotReady' };
  const row = (type: string, holds: boolean): object => ({
    type,
    status: holds ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: state.startTime,
    ...(!holds && why),
  });
  return [
    row('PodReadyToStartContainers', !ended),
    row('Initialized', true),
    row('Ready', ready),
    row('ContainersReady', ready),
    row('PodScheduled', true),
  ];
}

function containerStatus(one: ContainerState): object {
  const { spec, state, lastState, restartCount, ready, containerID } = one;
  const { name, image } = spec;
  const imageID = containerID && `${image.replace(/:[^:/]*$/, '')}@sha256:${'0'.repeat(64)}`;
  return {
    name,
    image,
    imageID,
    ...(containerID && { containerID }),
    ready,
    restartCount,
    started: 'running' in state && ready,
    state,
    lastState: lastState ? { terminated: lastState } : {},
  };
}

/** The pod's status. */
export function podStatus(state: PodState): Record<string, unknown> {
  const { address, startTime, containers, failure, finished } = state;
  const ready = !finished && containers.every((one) => one.ready);
  return {
    phase: phaseOf(state),
    conditions: conditions(state, ready),
    hostIP: address,
    hostIPs: [{ ip: address }],
    podIP: address,
    podIPs: [{ ip: address }],
    startTime,
    ...failure,
    containerStatuses: containers.map(containerStatus),
    qosClass: 'BestEffort',
  };
}
