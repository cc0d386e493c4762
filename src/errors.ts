// Failures that a user can act on, and the one table of their codes. What is thrown here reaches the user as
// one sentence, what to do next, and an exit code by class; every other error is our bug and shows its stack.

/** Exit number of each class of failure; the same numbers stand in the README. */
export const codes = {
  usage: 2,
  'kubeconfig-invalid': 2,
  'token-missing': 2,
  'token-malformed': 2,
  'confirmation-needed': 2,
  'policy-invalid': 2,
  'helm-missing': 2,
  'output-failed': 2,
  unhealthy: 3,
  'not-delivered': 3,
  'not-verified': 3,
  'config-rejected': 3,
  'cases-failed': 3,
  'no-events': 3,
  'policy-faulty': 3,
  'cluster-unreachable': 4,
  'cluster-unauthorized': 4,
  'cluster-forbidden': 4,
  'cluster-answer': 4,
  'cluster-refused': 4,
  'receiver-unreachable': 5,
  'token-refused': 5,
  'search-unreachable': 5,
  'search-refused': 5,
  'dynamic-removed': 6,
  'target-unsupported': 6,
  'another-run': 7,
  'rolled-back': 7,
  'undo-failed': 7,
  'helm-failed': 7,
  declined: 130,
  interrupted: 130,
} as const;

export type Code = keyof typeof codes;

/** Where the page of each code is published; the files themselves are docs/errors/CODE.md. */
const pages = 'https://github.com/sematext/kubectl-sematext-audit/blob/main/docs/errors';

/**
 * A failure with a way out. The field names are those that oclif prints (`suggestions`, `ref`) and exits by
 * (`exitCode`, `oclif.exit`), so that no oclif import is needed to throw one.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: Code;
  readonly exitCode: number;
  readonly suggestions: readonly string[];
  readonly ref: string;
  readonly oclif: { exit: number };

  /**
   * @param code one of the table above; it decides the exit number and the page
   * @param message one sentence that says what is wrong; never holds a token
   * @param next what to do about it, most likely first
   */
  constructor(code: Code, message: string, next: readonly string[] = [], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.exitCode = codes[code];
    this.suggestions = next;
    this.ref = `${pages}/${code}.md`;
    this.oclif = { exit: this.exitCode };
  }
}

/** The exit number for anything thrown: the failure's own, or 1 for our bug. */
export function exitOf(error: unknown): number {
  return error instanceof Failure ? error.exitCode : 1;
}
