// What was learned about a cluster and its sink in one gathering: plain data, never a client. Everything that
// decides (checks, plans, verdicts) is a pure function of these facts; to retry is to gather again.
import type { AuditSink } from './backend/audit-sink.ts';
import type { AuditMetrics } from './metrics.ts';
import type { AuditRecord } from './plan/record.ts';

/**
 * What one look brought: the value, or why it could not be had. `absent` is a real answer (404: there is no such
 * thing); `forbidden`, `failed` and `not-asked` mean that nothing is known, which must never pass for "fine".
 */
export type Look<T> = { readonly seen: T } | Unseen;
export interface Unseen {
  readonly unseen: 'absent' | 'forbidden' | 'failed' | 'not-asked';
  /** One sentence for the user: what was asked and what came back. */
  readonly why: string;
}

/** Flags of one API server, by name without the dashes; a repeated flag's last value; a bare flag is "true". */
export type Flags = Readonly<Record<string, string>>;

export interface ServerVersion {
  readonly gitVersion: string;
  readonly major: number;
  readonly minor: number;
}

/** One API-server instance, as far as it could be told apart from the others. */
export interface ApiServer {
  /** host:port of its endpoint, its pod's name, or "api" when only the common address is known. */
  readonly name: string;
  readonly flags: Look<Flags>;
  readonly flagsFrom: 'flagz' | 'mirror-pod' | 'kubeadm-config' | 'none';
  /** Two readings of the same process, `seconds` apart. */
  readonly metrics: Look<{
    readonly before: AuditMetrics;
    readonly after: AuditMetrics;
    readonly seconds: number;
  }>;
}

/** The signs on a node that tell what kind of cluster this is; values are the API's own. */
export interface NodeSign {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly providerId: string;
  readonly kubeletVersion: string;
  readonly osImage: string;
}

/** A pod that runs (or mirrors) an API server. */
export interface ApiServerPod {
  readonly name: string;
  readonly namespace: string;
  readonly nodeName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ownerKind: string;
  /** `command` and `args` of the container that runs kube-apiserver, joined. */
  readonly argv: readonly string[];
}

/** What tells the kinds of control plane apart (shared decision table: docs/control-planes.md). */
export interface Signs {
  readonly version: ServerVersion;
  readonly groups: Look<readonly string[]>;
  /** Nodes labelled control-plane or master; a handful at most. */
  readonly controlPlaneNodes: Look<readonly NodeSign[]>;
  /** One node, any: enough for the signs that every node of a kind carries. */
  readonly anyNode: Look<NodeSign | undefined>;
  readonly apiServerPods: Look<readonly ApiServerPod[]>;
  readonly kubeadmConfig: Look<string>;
  readonly kopsController: Look<boolean>;
}

/** One permission that a verb of ours needs, as SelfSubjectAccessReview names it. */
export interface Permission {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** What the receiver said to a side-effect-free GET of the token's URL. */
export interface ReceiverAnswer {
  readonly status: number;
  readonly ms: number;
  /** Host of the Location header when it redirected; a redirected audit POST is lost silently. */
  readonly redirect?: string;
}

/** What the search found among recent audit events. */
export interface Delivery {
  readonly events: number;
  /** Newest event's own stageTimestamp, ISO 8601; absent when none was found. */
  readonly newest?: string;
  /** How far back the search looked, seconds. */
  readonly window: number;
}

export interface Facts extends Signs {
  /** When the gathering ended, ISO 8601. */
  readonly at: string;
  readonly auditSinks: Look<readonly AuditSink[]>;
  readonly apiServers: readonly ApiServer[];
  /** Addresses of default/kubernetes, host:port. */
  readonly endpoints: Look<readonly string[]>;
  /** Whether this API server marked our own request as audited; meaningful up to 1.21 only. */
  readonly auditIdHeader: Look<boolean>;
  readonly permissions: readonly { readonly permission: Permission; readonly allowed: Look<boolean> }[];
  readonly record: Look<{ readonly record: AuditRecord; readonly resourceVersion: string }>;
  /**
   * Twins, helpers, guards and EndpointSlices of ours that are there; asked only where a record says that API servers
   * were changed.
   */
  readonly workers?: Look<readonly string[]>;
  readonly receiver: Look<ReceiverAnswer>;
  readonly delivery: Look<Delivery>;
}

/** The value that was seen, or undefined; for callers that have a branch for both kinds of "no value". */
export function seen<T>(look: Look<T>): T | undefined {
  return 'seen' in look ? look.seen : undefined;
}
