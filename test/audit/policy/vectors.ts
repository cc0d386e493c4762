// Cases that the API server's own evaluator has decided, at HEAD of 1.37 and at 1.18.19.
import { readFileSync } from 'node:fs';
import type { Verdict } from '../../../src/audit/policy/evaluate.ts';
import type { Attributes, Policy } from '../../../src/audit/policy/policy.ts';

export interface Vector {
  readonly id: number;
  readonly desc: string;
  readonly policy: Policy;
  readonly attributes: Omit<Attributes, 'user'> & { readonly user: Attributes['user'] | null };
  readonly expect: Verdict;
  /** Before it, the evaluator decided in another way. */
  readonly minMinor?: number;
}

export const vectors = JSON.parse(
  readFileSync(new URL('vectors.json', import.meta.url), 'utf8'),
) as readonly Vector[];

/** What the policy is asked about in a vector. */
export function attributesIn({ attributes: { user, ...request } }: Vector): Attributes {
  return { ...request, ...(user && { user }) };
}
