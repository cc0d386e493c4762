// The kinds of control plane that are told apart, each by the name that its page carries.

/** In the order of the decision table (docs/control-planes.md); `unknown` is what is left. */
export const targetIds = [
  'openshift',
  'aks',
  'gke',
  'eks',
  'rke2',
  'k3s',
  'k0s',
  'microk8s',
  'talos',
  'kops',
  'kind',
  'minikube',
  'docker-desktop',
  'capi-kubeadm',
  'kubeadm',
  'static-pod',
  'self-hosted',
  'managed-unknown',
  'unknown',
] as const;

export type TargetId = (typeof targetIds)[number];

/** The page about one kind of control plane; test/audit/target/pages.test.ts holds that each exists. */
export type TargetPage = `docs/control-planes/${TargetId}.md`;

export function pageOf(target: TargetId): TargetPage {
  return `docs/control-planes/${target}.md`;
}
