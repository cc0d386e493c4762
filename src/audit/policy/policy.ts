// The audit policy (audit.k8s.io/v1, kind Policy) as far as it decides, and what it decides about: the attributes of
// a request. Source: apiserver pkg/apis/audit/v1/types.go, pkg/authorization/authorizer/interfaces.go.
import type { Level, Stage } from '../backend/audit-sink.ts';

export interface Policy {
  /** Stages that no rule records. */
  readonly omitStages?: readonly Stage[];
  /** What a rule does that does not say; since 1.23. */
  readonly omitManagedFields?: boolean;
  /** The first that matches decides. */
  readonly rules: readonly PolicyRule[];
}

/** A policy as a text has it: nothing is sure of it but the types of what is there. */
export type Decoded = Partial<Policy> & { readonly apiVersion?: string; readonly kind?: string };

/** Every field that is there and not empty has to match; all texts are compared byte by byte. */
export interface PolicyRule {
  readonly level: Level;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly GroupResources[];
  /** "" is what has no namespace, and a list over all of them. */
  readonly namespaces?: readonly string[];
  /** `*`, or a path that may end in `*`. */
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

export interface GroupResources {
  /** Without a version; absent or "" is the core group, `*` is any since 1.36. */
  readonly group?: string;
  // pods, pods/log, pods/*, */scale, *; absent or empty is everything in the group
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** What the API server knows of a request when it asks the policy: before impersonation, before authorization. */
export interface Attributes {
  /** Absent where authentication failed. */
  readonly user?: { readonly name: string; readonly groups: readonly string[] };
  /** get, list, create …; the method in lower case where no resource is asked for. */
  readonly verb: string;
  readonly resourceRequest: boolean;
  readonly apiGroup: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  /** As far as the URL has it: a create has none. */
  readonly name: string;
  /** Without the query; of requests for no resource. */
  readonly path: string;
}

/** Since when the API server reads omitManagedFields (kubernetes PR 94986). */
export const omitManagedFieldsSince = 23;

/** Since when `*` is any API group (kubernetes PR 135262). */
export const anyGroupSince = 36;
