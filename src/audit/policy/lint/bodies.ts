// Contents that a policy records and that nobody should read, or that cost more than they tell: the content of secrets,
// answers to lists, patches that are lost. Which rule decides is told exactly; see reach.ts.
import type { PolicyRule } from '../policy.ts';
import { matchesNothing } from './dead.ts';
import { coveredBy, partFor, partsOf } from './reach.ts';
import type { Wanted } from './reach.ts';
import type { LintFound, LintRule, LintSubject } from './rule.ts';
import { rankOf } from './rule.ts';

/** Verbs whose events have a content at Request, and at RequestResponse; objects that are watched are never recorded. */
const sent = ['create', 'update', 'patch'] as const;
const answered = [...sent, 'get', 'list', 'delete', 'deletecollection'] as const;

const bodyVerbs = (rule: PolicyRule): readonly string[] => [[], [], sent, answered][rankOf(rule)] ?? [];

/** Whether some request of a sort is decided about by this rule. */
export function decides({ policy, minor }: LintSubject, index: number, wanted: Wanted): boolean {
  const { rules = [] } = policy;
  const rule = rules[index];
  if (rule === undefined) return false;
  return partFor(rule, wanted, minor).some(
    (part) => coveredBy(rules.slice(0, index), [part], minor) === undefined,
  );
}

interface Secretive {
  readonly group: string;
  readonly resource: string;
  /** Those that carry it, where not all do. */
  readonly verbs?: readonly string[];
}

/** A rule's finding where it records the content of one of these. */
const contentOf =
  (these: readonly Secretive[], why: string, hint: string): LintRule['ask'] =>
  (subject) =>
    (subject.policy.rules ?? []).flatMap((rule, i): readonly LintFound[] => {
      const found = these.flatMap(({ group, resource, verbs = answered }) => {
        const recorded = bodyVerbs(rule).filter(
          (verb) => verbs.includes(verb) && decides(subject, i, { verb, group, pattern: resource }),
        );
        return recorded.length === 0 ? [] : [`${resource} (${recorded.join(', ')})`];
      });
      if (found.length === 0) return [];
      return [
        { path: `rules[${i}].level`, message: `${rule.level} records ${why}: ${found.join(', ')}`, hint },
      ];
    });

const secretBodies: LintRule = {
  id: 'secret-bodies',
  severity: 'warning',
  title: 'Secrets or tokens in the audit log',
  ask: contentOf(
    [
      { group: '', resource: 'secrets' },
      { group: '', resource: 'serviceaccounts/token', verbs: ['create'] },
      { group: 'authentication.k8s.io', resource: 'tokenreviews', verbs: ['create'] },
    ],
    'what gives access',
    'put a rule with level Metadata for them before it',
  ),
};

const configmapBodies: LintRule = {
  id: 'configmap-bodies',
  severity: 'advice',
  title: 'Contents of ConfigMaps in the audit log',
  ask: contentOf(
    [{ group: '', resource: 'configmaps' }],
    'what may be configuration with passwords',
    'put a rule with level Metadata for them before it, or name the namespaces',
  ),
};

/** Whether a rule, with this verb alone, matches some request for a resource itself that no rule before it does. */
function reaches({ policy: { rules = [] }, minor }: LintSubject, index: number, verb: string): boolean {
  const rule = rules[index];
  if (rule === undefined || matchesNothing(rule) !== undefined) return false;
  if ((rule.verbs ?? []).length > 0 && rule.verbs?.includes(verb) !== true) return false;
  const parts = partsOf({ ...rule, verbs: [verb] }, minor) ?? [];
  return parts.some(
    (part) =>
      part.unit.for === 'resource' &&
      (verb === 'patch' || !(part.unit.pattern ?? '').replace(/\/\*$/, '').includes('/')) &&
      coveredBy(rules.slice(0, index), [part], minor) === undefined,
  );
}

const eachRule =
  (ask: (rule: PolicyRule, index: number, subject: LintSubject) => Omit<LintFound, 'path'> | undefined) =>
  (subject: LintSubject): readonly LintFound[] =>
    (subject.policy.rules ?? []).flatMap((rule, i) => {
      const found = ask(rule, i, subject);
      return found === undefined ? [] : [{ path: `rules[${i}].level`, ...found }];
    });

const readResponses: LintRule = {
  id: 'read-responses',
  severity: 'advice',
  title: 'Answers to lists in the audit log',
  ask: eachRule((rule, i, subject) => {
    if (rule.level !== 'RequestResponse') return undefined;
    if (reaches(subject, i, 'list'))
      return {
        message: 'RequestResponse records the answer to each list: every object that there is',
        hint: 'name the verbs that change something, and take reads at Metadata',
      };
    return reaches(subject, i, 'watch')
      ? {
          message:
            'RequestResponse of a watch records no object that is watched, and so no more than Metadata',
          hint: 'write Metadata',
        }
      : undefined;
  }),
};

/** The first minor version that records a patch which is no JSON (kubernetes PR 139419). */
const anyPatchSince = 37;

const patchBodies: LintRule = {
  id: 'patch-bodies',
  severity: 'advice',
  title: 'Patches that are lost',
  ask: eachRule((rule, i, subject) =>
    subject.minor < anyPatchSince && rankOf(rule) >= 2 && reaches(subject, i, 'patch')
      ? {
          message: `before 1.${anyPatchSince} a patch at ${rule.level} whose body is YAML is lost, and a webhook's whole batch with it`,
          hint: 'put a rule with level Metadata for the verb patch before it',
        }
      : undefined,
  ),
};

/** About what is recorded of contents. */
export const bodies: readonly LintRule[] = [secretBodies, configmapBodies, readResponses, patchBodies];
