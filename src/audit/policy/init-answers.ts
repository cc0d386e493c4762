// What `policy init` asks, and what can be answered.
import type { PresetName } from './presets.ts';

/** Whose reads are recorded; those of Secrets are in any case, and never those of the control plane itself. */
export const readers = ['none', 'people', 'all'] as const;
/** Which writes are recorded with what was sent; each has those before it. */
export const bodies = ['none', 'rbac', 'workloads'] as const;

export interface Answers {
  readonly reads: (typeof readers)[number];
  readonly bodies: (typeof bodies)[number];
  /** Where requests are recorded, besides those about no namespace; empty for everywhere. */
  readonly namespaces: readonly string[];
  /** Whose requests are not recorded, byte by byte as the API server knows them. */
  readonly ignoredUsers: readonly string[];
  /** Leaves the API server's bookkeeping out of bodies; since 1.23. */
  readonly omitManagedFields: boolean;
}

/** What is answered where only a preset is named. */
export const usualAnswers: Readonly<Record<PresetName, Pick<Answers, 'reads' | 'bodies'>>> = {
  recommended: { reads: 'all', bodies: 'rbac' },
  minimal: { reads: 'none', bodies: 'none' },
  vendor: { reads: 'all', bodies: 'workloads' },
};

/** What is wrong with the answers, a sentence each. */
export function answerProblems({
  namespaces,
  ignoredUsers,
}: Pick<Answers, 'namespaces' | 'ignoredUsers'>): readonly string[] {
  return [
    ...namespaces
      .filter((name) => !/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name))
      .map((name) => `${JSON.stringify(name)} cannot be the name of a namespace`),
    // YAML has no such characters, and no user can be meant by them
    ...ignoredUsers
      .filter((user) => user.trim() === '' || /[\p{C}\p{Zl}\p{Zp}]/u.test(user))
      .map((user) => `${JSON.stringify(user)} cannot be the name of a user`),
  ];
}
