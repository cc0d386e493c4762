// What a rule of lint is, and how rules walk through a policy.
import type { Decoded, GroupResources, PolicyRule } from '../policy.ts';
import type { Found, Severity } from '../problem.ts';
import type { KnownResource } from './known-resources.ts';

/** What a cluster serves, as far as its discovery could be read. */
export interface ClusterResources {
  /** By API group, "" for the core. */
  readonly groups: ReadonlyMap<string, readonly KnownResource[]>;
  /** Groups of which not everything could be read: nothing is known of what else is in them. */
  readonly unread: readonly { readonly group: string; readonly why: string }[];
}

/** What is held against the rules. */
export interface LintSubject {
  readonly policy: Decoded;
  readonly minor: number;
  /** Absent where no cluster was asked. */
  readonly cluster?: ClusterResources;
  /** Paths of list items that are null in the text, and "" to the API server. */
  readonly nulls: readonly string[];
}

/** A change of the text that says what was meant; `src/audit/policy/lint/fix.ts` makes it. */
export type Fix =
  /** Of a scalar or of a key. */
  | { readonly write: string; readonly for: string; readonly key?: true }
  /** The scalar as it stands, as a text. */
  | { readonly quote: true }
  /** A list whose items stand for everything. */
  | { readonly drop: 'list'; readonly key: string }
  /** An item that is there before. */
  | { readonly drop: 'item' };

/** What a rule finds, and the mending of it where there is only one. */
export interface LintFound extends Found {
  readonly fix?: Fix;
  /** With the fix the policy may record less than it did. */
  readonly less?: boolean;
}

export interface LintRule {
  /** Kebab-case; a section of docs/policy-lint.md. */
  readonly id: string;
  readonly severity: Severity;
  /** What is wrong where it is found, in a few words. */
  readonly title: string;
  readonly ask: (subject: LintSubject) => readonly LintFound[];
}

/** A rule's conditions: the lists of a rule that hold plain texts. */
export type ListField = 'users' | 'userGroups' | 'verbs' | 'namespaces' | 'nonResourceURLs' | 'omitStages';

export interface Item {
  readonly rule: PolicyRule;
  readonly index: number;
  readonly value: string;
  readonly list: readonly string[];
  readonly path: string;
}

/** Every item of a list in every rule. */
export function itemsOf({ policy }: LintSubject, field: ListField): readonly Item[] {
  return (policy.rules ?? []).flatMap((rule, index) => {
    const list: readonly string[] = rule[field] ?? [];
    return list.map((value, i) => ({ rule, index, value, list, path: `rules[${index}].${field}[${i}]` }));
  });
}

/** A rule that asks about each item of these lists. */
export const eachItem =
  (
    fields: readonly ListField[],
    ask: (item: Item, subject: LintSubject) => Omit<LintFound, 'path'> | undefined,
  ) =>
  (subject: LintSubject): readonly LintFound[] =>
    fields.flatMap((field) =>
      itemsOf(subject, field).flatMap((item) => {
        const found = ask(item, subject);
        return found === undefined ? [] : [{ path: item.path, ...found }];
      }),
    );

export interface EntryAt {
  readonly rule: PolicyRule;
  readonly index: number;
  readonly entry: GroupResources;
  /** As the text has it, with an index. */
  readonly path: string;
}

/** Every entry of `resources` in every rule. */
export function entriesOf({ policy }: LintSubject): readonly EntryAt[] {
  return (policy.rules ?? []).flatMap((rule, index) =>
    (rule.resources ?? []).map((entry, i) => ({
      rule,
      index,
      entry,
      path: `rules[${index}].resources[${i}]`,
    })),
  );
}

/** What a rule is for: requests for resources, for other URLs, or both. */
export type Kind = 'resource' | 'url' | 'any';

/** As the API server decides it: with resources or namespaces the URLs are never looked at. */
export function kindOf({ resources = [], namespaces = [], nonResourceURLs = [] }: PolicyRule): Kind {
  if (resources.length + namespaces.length > 0) return 'resource';
  return nonResourceURLs.length > 0 ? 'url' : 'any';
}

const ranks = { None: 0, Metadata: 1, Request: 2, RequestResponse: 3 } as const;

/** Levels in the order of what they record; of a word that is no level, that of None. */
export const rankOf = ({ level }: PolicyRule): number => ranks[level] ?? 0;

/** Whether less may be recorded when a rule takes requests that rules behind it have decided about. */
export function mayTake(subject: LintSubject, index: number): boolean {
  const { rules = [] } = subject.policy;
  const rule = rules[index];
  if (rule === undefined) return false;
  const behind = rules.slice(index + 1);
  const omits = (rule.omitStages ?? []).length > 0 && behind.some((one) => rankOf(one) > 0);
  return omits || rule.omitManagedFields === true || behind.some((one) => rankOf(one) > rankOf(rule));
}

export const quoted = (text: string): string => JSON.stringify(text);
