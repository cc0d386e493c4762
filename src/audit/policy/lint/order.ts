// What the order of rules makes of them: the first that matches decides, and what none matches is not recorded.
import type { Policy, PolicyRule } from '../policy.ts';
import { matchesNothing } from './dead.ts';
import { coveredBy, partsOf } from './reach.ts';
import type { LintRule, LintSubject } from './rule.ts';
import { rankOf } from './rule.ts';

const rulesOf = ({ policy }: LintSubject): Policy['rules'] => policy.rules ?? [];

const nothing: LintRule = {
  id: 'matches-nothing',
  severity: 'warning',
  title: 'A rule that no request matches',
  ask: (subject) =>
    rulesOf(subject).flatMap((rule, i) => {
      const field = matchesNothing(rule);
      return field === undefined
        ? []
        : [
            {
              path: `rules[${i}]`,
              message: `no request matches this rule: nothing in its ${field} can be in one`,
              hint: `mend its ${field}, or take the rule out`,
            },
          ];
    }),
};

const shadowed: LintRule = {
  id: 'shadowed-rule',
  severity: 'warning',
  title: 'A rule that is never reached',
  ask: ({ policy: { rules = [] }, minor }) =>
    rules.flatMap((rule, i) => {
      const parts = matchesNothing(rule) === undefined ? partsOf(rule, minor) : undefined;
      const by = parts && coveredBy(rules.slice(0, i), parts, minor);
      if (by === undefined) return [];
      const names = by.map((one) => `rules[${one}]`).join(' and ');
      return [
        {
          path: `rules[${i}]`,
          message: `never reached: ${names} ${by.length === 1 ? 'matches' : 'together match'} all that it does`,
          hint: sameAs(
            rule,
            by.map((one) => rules[one]),
          )
            ? 'it would decide the same; take it out'
            : `put it before rules[${by[0] ?? 0}], or take it out`,
        },
      ];
    }),
};

const says = ({ level, omitStages = [], omitManagedFields }: PolicyRule): string =>
  JSON.stringify([level, [...omitStages].sort(), omitManagedFields]);
const sameAs = (rule: PolicyRule, others: readonly (PolicyRule | undefined)[]): boolean =>
  others.every((other) => other !== undefined && says(other) === says(rule));

const noCatchAll: LintRule = {
  id: 'no-catch-all',
  severity: 'advice',
  title: 'No rule for everything else',
  ask: ({ policy: { rules = [] }, minor }) => {
    const everything = partsOf({ level: 'None' }, minor) ?? [];
    if (rules.length === 0 || coveredBy(rules, everything, minor) !== undefined) return [];
    return [
      {
        path: `rules[${rules.length - 1}]`,
        message: 'what no rule matches is not recorded, and nothing says that this is meant',
        hint: 'end with "- level: Metadata", or with "- level: None" where that is meant',
      },
    ];
  },
};

const recordsNothing: LintRule = {
  id: 'records-nothing',
  severity: 'warning',
  title: 'A policy that records nothing',
  ask: ({ policy: { rules = [] } }) =>
    rules.length === 0 || rules.some((rule) => rankOf(rule) > 0)
      ? []
      : [
          {
            path: 'rules',
            message: 'no rule has a level other than None: nothing is recorded at all',
            hint: 'end with "- level: Metadata"',
          },
        ],
};

/** About rules as a whole. */
export const order: readonly LintRule[] = [nothing, shadowed, noCatchAll, recordsNothing];
