// Cluster API with the kubeadm control plane: machines are replaced, not edited, and the object that says how stands
// in the management cluster. Sources: cluster-api kubeadm_control_plane_types.go, api/bootstrap/kubeadm/v1beta2.
import { apiServerConfig } from './kubeadm.ts';
import { nodePlaces } from './manifest.ts';
import { common, filesOf, indent, prove, step } from './recipe.ts';
import type { Ask, Recipe } from './recipe.ts';

const secret = 'sematext-audit';

function files(ask: Ask): readonly string[] {
  return filesOf(ask, nodePlaces).map(
    ([path]) =>
      `- path: ${path}\n  owner: root:root\n  permissions: "0600"\n  contentFrom: {secret: {name: ${secret}, key: ${path.slice(path.lastIndexOf('/') + 1)}}}`,
  );
}

function secretStep(ask: Ask): readonly string[] {
  const written = filesOf(ask, { policy: 'policy.yaml', webhook: 'webhook.yaml' });
  if (written.length === 0) return [];
  return [
    step(
      'In the management cluster, in the namespace of the cluster, keep the files in a Secret:',
      'umask 077',
      ...written.map(([path, text]) => `cat > ${path} <<'EOF'\n${text}\nEOF`),
      `kubectl -n <namespace> create secret generic ${secret} ${written.map(([path]) => `--from-file=${path}`).join(' ')}`,
    ),
  ];
}

function spec(ask: Ask, form: 'map' | 'list'): readonly string[] {
  return [
    'spec:',
    '  kubeadmConfigSpec:',
    ...(files(ask).length === 0 ? [] : ['    files:', indent(files(ask).join('\n'), 4)]),
    '    clusterConfiguration:',
    '      apiServer:',
    indent(apiServerConfig(ask, form), 8),
  ];
}

export const capi: Recipe = {
  places: nodePlaces,
  hand: (ask) => ({
    summary:
      'Change the KubeadmControlPlane in the management cluster; it replaces the control-plane machines.',
    steps: [
      ...secretStep(ask),
      step(
        'Edit the KubeadmControlPlane (of a ClusterClass: its template or variables, or the change is reverted):',
        'kubectl -n <namespace> edit kubeadmcontrolplane <name>',
      ),
      step('Merge this when its apiVersion is v1beta1 or older (extraArgs is a map):', ...spec(ask, 'map')),
      step(
        'Or this when its apiVersion is controlplane.cluster.x-k8s.io/v1beta2 (extraArgs is a list):',
        ...spec(ask, 'list'),
      ),
      step(
        'Wait until the control-plane machines are replaced, one at a time:',
        'kubectl -n <namespace> get kubeadmcontrolplane <name> --watch',
      ),
      ...prove(ask, nodePlaces.log),
    ],
    warnings: [
      'The change replaces every control-plane machine; with etcd on them, a quorum member at a time.',
      'An edit on a node itself is lost with the machine.',
      ...common(ask),
    ],
  }),
};
