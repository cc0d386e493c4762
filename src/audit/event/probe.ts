// The harmless requests of test-event, and how to know their events again: the API server takes the client's Audit-ID
// header as the event's auditID (apiserver pkg/endpoints/filters/audit_init.go).
import { ownSink } from '../backend/dynamic.ts';
import { seen } from '../facts.ts';
import type { Facts } from '../facts.ts';

/** A request that changes nothing, whoever sends it and whatever the answer. */
export interface Probe {
  /** As a person would say it. */
  readonly title: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
}

const read: Probe = {
  title: 'get the absent ConfigMap default/sematext-audit-probe',
  method: 'GET',
  path: '/api/v1/namespaces/default/configmaps/sematext-audit-probe',
};
// A dry run is never stored; policies that drop reads still keep writes, and a refused one is audited like any other.
const write: Probe = {
  title: 'dry-run create of ConfigMap default/sematext-audit-probe',
  method: 'POST',
  path: '/api/v1/namespaces/default/configmaps?dryRun=All',
  body: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'sematext-audit-probe', namespace: 'default' },
  },
};

/** Every probe, those that are most likely to be recorded first. */
export const allProbes: readonly Probe[] = [write, read];

/**
 * The requests that the active policy records, as far as that is known: one where an AuditSink takes everything; a
 * read and a write where a policy file decides, which no API shows.
 */
export function probes(facts: Pick<Facts, 'auditSinks'>): readonly Probe[] {
  const policy = ownSink(seen(facts.auditSinks) ?? [])?.spec.policy;
  const takesAll = policy !== undefined && policy.level !== 'None' && (policy.stages ?? []).length > 0;
  return takesAll ? [read] : allProbes;
}

/**
 * A synthetic event for --direct: the EventList that an API server would have posted, ASCII only, with the types of
 * real events. `timestamp` gives the receiver the time that its plugin looks for.
 * @param at ISO 8601 with milliseconds
 */
export function syntheticEvents(auditId: string, at: string, tool: string): object {
  const micro = at.replace(/\.(\d{3})Z$/, '.$1000Z');
  return {
    kind: 'EventList',
    apiVersion: 'audit.k8s.io/v1',
    metadata: {},
    items: [
      {
        level: 'Metadata',
        auditID: auditId,
        stage: 'ResponseComplete',
        requestURI: '/api/v1/namespaces/default/configmaps/sematext-audit-probe',
        verb: 'get',
        user: { username: 'sematext-audit:test-event', groups: ['sematext-audit'] },
        sourceIPs: ['127.0.0.1'],
        userAgent: tool,
        objectRef: {
          resource: 'configmaps',
          namespace: 'default',
          name: 'sematext-audit-probe',
          apiVersion: 'v1',
        },
        responseStatus: { metadata: {}, code: 404 },
        requestReceivedTimestamp: micro,
        stageTimestamp: micro,
        annotations: { 'sematext-audit-test': 'true' },
        timestamp: at,
        message: 'Synthetic event of kubectl sematext-audit test-event --direct',
      },
    ],
  };
}
