// Talos Linux: auditing is on by default, into a file; the machine config decides, there is no manifest on the disk
// and no shell. Sources: talos internal/app/machined/pkg/controllers/k8s/control_plane_final.go (paths, uid 65534),
// k8stemplates/apiserver.go; siderolabs/talos #8597 (no webhook option), #14394 (no volumes in the new document);
// talos.dev v0.9 guides/converting-control-plane (self-hosted up to 0.8).
import { folderOf, indent, prove, ship, step, webhookText } from './recipe.ts';
import type { Ask, Hand, Places, Recipe } from './recipe.ts';

const places: Places = {
  policy: '', // the machine config holds the policy itself
  webhook: '/var/etc/kubernetes/audit/webhook.yaml',
  log: '/var/log/audit/kube/kube-apiserver.log',
};

/** Talos 0.9 is the first with static pods and runs 1.19 and 1.20, so an API server of 1.18 is a DaemonSet's. */
function dynamic(ask: Ask): Hand {
  return {
    summary:
      'Add the switches to the DaemonSet kube-apiserver: Talos up to 0.8 runs its control plane self-hosted.',
    steps: [
      step('Open the DaemonSet:', 'kubectl -n kube-system edit daemonset kube-apiserver'),
      step(
        'Add to the command of the container kube-apiserver (in place of flags of the same name):',
        ...ask.flags.map(({ name, value }) => `- --${name}=${value}`),
      ),
      step(
        'Have the same in the machine config of each control-plane node, for a new bootstrap:',
        'cluster:',
        '  apiServer:',
        '    extraArgs:',
        ...ask.flags.map(({ name, value }) => `      ${name}: "${value}"`),
      ),
      ...prove(ask),
    ],
    warnings: [
      'With a single control-plane node a wrong flag takes the API away, and the DaemonSet cannot be edited any more.',
      'Take the switches away before Kubernetes 1.19, which does not start with them.',
    ],
  };
}

function logBackend(): Hand {
  return {
    summary: `Nothing to change: Talos 1.0 and later writes ${places.log} on every control-plane node. Ship that file.`,
    steps: [
      step('See that the file grows:', `talosctl -n <node> read ${places.log} | tail -n 1`),
      ship(places.log),
      step(
        'To record less, change the policy in the machine config of every control-plane node (Talos 1.3 to 1.13; from 1.14 on the document KubeAuditPolicyConfig holds it, and both together are refused):',
        "cat > patch.yaml <<'EOF'",
        'cluster:',
        '  apiServer:',
        '    auditPolicy:',
        '      apiVersion: audit.k8s.io/v1',
        '      kind: Policy',
        '      rules:',
        '      - level: None',
        '        resources: [{group: coordination.k8s.io, resources: [leases]}]',
        '      - level: Metadata',
        'EOF',
        'talosctl -n <node> patch mc -p @patch.yaml',
      ),
    ],
    warnings: [
      'The namespace of the agent needs the label pod-security.kubernetes.io/enforce=privileged: only kube-system is exempt.',
      'The file lies on the EPHEMERAL partition: a reset loses it.',
    ],
  };
}

/** One patch for the file, the volume and the flags; the node's file must be readable by uid 65534. */
function webhookPatch(ask: Ask): readonly string[] {
  return [
    'machine:',
    '  files:',
    `  - path: ${places.webhook}`,
    '    permissions: 0o644',
    '    op: create',
    '    content: |',
    indent(webhookText, 6),
    'cluster:',
    '  apiServer:',
    '    extraVolumes:',
    `    - {hostPath: ${folderOf(places.webhook)}, mountPath: ${folderOf(places.webhook)}, readonly: true}`,
    '    extraArgs:',
    ...ask.flags.map(({ name, value }) => `      ${name}: "${value}"`),
  ];
}

function webhook(ask: Ask): Hand {
  return {
    summary:
      'Patch the machine config of each control-plane node with the webhook file, a volume and the flag; no reboot.',
    steps: [
      step(
        'Write patch.yaml (0600; put your Logs token in place of <LOGS_TOKEN>). The file on the node is 0644, since the API server runs as uid 65534:',
        'umask 077',
        "cat > patch.yaml <<'EOF'",
        ...webhookPatch(ask),
        'EOF',
      ),
      step(
        'Apply it to one control-plane node after the other, and see that the pod has the flags:',
        'talosctl -n <node> patch mc -p @patch.yaml',
        'talosctl -n <node> get staticpod kube-apiserver -o yaml',
      ),
      ...prove(ask),
    ],
    warnings: [
      'Talos has no option of its own for an audit webhook. From 1.14 on the new document KubeAPIServerConfig has no volumes: keep the deprecated cluster.apiServer block.',
      'No policy is named here, since Talos has one by default; see that the API server runs with --audit-policy-file.',
      'machine.files may create files only under /var. Managed by Omni or Cluster API: patch there.',
      'The Logs token lies in the machine config: restrict who reads it, use a write-only token.',
      'The node needs a way out to the receiver on port 443; cluster DNS names do not resolve there.',
    ],
  };
}

const ways = { dynamic, webhook, 'log-backend': logBackend } as const;

export const talos: Recipe = { places, without: ['audit-policy-file'], hand: (ask) => ways[ask.need](ask) };
