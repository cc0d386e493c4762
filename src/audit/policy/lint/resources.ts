// Names of resources: such as no API server has, kinds instead of resources, and those that stand under another group. Without a cluster only what is in Kubernetes itself is judged; anything may be a custom resource.
import { isPattern } from './dead.ts';
import { coreNames } from './groups.ts';
import { knownResources } from './known-resources.ts';
import type { KnownResource } from './known-resources.ts';
import type { EntryAt, LintFound, LintRule, LintSubject } from './rule.ts';
import { entriesOf, mayTake, quoted } from './rule.ts';

/** A pattern of `resources` with what is known of where it stands. */
interface Named {
  readonly at: EntryAt;
  readonly group: string;
  readonly path: string;
  readonly pattern: string;
  /** Before the slash, and behind it. */
  readonly resource: string;
  readonly subresource: string | undefined;
}

const groupIn = ({ entry: { group = '' } }: EntryAt): string => (coreNames.includes(group) ? '' : group);

/** A rule that asks about each pattern that could match something. */
const eachPattern =
  (ask: Ask) =>
  (subject: LintSubject): readonly LintFound[] =>
    entriesOf(subject).flatMap((at) =>
      (at.entry.resources ?? []).flatMap((pattern, i) => {
        if (!isPattern(pattern) || pattern === '*') return [];
        const [resource = '', subresource] = pattern.split('/');
        const path = `${at.path}.resources[${i}]`;
        const found = ask({ at, group: groupIn(at), path, pattern, resource, subresource }, subject);
        return found === undefined ? [] : [{ path, ...found }];
      }),
    );

/** What a group has: as the cluster says, where it does, else as Kubernetes has it; undefined where nobody knows. */
export function inGroup({ cluster }: LintSubject, group: string): readonly KnownResource[] | undefined {
  return cluster?.groups.get(group) ?? knownResources.get(group);
}

const isNamed = ({ resource, subresource }: Named, rows: readonly KnownResource[]): boolean =>
  rows.some(
    (row) =>
      (resource === '*' || row.resource === resource) &&
      (subresource === undefined ||
        (subresource === '*' && resource !== '*') ||
        row.subresources.includes(subresource)),
  );

const isResource = (name: string, rows: readonly KnownResource[]): boolean =>
  name === '*' || rows.some(({ resource }) => resource === name);

/** The resource of a kind, a singular, a short name, or of a name in the wrong case. */
function meant(name: string, rows: readonly KnownResource[]): string | undefined {
  const word = name.toLowerCase();
  const found = rows.filter(
    ({ resource, kind, shortNames }) =>
      resource === word || kind.toLowerCase() === word || shortNames.includes(word),
  );
  return found.length === 1 ? found[0]?.resource : undefined;
}

/** Groups of Kubernetes or of the cluster that have such a resource. */
const homesOf = (named: Named, { cluster }: LintSubject): readonly string[] =>
  [...new Map([...knownResources, ...(cluster?.groups ?? [])])]
    .filter(([group, rows]) => group !== 'extensions' && isNamed(named, rows))
    .map(([group]) => group);

const ofGroup = (group: string): string => (group === '' ? 'the core group ""' : group);

const pattern: LintRule = {
  id: 'resource-pattern',
  severity: 'warning',
  title: 'A pattern that there is not',
  ask: (subject) =>
    entriesOf(subject).flatMap(({ entry: { resources = [] }, path }) =>
      resources.flatMap((text, i) =>
        text === '' || isPattern(text)
          ? []
          : [
              {
                path: `${path}.resources[${i}]`,
                message: `${quoted(text)} matches nothing`,
                hint:
                  text === '*/*'
                    ? 'write *, which has all subresources, too'
                    : 'patterns are pods, pods/log, pods/*, */log and *',
              },
            ],
      ),
    ),
};

type Ask = (named: Named, subject: LintSubject) => Omit<LintFound, 'path'> | undefined;

const askName: Ask = (named, subject) => {
  const { resource, group, pattern: text, at } = named;
  const rows = inGroup(subject, group) ?? [];
  if (isResource(resource, rows)) return undefined;
  const message = `${quoted(text)} matches nothing: resources are named in the plural and in lower case`;
  const plural = meant(resource, rows);
  if (plural !== undefined) {
    const write = text.replace(resource, plural);
    return { message, hint: `write ${write}`, fix: { write, for: text }, less: mayTake(subject, at.index) };
  }
  const homes = [...knownResources].flatMap(([home, some]) => {
    const there = home === 'extensions' || isResource(resource, some) ? undefined : meant(resource, some);
    return there === undefined ? [] : [`${there} of ${ofGroup(home)}`];
  });
  const isLower = resource === resource.toLowerCase();
  // a custom resource may be named like a short name or a kind of another group
  if (isLower && (homes.length === 0 || !isClosed(group, subject))) return undefined;
  return { message, hint: homes.length === 0 ? 'write its plural' : `it may be ${homes.join(' or ')}` };
};

const resourceName: LintRule = {
  id: 'resource-name',
  severity: 'warning',
  title: 'A kind, a singular or a short name instead of a resource',
  ask: eachPattern(askName),
};

/** Whether all that is in a group is known: nothing can be added to those of Kubernetes that have no dot. */
const isClosed = (group: string, { cluster }: LintSubject): boolean =>
  knownResources.has(group) && (group === '' || !group.includes('.') || cluster?.groups.has(group) === true);

/** Whether Kubernetes has or had it there. */
const isPast = (named: Named): boolean => isNamed(named, knownResources.get(named.group) ?? []);

const askGroup: Ask = (named, subject) => {
  const { group, resource, pattern: text } = named;
  const rows = inGroup(subject, group);
  if (rows === undefined || isNamed(named, rows) || isPast(named)) return undefined;
  // where the resource is there, its subresource is what is wrong
  if (resource !== '*' && isResource(resource, rows)) return undefined;
  const homes = homesOf(named, subject);
  const [first] = homes;
  return first === undefined
    ? undefined
    : {
        message: `${text} matches nothing here: it is in ${homes.map(ofGroup).join(' and ')}, not in ${ofGroup(group)}`,
        hint: `write group: ${first === '' ? '""' : first}`,
      };
};

const wrongGroup: LintRule = {
  id: 'wrong-group',
  severity: 'warning',
  title: 'A resource under a group that it is not in',
  ask: eachPattern((named, subject) =>
    askName(named, subject) === undefined ? askGroup(named, subject) : undefined,
  ),
};

const unknownResource: LintRule = {
  id: 'unknown-resource',
  severity: 'warning',
  title: 'A resource that there is not',
  ask: (subject) => {
    const { cluster } = subject;
    return eachPattern((named) => {
      const { group, pattern: text } = named;
      const known = group === '' ? inGroup(subject, '') : cluster?.groups.get(group);
      const unread = cluster?.unread.some((one) => one.group === group) === true;
      if (known === undefined || unread || isNamed(named, known) || isPast(named)) return undefined;
      if (askName(named, subject) !== undefined || askGroup(named, subject) !== undefined) return undefined;
      const where = cluster === undefined ? 'Kubernetes' : 'the cluster';
      return {
        message: `${text} matches nothing: ${where} has no such resource in ${ofGroup(group)}`,
        hint: 'kubectl api-resources names them; subresources are written RESOURCE/SUBRESOURCE',
      };
    })(subject);
  },
};

const notServed: LintRule = {
  id: 'not-served',
  severity: 'advice',
  title: 'A resource that this cluster does not serve',
  ask: (subject) => {
    const { cluster } = subject;
    if (cluster === undefined) return [];
    return eachPattern((named) => {
      const { group, pattern: text } = named;
      const unread = cluster.unread.some((one) => one.group === group);
      if (unread || !isPast(named) || isNamed(named, cluster.groups.get(group) ?? [])) return undefined;
      return {
        message: `${text} of ${ofGroup(group)} matches nothing: Kubernetes knows it, and this cluster does not serve it`,
        hint: 'it does no harm; take it out where the policy is for this cluster alone',
      };
    })(subject);
  },
};

/** About the names of resources. */
export const resources: readonly LintRule[] = [pattern, resourceName, wrongGroup, unknownResource, notServed];
