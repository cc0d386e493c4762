// kOps: the cluster spec decides, nodeup writes the manifest anew at every boot, a rolling update replaces the
// machines. Sources: kops pkg/apis/kops/v1alpha2/componentconfig.go (fields), nodeup/pkg/model/kube_apiserver.go at
// 1.18 to 1.27 (what is mounted), file_assets.go, v1alpha2/conversion.go (role names), validation.go.
import { common, filesOf, indent, needs, prove, step } from './recipe.ts';
import type { Ask, Places, Recipe } from './recipe.ts';

// the one folder that the API server can read on every kOps; /etc/kubernetes/audit of its docs is not (kops #15489)
const places: Places = {
  policy: '/srv/kubernetes/kube-apiserver/audit/policy.yaml',
  webhook: '/srv/kubernetes/kube-apiserver/audit/webhook.yaml',
  log: '/var/log/kubernetes/audit/audit.log',
};

/** Flag → lines under spec.kubeAPIServer; a flag that is not here has no field, and kOps has no extraArgs. */
const fields: Readonly<Record<string, (value: string) => string>> = {
  'audit-policy-file': (value) => `auditPolicyFile: ${value}`,
  'audit-log-path': (value) => `auditLogPath: "${value}"`,
  'audit-log-maxage': (value) => `auditLogMaxAge: ${value}`,
  'audit-log-maxbackup': (value) => `auditLogMaxBackups: ${value}`,
  'audit-log-maxsize': (value) => `auditLogMaxSize: ${value}`,
  'audit-webhook-config-file': (value) => `auditWebhookConfigFile: ${value}`,
  'audit-dynamic-configuration': () => 'auditDynamicConfiguration: true',
  'feature-gates': () => 'featureGates:\n  DynamicAuditing: "true"',
  'runtime-config': () => 'runtimeConfig:\n  auditregistration.k8s.io/v1alpha1: "true"',
};

function specLines(ask: Ask): readonly string[] {
  const lines = ask.flags.flatMap(({ name, value }) => fields[name]?.(value) ?? []);
  const assets = filesOf(ask, places).map(
    ([path, text]) =>
      // Master: valid on every kOps; ControlPlane only from 1.26 on
      `- name: sematext-audit-${path === places.policy ? 'policy' : 'webhook'}\n  path: ${path}\n  roles: [Master]\n  content: |\n${indent(text, 4)}`,
  );
  return [
    'spec:',
    '  kubeAPIServer:',
    indent(lines.join('\n'), 4),
    ...(assets.length === 0 ? [] : ['  fileAssets:', indent(assets.join('\n'), 2)]),
  ];
}

function warnings(ask: Ask): readonly string[] {
  const webhook = [
    'The content of fileAssets lies in the state store in clear text, the Logs token with it: restrict who reads the bucket, use a write-only token.',
    'kOps has no field for --audit-webhook-truncate-enabled: keep the policy at level Metadata for verb patch, or one malformed patch loses a whole batch (up to Kubernetes 1.36).',
  ];
  const files = [
    'Dedicated API server instance groups: add APIServer to the roles of each file asset, and "apiserver" to the roles that roll.',
    'Policy and webhook file must lie in the same folder (kOps 1.26.6, 1.27 and later refuse anything else).',
  ];
  const dynamic = [
    'The field needs kOps 1.16.1, 1.17.0, 1.18.0 or later. kOps takes it for Kubernetes 1.19 and later too, where the API server does not start with it.',
  ];
  return [
    'The rolling update replaces every control-plane machine; with a single one the API is away for minutes.',
    'Never edit the manifest on a node: nodeup writes it anew at the next boot. Terraform or a templated spec: make the change there.',
    ...(needs(ask, 'audit-policy-file') || needs(ask, 'audit-webhook-config-file') ? files : []),
    ...(ask.need === 'webhook' ? webhook : []),
    ...(ask.need === 'dynamic' ? dynamic : []),
    ...common(ask),
  ];
}

export const kops: Recipe = {
  places,
  without: ['audit-webhook-truncate-enabled'],
  hand: (ask) => ({
    summary: 'Change the cluster spec, update, and roll the control plane.',
    steps: [
      step('Read the spec:', 'kops get cluster <name> --state <state> -o yaml > cluster.yaml'),
      step(
        'Merge this into cluster.yaml (keep other entries; never the same file path twice):',
        ...specLines(ask),
      ),
      step(
        'Store it, and read the preview before anything is applied:',
        'kops replace -f cluster.yaml --state <state>',
        'kops update cluster <name> --state <state>',
      ),
      step(
        'Apply it, and roll the control plane:',
        'kops update cluster <name> --state <state> --yes',
        `kops rolling-update cluster <name> --state <state> --instance-group-roles=${ask.minor >= 26 ? 'control-plane' : 'master'} --yes`,
        'kops validate cluster <name> --state <state> --wait 15m',
      ),
      ...prove(ask, places.log),
    ],
    warnings: warnings(ask),
  }),
};
