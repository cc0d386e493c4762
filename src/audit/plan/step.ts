// What will be done to a cluster, as data: what --dry-run prints is what is carried out. Each step's undo stands
// beside it. A plan holds no secret; `tokenSlot` stands for the token.
import type { ChangeFile } from '../change.ts';

/** Any Kubernetes object of ours. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** A control-plane node, and the image that it surely has: its API server's. */
export interface Place {
  readonly node: string;
  /** kubernetes.io/arch. */
  readonly arch: string;
  readonly image: string;
}

/**
 * The change of one control-plane node's API server: a transaction on that node, from one manifest to another. It ends
 * on the old one or on the new one, and takes itself back when it cannot end well.
 */
export interface Turn extends Place {
  /** The API server's mirror pod in kube-system. */
  readonly pod: string;
  /** Path of the manifest on the node. */
  readonly manifest: string;
  readonly before: string;
  readonly after: string;
  /** Of `before`. */
  readonly sha256: string;
  /** Files of the configuration, with the token's slot; on the node they lie in a folder named by the hash. */
  readonly files: readonly ChangeFile[];
  /** Of the configuration that `after` uses; undefined where it uses none. */
  readonly hash: string | undefined;
  /** The API server's own port. */
  readonly port: number;
  /** The port of the twin that rehearses it; undefined where none can be had. */
  readonly twin: number | undefined;
  /** What is redirected to the twin during the swap; undefined where nothing can be. */
  readonly carry: Carry | undefined;
  /** What will be felt. */
  readonly outage: 'none' | Outage;
  /** The audit log file with `after`, a path on the node; undefined where there is none. */
  readonly log: string | undefined;
}

/** The node's address whose API port is redirected, and the service address of the API, IP:PORT. */
export interface Carry {
  readonly address: string;
  readonly service: string | undefined;
}

export interface Outage {
  readonly seconds: number;
  readonly why: string;
}

/**
 * The whole vocabulary of change to a cluster's objects; nodes are changed by turns.
 * `create` fails when the object is there; `replace` fails when it is not the version that the plan was made from;
 * `adopt` replaces and keeps the old spec in an annotation; `restore` puts that spec back; `delete` is content when
 * the object has gone already. A `version` of "" is the one that an earlier step of the same run wrote; none is any.
 */
export type ObjectAction =
  | { readonly do: 'create'; readonly collection: string; readonly object: KubeObject }
  | { readonly do: 'replace'; readonly path: string; readonly object: KubeObject; readonly version: string }
  | { readonly do: 'adopt'; readonly path: string; readonly object: KubeObject; readonly version: string }
  | { readonly do: 'restore'; readonly path: string; readonly version?: string }
  | { readonly do: 'delete'; readonly path: string; readonly version?: string };

export interface ObjectStep {
  /** What the user reads: a verb and its object. */
  readonly title: string;
  readonly action: ObjectAction;
  /** What takes the step back; `previous` puts back the object as it was before this run replaced it. */
  readonly undo: ObjectAction | { readonly do: 'previous'; readonly path: string };
}

/** One control-plane node; `turn-back` is the same transaction from the new manifest to the old one. */
export interface TurnStep {
  readonly title: string;
  readonly action: { readonly do: 'turn'; readonly turn: Turn };
  readonly undo: { readonly do: 'turn-back' };
}

/**
 * What is done on every node besides turns. `claim` does nothing yet: it is there for its undo, which leaves nothing
 * of this tool on the nodes. `tidy` takes away what only going back would have needed; `clear` takes everything away.
 */
export interface NodesStep {
  readonly title: string;
  readonly action: {
    readonly do: 'claim' | 'tidy' | 'clear';
    readonly places: readonly Place[];
  };
  readonly undo: { readonly do: 'clear' | 'none' };
}

/** Something that the user's helm does; what is in its arguments and values is no secret. */
export interface HelmStep {
  readonly title: string;
  readonly action: {
    readonly do: 'helm';
    readonly args: readonly string[];
    readonly values?: Readonly<Record<string, unknown>>;
  };
  readonly undo: { readonly do: 'helm'; readonly args: readonly string[] } | { readonly do: 'none' };
}

export type Step = ObjectStep | TurnStep | NodesStep | HelmStep;

export function isOnNodes(step: Step): step is NodesStep {
  return 'places' in step.action;
}

export function isHelm(step: Step): step is HelmStep {
  return step.action.do === 'helm';
}

export function isTurn(step: Step): step is TurnStep {
  return step.action.do === 'turn';
}

export interface Plan<S extends Step = Step> {
  readonly steps: readonly S[];
  /** What the user should know before it is carried out. */
  readonly notes: readonly string[];
}
