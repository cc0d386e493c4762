// What a policy leaves out or records twice by its stages, and conditions that requests seldom meet.
import { stages } from '../../backend/audit-sink.ts';
import type { Policy, PolicyRule } from '../policy.ts';
import { decides } from './bodies.ts';
import { covers, partFor } from './reach.ts';
import type { Part } from './reach.ts';
import type { LintFound, LintRule, LintSubject } from './rule.ts';
import { entriesOf, rankOf } from './rule.ts';

const rulesOf = ({ policy }: LintSubject): Policy['rules'] => policy.rules ?? [];
const records = (rule: PolicyRule): boolean => rankOf(rule) > 0;
const omits = (list: readonly string[] = [], ...wanted: readonly string[]): boolean =>
  wanted.every((stage) => list.includes(stage));

/** One finding at the policy's own list where that does it, else one at each rule that does it with its own. */
function whereOmitted(
  subject: LintSubject,
  wanted: readonly string[],
  found: Omit<LintFound, 'path'>,
  isAbout: (rule: PolicyRule) => boolean,
): readonly LintFound[] {
  const { omitStages } = subject.policy;
  const about = rulesOf(subject).flatMap((rule, i) => (records(rule) && isAbout(rule) ? [{ rule, i }] : []));
  if (omits(omitStages, ...wanted)) return about.length > 0 ? [{ path: 'omitStages', ...found }] : [];
  return about
    .filter(({ rule }) => omits([...(omitStages ?? []), ...(rule.omitStages ?? [])], ...wanted))
    .map(({ i }) => ({ path: `rules[${i}].omitStages`, ...found }));
}

const allStages: LintRule = {
  id: 'all-stages-omitted',
  severity: 'warning',
  title: 'All stages are omitted',
  ask: (subject) => {
    const rest = stages.filter((stage) => stage !== 'Panic');
    const found = {
      message: 'nothing is recorded: every stage of an ordinary request is omitted',
      hint: 'omit RequestReceived alone; to record nothing say level None',
    };
    return whereOmitted(subject, rest, found, () => true);
  },
};

const failedLogins: LintRule = {
  id: 'failed-logins',
  severity: 'warning',
  title: 'Failed logins are hidden',
  ask: (subject) => {
    const found = {
      message: 'a failed login (401) has the stage ResponseStarted alone, and is not recorded without it',
      hint: 'omit RequestReceived alone',
    };
    // who is not known is neither a user nor in a group
    const isAsked = ({ users = [], userGroups = [] }: PolicyRule): boolean =>
      users.length + userGroups.length === 0;
    return whereOmitted(subject, ['ResponseStarted'], found, isAsked);
  },
};

const requestReceived: LintRule = {
  id: 'request-received',
  severity: 'advice',
  title: 'Every request is recorded twice',
  ask: (subject) => {
    if (omits(subject.policy.omitStages, 'RequestReceived')) return [];
    const found = {
      message:
        'each request is recorded when it comes and when it is answered: twice the volume, and little more said',
      hint: 'write omitStages: [RequestReceived]',
    };
    const recording = rulesOf(subject).flatMap((rule, i) => (records(rule) ? [{ rule, i }] : []));
    const twice = recording.filter(({ rule }) => !omits(rule.omitStages, 'RequestReceived'));
    if (twice.length === recording.length)
      return twice.length === 0 ? [] : [{ path: 'omitStages', ...found }];
    return twice.map(({ i }) => ({ path: `rules[${i}].omitStages`, ...found }));
  },
};

const noneWithStages: LintRule = {
  id: 'none-with-stages',
  severity: 'advice',
  title: 'Stages of what is not recorded',
  ask: (subject) =>
    rulesOf(subject).flatMap(({ level, omitStages = [], omitManagedFields }, i) => {
      if (level !== 'None' || (omitStages.length === 0 && omitManagedFields === undefined)) return [];
      const field = omitStages.length > 0 ? 'omitStages' : 'omitManagedFields';
      return [
        {
          path: `rules[${i}].${field}`,
          message: `at level None nothing is recorded, and ${field} says nothing`,
          hint: 'take it out',
        },
      ];
    }),
};

const nameless = ['create', 'deletecollection'] as const;

const namesWithoutName: LintRule = {
  id: 'names-without-a-name',
  severity: 'warning',
  title: 'Names for requests that have none',
  ask: (subject) =>
    entriesOf(subject).flatMap(({ rule: { verbs = [] }, entry, path }): readonly LintFound[] => {
      const { resourceNames = [], resources = [] } = entry;
      const known: readonly string[] = [...nameless, 'list', 'watch'];
      if (verbs.length === 0 || !verbs.every((verb) => known.includes(verb))) return [];
      // what is created below something has its name
      if (resources.some((pattern) => /[/*]/.test(pattern))) return [];
      if (resourceNames.length === 0 || resourceNames.includes('')) return [];
      const never = verbs.every((verb) => (nameless as readonly string[]).includes(verb));
      return [
        {
          path: `${path}.resourceNames`,
          message: never
            ? `matches nothing: the URL of a ${verbs.join(' or ')} has no name`
            : 'the URL of a create and a list has no name: only a list or watch by fieldSelector metadata.name matches',
          hint: 'leave resourceNames out, or name other verbs',
        },
      ];
    }),
};

/** Ways into a pod that a client with WebSockets, as kubectl is from 1.30 on, asks for by get. */
const ways = ['pods/exec', 'pods/attach', 'pods/portforward'] as const;

const execByGet: LintRule = {
  id: 'exec-by-get',
  severity: 'warning',
  title: 'Ways into a pod that are not recorded',
  ask: (subject) =>
    rulesOf(subject).flatMap((rule, i) => {
      const dropped = ways.filter(
        (pattern) =>
          records(rule) &&
          decides(subject, i, { verb: 'create', group: '', pattern }) &&
          partFor(rule, { verb: 'create', group: '', pattern }, subject.minor).some((part) =>
            isDropped(subject, { ...part, verb: 'get' }),
          ),
      );
      if (dropped.length === 0) return [];
      return [
        {
          path: `rules[${i}].verbs`,
          message: `a create of ${dropped.join(', ')} is recorded, and a get is not: kubectl sends it from 1.30 on, and so do browsers`,
          hint: 'add a rule with verbs [get] for them, before any that drops it',
        },
      ];
    }),
};

/** Whether the first rule that matches all of it drops it, or there is none. */
function isDropped({ policy: { rules = [] }, minor }: LintSubject, part: Part): boolean {
  const rule = rules.find((one) => covers(one, part, minor));
  return rule === undefined || !records(rule);
}

/** About stages, names, and the ways into a pod. */
export const habits: readonly LintRule[] = [
  allStages,
  failedLogins,
  requestReceived,
  noneWithStages,
  namesWithoutName,
  execByGet,
];
