// What a policy can tell apart: requests that are alike in all that its rules name are decided alike, so that each kind of
// request is decided once.
import type { Event } from '../../event/event.ts';
import { attributesOf } from '../request.ts';
import type { Policy } from '../policy.ts';

const separator = '\u0000';
/** Stands for every name that no rule has. */
const other = '\u0001';

/** Makes the key of events: those with the same key are decided alike by each of the policies. */
export class Kinds {
  private readonly groups: ReadonlySet<string>;
  private readonly namespaces: ReadonlySet<string>;
  private readonly names: ReadonlySet<string>;
  /** Of lists that many events share. */
  private readonly known = new WeakMap<readonly string[], string>();

  constructor(policies: readonly Policy[]) {
    const rules = policies.flatMap((policy) => policy.rules);
    this.groups = new Set(rules.flatMap(({ userGroups = [] }) => userGroups));
    this.namespaces = new Set(rules.flatMap(({ namespaces = [] }) => namespaces));
    const resources = rules.flatMap(({ resources: entries = [] }) => entries);
    this.names = new Set(resources.flatMap(({ resourceNames = [] }) => resourceNames));
  }

  keyOf(event: Event): string {
    const { user, asUser, verb, resource, uri } = event;
    const who = user + separator + asUser + separator + this.groupsOf(event.groups) + separator + verb;
    if (resource === '') return who + separator + separator + pathOf(uri);
    const object = event.apiGroup + separator + resource + separator + event.subresource;
    return who + separator + object + separator + this.placeOf(event);
  }

  private placeOf(event: Event): string {
    const { namespaces, names } = this;
    const namespace = namespaces.has(event.namespace) ? event.namespace : other;
    if (names.size === 0) return namespace;
    // the event has the name out of the body of what was created, and the policy was not asked about that
    const name = event.verb === 'create' ? attributesOf(event).name : event.name;
    return namespace + separator + (names.has(name) ? name : other);
  }

  private groupsOf(groups: readonly string[]): string {
    if (this.groups.size === 0) return '';
    let text = this.known.get(groups);
    if (text === undefined) {
      text = groups.filter((group) => this.groups.has(group)).join(separator);
      this.known.set(groups, text);
    }
    return text;
  }
}

/** What a request for no resource is for; below /api a query may name an object, so that it counts there. */
function pathOf(uri: string): string {
  const end = uri.startsWith('/api') ? -1 : uri.indexOf('?');
  return end === -1 ? uri : uri.slice(0, end);
}
