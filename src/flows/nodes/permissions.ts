// What whoever changes nodes must be allowed to do; docs/permissions-nodes.yaml has the same as roles.
import type { Permission } from '../../audit/facts.ts';
import { names } from '../../audit/names.ts';

const inOurs = (resource: string, ...verbs: readonly string[]): readonly Permission[] =>
  verbs.map((verb) => ({ verb, group: '', resource, namespace: names.namespace }));

const inSystem = (
  resource: string,
  name: string | undefined,
  ...verbs: readonly string[]
): readonly Permission[] =>
  verbs.map((verb) => ({
    verb,
    group: '',
    resource,
    namespace: 'kube-system',
    ...(name !== undefined && { name }),
  }));

const slices = { group: 'discovery.k8s.io', resource: 'endpointslices', namespace: 'default' };

export const neededOnNodes: readonly Permission[] = [
  ...['get', 'delete'].map((verb) => ({ verb, group: '', resource: 'namespaces', name: names.namespace })),
  { verb: 'create', group: '', resource: 'namespaces' },
  { verb: 'get', group: '', resource: 'nodes' },
  // its address is redirected too: unseen, requests by it would fail while an API server is exchanged
  { verb: 'get', group: '', resource: 'services', namespace: 'default', name: 'kubernetes' },
  // else pods on other nodes would be refused while an API server is exchanged
  ...['get', 'create', 'list', 'delete'].map((verb) => ({ ...slices, verb })),
  ...inOurs('pods', 'create', 'get', 'list', 'delete'),
  ...inOurs('pods/log', 'get'),
  // the websocket form is a GET, which 1.35 and later ask to be allowed as a create as well
  ...inOurs('pods/portforward', 'get', 'create'),
  ...inOurs('secrets', 'create', 'list', 'delete'),
  { verb: 'list', group: 'apps', resource: 'daemonsets', namespace: names.namespace },
  ...inSystem('pods', undefined, 'get', 'list'),
  ...inSystem('pods/log', undefined, 'get'),
  ...inSystem('pods/portforward', undefined, 'get', 'create'),
  ...inSystem('configmaps', names.object, 'get', 'update', 'delete'),
  { verb: 'create', group: '', resource: 'configmaps', namespace: 'kube-system' },
  ...inSystem('configmaps', 'kubeadm-config', 'get', 'update'),
];

/** What Logagent's objects need besides. */
export const neededForAgent: readonly Permission[] = [
  ...inOurs('secrets', 'get', 'update'),
  ...inOurs('configmaps', 'create', 'get', 'update', 'delete'),
  ...['create', 'get', 'update', 'delete'].map((verb) => ({
    verb,
    group: 'apps',
    resource: 'daemonsets',
    namespace: names.namespace,
  })),
];
