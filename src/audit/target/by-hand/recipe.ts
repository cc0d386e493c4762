// What a change by hand is made of: the question as a target's recipe gets it, and the pieces that the recipes share
// (policy, webhook kubeconfig, verification). Pure text; the Logs token is always a placeholder.

/** The backend that is wanted of a control plane. */
export type Need = 'dynamic' | 'webhook' | 'log-backend';

export interface Flag {
  readonly name: string;
  /** Merged already with what the API server has. */
  readonly value: string;
  /** The API server runs with another value of it: replace, do not add. */
  readonly replaces: boolean;
}

/** Where this kind of control plane can read its files, and write its log. */
export interface Places {
  readonly policy: string;
  readonly webhook: string;
  /** `-` is stdout. */
  readonly log: string;
}

/** What a recipe is asked. */
export interface Ask {
  readonly need: Need;
  readonly minor: number;
  readonly gitVersion: string;
  /** The flags still to be set, in a fixed order; never empty. */
  readonly flags: readonly Flag[];
}

/** What a recipe answers. */
export interface Hand {
  readonly summary: string;
  /** In order; a line that starts with four spaces is code. */
  readonly steps: readonly string[];
  readonly warnings: readonly string[];
}

/** A control plane whose flags a person can set. */
export interface Recipe {
  readonly places: Places;
  /** Flags that this kind has no way to set, or that say nothing there. */
  readonly without?: readonly string[];
  readonly hand: (ask: Ask) => Hand;
}

/** A control plane of somebody else's: the same way out, whatever was asked for. */
export interface Route {
  /** Whether flags can be set, in one sentence. */
  readonly closed: string;
  /** What the provider offers instead. */
  readonly route: string;
  readonly steps: readonly string[];
  readonly warnings: readonly string[];
}

/** One step: a sentence, and the code under it. */
export function step(sentence: string, ...code: readonly string[]): string {
  const lines = code.flatMap((text) => text.split('\n')).map((line) => `    ${line}`);
  return [sentence, ...(lines.length > 0 ? ['', ...lines] : [])].join('\n');
}

export function needs(ask: Ask, flag: string): boolean {
  return ask.flags.some(({ name }) => name === flag);
}

/** A file has to be readable by the API server. */
export function needsFiles(ask: Ask): boolean {
  return needs(ask, 'audit-policy-file') || needs(ask, 'audit-webhook-config-file');
}

export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** Indents every line. */
export function indent(text: string, by: number): string {
  return text
    .split('\n')
    .map((line) => `${' '.repeat(by)}${line}`)
    .join('\n');
}

/**
 * A policy to begin with: bodies never, leases, events and health probes not at all. `audit.k8s.io/v1` is the one
 * version that every API server from 1.12 on reads (v1beta1 ended with 1.24: apiserver pkg/apis/audit).
 */
export const policyText = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  resources:
  - {group: coordination.k8s.io, resources: [leases]}
  - {group: "", resources: [events]}
  - {group: events.k8s.io, resources: [events]}
- level: None
  nonResourceURLs: ["/healthz*", "/livez*", "/readyz*"]
- level: Metadata`;

/** The kubeconfig of the audit webhook; current-context is required (apiserver pkg/util/webhook LoadKubeconfig). */
export const webhookText = `apiVersion: v1
kind: Config
clusters:
- name: sematext
  cluster:
    # EU: logsene-k8s-audit-receiver.eu.sematext.com
    server: https://logsene-k8s-audit-receiver.sematext.com/<LOGS_TOKEN>
contexts:
- name: sematext
  context: {cluster: sematext}
current-context: sematext`;

export interface Written {
  readonly policy: string;
  readonly webhook: string;
}

/** The files that these flags name, as [path, text]. */
export function filesOf(ask: Ask, places: Written): readonly (readonly [string, string])[] {
  const policy = [places.policy, policyText] as const;
  const webhook = [places.webhook, webhookText] as const;
  return [
    ...(needs(ask, 'audit-policy-file') ? [policy] : []),
    ...(needs(ask, 'audit-webhook-config-file') ? [webhook] : []),
  ];
}

/** Steps that write those files by a shell on the machine, 0600, the folder first. */
export function writeFiles(ask: Ask, places: Written, where: string): readonly string[] {
  const files = filesOf(ask, places);
  if (files.length === 0) return [];
  const heredocs = files.map(([path, text]) => `cat > ${path} <<'EOF'\n${text}\nEOF`);
  return [
    step(
      `${where}, as root, write the files the API server will read (0600; same bytes everywhere${
        needs(ask, 'audit-webhook-config-file') ? '; put your Logs token in place of <LOGS_TOKEN>' : ''
      }):`,
      'umask 077',
      `mkdir -p ${folderOf(places.policy)}`,
      ...heredocs,
    ),
  ];
}

/** `--name=value` lines. */
export function commandLine(ask: Ask): readonly string[] {
  return ask.flags.map(({ name, value }) => `--${name}=${value}`);
}

/** Says which flags stand there already and must be replaced, or nothing. */
export function replacing(ask: Ask): string {
  const names = ask.flags.filter(({ replaces }) => replaces).map(({ name }) => `--${name}`);
  return names.length === 0 ? '' : ` (replace the present ${names.join(' and ')}, do not add a second one)`;
}

const proofs: Readonly<Record<Need, string>> = {
  dynamic: step(
    'See that the API is served by every API server, then let the tool do the rest:',
    'kubectl get --raw /apis/auditregistration.k8s.io/v1alpha1',
    'kubectl sematext-audit enable',
  ),
  webhook: step(
    'See that events are made and that none fail (event_total grows; error_total with plugin="webhook" does not):',
    "kubectl get --raw /metrics | grep '^apiserver_audit_'",
  ),
  'log-backend': step(
    'See that events are made (event_total grows):',
    "kubectl get --raw /metrics | grep '^apiserver_audit_'",
  ),
};

/** The last steps of every recipe: the proof, and for a file who carries it. */
export function prove(ask: Ask, log?: string): readonly string[] {
  const proof = proofs[ask.need];
  return ask.need === 'log-backend' && log !== undefined ? [proof, ship(log)] : [proof];
}

/** Tail exactly this name: a glob of *.log sends every rotated file again (tried with Logagent). */
export function ship(log: string): string {
  return log === '-'
    ? 'Ship the lines of the kube-apiserver container that begin with {"kind":"Event" with a log agent on the control-plane nodes: the API server writes its own log into the same container log.'
    : `Ship exactly ${log} with a log agent that runs as root on the control-plane nodes (the file is 0600 from 1.22 on; a glob of *.log would send every rotated file again).`;
}

/** Warnings that hold wherever the API server is restarted with new flags. */
export function common(ask: Ask): readonly string[] {
  const webhook = [
    "The API server resolves the receiver with the node's resolver, not with cluster DNS, and the node needs a way out to it on port 443.",
    'Whoever can read the webhook file has the Logs token: keep it 0600 and use a write-only token.',
  ];
  const dynamic = [
    'Take the three switches away before an upgrade to Kubernetes 1.19: its API server does not start with them.',
  ];
  const warnings: Record<Need, readonly string[]> = { webhook, dynamic, 'log-backend': [] };
  return warnings[ask.need];
}
