// Settings and rules that the preset `recommended` and `policy init` are composed of; each says why it is there.
import type { Lines } from './lines.ts';

/** What every policy begins with. */
export const kind: Lines = {
  text: `
apiVersion: audit.k8s.io/v1
kind: Policy
`,
};

export const fewerStages: Lines = {
  text: `
# Says nothing that ResponseComplete does not say, and doubles the volume. Never add ResponseStarted: failed logins
# have that stage alone.
omitStages: [RequestReceived]
`,
};

export const noManagedFields: Lines = {
  from: 23,
  text: `
# Bookkeeping of the API server; often half of an object.
omitManagedFields: true
`,
};

export const rules: Lines = {
  text: `
rules:
`,
};

export const intoContainers: Lines = {
  text: `
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
`,
};

export const healthProbes: Lines = {
  text: `
  # Probes of load balancers and kubelets, every few seconds, without a login.
  - level: None
    nonResourceURLs: ["/healthz*", "/livez*", "/readyz*"]
`,
};

export const discovery: Lines = {
  text: `
  # What every client asks before it asks anything. Only after a login: a failed one has no group, and is kept.
  - level: None
    userGroups: [system:authenticated]
    nonResourceURLs: ["/api*", "/openapi*", "/swagger*", "/version*", "/metrics*"]
`,
};

export const heartbeats: Lines = {
  text: `
  # Heartbeats of nodes and leaders, the most frequent writes of an idle cluster. To delete a lease is none.
  - level: None
    verbs: [get, list, watch, create, update, patch]
    resources:
      - group: coordination.k8s.io
        resources: [leases]
`,
};

export const oldLeaders: Lines = {
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
};

export const events: Lines = {
  text: `
  # Events tell what is recorded here in another way. To delete them is to hide something, and is kept.
  - level: None
    verbs: [get, list, watch, create, update, patch]
    resources:
      - group: ""
        resources: [events]
      - group: events.k8s.io
        resources: [events]
`,
};

export const questions: Lines = {
  text: `
  # Kubelets and extension API servers ask who a caller is and what it may do: a question, nothing is stored.
  - level: None
    userGroups: [system:nodes, system:serviceaccounts:kube-system]
    verbs: [create]
    resources:
      - group: authentication.k8s.io
        resources: [tokenreviews]
      - group: authorization.k8s.io
        resources: [subjectaccessreviews]
`,
};

export const controlPlaneReads: Lines = {
  text: `
  # The control plane reads all day, and by its nature everything.
  - level: None
    users: [system:apiserver, system:kube-controller-manager, system:kube-scheduler, system:kube-proxy]
    verbs: [get, list, watch]
`,
};

export const kubeletReads: Lines = {
  text: `
  # Kubelets read their pods and what these mount, and may read nothing else (Node authorizer).
  - level: None
    userGroups: [system:nodes]
    verbs: [get, list, watch]
`,
};

export const secretsAndTokens: Lines = {
  text: `
  # Who looked at Secrets and who was given a token. Never higher than Metadata: a body would hold them.
  - level: Metadata
    resources:
      - group: ""
        resources: [secrets, serviceaccounts/token]
`,
};

export const addOnReads: Lines = {
  text: `
  # Controllers and add-ons in kube-system: as the control plane, but not for Secrets.
  - level: None
    userGroups: [system:serviceaccounts:kube-system]
    verbs: [get, list, watch]
`,
};

export const informers: Lines = {
  text: `
  # Informers of every other controller. A single get or list by a workload is kept: a stolen token shows there.
  - level: None
    userGroups: [system:serviceaccounts]
    verbs: [watch]
`,
};

export const rightsBefore37: Lines = {
  to: 36,
  text: `
  # Which rights were given to whom. Not patches: before 1.37 one whose body is YAML is lost at this level (kubernetes
  # PR 139419), and whoever gives himself rights could choose that; they are kept at Metadata below.
  - level: Request
    verbs: [create, update, delete, deletecollection]
    resources:
      - group: rbac.authorization.k8s.io
`,
};

export const rights: Lines = {
  from: 37,
  text: `
  # Which rights were given to whom.
  - level: Request
    verbs: [create, update, patch, delete, deletecollection]
    resources:
      - group: rbac.authorization.k8s.io
`,
};

export const rest: Lines = {
  text: `
  # Everything else: all other writes, what people and workloads read, failed logins. Without bodies, which may hold
  # secrets in any kind of object, and which Sematext cuts by size and number of fields.
  - level: Metadata
`,
};
