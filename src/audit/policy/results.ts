// What the commands about policies find out, as it is shown.
import type { Level, Stage } from '../backend/audit-sink.ts';
import type { Passed } from './explain.ts';
import type { Attributes } from './policy.ts';

/** What `policy explain` says. */
export interface PolicyExplainResult {
  /** Name of the preset or file. */
  readonly policy: string;
  /** Version that it was asked for: 1.37. */
  readonly kubernetes: string;
  /** What the policy was asked about; its user is null where there is none. */
  readonly request: Omit<Attributes, 'user'> & { readonly user: Attributes['user'] | null };
  /** Groups of the user that nobody named: the API server gives them. */
  readonly addedGroups: readonly string[];
  /** The event that it was taken from. */
  readonly event?: { readonly auditId: string; readonly stage: string; readonly level: string };
  readonly level: Level;
  /** Index of the rule that decides; -1 when none does. */
  readonly rule: number;
  /** Where that rule begins, from 1 on. */
  readonly line?: number;
  /** Those that come into the log. */
  readonly stages: readonly Stage[];
  readonly omitStages: readonly { readonly stage: Stage; readonly by: readonly ('policy' | 'rule')[] }[];
  readonly omitManagedFields: boolean;
  /** The rules before it, which do not match. */
  readonly passed: readonly (Passed & { readonly line: number })[];
  /** Sentences. */
  readonly hints: readonly string[];
}
