// What can be wrong with a policy, and where.

/**
 * `error`: the API server does not start with this policy. `warning`: it does, and the policy is another one than was
 * meant, or records what nobody should read. `advice`: it is what it says, and something else would be wiser.
 */
export type Severity = 'error' | 'warning' | 'advice';

/** A mistake in a policy's text, as a check of the policy reports it. */
export interface PolicyProblem {
  /** Id of the rule that was broken; a section of docs/policy-lint.md and a switch hang on it. */
  readonly id: string;
  readonly severity: Severity;
  /** Field, as the API server names it: `rules[2].resources.group`; empty for the whole. */
  readonly path: string;
  /** From 1 on; columns are UTF-16 code units. */
  readonly line: number;
  readonly column: number;
  /** Of an error in a field's value: the API server's own words. */
  readonly message: string;
  /** What to do, or what the API server makes of it. */
  readonly hint?: string;
}

/** A problem before it is known where in the text it is. */
export interface Found {
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
  /** The exact place, where the API server's path has no index for it. */
  readonly place?: string;
}
