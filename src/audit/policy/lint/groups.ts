// Names of API groups: the core, which has none, versions where there are none, and groups that nobody serves.
import { knownResources } from './known-resources.ts';
import type { LintFound, LintRule, LintSubject } from './rule.ts';
import { entriesOf, mayTake, quoted } from './rule.ts';

/** Words that people write for the core group. */
export const coreNames: readonly string[] = ['core', 'v1'];

const versioned = /^(.+)\.v\d+(?:(?:alpha|beta)\d+)?$/;

const groupCore: LintRule = {
  id: 'group-core',
  severity: 'warning',
  title: 'A name for the core group, which has none',
  ask: (subject) =>
    entriesOf(subject).flatMap(({ entry: { group = '' }, path, index }): readonly LintFound[] =>
      coreNames.includes(group)
        ? [
            {
              path: `${path}.group`,
              message: `no group is named ${quoted(group)}`,
              hint: 'the core group is ""',
              fix: { write: '', for: group },
              less: mayTake(subject, index),
            },
          ]
        : [],
    ),
};

const groupVersion: LintRule = {
  id: 'group-version',
  severity: 'warning',
  title: 'A group with a version',
  ask: (subject) =>
    entriesOf(subject).flatMap(({ entry: { group = '' }, path }) => {
      const [, bare] = versioned.exec(group) ?? [];
      return bare === undefined
        ? []
        : [
            {
              path: `${path}.group`,
              message: `no group is named ${quoted(group)}: groups stand without a version`,
              hint: `write ${bare}`,
            },
          ];
    }),
};

/** Whether something is known, for certain, to have no such group. */
function isUnknown(group: string, { cluster }: LintSubject): boolean {
  if ([...coreNames, '*'].includes(group) || knownResources.has(group) || versioned.test(group)) return false;
  // a custom resource's group has a dot; what is no name at all the API server refuses
  if (cluster === undefined) return /^[a-z0-9-]+$/.test(group);
  return !cluster.groups.has(group) && !cluster.unread.some((one) => one.group === group);
}

const unknownGroup: LintRule = {
  id: 'unknown-group',
  severity: 'warning',
  title: 'A group that there is not',
  ask: (subject) =>
    entriesOf(subject).flatMap(({ entry: { group = '' }, path }): readonly LintFound[] => {
      if (!isUnknown(group, subject)) return [];
      const like = [...knownResources.keys()].find((known) => known.startsWith(`${group}.`));
      const where = subject.cluster === undefined ? 'Kubernetes' : 'the cluster';
      return [
        {
          path: `${path}.group`,
          message: `${where} has no group ${quoted(group)}`,
          hint: like === undefined ? 'kubectl api-resources names the groups' : `write ${like}`,
        },
      ];
    }),
};

/** About the names of API groups. */
export const groups: readonly LintRule[] = [groupCore, groupVersion, unknownGroup];
