// Knows the flags and files of a test API server: which version wants which, and how each audit backend is told.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pki } from './pki.ts';

/** The API servers that are built: the last one with AuditSink, and a recent one. */
export type ApiServerVersion = '1.18.19' | '1.37.2';

/** How an API server is to audit; nothing given, nothing audited. */
export interface AuditSettings {
  /** Serves AuditSink and honours it (1.18 only; a later server refuses to start). */
  auditSink?: boolean;
  /** A static webhook: the full URL, token path included, and the policy (default: all at Metadata). */
  webhook?: { url: string; policy?: string } | undefined;
  /** A log file, or "-" for stdout. */
  logPath?: string;
  /** YAML of the policy for log file and webhook alike, where webhook.policy is not given. */
  policy?: string;
  /** More flags, last: they win over the ones made here. */
  extraFlags?: readonly string[];
}

/** What the flags are made from. */
export interface ServerPlace {
  version: ApiServerVersion;
  dir: string;
  /** Of loopback. */
  address: string;
  port: number;
  etcdUrl: string;
  advertise: string;
  pki: Pki;
  tokenFile: string;
}

/** Records every request, no bodies. */
export const metadataPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: Metadata
`;

/** Writes the audit files into the server's folder and returns all of its flags. */
export async function apiServerFlags(place: ServerPlace, audit: AuditSettings): Promise<string[]> {
  return [...baseFlags(place), ...(await auditFlags(place.dir, audit)), ...(audit.extraFlags ?? [])];
}

function baseFlags({ version, address, port, etcdUrl, advertise, pki, tokenFile }: ServerPlace): string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    `--bind-address=${address}`,
    `--secure-port=${port}`,
    `--advertise-address=${advertise}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    `--tls-cert-file=${pki.certFile}`,
    `--tls-private-key-file=${pki.keyFile}`,
    `--service-account-key-file=${pki.serviceAccountKeyFile}`,
    '--authorization-mode=RBAC',
    `--token-auth-file=${tokenFile}`,
    '--disable-admission-plugins=ServiceAccount',
    ...(version === '1.18.19' ? ['--insecure-port=0'] : issuerFlags(pki)),
  ];
}

/** Needed since 1.20. */
function issuerFlags(pki: Pki): string[] {
  return [
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${pki.serviceAccountKeyFile}`,
  ];
}

async function auditFlags(dir: string, audit: AuditSettings): Promise<string[]> {
  const { auditSink = false, webhook, logPath } = audit;
  const flags: string[] = [];
  if (auditSink) {
    flags.push('--feature-gates=DynamicAuditing=true', '--audit-dynamic-configuration=true');
    flags.push('--runtime-config=auditregistration.k8s.io/v1alpha1=true');
  }
  if (webhook || logPath !== undefined) {
    const file = join(dir, 'audit-policy.yaml');
    await writeFile(file, webhook?.policy ?? audit.policy ?? metadataPolicy);
    flags.push(`--audit-policy-file=${file}`);
  }
  if (logPath !== undefined) flags.push(`--audit-log-path=${logPath}`);
  if (webhook) {
    const file = join(dir, 'audit-webhook.kubeconfig');
    await writeFile(file, webhookKubeconfig(webhook.url), { mode: 0o600 });
    // The server's own waits are 30 s for a batch and 10 s before a second try: too long for a test.
    flags.push(`--audit-webhook-config-file=${file}`, '--audit-webhook-batch-max-wait=1s');
    flags.push('--audit-webhook-initial-backoff=1s');
  }
  return flags;
}

function webhookKubeconfig(url: string): string {
  return `apiVersion: v1
kind: Config
clusters:
  - name: sink
    cluster:
      server: ${url}
contexts:
  - name: sink
    context: { cluster: sink, user: '' }
current-context: sink
`;
}
