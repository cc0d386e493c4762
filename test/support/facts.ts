// Facts of a cluster in good health, and the few words that make it ill: a test says only what differs.
import type { AuditSink } from '../../src/audit/backend/audit-sink.ts';
import { auditSink, defaultSettings } from '../../src/audit/backend/dynamic.ts';
import type { ApiServer, Facts, Flags, Look, Unseen } from '../../src/audit/facts.ts';
import type { AuditMetrics } from '../../src/audit/metrics.ts';
import { names } from '../../src/audit/names.ts';
import type { AuditRecord } from '../../src/audit/plan/record.ts';
import { sinkOf } from '../../src/audit/sink/sematext.ts';

export const euSink = sinkOf('eu');
export const euHost = 'logsene-k8s-audit-receiver.eu.sematext.com';
export const run = '0b5e7e11-0000-4000-8000-000000000001';
export const otherRun = '0b5e7e11-0000-4000-8000-000000000002';

export const absent: Unseen = { unseen: 'absent', why: 'GET /x: 404' };
export const forbidden: Unseen = { unseen: 'forbidden', why: 'GET /x: 403 not you' };
export const failed: Unseen = { unseen: 'failed', why: 'GET /x: 500' };
export const notAsked: Unseen = { unseen: 'not-asked', why: 'nothing was given to ask with' };

/** The flags of an API server that honours AuditSinks. */
export const honouring: Flags = {
  'runtime-config': 'auditregistration.k8s.io/v1alpha1=true',
  'feature-gates': 'DynamicAuditing=true',
  'audit-dynamic-configuration': 'true',
};
export const webhookFlags: Flags = {
  'audit-policy-file': '/etc/kubernetes/policy.yaml',
  'audit-webhook-config-file': '/etc/kubernetes/webhook.kubeconfig',
};

/** Counters of a process that audits and delivers to the EU receiver. */
export const metrics = (change: Partial<AuditMetrics> = {}): AuditMetrics => ({
  processStart: 1767323045,
  events: 1000,
  levels: { RequestResponse: 1000 },
  errors: {},
  posts: { [euHost]: { 200: 40 } },
  ...change,
});

/** Two readings, two seconds apart; the first like the second where it is not given. */
export const readings = (
  after: Partial<AuditMetrics> = {},
  before: Partial<AuditMetrics> = after,
): ApiServer['metrics'] => ({ seen: { before: metrics(before), after: metrics(after), seconds: 2 } });

export const apiServer = (change: Partial<ApiServer> = {}): ApiServer => ({
  name: 'api',
  flags: { seen: honouring },
  flagsFrom: 'flagz',
  metrics: readings(),
  ...change,
});

/** Our own sink, as the API gives it back. */
export function ownSink(change: Partial<AuditSink['spec']> = {}, by = run): AuditSink {
  const { metadata, spec, ...kind } = auditSink(defaultSettings, euSink, by);
  return {
    ...kind,
    metadata: { ...metadata, uid: 'u-1', resourceVersion: '801' },
    spec: { ...spec, ...change },
  };
}

/** A sink that somebody else made, under this name. */
export const foreignSink = (url: string, name = 'theirs'): AuditSink => ({
  apiVersion: 'auditregistration.k8s.io/v1alpha1',
  kind: 'AuditSink',
  metadata: { name, uid: 'u-2', resourceVersion: '700' },
  spec: {
    policy: { level: 'Request', stages: ['ResponseComplete'] },
    webhook: { clientConfig: { url } },
  },
});

export const recordOf = (change: Partial<AuditRecord> = {}): AuditRecord => ({
  version: 1,
  state: 'done',
  run,
  at: '2026-01-02T03:04:05.000Z',
  tool: 'kubectl-sematext_audit/0.0.0',
  backend: 'dynamic',
  receiver: euSink.receiver,
  token: '0123456789ab',
  objects: [
    {
      kind: 'AuditSink',
      name: names.object,
      undo: {
        do: 'delete',
        path: `/apis/auditregistration.k8s.io/v1alpha1/auditsinks/${names.object}`,
      },
    },
  ],
  ...change,
});

export const recorded = (change: Partial<AuditRecord> = {}): Facts['record'] => ({
  seen: { record: recordOf(change), resourceVersion: '802' },
});

export const version = (gitVersion: string): Facts['version'] => ({
  gitVersion,
  major: 1,
  minor: Number(gitVersion.split('.')[1]),
});

export const permission = (allowed: Look<boolean>, namespace?: string): Facts['permissions'][number] => ({
  permission:
    namespace === undefined
      ? { verb: 'create', group: 'auditregistration.k8s.io', resource: 'auditsinks' }
      : { verb: 'update', group: '', resource: 'configmaps', namespace },
  allowed,
});

/** A 1.18 cluster with our sink, delivering; everything is as it should be. */
export function facts(change: Partial<Facts> = {}): Facts {
  return {
    at: '2026-01-02T04:00:00.000Z',
    version: version('v1.18.19'),
    groups: { seen: ['apps', 'auditregistration.k8s.io'] },
    controlPlaneNodes: { seen: [] },
    anyNode: { seen: undefined },
    apiServerPods: { seen: [] },
    kubeadmConfig: absent,
    kopsController: absent,
    auditSinks: { seen: [ownSink()] },
    apiServers: [apiServer()],
    endpoints: { seen: ['10.0.0.1:6443'] },
    auditIdHeader: { seen: true },
    permissions: [permission({ seen: true })],
    record: recorded(),
    receiver: { seen: { status: 200, ms: 12 } },
    delivery: { seen: { events: 7, newest: '2026-01-02T03:59:59.000000Z', window: 900 } },
    ...change,
  };
}

/** The same health on a version without AuditSinks: a static webhook delivers. */
export const webhookFacts = (change: Partial<Facts> = {}): Facts =>
  facts({
    version: version('v1.37.2'),
    groups: { seen: ['apps'] },
    auditSinks: absent,
    apiServers: [apiServer({ flags: { seen: webhookFlags } })],
    record: absent,
    ...change,
  });
