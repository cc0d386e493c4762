// Preset `vendor`: the example on Sematext's page on Kubernetes audit logs, which is that of the Kubernetes docs, with
// its mistakes mended: bodies of pods for reads too, groups that moved, leases, patches that are lost.
import type { Lines } from './lines.ts';

export const vendor: readonly Lines[] = [
  {
    text: `
# Audit policy "vendor" of kubectl sematext-audit: the example of
# https://sematext.com/docs/integration/kubernetes-audit-integration/, mended. The first rule that matches decides.
# It records bodies: values in the environment of pods, and whatever stands in other objects of the groups below.
apiVersion: audit.k8s.io/v1
kind: Policy
# Says nothing that ResponseComplete does not say, and doubles the volume.
omitStages: [RequestReceived]
`,
  },
  {
    from: 23,
    text: `
# Bookkeeping of the API server; often half of an object.
omitManagedFields: true
`,
  },
  {
    text: `
rules:
  # Heartbeats and leaders; leases took the place of the ConfigMap "controller-leader".
  - level: None
    resources:
      - group: coordination.k8s.io
        resources: [leases]
      - group: ""
        resources: [configmaps]
        resourceNames: [controller-leader]
  # kube-proxy watches these for its rules; endpointslices took the place of endpoints.
  - level: None
    users: [system:kube-proxy]
    verbs: [watch]
    resources:
      - group: ""
        resources: [endpoints, services, nodes]
      - group: discovery.k8s.io
        resources: [endpointslices]
  # What every client asks before it asks anything. Only after a login: a failed one is kept.
  - level: None
    userGroups: [system:authenticated]
    nonResourceURLs: ["/api*", "/version"]
  # Probes of load balancers and kubelets, every few seconds, without a login.
  - level: None
    nonResourceURLs: ["/healthz*", "/livez*", "/readyz*"]
  # Never the content of a Secret, nor a token; ConfigMaps of kube-system come further down.
  - level: Metadata
    resources:
      - group: ""
        resources: [secrets, serviceaccounts/token]
`,
  },
  {
    to: 36,
    text: `
  # Before 1.37 a patch whose body is YAML is lost at the levels below (kubernetes PR 139419).
  - level: Metadata
    verbs: [patch]
`,
  },
  {
    text: `
  # Changes of pods with what was sent and what came of it. Changes only: the answer to a list is every pod there is,
  # and more than Sematext takes in one event.
  - level: RequestResponse
    verbs: [create, update, patch, delete]
    resources:
      - group: ""
        resources: [pods]
  # Who read logs; what kubelets report.
  - level: Metadata
    resources:
      - group: ""
        resources: [pods/log, pods/status]
  # Configuration of the cluster itself, with its content.
  - level: Request
    namespaces: [kube-system]
    resources:
      - group: ""
        resources: [configmaps]
  # Configuration of everybody else, without.
  - level: Metadata
    resources:
      - group: ""
        resources: [configmaps]
`,
  },
  {
    to: 21,
    text: `
  # The core, and what was in extensions once and has moved.
  - level: Request
    resources:
      - group: ""
      - group: extensions
      - group: apps
      - group: networking.k8s.io
      - group: policy
`,
  },
  {
    from: 22,
    text: `
  # The core, and what was in extensions until 1.22.
  - level: Request
    resources:
      - group: ""
      - group: apps
      - group: networking.k8s.io
      - group: policy
`,
  },
  {
    text: `
  # Everything else.
  - level: Metadata
`,
  },
];
