// The names that this tool puts on a cluster, each once.

export const names = {
  plugin: 'sematext-audit',
  /** AuditSink, record and pods all carry it. */
  object: 'sematext-audit',
  /** Of our pods: helper, twin, agent. Privileged ones are allowed in it by its label. */
  namespace: 'sematext-audit',
  namespacePath: '/api/v1/namespaces/sematext-audit',
  recordPath: '/api/v1/namespaces/kube-system/configmaps/sematext-audit',
  recordCollection: '/api/v1/namespaces/kube-system/configmaps',
  /** Where EndpointSlices of default are: v1beta1 up to 1.20; before 1.17 there are none. */
  sliceCollections: [
    '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
    '/apis/discovery.k8s.io/v1beta1/namespaces/default/endpointslices',
  ],
  managedByLabel: 'app.kubernetes.io/managed-by',
  managedBy: 'kubectl-sematext-audit',
  /** What an object was made from: another hash, and it is written anew. */
  hashAnnotation: 'sematext.com/audit-config-hash',
  /** Which run made an object: `disable` deletes what the record's run made, nothing else. */
  runAnnotation: 'sematext.com/audit-run',
  /** The spec that an adopted object had before; on the object itself, since it may hold a token of its own. */
  previousAnnotation: 'sematext.com/audit-previous-spec',
} as const;
