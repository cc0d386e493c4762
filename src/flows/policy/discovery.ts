// What resources a cluster serves, by its discovery: aggregated in two answers where it is served (1.27+), else group by
// group. What could not be read is named, so that nothing is concluded from its absence.
import type { KnownResource } from '../../audit/policy/lint/known-resources.ts';
import type { ClusterResources } from '../../audit/policy/lint/rule.ts';
import { Failure } from '../../errors.ts';
import { look } from '../../io/api.ts';
import type { Cluster } from '../../io/world.ts';
import { arrayOf, objectOf } from '../read-json.ts';

const aggregated = ['v2', 'v2beta1']
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .join(',');

/** One version of a group, or why it is not known. */
type Version = { readonly group: string } & (
  { readonly resources: readonly KnownResource[] } | { readonly why: string }
);

/**
 * Asks for all of it.
 * @throws Failure those of `look`; a group that cannot be read is `unread`
 */
export async function discover(cluster: Cluster): Promise<ClusterResources> {
  const versions = (await Promise.all(['/api', '/apis'].map((path) => versionsAt(cluster, path)))).flat();
  const groups = new Map<string, readonly KnownResource[]>();
  for (const version of versions)
    if ('resources' in version)
      groups.set(version.group, [...(groups.get(version.group) ?? []), ...version.resources]);
  const unread = versions.flatMap((one) => ('why' in one ? [{ group: one.group, why: one.why }] : []));
  return { groups, unread };
}

async function versionsAt(cluster: Cluster, path: string): Promise<readonly Version[]> {
  const headers = { accept: `${aggregated},application/json` };
  const found = await look(cluster, { path, headers }, (json): readonly Version[] | readonly string[] => {
    const list = objectOf(json);
    if (list['kind'] === 'APIGroupDiscoveryList') return arrayOf(list['items']).flatMap(versionsIn);
    return path === '/api'
      ? arrayOf(list['versions']).map((version) => `/api/${textOf(version)}`)
      : arrayOf(list['groups']).flatMap(pathsIn);
  });
  if ('unseen' in found) throw blind(cluster, found.why);
  const versions = found.seen.map((one) => (typeof one === 'string' ? listAt(cluster, one) : one));
  return Promise.all(versions);
}

// without the list of groups nothing is known of any
function blind({ host }: Cluster, why: string): Failure {
  return new Failure('cluster-answer', `What ${host} serves could not be read: ${why}.`, [
    'Leave --cluster out to judge the policy by what Kubernetes itself serves.',
  ]);
}

const pathsIn = (item: unknown): readonly string[] =>
  arrayOf(objectOf(item)['versions']).map((version) => `/apis/${textOf(objectOf(version)['groupVersion'])}`);

/** APIGroupDiscovery; a stale version is one whose own API server did not answer. */
function versionsIn(item: unknown): readonly Version[] {
  const { metadata, versions } = objectOf(item);
  const group = String(objectOf(metadata)['name'] ?? '');
  return arrayOf(versions).map((one): Version => {
    const { version, resources = [], freshness } = objectOf(one);
    if (freshness === 'Stale')
      return { group, why: `${group}/${textOf(version)} is served by an API that is down` };
    return { group, resources: arrayOf(resources).map(resourceIn) };
  });
}

function resourceIn(item: unknown): KnownResource {
  const { resource, responseKind, shortNames = [], subresources = [] } = objectOf(item);
  return {
    resource: textOf(resource),
    kind: String(objectOf(responseKind ?? {})['kind'] ?? ''),
    shortNames: arrayOf(shortNames).map(textOf),
    subresources: arrayOf(subresources).map((one) => textOf(objectOf(one)['subresource'])),
  };
}

/** APIResourceList of one version of a group: subresources stand beside their resources. */
async function listAt(cluster: Cluster, path: string): Promise<Version> {
  const [, , group = ''] = path.startsWith('/apis/') ? path.split('/') : [];
  const found = await look(cluster, path, (json) => arrayOf(objectOf(json)['resources']).map(rowIn));
  if ('unseen' in found) return { group, why: found.why };
  const rows = found.seen;
  const names = [...new Set(rows.map(({ name }) => name.replace(/\/.*/, '')))];
  const resources = names.map((resource): KnownResource => {
    const { kind = '', shortNames = [] } = rows.find(({ name }) => name === resource) ?? {};
    const below = rows.filter(({ name }) => name.startsWith(`${resource}/`));
    return {
      resource,
      kind,
      shortNames,
      subresources: below.map(({ name }) => name.slice(resource.length + 1)),
    };
  });
  return { group, resources };
}

interface Row {
  readonly name: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
}

function rowIn(item: unknown): Row {
  const { name, kind, shortNames = [] } = objectOf(item);
  return { name: textOf(name), kind: textOf(kind), shortNames: arrayOf(shortNames).map(textOf) };
}

/** @throws Error when it is none */
function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Error('expected a text');
  return value;
}
