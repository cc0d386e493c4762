// The kinds of object that the embedded API server stores, by release: the part of the real list that the tool
// reads or writes, and what an ordinary cluster's discovery shows beside it. A table of data.

/** Releases that can be embedded. */
export type Release = '1.18.19' | '1.37.2';

/** One kind in one group version. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
}

type Row = readonly [resource: string, kind: string, scope: 'namespaced' | 'cluster', shortNames?: string[]];

const core: readonly Row[] = [
  ['configmaps', 'ConfigMap', 'namespaced', ['cm']],
  ['endpoints', 'Endpoints', 'namespaced', ['ep']],
  ['events', 'Event', 'namespaced', ['ev']],
  ['namespaces', 'Namespace', 'cluster', ['ns']],
  ['nodes', 'Node', 'cluster', ['no']],
  ['pods', 'Pod', 'namespaced', ['po']],
  ['secrets', 'Secret', 'namespaced'],
  ['serviceaccounts', 'ServiceAccount', 'namespaced', ['sa']],
  ['services', 'Service', 'namespaced', ['svc']],
];

const apps: readonly Row[] = [
  ['daemonsets', 'DaemonSet', 'namespaced', ['ds']],
  ['deployments', 'Deployment', 'namespaced', ['deploy']],
];

const rbac: readonly Row[] = [
  ['clusterrolebindings', 'ClusterRoleBinding', 'cluster'],
  ['clusterroles', 'ClusterRole', 'cluster'],
  ['rolebindings', 'RoleBinding', 'namespaced'],
  ['roles', 'Role', 'namespaced'],
];

const slices: readonly Row[] = [['endpointslices', 'EndpointSlice', 'namespaced']];

const everywhere: readonly (readonly [groupVersion: string, rows: readonly Row[]])[] = [
  ['/v1', core],
  ['apps/v1', apps],
  ['authorization.k8s.io/v1', [['selfsubjectaccessreviews', 'SelfSubjectAccessReview', 'cluster']]],
  ['coordination.k8s.io/v1', [['leases', 'Lease', 'namespaced']]],
  ['rbac.authorization.k8s.io/v1', rbac],
];

const auditSinks: readonly Row[] = [['auditsinks', 'AuditSink', 'cluster']];

/** Every kind that a release serves, in the order in which discovery names the groups. */
export function kindsOf(release: Release, withAuditSinks: boolean): readonly Kind[] {
  const discovery = release === '1.18.19' ? 'discovery.k8s.io/v1beta1' : 'discovery.k8s.io/v1';
  const tables = [...everywhere, [discovery, slices] as const];
  if (withAuditSinks) tables.push(['auditregistration.k8s.io/v1alpha1', auditSinks]);
  return tables.flatMap(([groupVersion, rows]) => rows.map((row) => kindOf(groupVersion, row)));
}

function kindOf(groupVersion: string, [resource, kind, scope, shortNames]: Row): Kind {
  const [group = '', version = ''] = groupVersion.split('/');
  const names = shortNames && { shortNames };
  return { group, version, resource, kind, namespaced: scope === 'namespaced', ...names };
}

/** `apiVersion` of an object of this kind. */
export function apiVersion({ group, version }: Kind): string {
  return group ? `${group}/${version}` : version;
}

/** The kind of an object, if it is served. */
export function kindOfObject(
  kinds: readonly Kind[],
  object: { readonly apiVersion: string; readonly kind: string },
): Kind | undefined {
  return kinds.find((kind) => kind.kind === object.kind && apiVersion(kind) === object.apiVersion);
}
