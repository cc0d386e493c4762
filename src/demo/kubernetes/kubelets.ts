// What an API server asks of the kubelets of its nodes: the logs of containers, log files, and connections to ports of
// pods.
import type { Duplex } from 'node:stream';
import type { KubeObject } from './object.ts';

/** One line that a container wrote. */
export interface LogLine {
  /** RFC 3339, with nanoseconds. */
  readonly time: string;
  /** Without its newline, if it had one. */
  readonly text: string;
  /** Whether a newline followed. */
  readonly whole: boolean;
}

/** A container's log as it is now. */
export interface ContainerLog {
  readonly lines: readonly LogLine[];
  /** Whether more may come. */
  readonly open: boolean;
}

/** The kubelets of a cluster. */
export interface Kubelets {
  /**
   * The log of one run of a container: the newest, or the one before it.
   * @throws Refusal when the container has none, or the kubelet cannot be reached
   */
  log(pod: KubeObject, container: string, previous: boolean): ContainerLog;
  /** The folder on this machine that is /var/log of a node; undefined when its kubelet cannot be reached. */
  logs?(node: string): string | undefined;
  /** A connection to a port as the pod itself would reach it at localhost. @throws Error when nobody listens */
  dial(pod: KubeObject, port: number): Promise<Duplex>;
}
