// The command line of the embedded API server: what a kubeadm manifest would have, what its mirror pod shows and what
// /flagz answers. A table of flags and the texts made from it.
/** What decides on the audit flags. */
export interface FlagChoice {
  readonly auditSinks: { readonly served: boolean; readonly honoured: boolean };
  readonly webhook: boolean;
  /** Flags of a test's own, by name; they win. */
  readonly extra: Readonly<Record<string, string>>;
}

const kubeadm: Readonly<Record<string, string>> = {
  'advertise-address': '127.0.0.1',
  'allow-privileged': 'true',
  'authorization-mode': 'Node,RBAC',
  'client-ca-file': '/etc/kubernetes/pki/ca.crt',
  'enable-admission-plugins': 'NodeRestriction',
  'enable-bootstrap-token-auth': 'true',
  'etcd-cafile': '/etc/kubernetes/pki/etcd/ca.crt',
  'etcd-certfile': '/etc/kubernetes/pki/apiserver-etcd-client.crt',
  'etcd-keyfile': '/etc/kubernetes/pki/apiserver-etcd-client.key',
  'etcd-servers': 'https://127.0.0.1:2379',
  'kubelet-client-certificate': '/etc/kubernetes/pki/apiserver-kubelet-client.crt',
  'kubelet-client-key': '/etc/kubernetes/pki/apiserver-kubelet-client.key',
  'kubelet-preferred-address-types': 'InternalIP,ExternalIP,Hostname',
  'proxy-client-cert-file': '/etc/kubernetes/pki/front-proxy-client.crt',
  'proxy-client-key-file': '/etc/kubernetes/pki/front-proxy-client.key',
  'requestheader-allowed-names': 'front-proxy-client',
  'requestheader-client-ca-file': '/etc/kubernetes/pki/front-proxy-ca.crt',
  'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
  'requestheader-group-headers': 'X-Remote-Group',
  'requestheader-username-headers': 'X-Remote-User',
  'secure-port': '6443',
  'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
  'service-account-key-file': '/etc/kubernetes/pki/sa.pub',
  'service-account-signing-key-file': '/etc/kubernetes/pki/sa.key',
  'service-cluster-ip-range': '10.96.0.0/12',
  'tls-cert-file': '/etc/kubernetes/pki/apiserver.crt',
  'tls-private-key-file': '/etc/kubernetes/pki/apiserver.key',
};

/** Flags that were not given, as /flagz of 1.37 shows them: name, value. */
const defaults: Readonly<Record<string, string>> = {
  'admission-control-config-file': '',
  'anonymous-auth': 'true',
  'api-audiences': '[]',
  'audit-log-batch-buffer-size': '10000',
  'audit-log-batch-max-size': '1',
  'audit-log-batch-max-wait': '0s',
  'audit-log-batch-throttle-burst': '0',
  'audit-log-batch-throttle-enable': 'false',
  'audit-log-batch-throttle-qps': '0',
  'audit-log-compress': 'false',
  'audit-log-format': 'json',
  'audit-log-maxage': '366',
  'audit-log-maxbackup': '100',
  'audit-log-maxsize': '100',
  'audit-log-mode': 'blocking',
  'audit-log-path': '',
  'audit-log-truncate-enabled': 'false',
  'audit-log-truncate-max-batch-size': '10485760',
  'audit-log-truncate-max-event-size': '102400',
  'audit-log-version': 'audit.k8s.io/v1',
  'audit-policy-file': '',
  'audit-webhook-batch-buffer-size': '10000',
  'audit-webhook-batch-max-size': '400',
  'audit-webhook-batch-max-wait': '30s',
  'audit-webhook-batch-throttle-burst': '15',
  'audit-webhook-batch-throttle-enable': 'true',
  'audit-webhook-batch-throttle-qps': '10',
  'audit-webhook-config-file': '',
  'audit-webhook-initial-backoff': '10s',
  'audit-webhook-mode': 'batch',
  'audit-webhook-truncate-enabled': 'false',
  'audit-webhook-truncate-max-batch-size': '10485760',
  'audit-webhook-truncate-max-event-size': '102400',
  'audit-webhook-version': 'audit.k8s.io/v1',
  'bind-address': '0.0.0.0',
  'contention-profiling': 'false',
  'default-watch-cache-size': '100',
  'delete-collection-workers': '1',
  'egress-selector-config-file': '',
  'endpoint-reconciler-type': 'lease',
  'event-ttl': '1h0m0s',
  'feature-gates': '',
  'goaway-chance': '0',
  'http2-max-streams-per-connection': '0',
  'max-mutating-requests-inflight': '200',
  'max-requests-inflight': '400',
  'min-request-timeout': '1800',
  profiling: 'true',
  'request-timeout': '1m0s',
  'runtime-config': '',
  'shutdown-delay-duration': '0s',
  'storage-media-type': 'application/vnd.kubernetes.protobuf',
  v: '0',
  vmodule: '',
};

const webhookFlags = {
  'audit-policy-file': '/etc/kubernetes/sematext-audit/policy.yaml',
  'audit-webhook-config-file': '/etc/kubernetes/sematext-audit/webhook.kubeconfig',
};

/** Values of flags by name, without dashes. */
export type Flags = Readonly<Record<string, string>>;

/** The flags that a kubeadm manifest gives. */
export function kubeadmFlags({ auditSinks, webhook, extra }: FlagChoice): Flags {
  return {
    ...kubeadm,
    ...(auditSinks.served && { 'runtime-config': 'auditregistration.k8s.io/v1alpha1=true' }),
    ...(auditSinks.honoured && {
      'audit-dynamic-configuration': 'true',
      'feature-gates': 'DynamicAuditing=true',
    }),
    ...(webhook && webhookFlags),
    ...extra,
  };
}

/** The command of the container, as kubeadm writes it. */
export function argv(flags: Flags): string[] {
  return ['kube-apiserver', ...Object.keys(flags).map((name) => `--${name}=${flags[name]}`)];
}

/** Every flag with its value in force, when these are given. */
export function flagValues(given: Flags): Record<string, string> {
  const all: Record<string, string> = { ...defaults, ...given };
  const names = Object.keys(all).sort();
  return Object.fromEntries(names.map((name) => [name, all[name] ?? '']));
}

/** /flagz as text; the real one draws its separator anew in each process. */
export function flagzText(values: Readonly<Record<string, string>>, separator: string): string {
  const warning =
    'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees ' +
    'and is for debugging purposes only.';
  const lines = Object.entries(values).map(([name, value]) => `${name}${separator}${value}`);
  return `\napiserver flagz\n${warning}\n${lines.join('\n')}\n`;
}

/** Separators that the text form may use. */
export const separators = [':', ': ', '=', ' '] as const;
