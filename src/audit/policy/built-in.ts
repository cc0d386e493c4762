// The resources that an API server has by itself, with their groups, as kubectl would look them up: a resource that is
// named without a group, a short name, one of a kind. Source: kubectl api-resources of 1.18 to 1.37.

export interface BuiltIn {
  readonly resource: string;
  readonly group: string;
  readonly namespaced: boolean;
}

// of a name that several groups have, the first is the one that kubectl takes
const namespaced: Readonly<Record<string, string>> = {
  '': 'bindings configmaps:cm endpoints:ep events:ev limitranges:limits persistentvolumeclaims:pvc pods:po podtemplates replicationcontrollers:rc resourcequotas:quota secrets serviceaccounts:sa services:svc',
  apps: 'controllerrevisions daemonsets:ds deployments:deploy replicasets:rs statefulsets:sts',
  'authorization.k8s.io': 'localsubjectaccessreviews',
  autoscaling: 'horizontalpodautoscalers:hpa',
  batch: 'cronjobs:cj jobs',
  'coordination.k8s.io': 'leases leasecandidates',
  'discovery.k8s.io': 'endpointslices',
  'networking.k8s.io': 'ingresses:ing networkpolicies:netpol',
  policy: 'poddisruptionbudgets:pdb',
  'rbac.authorization.k8s.io': 'rolebindings roles',
  'resource.k8s.io': 'resourceclaims resourceclaimtemplates',
  'storage.k8s.io': 'csistoragecapacities',
};

const clusterScoped: Readonly<Record<string, string>> = {
  '': 'componentstatuses:cs namespaces:ns nodes:no persistentvolumes:pv',
  'admissionregistration.k8s.io':
    'mutatingadmissionpolicies mutatingadmissionpolicybindings mutatingwebhookconfigurations validatingadmissionpolicies validatingadmissionpolicybindings validatingwebhookconfigurations',
  'apiextensions.k8s.io': 'customresourcedefinitions:crd',
  'apiregistration.k8s.io': 'apiservices',
  'auditregistration.k8s.io': 'auditsinks',
  'authentication.k8s.io': 'selfsubjectreviews tokenreviews',
  'authorization.k8s.io': 'selfsubjectaccessreviews selfsubjectrulesreviews subjectaccessreviews',
  'certificates.k8s.io': 'certificatesigningrequests:csr clustertrustbundles',
  'flowcontrol.apiserver.k8s.io': 'flowschemas prioritylevelconfigurations',
  'networking.k8s.io': 'ingressclasses ipaddresses:ip servicecidrs',
  'node.k8s.io': 'runtimeclasses',
  policy: 'podsecuritypolicies:psp',
  'rbac.authorization.k8s.io': 'clusterrolebindings clusterroles',
  'resource.k8s.io': 'deviceclasses resourceslices',
  'scheduling.k8s.io': 'priorityclasses:pc',
  'storage.k8s.io': 'csidrivers csinodes storageclasses:sc volumeattachments volumeattributesclasses:vac',
};

interface Named extends BuiltIn {
  readonly short: string | undefined;
}

const tableOf = (groups: Readonly<Record<string, string>>, inNamespace: boolean): readonly Named[] =>
  Object.entries(groups).flatMap(([group, words]) =>
    words.split(' ').map((word) => {
      const [resource = '', short] = word.split(':');
      return { resource, group, short, namespaced: inNamespace };
    }),
  );

const table = [...tableOf(namespaced, true), ...tableOf(clusterScoped, false)];

const isOne = (word: string, of: string): boolean =>
  of === `${word}s` || of === `${word}es` || of === `${word.replace(/y$/, 'ie')}s`;

/**
 * What a word means to kubectl: a resource, its short name, or one of a kind; in any case.
 * @param group where it was said
 * @returns undefined for what only a cluster could tell
 */
export function builtIn(word: string, group?: string): BuiltIn | undefined {
  const low = word.toLowerCase();
  const candidates = table.filter((one) => group === undefined || one.group === group);
  return (
    candidates.find(({ resource }) => resource === low) ??
    candidates.find(({ short, resource }) => short === low || isOne(low, resource))
  );
}
