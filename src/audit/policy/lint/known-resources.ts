// The resources that Kubernetes itself serves, 1.13 to 1.37, each with its kind: what a policy can be held against
// when no cluster is asked. A table of data, from the discovery of real API servers with every API switched on, and
// what came and went between them.

/** A resource as a policy names it, and what it is called elsewhere. */
export interface KnownResource {
  /** Plural, in lower case. */
  readonly resource: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly subresources: readonly string[];
}

/** `RESOURCE KIND [SHORT NAME…][ / SUBRESOURCE…]`, by group. */
const rows: Readonly<Record<string, readonly string[]>> = {
  '': [
    'bindings Binding',
    'componentstatuses ComponentStatus cs',
    'configmaps ConfigMap cm',
    'endpoints Endpoints ep',
    'events Event ev',
    'limitranges LimitRange limits',
    'namespaces Namespace ns / finalize status',
    'nodes Node no / proxy status',
    'persistentvolumeclaims PersistentVolumeClaim pvc / status',
    'persistentvolumes PersistentVolume pv / status',
    'pods Pod po / attach binding ephemeralcontainers eviction exec log portforward proxy resize status',
    'podtemplates PodTemplate',
    'replicationcontrollers ReplicationController rc / scale status',
    'resourcequotas ResourceQuota quota / status',
    'secrets Secret',
    'serviceaccounts ServiceAccount sa / token',
    'services Service svc / proxy status',
  ],
  'admissionregistration.k8s.io': [
    'mutatingadmissionpolicies MutatingAdmissionPolicy',
    'mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding',
    'mutatingwebhookconfigurations MutatingWebhookConfiguration',
    'validatingadmissionpolicies ValidatingAdmissionPolicy / status',
    'validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding',
    'validatingwebhookconfigurations ValidatingWebhookConfiguration',
  ],
  'apiextensions.k8s.io': ['customresourcedefinitions CustomResourceDefinition crd crds / status'],
  'apiregistration.k8s.io': ['apiservices APIService / status'],
  apps: [
    'controllerrevisions ControllerRevision',
    'daemonsets DaemonSet ds / status',
    'deployments Deployment deploy / rollback scale status',
    'replicasets ReplicaSet rs / scale status',
    'statefulsets StatefulSet sts / scale status',
  ],
  'auditregistration.k8s.io': ['auditsinks AuditSink'],
  'authentication.k8s.io': ['selfsubjectreviews SelfSubjectReview', 'tokenreviews TokenReview'],
  'authorization.k8s.io': [
    'localsubjectaccessreviews LocalSubjectAccessReview',
    'selfsubjectaccessreviews SelfSubjectAccessReview',
    'selfsubjectrulesreviews SelfSubjectRulesReview',
    'subjectaccessreviews SubjectAccessReview',
  ],
  autoscaling: ['horizontalpodautoscalers HorizontalPodAutoscaler hpa / status'],
  batch: ['cronjobs CronJob cj / status', 'jobs Job / status'],
  'certificates.k8s.io': [
    'certificatesigningrequests CertificateSigningRequest csr / approval status',
    'clustertrustbundles ClusterTrustBundle',
    'podcertificaterequests PodCertificateRequest / status',
  ],
  'coordination.k8s.io': ['leasecandidates LeaseCandidate', 'leases Lease'],
  'discovery.k8s.io': ['endpointslices EndpointSlice'],
  'events.k8s.io': ['events Event ev'],
  extensions: [
    'daemonsets DaemonSet ds / status',
    'deployments Deployment deploy / rollback scale status',
    'ingresses Ingress ing / status',
    'networkpolicies NetworkPolicy netpol',
    'podsecuritypolicies PodSecurityPolicy psp',
    'replicasets ReplicaSet rs / scale status',
    'replicationcontrollers ReplicationControllerDummy / scale',
  ],
  'flowcontrol.apiserver.k8s.io': [
    'flowschemas FlowSchema / status',
    'prioritylevelconfigurations PriorityLevelConfiguration / status',
  ],
  'internal.apiserver.k8s.io': ['storageversions StorageVersion / status'],
  'lifecycle.k8s.io': ['evictionrequests EvictionRequest / status', 'evictions Eviction / status'],
  'networking.k8s.io': [
    'clustercidrs ClusterCIDR cc',
    'ingressclasses IngressClass',
    'ingresses Ingress ing / status',
    'ipaddresses IPAddress ip',
    'networkpolicies NetworkPolicy netpol / status',
    'servicecidrs ServiceCIDR / status',
  ],
  'node.k8s.io': ['runtimeclasses RuntimeClass'],
  policy: [
    'poddisruptionbudgets PodDisruptionBudget pdb / status',
    'podsecuritypolicies PodSecurityPolicy psp',
  ],
  'rbac.authorization.k8s.io': [
    'clusterrolebindings ClusterRoleBinding',
    'clusterroles ClusterRole',
    'rolebindings RoleBinding',
    'roles Role',
  ],
  'resource.k8s.io': [
    'deviceclasses DeviceClass',
    'devicetaintrules DeviceTaintRule / status',
    'podschedulingcontexts PodSchedulingContext / status',
    'resourceclaimparameters ResourceClaimParameters',
    'resourceclaims ResourceClaim / status',
    'resourceclaimtemplates ResourceClaimTemplate',
    'resourceclasses ResourceClass',
    'resourceclassparameters ResourceClassParameters',
    'resourcepoolstatusrequests ResourcePoolStatusRequest / status',
    'resourceslices ResourceSlice',
  ],
  'scheduling.k8s.io': [
    'compositepodgroups CompositePodGroup / status',
    'podgroups PodGroup / status',
    'priorityclasses PriorityClass pc',
    'workloads Workload',
  ],
  'settings.k8s.io': ['podpresets PodPreset'],
  'storage.k8s.io': [
    'csidrivers CSIDriver',
    'csinodes CSINode / status',
    'csistoragecapacities CSIStorageCapacity',
    'storageclasses StorageClass sc',
    'volumeattachments VolumeAttachment / status',
    'volumeattributesclasses VolumeAttributesClass vac',
  ],
  'storagemigration.k8s.io': ['storageversionmigrations StorageVersionMigration / status'],
};

function resourceIn(row: string): KnownResource {
  const [names = '', subresources = ''] = row.split(' / ');
  const [resource = '', kind = '', ...shortNames] = names.split(' ');
  return { resource, kind, shortNames, subresources: subresources.split(' ').filter(Boolean) };
}

/** By API group, "" for the core. */
export const knownResources: ReadonlyMap<string, readonly KnownResource[]> = new Map(
  Object.entries(rows).map(([group, inGroup]) => [group, inGroup.map(resourceIn)]),
);
