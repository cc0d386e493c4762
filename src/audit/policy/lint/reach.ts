// Which requests a rule matches that no rule before it does, told from the fields alone. Nothing here guesses: what it
// says is covered is covered for every request there can be (apiserver pkg/audit/policy/checker.go).
import { anyGroupSince } from '../policy.ts';
import type { GroupResources, PolicyRule } from '../policy.ts';
import { kindOf } from './rule.ts';

/** Requests of one sort; what is absent is not narrowed. */
export type Unit =
  | {
      readonly for: 'resource';
      /** Absent is every group, which is not the same as "". */
      readonly group?: string;
      /** As an entry's pattern; absent is everything in the group. */
      readonly pattern?: string;
      readonly name?: string;
    }
  | { readonly for: 'url'; readonly url?: string };

/** A part of what a rule matches: its users, groups and namespaces, one verb, one unit. */
export interface Part {
  readonly users: readonly string[];
  readonly userGroups: readonly string[];
  readonly namespaces: readonly string[];
  readonly verb?: string;
  readonly unit: Unit;
}

/** Beyond so many parts a rule is not taken apart, and nothing is said of it. */
const mostParts = 2000;

/** All that a rule matches, in parts; undefined where they are too many. */
export function partsOf(rule: PolicyRule, minor: number): readonly Part[] | undefined {
  const units = unitsOf(rule, minor);
  const { users = [], userGroups = [], namespaces = [], verbs = [] } = rule;
  const each: readonly (string | undefined)[] = verbs.length === 0 ? [undefined] : [...new Set(verbs)];
  if (units.length * each.length > mostParts) return undefined;
  return each.flatMap((verb) =>
    units.map((unit) => ({ users, userGroups, namespaces, unit, ...(verb !== undefined && { verb }) })),
  );
}

function unitsOf(rule: PolicyRule, minor: number): readonly Unit[] {
  const { resources = [], nonResourceURLs = [] } = rule;
  switch (kindOf(rule)) {
    case 'any':
      return [{ for: 'resource' }, { for: 'url' }];
    case 'url':
      return nonResourceURLs.map((url) => ({ for: 'url', url }));
    case 'resource':
      return resources.length === 0
        ? [{ for: 'resource' }]
        : resources.flatMap((entry) => unitsIn(entry, minor));
  }
}

function unitsIn(entry: GroupResources, minor: number): readonly Unit[] {
  const { group = '', resources = [], resourceNames = [] } = entry;
  const at = { for: 'resource' as const, ...(!isAnyGroup(group, minor) && { group }) };
  if (resources.length === 0) return [at];
  return resources.flatMap((pattern) =>
    resourceNames.length === 0
      ? [{ ...at, pattern }]
      : resourceNames.map((name) => ({ ...at, pattern, name })),
  );
}

const isAnyGroup = (group: string, minor: number): boolean => group === '*' && minor >= anyGroupSince;

/** Whether a rule matches every request of a part. */
export function covers(rule: PolicyRule, part: Part, minor: number): boolean {
  const { verbs = [] } = rule;
  return (
    coversSenders(rule, part) &&
    (verbs.length === 0 || (part.verb !== undefined && verbs.includes(part.verb))) &&
    coversUnit(rule, part, minor)
  );
}

const coversSenders = ({ users = [], userGroups = [] }: PolicyRule, part: Part): boolean =>
  all(users, part.users) && all(userGroups, part.userGroups);

/** Whether a condition is met by whoever meets the other. */
const all = (wide: readonly string[], narrow: readonly string[]): boolean =>
  wide.length === 0 || (narrow.length > 0 && narrow.every((one) => wide.includes(one)));

function coversUnit(rule: PolicyRule, { unit, namespaces }: Part, minor: number): boolean {
  const kind = kindOf(rule);
  if (kind === 'any') return true;
  if (unit.for !== kind) return false;
  if (unit.for === 'url')
    return (rule.nonResourceURLs ?? []).some((wide) => urlCovers(wide, unit.url ?? '*'));
  const { resources = [] } = rule;
  if (!all(rule.namespaces ?? [], namespaces)) return false;
  return resources.length === 0 || resources.some((entry) => entryCovers(entry, unit, minor));
}

function urlCovers(wide: string, narrow: string): boolean {
  if (wide === '*' || wide === narrow) return true;
  // a path need not begin with a slash, so /* does not cover *
  if (!wide.endsWith('*')) return false;
  return narrow.replace(/\*+$/, '').startsWith(wide.replace(/\*+$/, ''));
}

function entryCovers(entry: GroupResources, unit: Unit & { for: 'resource' }, minor: number): boolean {
  const { group = '', resources = [], resourceNames = [] } = entry;
  if (!isAnyGroup(group, minor) && group !== unit.group) return false;
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && (unit.name === undefined || !resourceNames.includes(unit.name)))
    return false;
  return resources.some((pattern) => patternCovers(pattern, unit.pattern ?? '*'));
}

/** Whether whatever is of one pattern is of the other, too: `pods/*` is pods and pods/log, `*` is everything. */
export function patternCovers(wide: string, narrow: string): boolean {
  if (wide === '*' || wide === narrow) return true;
  const [resource, subresource] = narrow.split(/\/(.*)/s);
  if (wide === `${resource}/*`) return resource !== '*';
  return (
    subresource !== undefined && subresource !== '' && subresource !== '*' && wide === `*/${subresource}`
  );
}

/**
 * The rules that together match all of what one is made of; undefined where something is left to it.
 * @param parts of one rule: they differ in verb and unit alone
 */
export function coveredBy(
  rules: readonly PolicyRule[],
  parts: readonly Part[],
  minor: number,
): readonly number[] | undefined {
  const [first] = parts;
  if (first === undefined) return undefined;
  // most rules are about somebody else, which is told once for all parts
  const near = rules.flatMap((rule, i) => (coversSenders(rule, first) ? [{ rule, i }] : []));
  const by = parts.map((part) => near.find(({ rule }) => covers(rule, part, minor))?.i);
  const found = by.filter((index) => index !== undefined);
  return found.length < by.length ? undefined : [...new Set(found)].sort((a, b) => a - b);
}

/** What is asked for: some resource by its plain name, with its subresource. */
export interface Wanted {
  readonly verb: string;
  readonly group: string;
  readonly pattern: string;
}

/** The parts of a rule that such requests are in; none where it matches none of them. */
export function partFor(rule: PolicyRule, wanted: Wanted, minor: number): readonly Part[] {
  const { users = [], userGroups = [], namespaces = [], verbs = [], resources = [] } = rule;
  const { verb, group, pattern } = wanted;
  if (kindOf(rule) === 'url' || (verbs.length > 0 && !verbs.includes(verb))) return [];
  const part = (name = isNameless(wanted) ? '' : undefined): Part => ({
    ...{ users, userGroups, namespaces, verb },
    unit: { for: 'resource', group, pattern, ...(name !== undefined && { name }) },
  });
  if (resources.length === 0) return [part()];
  const unnamed = { for: 'resource' as const, group, pattern };
  const found = resources.filter((entry) => entryCovers({ ...entry, resourceNames: [] }, unnamed, minor));
  return found.flatMap(({ resources: named = [], resourceNames = [] }) =>
    named.length === 0 || resourceNames.length === 0
      ? [part()]
      : resourceNames.filter((name) => canName(wanted, name)).map((name) => part(name)),
  );
}

/** What is created has no name in its URL, unless it is created below something that has one. */
const isNameless = ({ verb, pattern }: Wanted): boolean =>
  (verb === 'create' || verb === 'deletecollection') && !pattern.includes('/');

// a list may be narrowed to one name by its field selector
const canName = (wanted: Wanted, name: string): boolean =>
  wanted.verb === 'list' || wanted.verb === 'watch' || isNameless(wanted) === (name === '');
