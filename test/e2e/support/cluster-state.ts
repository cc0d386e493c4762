// Knows what the program keeps on a cluster, read by the test's own eyes: the AuditSink and the record.
import assert from 'node:assert/strict';
import type { AuditSink } from '../../../src/audit/backend/audit-sink.ts';
import { names } from '../../../src/audit/names.ts';
import { readRecord, type AuditRecord } from '../../../src/audit/plan/record.ts';
import type { ApiServer } from './api-server.ts';
import { eventually } from './eventually.ts';

export const sinksPath = '/apis/auditregistration.k8s.io/v1alpha1/auditsinks';

/** Both, as they are; what is not there is undefined. */
export interface State {
  readonly sink: AuditSink | undefined;
  readonly record: AuditRecord | undefined;
  /** resourceVersions: equal only when nobody wrote in between. */
  readonly versions: readonly (string | undefined)[];
}

/** What is on the cluster now. */
export async function stateOf(api: ApiServer): Promise<State> {
  const [sink, map] = await Promise.all([
    object(api, `${sinksPath}/${names.object}`),
    object(api, names.recordPath),
  ]);
  const record = map === undefined ? undefined : readRecord(map);
  assert.equal(record === undefined, map === undefined, 'the ConfigMap holds no record');
  const version = (one: object | undefined): string | undefined =>
    (one as AuditSink | undefined)?.metadata.resourceVersion;
  return { sink: sink as AuditSink | undefined, record, versions: [version(sink), version(map)] };
}

async function object(api: ApiServer, path: string): Promise<object | undefined> {
  const { status, body } = await api.request(path);
  if (status === 404) return undefined;
  assert.equal(status, 200, body);
  return JSON.parse(body) as object;
}

export function runOf(sink: AuditSink | undefined): string | undefined {
  return sink?.metadata.annotations?.[names.runAnnotation];
}

/** Fails unless sink and record are both gone. */
export async function assertNothing(api: ApiServer): Promise<void> {
  const { sink, record } = await stateOf(api);
  assert.deepEqual({ sink, record }, { sink: undefined, record: undefined });
}

/** Fails unless sink and record are both gone, or both there, of one run that ended. */
export async function assertAgree(api: ApiServer): Promise<State> {
  const state = await stateOf(api);
  const { sink, record } = state;
  const seen = `sink of run ${runOf(sink)}, record ${JSON.stringify(record)}`;
  if (sink === undefined || record === undefined)
    assert.deepEqual([sink, record], [undefined, undefined], `one without the other: ${seen}`);
  else assert.deepEqual([record.state, record.run], ['done', runOf(sink)], seen);
  return state;
}

/** Removes both, as the admin. */
export async function removeAll(api: ApiServer): Promise<void> {
  for (const path of [`${sinksPath}/${names.object}`, names.recordPath])
    await api.request(path, { method: 'DELETE' });
  await assertNothing(api);
}

/** Gives the users auditor and audit-viewer what the docs say, and waits until it is in force. */
export async function grantAsDocumented(api: ApiServer): Promise<void> {
  const { code, stderr } = await api.kubectl(['apply', '-f', 'docs/permissions.yaml']);
  assert.equal(code, 0, stderr);
  const probes = ['/metrics', '/api/v1/namespaces/kube-system/configmaps/sematext-audit', '/api/v1/nodes'];
  for (const path of probes)
    await eventually({
      what: `the auditor to be let in at ${path}`,
      timeoutMs: 20_000,
      ask: async () => ((await api.request(path, { user: 'auditor' })).status === 403 ? undefined : true),
    });
}

/** Shows its flags the way that a kubelet does which runs it as a static pod: in a mirror pod. */
export async function showMirrorPod(api: ApiServer): Promise<void> {
  const annotations = { 'kubernetes.io/config.mirror': 'e2e', 'kubernetes.io/config.source': 'file' };
  const labels = { component: 'kube-apiserver', tier: 'control-plane' };
  const container = {
    name: 'kube-apiserver',
    image: 'kube-apiserver',
    command: ['kube-apiserver', ...api.flags()],
  };
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'kube-apiserver-e2e', namespace: 'kube-system', annotations, labels },
    spec: { nodeName: 'e2e', hostNetwork: true, containers: [container] },
  };
  const { status, body: text } = await api.request('/api/v1/namespaces/kube-system/pods', {
    method: 'POST',
    body,
  });
  assert.equal(status, 201, text);
}
