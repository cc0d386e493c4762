// What an API server's /metrics says about auditing (Prometheus text, apiserver pkg/audit/metrics.go and
// client-go's rest_client_requests_total). Reads only the few families it needs and skips all other lines.

/** Counters of one API-server process; all since its start. */
export interface AuditMetrics {
  /** process_start_time_seconds: the same value twice means the same process answered twice. */
  readonly processStart: number;
  /** apiserver_audit_event_total; undefined when the family is not there at all. */
  readonly events: number | undefined;
  /** apiserver_audit_level_total by level; empty means that no auditing is wired up in this process. */
  readonly levels: Readonly<Record<string, number>>;
  /** apiserver_audit_error_total by plugin: webhook, dynamic_webhook, log, buffered, truncate, enforced. */
  readonly errors: Readonly<Record<string, number>>;
  /** rest_client_requests_total{method="POST"}: host → code → count. */
  readonly posts: Readonly<Record<string, Readonly<Record<string, number>>>>;
}
