// The flags that kube-apiserver has, by release, as its --help lists them: any other one keeps it from starting. A table
// of data.
import type { Release } from '../../kubernetes/kinds.ts';

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const inBoth = words(`
  admission-control admission-control-config-file advertise-address allow-privileged anonymous-auth
  api-audiences audit-log-batch-buffer-size audit-log-batch-max-size audit-log-batch-max-wait
  audit-log-batch-throttle-burst audit-log-batch-throttle-enable audit-log-batch-throttle-qps
  audit-log-format audit-log-maxage audit-log-maxbackup audit-log-maxsize audit-log-mode audit-log-path
  audit-log-truncate-enabled audit-log-truncate-max-batch-size audit-log-truncate-max-event-size
  audit-log-version audit-policy-file audit-webhook-batch-buffer-size audit-webhook-batch-max-size
  audit-webhook-batch-max-wait audit-webhook-batch-throttle-burst audit-webhook-batch-throttle-enable
  audit-webhook-batch-throttle-qps audit-webhook-config-file audit-webhook-initial-backoff audit-webhook-mode
  audit-webhook-truncate-enabled audit-webhook-truncate-max-batch-size audit-webhook-truncate-max-event-size
  audit-webhook-version authentication-token-webhook-cache-ttl authentication-token-webhook-config-file
  authentication-token-webhook-version authorization-mode authorization-policy-file
  authorization-webhook-cache-authorized-ttl authorization-webhook-cache-unauthorized-ttl
  authorization-webhook-config-file authorization-webhook-version bind-address cert-dir client-ca-file
  contention-profiling cors-allowed-origins default-not-ready-toleration-seconds
  default-unreachable-toleration-seconds delete-collection-workers disable-admission-plugins
  egress-selector-config-file enable-admission-plugins enable-aggregator-routing enable-bootstrap-token-auth
  enable-garbage-collector enable-priority-and-fairness encryption-provider-config endpoint-reconciler-type
  etcd-cafile etcd-certfile etcd-compaction-interval etcd-count-metric-poll-period etcd-keyfile etcd-prefix
  etcd-servers etcd-servers-overrides event-ttl external-hostname feature-gates goaway-chance
  http2-max-streams-per-connection kubelet-certificate-authority kubelet-client-certificate
  kubelet-client-key kubelet-preferred-address-types kubelet-timeout kubernetes-service-node-port
  lease-reuse-duration-seconds livez-grace-period log-flush-frequency max-connection-bytes-per-sec
  max-mutating-requests-inflight max-requests-inflight min-request-timeout oidc-ca-file oidc-client-id
  oidc-groups-claim oidc-groups-prefix oidc-issuer-url oidc-required-claim oidc-signing-algs
  oidc-username-claim oidc-username-prefix profiling proxy-client-cert-file proxy-client-key-file
  request-timeout requestheader-allowed-names requestheader-client-ca-file requestheader-extra-headers-prefix
  requestheader-group-headers requestheader-username-headers runtime-config secure-port
  service-account-issuer service-account-jwks-uri service-account-key-file service-account-lookup
  service-account-max-token-expiration service-account-signing-key-file service-cluster-ip-range
  service-node-port-range show-hidden-metrics-for-version shutdown-delay-duration storage-backend
  storage-media-type tls-cert-file tls-cipher-suites tls-min-version tls-private-key-file tls-sni-cert-key
  token-auth-file v version vmodule watch-cache watch-cache-sizes`);

const only: Readonly<Record<Release, readonly string[]>> = {
  '1.18.19': words(`
  add-dir-header address alsologtostderr apiserver-count audit-dynamic-configuration cloud-config
  cloud-provider cloud-provider-gce-l7lb-src-cidrs default-watch-cache-size insecure-bind-address
  insecure-port kubelet-https log-backtrace-at log-dir log-file log-file-max-size logtostderr
  master-service-namespace port skip-headers skip-log-headers stderrthreshold target-ram-mb`),
  '1.37.2': words(`
  aggregator-reject-forwarding-redirect allow-metric-labels allow-metric-labels-manifest audit-log-compress
  authentication-config authorization-config coordinated-leadership-lease-duration
  coordinated-leadership-renew-deadline coordinated-leadership-retry-period debug-socket-path
  disable-http2-serving disabled-metrics emulated-version emulation-forward-compatible enable-logs-handler
  encryption-provider-config-automatic-reload etcd-db-metric-poll-interval etcd-healthcheck-timeout
  etcd-readycheck-timeout log-json-info-buffer-size log-json-split-stream log-text-info-buffer-size
  log-text-split-stream logging-format min-compatibility-version peer-advertise-ip peer-advertise-port
  peer-ca-file permit-address-sharing permit-port-sharing requestheader-uid-headers
  runtime-config-emulation-forward-compatible service-account-extend-token-expiration
  service-account-signing-endpoint shutdown-send-retry-after shutdown-watch-termination-grace-period
  storage-initialization-timeout strict-transport-security-directives tls-curve-preferences
  tracing-config-file`),
};

/** Flags that need no value. */
export const switches: ReadonlySet<string> = new Set(
  words(`
  add-dir-header aggregator-reject-forwarding-redirect allow-privileged alsologtostderr anonymous-auth
  audit-dynamic-configuration audit-log-batch-throttle-enable audit-log-compress audit-log-truncate-enabled
  audit-webhook-batch-throttle-enable audit-webhook-truncate-enabled contention-profiling
  disable-http2-serving emulation-forward-compatible enable-aggregator-routing enable-bootstrap-token-auth
  enable-garbage-collector enable-logs-handler enable-priority-and-fairness
  encryption-provider-config-automatic-reload kubelet-https log-json-split-stream log-text-split-stream
  logtostderr permit-address-sharing permit-port-sharing profiling
  runtime-config-emulation-forward-compatible service-account-extend-token-expiration service-account-lookup
  shutdown-send-retry-after skip-headers skip-log-headers watch-cache`),
);

/** Audit flags whose value is a whole number. */
export const numbers: ReadonlySet<string> = new Set(
  words(`
  audit-log-batch-buffer-size audit-log-batch-max-size audit-log-batch-throttle-burst audit-log-maxage
  audit-log-maxbackup audit-log-maxsize audit-log-truncate-max-batch-size audit-log-truncate-max-event-size
  audit-webhook-batch-buffer-size audit-webhook-batch-max-size audit-webhook-batch-throttle-burst
  audit-webhook-truncate-max-batch-size audit-webhook-truncate-max-event-size`),
);

/** Audit flags whose value is a duration of Go: 30s, 1m0s. */
export const durations: ReadonlySet<string> = new Set(
  words(`
  audit-log-batch-max-wait audit-webhook-batch-max-wait audit-webhook-initial-backoff`),
);

/** The names of all flags of a release. */
export function flagsOf(release: Release): ReadonlySet<string> {
  return new Set([...inBoth, ...only[release]]);
}
