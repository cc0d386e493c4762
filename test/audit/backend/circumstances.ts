// What a change is made under: a real digest, a token's fingerprint, a version.
import { createHash } from 'node:crypto';
import type { Circumstances } from '../../../src/audit/backend/static.ts';
import { version } from '../../support/facts.ts';

export const under = (change: Partial<Circumstances> = {}): Circumstances => ({
  digest: (text) => createHash('sha256').update(text).digest('hex'),
  fingerprint: '0123456789ab',
  version: version('v1.37.2'),
  ...change,
});

/** A change's flag by name; undefined when it is not set. */
export function flagOf(flags: readonly (readonly [string, string])[], name: string): string | undefined {
  return flags.find(([one]) => one === name)?.[1];
}
