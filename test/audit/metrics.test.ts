// /metrics as API servers write it, whole and broken.
import assert from 'node:assert/strict';
import { isAuditing, lost, postsTo, readMetrics } from '../../src/audit/metrics.ts';
import type { AuditMetrics } from '../../src/audit/metrics.ts';
import { metrics } from '../support/facts.ts';

const auditing = `# HELP apiserver_audit_error_total [ALPHA] Counter of audit events that failed to be audited properly. Plugin identifies the plugin affected by the error.
# TYPE apiserver_audit_error_total counter
apiserver_audit_error_total{plugin="buffered"} 3
apiserver_audit_error_total{plugin="dynamic_webhook"} 17
# HELP apiserver_audit_event_total [ALPHA] Counter of audit events generated and sent to the audit backend.
# TYPE apiserver_audit_event_total counter
apiserver_audit_event_total 104882
# HELP apiserver_audit_level_total [ALPHA] Counter of policy levels for audit events (1 per request).
# TYPE apiserver_audit_level_total counter
apiserver_audit_level_total{level="None"} 2
apiserver_audit_level_total{level="RequestResponse"} 104880
# TYPE apiserver_audit_requests_rejected_total counter
apiserver_audit_requests_rejected_total 0
apiserver_request_total{client="kubectl/v1.18.19 (linux/amd64) kubernetes/ddd47ac",code="200",verb="GET"} 12
process_start_time_seconds 1.76732304523e+09
rest_client_requests_total{code="200",host="127.0.0.1:6443",method="GET"} 900
rest_client_requests_total{code="200",host="logsene-k8s-audit-receiver.eu.sematext.com",method="POST"} 41
rest_client_requests_total{code="<error>",host="logsene-k8s-audit-receiver.eu.sematext.com",method="POST"} 2
rest_client_requests_total{code="503",host="logsene-k8s-audit-receiver.eu.sematext.com",method="POST"} 1
rest_client_requests_total{code="201",host="10.0.0.9:8080",method="POST"} 5
`;
const silent = `# TYPE apiserver_audit_event_total counter
apiserver_audit_event_total 0
# TYPE apiserver_audit_requests_rejected_total counter
apiserver_audit_requests_rejected_total 0
process_start_time_seconds 1767323045.23
`;

/** What was read, on ordinary objects: their prototype is no part of the answer. */
const read = (text: string): unknown => {
  const found = readMetrics(text);
  return found && (JSON.parse(JSON.stringify(found)) as unknown);
};

describe('readMetrics', () => {
  it('reads what an auditing API server of 1.18 counts, each host for itself', () => {
    assert.deepEqual(read(auditing), {
      processStart: 1767323045.23,
      events: 104882,
      levels: { None: 2, RequestResponse: 104880 },
      errors: { buffered: 3, dynamic_webhook: 17 },
      posts: {
        'logsene-k8s-audit-receiver.eu.sematext.com': { 200: 41, '<error>': 2, 503: 1 },
        '10.0.0.9:8080': { 201: 5 },
      },
    });
  });

  it('reads what an API server without auditing counts: events 0 and no level at all', () => {
    const events = { events: 0, levels: {}, errors: {}, posts: {} };
    assert.deepEqual(read(silent), { processStart: 1767323045.23, ...events });
  });

  const lines: readonly (readonly [what: string, line: string, found: Partial<AuditMetrics>])[] = [
    [
      'a quote and a backslash in a label',
      String.raw`rest_client_requests_total{code="a\"b",host="c\\d",method="POST"} 1`,
      { posts: { 'c\\d': { 'a"b': 1 } } },
    ],
    [
      'braces, commas and blanks in a label',
      'rest_client_requests_total{code="200",host="a, {b} 7",method="POST"} 1',
      { posts: { 'a, {b} 7': { 200: 1 } } },
    ],
    [
      'labels in another order, with a comma at the end',
      'rest_client_requests_total{method="POST",host="h",code="200",} 4',
      { posts: { h: { 200: 4 } } },
    ],
    [
      'the same host and code under further labels: the sum',
      'rest_client_requests_total{x="1",code="200",host="h",method="POST"} 4\nrest_client_requests_total{x="2",code="200",host="h",method="POST"} 5',
      { posts: { h: { 200: 9 } } },
    ],
    [
      'a time behind the value',
      'apiserver_audit_level_total{level="Metadata"} 5 1767323045000',
      { levels: { Metadata: 5 } },
    ],
    [
      'a value in scientific notation',
      'apiserver_audit_level_total{level="Metadata"} 1.5e+06',
      { levels: { Metadata: 1_500_000 } },
    ],
    ['NaN', 'apiserver_audit_level_total{level="Metadata"} NaN', {}],
    ['no value', 'apiserver_audit_level_total{level="Metadata"}', {}],
    ['words for a value', 'apiserver_audit_level_total{level="Metadata"} many', {}],
    ['a comment', '# apiserver_audit_level_total{level="Metadata"} 5', {}],
    ['a family whose name only begins alike', 'apiserver_audit_level_total_created{level="Metadata"} 5', {}],
    [
      'lines that end like those of Windows',
      'apiserver_audit_level_total{level="Metadata"} 5\r',
      { levels: { Metadata: 5 } },
    ],
    [
      'names that every object has',
      'rest_client_requests_total{code="constructor",host="__proto__",method="POST"} 5',
      { posts: JSON.parse('{"__proto__":{"constructor":5}}') as AuditMetrics['posts'] },
    ],
  ];
  for (const [what, line, found] of lines)
    it(`a line with ${what}`, () => {
      const base = { processStart: 1, levels: {}, errors: {}, posts: {} };
      const text = `process_start_time_seconds 1\n${line}\n`;
      assert.equal(JSON.stringify(read(text)), JSON.stringify({ ...base, ...found }));
    });

  it('leaves no trace on the objects of the program', () => {
    readMetrics(`process_start_time_seconds 1
rest_client_requests_total{code="polluted",host="__proto__",method="POST"} 5`);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  const none: readonly (readonly [what: string, text: string])[] = [
    ['nothing', ''],
    ['a web page', '<html><body>502 Bad Gateway</body></html>'],
    ['a Status', '{"kind":"Status","status":"Failure","code":403}'],
    ['an exposition of something else', 'etcd_server_has_leader 1\n'],
    [
      'an exposition that broke off before the families',
      '# HELP aggregator_openapi_v2_regeneration_count [ALPHA] Cou',
    ],
    ['families whose values are missing', 'process_start_time_seconds\napiserver_audit_event_total'],
  ];
  for (const [what, text] of none)
    it(`says that it read nothing: ${what}`, () => assert.equal(readMetrics(text), undefined));

  it('keeps what came before the text broke off', () => {
    const cut = auditing.slice(0, auditing.indexOf('apiserver_audit_level_total{level="R'));
    assert.deepEqual(read(cut), {
      events: 104882,
      levels: { None: 2 },
      errors: { buffered: 3, dynamic_webhook: 17 },
      posts: {},
    });
  });
});

describe('what counters say', () => {
  const sums: readonly (readonly [code: string, accepted: number, refused: number])[] = [
    ['200', 1, 0],
    ['204', 1, 0],
    ['206', 1, 0],
    ['207', 0, 1],
    ['299', 0, 1],
    ['301', 0, 1],
    ['400', 0, 1],
    ['2000', 0, 1],
    ['<error>', 0, 1],
    ['', 0, 1],
  ];
  for (const [code, accepted, refused] of sums)
    it(`a POST answered by "${code}" is ${accepted === 1 ? 'accepted' : 'refused'}`, () =>
      assert.deepEqual(postsTo(metrics({ posts: { h: { [code]: 1 } } }), 'h'), { accepted, refused }));

  it('counts the POSTs to the host that was asked about, and no other', () => {
    const posts = { h: { 200: 3, 500: 2, '<error>': 1 }, 'h:443': { 200: 100 } };
    assert.deepEqual(postsTo(metrics({ posts }), 'h'), { accepted: 3, refused: 3 });
    assert.deepEqual(postsTo(metrics({ posts }), 'elsewhere'), { accepted: 0, refused: 0 });
  });

  it('takes any level, None too, for auditing that is wired up', () => {
    assert.equal(isAuditing(metrics({ levels: { None: 0 } })), true);
    assert.equal(isAuditing(metrics({ levels: {} })), false);
  });

  it('adds up what was given up over all plugins', () => {
    assert.equal(lost(metrics({ errors: { buffered: 2, webhook: 5 } })), 7);
    assert.equal(lost(metrics()), 0);
  });
});
