// What an API server's /metrics says about auditing (Prometheus text; families of apiserver pkg/audit/metrics.go and
// client-go's rest_client_requests_total). Reads only the few families it needs and skips every other line unparsed.

/** Counters of one API-server process; all since its start. */
export interface AuditMetrics {
  /** process_start_time_seconds: the same value twice means the same process answered twice. */
  readonly processStart: number | undefined;
  /** apiserver_audit_event_total; undefined when the family is not there at all. */
  readonly events: number | undefined;
  /** apiserver_audit_level_total by level; empty means that no auditing is wired up in this process. */
  readonly levels: Readonly<Record<string, number>>;
  /** apiserver_audit_error_total by plugin: webhook, dynamic_webhook, log, buffered, truncate, enforced. */
  readonly errors: Readonly<Record<string, number>>;
  /** rest_client_requests_total{method="POST"}: host → code → count. */
  readonly posts: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const wanted =
  /^(process_start_time_seconds|apiserver_audit_(?:event|level|error)_total|rest_client_requests_total)(?:\{(.*)\})?[ \t]+(\S+)/gm;

function labelsOf(text: string): Record<string, string> {
  const labels = empty<string>();
  for (const [, name, value] of text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    if (name !== undefined && value !== undefined) labels[name] = value.replace(/\\(["\\])/g, '$1');
  }
  return labels;
}

// Labels come from outside: no name may mean something to an object beforehand, as "__proto__" and "constructor" do.
const empty = <T>(): Record<string, T> => Object.create(null) as Record<string, T>;

interface Draft {
  processStart: number | undefined;
  events: number | undefined;
  levels: Record<string, number>;
  errors: Record<string, number>;
  posts: Record<string, Record<string, number>>;
}

const take: Record<string, (draft: Draft, labels: Record<string, string>, value: number) => void> = {
  process_start_time_seconds: (draft, _, value) => void (draft.processStart = value),
  apiserver_audit_event_total: (draft, _, value) => void (draft.events = value),
  apiserver_audit_level_total: (draft, { level = '' }, value) => void (draft.levels[level] = value),
  apiserver_audit_error_total: (draft, { plugin = '' }, value) => void (draft.errors[plugin] = value),
  rest_client_requests_total: (draft, { method, host = '', code = '' }, value) => {
    if (method !== 'POST') return;
    const codes = (draft.posts[host] ??= empty());
    codes[code] = (codes[code] ?? 0) + value;
  },
};

/**
 * Reads the text of /metrics.
 * @returns undefined when the text is no Prometheus exposition at all (HTML, JSON, cut off before any known family)
 */
export function readMetrics(text: string): AuditMetrics | undefined {
  const draft: Draft = {
    processStart: undefined,
    events: undefined,
    levels: empty(),
    errors: empty(),
    posts: empty(),
  };
  // one pass over what can be megabytes, with no line of it copied but those that are wanted
  for (const [, family, inner, figure] of text.matchAll(wanted)) {
    const value = Number(figure);
    if (family !== undefined && !Number.isNaN(value)) take[family]?.(draft, labelsOf(inner ?? ''), value);
  }
  return draft.processStart === undefined && draft.events === undefined ? undefined : draft;
}

/** Whether auditing is wired up: any level was ever counted (needs a policy and a backend; absent otherwise). */
export function isAuditing(metrics: AuditMetrics): boolean {
  return Object.keys(metrics.levels).length > 0;
}

/** Events that a backend gave up on, over all plugins. */
export function lost(metrics: AuditMetrics): number {
  return Object.values(metrics.errors).reduce((sum, n) => sum + n, 0);
}

/** POSTs to one host by outcome: `accepted` 200 to 206, `refused` everything else, also no answer. */
export function postsTo(metrics: AuditMetrics, host: string): { accepted: number; refused: number } {
  const sums = { accepted: 0, refused: 0 };
  for (const [code, count] of Object.entries(metrics.posts[host] ?? {})) {
    if (/^20[0-6]$/.test(code)) sums.accepted += count;
    else sums.refused += count;
  }
  return sums;
}
