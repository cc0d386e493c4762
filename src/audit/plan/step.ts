// What will be done to a cluster, as data: what --dry-run prints is what is carried out. Each step's undo stands
// beside it. A plan holds no secret; `tokenSlot` stands for the token.

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

/**
 * The whole vocabulary of change to a cluster.
 * `create` fails when the object is there; `replace` fails when it is not the version that the plan was made from;
 * `adopt` replaces and keeps the old spec in an annotation; `restore` puts that spec back; `delete` is content when
 * the object has gone already. A `version` of "" is the one that an earlier step of the same run wrote; none is any.
 */
export type Action =
  | { readonly do: 'create'; readonly collection: string; readonly object: KubeObject }
  | { readonly do: 'replace'; readonly path: string; readonly object: KubeObject; readonly version: string }
  | { readonly do: 'adopt'; readonly path: string; readonly object: KubeObject; readonly version: string }
  | { readonly do: 'restore'; readonly path: string; readonly version?: string }
  | { readonly do: 'delete'; readonly path: string; readonly version?: string };

export interface Step {
  /** What the user reads: a verb and its object. */
  readonly title: string;
  readonly action: Action;
  /** What takes the step back; `previous` puts back the object as it was before this run replaced it. */
  readonly undo: Action | { readonly do: 'previous'; readonly path: string };
}

export interface Plan {
  readonly steps: readonly Step[];
  /** What the user should know before it is carried out. */
  readonly notes: readonly string[];
}
