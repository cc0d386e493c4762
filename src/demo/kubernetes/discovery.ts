// What an API server tells of itself: version, groups, resources. Documents only, made from the table of kinds.
import { apiVersion, type Kind, type Release } from './kinds.ts';

const everyVerb = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

interface Build {
  readonly gitCommit: string;
  readonly buildDate: string;
  readonly goVersion: string;
}

const builds: Readonly<Record<Release, Build>> = {
  '1.18.19': {
    gitCommit: 'ddd7a1e3c0c1b2a4a5d1a4d4ef0e2c1d2f0b9a33',
    buildDate: '2021-05-12T12:32:49Z',
    goVersion: 'go1.13.15',
  },
  '1.37.2': {
    gitCommit: '5b1f5c7e0a4f6f3c7d2e9b8a6c4d0e1f2a3b4c5d',
    buildDate: '2026-10-14T09:11:28Z',
    goVersion: 'go1.26.5',
  },
};

/** GET /version. */
export function versionDocument(release: Release): Record<string, string> {
  const [major = '', minor = ''] = release.split('.');
  const { gitCommit, buildDate, goVersion } = builds[release];
  const previous = String(Number(minor) - 1);
  const emulation = {
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: previous,
  };
  return {
    major,
    minor,
    ...(Number(minor) >= 33 && emulation),
    gitVersion: `v${release}`,
    gitCommit,
    gitTreeState: 'clean',
    buildDate,
    goVersion,
    compiler: 'gc',
    platform: 'linux/amd64',
  };
}

/** GET /api. */
export function coreVersions(address: string): object {
  const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress: address }];
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs };
}

function groupOf(kinds: readonly Kind[], name: string): Record<string, unknown> {
  const found = kinds.filter(({ group }) => group === name).map(({ version }) => version);
  const versions = [...new Set(found)].map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

/** GET /apis. */
export function groupList(kinds: readonly Kind[]): object {
  const names = [...new Set(kinds.map(({ group }) => group))].filter(Boolean);
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: names.map((name) => groupOf(kinds, name)) };
}

/** GET /apis/GROUP; undefined when it is not served. */
export function groupDocument(kinds: readonly Kind[], name: string): object | undefined {
  if (!name || !kinds.some(({ group }) => group === name)) return undefined;
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(kinds, name) };
}

function resourceOf(kind: Kind): object {
  const { resource: name, namespaced, shortNames } = kind;
  const verbs = name === 'selfsubjectaccessreviews' ? ['create'] : everyVerb;
  const singularName = kind.version === 'v1alpha1' ? '' : kind.kind.toLowerCase();
  return { name, singularName, namespaced, kind: kind.kind, verbs, ...(shortNames && { shortNames }) };
}

/** Subresources that real API servers name beside their resources, by resource. */
const below: Readonly<Record<string, readonly (readonly [name: string, kind: string, verb: string])[]>> = {
  deployments: [
    ['scale', 'Scale', 'get'],
    ['status', 'Deployment', 'get'],
  ],
  namespaces: [
    ['finalize', 'Namespace', 'update'],
    ['status', 'Namespace', 'get'],
  ],
  nodes: [
    ['proxy', 'NodeProxyOptions', 'get'],
    ['status', 'Node', 'get'],
  ],
  pods: [
    ['attach', 'PodAttachOptions', 'get'],
    ['exec', 'PodExecOptions', 'get'],
    ['log', 'Pod', 'get'],
    ['portforward', 'PodPortForwardOptions', 'get'],
    ['status', 'Pod', 'get'],
  ],
  serviceaccounts: [['token', 'TokenRequest', 'create']],
};

function subresourcesOf({ resource, namespaced, group }: Kind): readonly object[] {
  const rows = group === '' || group === 'apps' ? (below[resource] ?? []) : [];
  return rows.map(([name, kind, verb]) => ({
    ...{ name: `${resource}/${name}`, singularName: '', namespaced, kind },
    verbs: [verb],
  }));
}

/** An APIGroupDiscoveryList says it all at once, from 1.27 on: GET /api and /apis, where the client asks for it. */
export function aggregated(kinds: readonly Kind[], core: boolean): object {
  const own = kinds.filter(({ group }) => (group === '') === core);
  const items = [...new Set(own.map(({ group }) => group))].map((name) => {
    const inGroup = own.filter(({ group }) => group === name);
    const versions = [...new Set(inGroup.map(({ version }) => version))].map((version) => ({
      version,
      resources: inGroup.filter((kind) => kind.version === version).map(discovered),
      freshness: 'Current',
    }));
    return { metadata: name === '' ? {} : { name }, versions };
  });
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
}

function discovered(kind: Kind): object {
  const { resource, namespaced, shortNames } = kind;
  const responseKind = { group: '', version: '', kind: kind.kind };
  const subresources = (below[resource] ?? []).map(([subresource, of, verb]) => ({
    subresource,
    responseKind: { group: '', version: '', kind: of },
    verbs: [verb],
  }));
  return {
    resource,
    responseKind,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.kind.toLowerCase(),
    verbs: resource === 'selfsubjectaccessreviews' ? ['create'] : everyVerb,
    ...(shortNames && { shortNames }),
    ...(subresources.length > 0 && { subresources }),
  };
}

/** GET /api/v1 or /apis/GROUP/VERSION; undefined when it is not served. */
export function resourceList(kinds: readonly Kind[], groupVersion: string): object | undefined {
  const own = kinds.filter((kind) => apiVersion(kind) === groupVersion);
  if (own.length === 0) return undefined;
  const first = { kind: 'APIResourceList', ...(groupVersion !== 'v1' && { apiVersion: 'v1' }) };
  return {
    ...first,
    groupVersion,
    resources: own.flatMap((kind) => [resourceOf(kind), ...subresourcesOf(kind)]),
  };
}

/** GET /: the paths that are there. */
export function paths(kinds: readonly Kind[], more: readonly string[]): object {
  const groups = kinds
    .filter(({ group }) => group)
    .flatMap(({ group, version }) => [`/apis/${group}`, `/apis/${group}/${version}`]);
  return { paths: [...new Set(['/api', '/api/v1', '/apis', ...groups, ...more])].sort() };
}
