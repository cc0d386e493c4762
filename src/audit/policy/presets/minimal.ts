// Preset `minimal`: who changed what and who got into a container; the smallest volume.
import type { Lines } from './lines.ts';

export const minimal: readonly Lines[] = [
  {
    text: `
# Audit policy "minimal" of kubectl sematext-audit. The first rule that matches decides.
apiVersion: audit.k8s.io/v1
kind: Policy
# Says nothing that ResponseComplete does not say, and doubles the volume.
omitStages: [RequestReceived]
rules:
  # Heartbeats of nodes and leaders, the most frequent writes of an idle cluster. To delete a lease is none.
  - level: None
    verbs: [create, update, patch]
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
    verbs: [create, update, patch]
    resources:
      - group: ""
        resources: [events]
      - group: events.k8s.io
        resources: [events]
  # Questions, which store nothing.
  - level: None
    resources:
      - group: authentication.k8s.io
      - group: authorization.k8s.io
  # Every write; exec, attach and port-forward of clients without WebSockets are creates.
  - level: Metadata
    verbs: [create, update, patch, delete, deletecollection]
  # The same by clients with WebSockets.
  - level: Metadata
    verbs: [get]
    resources:
      - group: ""
        resources: [pods/exec, pods/attach, pods/portforward]
  # Nothing else; what no rule matches is not recorded either.
  - level: None
`,
  },
];
