// What the commands about policies find out, as it is shown.
import type { Level, Stage } from '../backend/audit-sink.ts';
import type { Expected } from './cases.ts';
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

/** A case that a policy decides about otherwise than expected. */
export interface PolicyTestFailure {
  /** The case's. */
  readonly name: string;
  readonly request: PolicyExplainResult['request'];
  /** At least one; stages in the order that they have in a request. */
  readonly differs: readonly {
    readonly field: keyof Expected;
    readonly expected: Expected[keyof Expected];
    readonly got: Expected[keyof Expected];
  }[];
  /** As in PolicyExplainResult. */
  readonly rule: number;
  readonly line?: number;
  /** Which rule decided, and why the expected one did not. */
  readonly why: readonly string[];
}

/** What `policy test` says. */
export interface PolicyTestResult {
  /** Name of the preset or file. */
  readonly policy: string;
  /** Name of the file of cases. */
  readonly cases: string;
  readonly kubernetes: string;
  readonly passed: number;
  readonly failed: number;
  /** In the order of the cases. */
  readonly failures: readonly PolicyTestFailure[];
}
