// kind: nothing in kind changes a running cluster, so either the cluster is made with the flags, or the manifest is
// edited inside each node container. Sources: kind site docs/user/auditing and configuration, pkg/cluster/internal/
// kubeadm/config.go (v1beta4 from Kubernetes 1.36), internal/patch/kubeadm_merge.go.
import { apiServerConfig } from './kubeadm.ts';
import { manifestSteps, manifestWarnings, nodePlaces } from './manifest.ts';
import { common, filesOf, folderOf, indent, needs, prove, step } from './recipe.ts';
import type { Ask, Recipe } from './recipe.ts';

function config(ask: Ask): string {
  const list = ask.minor >= 36;
  const files = filesOf(ask, nodePlaces);
  const log = needs(ask, 'audit-log-path');
  const mounts = [
    ...(files.length > 0
      ? [`- {hostPath: ./sematext-audit, containerPath: ${folderOf(nodePlaces.policy)}, readOnly: true}`]
      : []),
    ...(log ? [`- {hostPath: ./audit-log, containerPath: ${folderOf(nodePlaces.log)}}`] : []),
  ];
  return [
    'kind: Cluster',
    'apiVersion: kind.x-k8s.io/v1alpha4',
    'nodes:',
    '- role: control-plane',
    ...(mounts.length > 0 ? ['  extraMounts:', indent(mounts.join('\n'), 2)] : []),
    'kubeadmConfigPatches:',
    '- |',
    ...(list ? ['  apiVersion: kubeadm.k8s.io/v1beta4'] : []),
    '  kind: ClusterConfiguration',
    '  apiServer:',
    indent(apiServerConfig(ask, list ? 'list' : 'map'), 4),
  ].join('\n');
}

function newCluster(ask: Ask): readonly string[] {
  const local = { policy: './sematext-audit/policy.yaml', webhook: './sematext-audit/webhook.yaml' };
  const files = filesOf(ask, local).map(([path, text]) => `cat > ${path} <<'EOF'\n${text}\nEOF`);
  return [
    step(
      'A new cluster, the way kind supports: put this into kind.yaml (with several control-plane nodes the extraMounts stand under each of them) and create the cluster:',
      ...(files.length > 0 ? ['umask 077; mkdir -p sematext-audit', ...files] : []),
      "cat > kind.yaml <<'EOF'",
      config(ask),
      'EOF',
      'kind create cluster --config kind.yaml',
    ),
  ];
}

export const kind: Recipe = {
  places: nodePlaces,
  hand: (ask) => ({
    summary: 'Create the cluster with the flags, or edit the manifest inside each control-plane container.',
    steps: [
      ...newCluster(ask),
      step(
        'Or a cluster that is there: open a shell in a control-plane container (it works while the API is down), and do the following steps in it:',
        'docker exec -it <cluster>-control-plane bash',
      ),
      ...manifestSteps(ask, 'In one control-plane container after the other'),
      ...prove(ask, nodePlaces.log),
    ],
    warnings: [
      'The edit outlives a restart of the container; "kind delete cluster" loses it.',
      ...manifestWarnings(ask),
      ...common(ask),
    ],
  }),
};
