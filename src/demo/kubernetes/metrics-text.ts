// /metrics as Prometheus text: the counters that this process really keeps, among the families that every API server
// shows beside them, so that whoever reads it has to find its way as in a real one.
import type { Counters } from './counters.ts';
import type { Release } from './kinds.ts';

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
}

const kept: readonly Family[] = [
  {
    name: 'apiserver_audit_event_total',
    help: '[ALPHA] Counter of audit events generated and sent to the audit backend.',
    type: 'counter',
  },
  {
    name: 'apiserver_audit_error_total',
    help: '[ALPHA] Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.',
    type: 'counter',
  },
  {
    name: 'apiserver_audit_level_total',
    help: '[ALPHA] Counter of policy levels for audit events (1 per request).',
    type: 'counter',
  },
  {
    name: 'apiserver_audit_requests_rejected_total',
    help: '[ALPHA] Counter of apiserver requests rejected due to an error in audit logging backend.',
    type: 'counter',
  },
  {
    name: 'rest_client_requests_total',
    help: '[ALPHA] Number of HTTP requests, partitioned by status code, method, and host.',
    type: 'counter',
  },
  { name: 'apiserver_request_total', help: '[STABLE] Counter of apiserver requests.', type: 'counter' },
];

const buckets = [
  '0.005',
  '0.025',
  '0.05',
  '0.1',
  '0.2',
  '0.4',
  '0.6',
  '0.8',
  '1',
  '1.25',
  '1.5',
  '2',
  '3',
  '+Inf',
];
const timed = [
  'configmaps',
  'endpoints',
  'events',
  'leases',
  'namespaces',
  'nodes',
  'pods',
  'secrets',
  'services',
];
const verbs = ['GET', 'LIST', 'PUT'];

/** Text that a line-by-line reader may trip over, all of it met on real servers. */
const oddities = [
  "# HELP apiserver_tls_handshake_errors_total [ALPHA] Number of requests dropped with 'TLS handshake error from' error",
  '# TYPE apiserver_tls_handshake_errors_total counter',
  'apiserver_tls_handshake_errors_total 0',
  '# HELP go_info Information about the Go environment.',
  '# TYPE go_info gauge',
  'go_info{version="go1.26.5"} 1',
  '# HELP process_max_fds Maximum number of open file descriptors.',
  '# TYPE process_max_fds gauge',
  'process_max_fds 1.048576e+06',
  '# HELP apiserver_longrunning_gauge Open requests, by what asked: "} 7" stands in a label on purpose.',
  '# TYPE apiserver_longrunning_gauge gauge',
  'apiserver_longrunning_gauge{client="say \\"hi\\" {x=\\"1\\"} 7",verb="WATCH"} 3',
  '# HELP workqueue_work_duration_seconds_max [ALPHA] Longest so far; nothing was worked on.',
  '# TYPE workqueue_work_duration_seconds_max gauge',
  'workqueue_work_duration_seconds_max{name="admission_quota_controller"} NaN',
];

function head({ name, help, type }: Family): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function histogram(name: string, labels: string, seed: number): string[] {
  const counts = buckets.map((le, i) => `${name}_bucket{${labels},le="${le}"} ${seed * (i + 3)}`);
  const total = seed * (buckets.length + 2);
  const sum = (total * 0.0123).toExponential(6).replace('e-0', 'e-').replace('e+0', 'e+');
  return [...counts, `${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${total}`];
}

function durations(): string[] {
  const name = 'apiserver_request_duration_seconds';
  const help = '[STABLE] Response latency distribution in seconds for each verb, group, version, resource.';
  const rows = timed.flatMap((resource, i) =>
    verbs.flatMap((verb, j) =>
      histogram(
        name,
        `group="",resource="${resource}",scope="namespace",verb="${verb}",version="v1"`,
        i + j + 1,
      ),
    ),
  );
  return [...head({ name, help, type: 'histogram' }), ...rows];
}

/** The whole exposition. */
export function metricsText(release: Release, counters: Counters, startedAt: number): string {
  const always = ['apiserver_audit_event_total', 'apiserver_audit_requests_rejected_total'];
  for (const family of always) counters.add(family, {}, 0);
  const own = kept.flatMap((family) => {
    const lines = counters.lines(family.name);
    return lines.length > 0 ? [...head(family), ...lines] : [];
  });
  const start = [
    '# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.',
    '# TYPE process_start_time_seconds gauge',
    `process_start_time_seconds ${scientific(startedAt / 1000)}`,
  ];
  const build = [
    "# HELP kubernetes_build_info [ALPHA] A metric with a constant '1' value labeled by version.",
    '# TYPE kubernetes_build_info gauge',
    `kubernetes_build_info{${release === '1.18.19' ? 'gitVersion' : 'git_version'}="v${release}"} 1`,
  ];
  return `${[...own, ...durations(), ...oddities, ...build, ...start].join('\n')}\n`;
}

/** As Go prints a large float: 1.73e+09 with all its digits. */
function scientific(value: number): string {
  const [mantissa, exponent = '0'] = value.toExponential().split('e');
  return `${mantissa}e+${exponent.replace('+', '').padStart(2, '0')}`;
}
