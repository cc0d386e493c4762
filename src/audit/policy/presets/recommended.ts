// Preset `recommended`: who changed what, who got in where, who failed to; no noise, no content of Secrets or tokens.
import type { Lines } from './lines.ts';

export const recommended: readonly Lines[] = [
  {
    text: `
# Audit policy "recommended" of kubectl sematext-audit. The first rule that matches decides.
apiVersion: audit.k8s.io/v1
kind: Policy
# Says nothing that ResponseComplete does not say, and doubles the volume. Never add ResponseStarted: failed logins
# have that stage alone.
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
  # Ways into a container, or to a kubelet past RBAC, by whoever. Clients with WebSockets say get, older ones create.
  # First, since rules below drop every get of a component. The arguments of exec are in the URL.
  - level: Metadata
    resources:
      - group: ""
        resources:
          - pods/exec
          - pods/attach
          - pods/portforward
          - pods/proxy
          - pods/ephemeralcontainers
          - services/proxy
          - nodes/proxy
  # Probes of load balancers and kubelets, every few seconds, without a login.
  - level: None
    nonResourceURLs: ["/healthz*", "/livez*", "/readyz*"]
  # What every client asks before it asks anything. Only after a login: a failed one has no group, and is kept.
  - level: None
    userGroups: [system:authenticated]
    nonResourceURLs: ["/api*", "/openapi*", "/swagger*", "/version*", "/metrics*"]
  # Heartbeats of nodes and leaders, the most frequent writes of an idle cluster. To delete a lease is none.
  - level: None
    verbs: [get, list, watch, create, update, patch]
    resources:
      - group: coordination.k8s.io
        resources: [leases]
`,
  },
  {
    to: 23,
    text: `
  # Leaders that are not elected by a lease yet.
  - level: None
    users: [system:kube-controller-manager, system:kube-scheduler]
    verbs: [update]
    namespaces: [kube-system]
    resources:
      - group: ""
        resources: [endpoints, configmaps]
        resourceNames: [kube-controller-manager, kube-scheduler]
`,
  },
  {
    text: `
  # Events tell what is recorded here in another way. To delete them is to hide something, and is kept.
  - level: None
    verbs: [get, list, watch, create, update, patch]
    resources:
      - group: ""
        resources: [events]
      - group: events.k8s.io
        resources: [events]
  # Kubelets and extension API servers ask who a caller is and what it may do: a question, nothing is stored.
  - level: None
    userGroups: [system:nodes, system:serviceaccounts:kube-system]
    verbs: [create]
    resources:
      - group: authentication.k8s.io
        resources: [tokenreviews]
      - group: authorization.k8s.io
        resources: [subjectaccessreviews]
  # The control plane reads all day, and by its nature everything.
  - level: None
    users: [system:apiserver, system:kube-controller-manager, system:kube-scheduler, system:kube-proxy]
    verbs: [get, list, watch]
  # Kubelets read their pods and what these mount, and may read nothing else (Node authorizer).
  - level: None
    userGroups: [system:nodes]
    verbs: [get, list, watch]
  # Who looked at Secrets and who was given a token. Never higher than Metadata: a body would hold them.
  - level: Metadata
    resources:
      - group: ""
        resources: [secrets, serviceaccounts/token]
  # Controllers and add-ons in kube-system: as the control plane, but not for Secrets.
  - level: None
    userGroups: [system:serviceaccounts:kube-system]
    verbs: [get, list, watch]
  # Informers of every other controller. A single get or list by a workload is kept: a stolen token shows there.
  - level: None
    userGroups: [system:serviceaccounts]
    verbs: [watch]
`,
  },
  {
    to: 36,
    text: `
  # Which rights were given to whom. Not patches: before 1.37 one whose body is YAML is lost at this level (kubernetes
  # PR 139419), and whoever gives himself rights could choose that; they are kept at Metadata below.
  - level: Request
    verbs: [create, update, delete, deletecollection]
    resources:
      - group: rbac.authorization.k8s.io
`,
  },
  {
    from: 37,
    text: `
  # Which rights were given to whom.
  - level: Request
    verbs: [create, update, patch, delete, deletecollection]
    resources:
      - group: rbac.authorization.k8s.io
`,
  },
  {
    text: `
  # Everything else: all other writes, what people and workloads read, failed logins. Without bodies, which may hold
  # secrets in any kind of object, and which Sematext cuts by size and number of fields.
  - level: Metadata
`,
  },
];
