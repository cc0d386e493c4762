import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { parse } from 'yaml';
import {
  logagentObjects,
  type AgentObject,
  type LogagentSettings,
} from '../../../src/audit/agent/logagent.ts';
import { collectionOf, twinLogPath } from '../../../src/audit/agent/places.ts';
import { sinkOf } from '../../../src/audit/sink/sematext.ts';
import { agentScripts } from '../../../src/io/agent-scripts.ts';
import { secrets } from '../../support/secrets.ts';

const settings: LogagentSettings = {
  sink: sinkOf('eu'),
  logPath: '/var/log/kubernetes/audit/audit.log',
  run: 'run-1',
  fingerprint: 'abcdef012345',
  digest: (text) => createHash('sha256').update(text).digest('hex'),
  scripts: await agentScripts(),
};

/** One value of a document, by the way to it. */
function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], value);
}

function objectsOf(changes: Partial<LogagentSettings> = {}): { [kind: string]: AgentObject } {
  return Object.fromEntries(logagentObjects({ ...settings, ...changes }).map((one) => [one.kind, one]));
}
const podOf = (changes: Partial<LogagentSettings> = {}): unknown =>
  at(objectsOf(changes)['DaemonSet'], 'spec.template.spec');
const confOf = (changes: Partial<LogagentSettings> = {}): unknown =>
  parse(objectsOf(changes)['ConfigMap']?.data?.['logagent.conf'] ?? '');
const hashOf = (changes: Partial<LogagentSettings> = {}): unknown =>
  at(objectsOf(changes)['DaemonSet'], 'spec.template.metadata.annotations')?.[
    'sematext.com/audit-config-hash' as never
  ];

describe('the Logagent DaemonSet', () => {
  it('comes with a Secret and a ConfigMap, each in its collection', () => {
    assert.deepEqual(
      logagentObjects(settings).map((one) => `${collectionOf(one)}/${one.metadata.name}`),
      [
        '/api/v1/namespaces/sematext-audit/secrets/sematext-audit-agent',
        '/api/v1/namespaces/sematext-audit/configmaps/sematext-audit-agent',
        '/apis/apps/v1/namespaces/sematext-audit/daemonsets/sematext-audit-agent',
      ],
    );
  });

  it("has the token's slot in the Secret alone, and the pod reads it from there", () => {
    const objects = objectsOf();
    assert.deepEqual(objects['Secret']?.stringData, { 'logs-token': '${LOGS_TOKEN}' });
    const { Secret: _secret, ...others } = objects;
    assert.ok(!JSON.stringify(others).includes('${LOGS_TOKEN}'));
    assert.deepEqual((at(podOf(), 'containers.0.env') as object[])[0], {
      name: 'LOGS_TOKEN',
      valueFrom: { secretKeyRef: { name: 'sematext-audit-agent', key: 'logs-token' } },
    });
    assert.ok(!JSON.stringify(objects).includes(secrets.token));
  });

  it('carries the run, the owner and one hash on all three', () => {
    for (const { kind, metadata } of logagentObjects(settings)) {
      assert.equal(metadata.labels?.['app.kubernetes.io/managed-by'], 'kubectl-sematext-audit', kind);
      assert.deepEqual(
        metadata.annotations,
        { 'sematext.com/audit-run': 'run-1', 'sematext.com/audit-config-hash': hashOf() },
        kind,
      );
    }
  });

  it('rolls when what it runs, where it ships to or the token changes, and not for another run', () => {
    const scripts = { ...settings.scripts, 'audit-bulk.cjs': 'changed' };
    const changes: Partial<LogagentSettings>[] = [
      { sink: sinkOf('us') },
      { logPath: '/elsewhere/audit.log' },
      { fingerprint: 'another' },
      { scripts },
      { image: 'registry.example/logagent:1' },
      { since: '2026-01-01T00:00:00Z' },
      { nodeSelector: { a: 'b' } },
    ];
    const hashes = changes.map(hashOf);
    assert.equal(new Set([hashOf(), ...hashes]).size, changes.length + 1);
    assert.match(String(hashOf()), /^[0-9a-f]{12}$/);
    assert.equal(hashOf({ run: 'run-2' }), hashOf());
  });

  it('runs on control-plane nodes, by either label and in spite of their taints', () => {
    const terms = at(
      podOf(),
      'affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms',
    );
    assert.deepEqual(terms, [
      { matchExpressions: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }] },
      { matchExpressions: [{ key: 'node-role.kubernetes.io/master', operator: 'Exists' }] },
    ]);
    assert.deepEqual(at(podOf(), 'tolerations'), [
      { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' },
      { key: 'node-role.kubernetes.io/master', operator: 'Exists' },
      { key: 'CriticalAddonsOnly', operator: 'Exists' },
    ]);
    const own = podOf({ nodeSelector: { pool: 'api' } });
    assert.deepEqual([at(own, 'nodeSelector'), at(own, 'affinity')], [{ pool: 'api' }, undefined]);
  });

  it('may read one folder, write another, and nothing else', () => {
    const pod = podOf();
    assert.deepEqual(at(pod, 'containers.0.securityContext'), {
      runAsUser: 0,
      runAsGroup: 0,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
    assert.deepEqual(at(pod, 'containers.0.volumeMounts'), [
      { name: 'config', mountPath: '/etc/sematext', readOnly: true },
      { name: 'log', mountPath: '/var/log/kubernetes/audit', readOnly: true },
      { name: 'state', mountPath: '/var/lib/sematext-audit-agent' },
    ]);
    const hostPaths = (at(pod, 'volumes') as { hostPath?: { path: string } }[]).map(
      ({ hostPath }) => hostPath?.path,
    );
    assert.deepEqual(hostPaths, [undefined, '/var/log/kubernetes/audit', '/var/lib/sematext-audit-agent']);
    assert.equal(at(pod, 'automountServiceAccountToken'), false);
    for (const shared of ['hostNetwork', 'hostPID', 'hostIPC', 'serviceAccountName'])
      assert.equal(at(pod, shared), undefined, shared);
  });

  it('is one pod a node at any time', () => {
    assert.deepEqual(at(objectsOf()['DaemonSet'], 'spec.updateStrategy'), {
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 1 },
    });
  });

  it('has a pinned image, unless the user names one', () => {
    assert.equal(at(podOf(), 'containers.0.image'), 'docker.io/sematext/logagent:3.2.0');
    assert.equal(at(podOf({ image: 'own/logagent:1' }), 'containers.0.image'), 'own/logagent:1');
  });

  it('reads exactly the files of the API server and of its twin, and sends them itself', () => {
    assert.deepEqual(confOf(), {
      options: { suppress: true, geoipEnabled: false, diskBufferDir: '/var/lib/sematext-audit-agent' },
      input: {
        audit: {
          module: '/etc/sematext/audit-files.cjs',
          files: ['/var/log/kubernetes/audit/audit.log', '/var/log/kubernetes/audit/audit-twin.log'],
          state: '/var/lib/sematext-audit-agent',
          url: 'https://logsene-receiver.eu.sematext.com',
        },
      },
    });
    assert.equal(at(confOf({ since: '2026-01-01T00:00:00Z' }), 'input.audit.since'), '2026-01-01T00:00:00Z');
  });

  it('sends to the logs receiver of the region, or to the one that was named', () => {
    const urlOf = (sink: LogagentSettings['sink']): unknown => at(confOf({ sink }), 'input.audit.url');
    assert.equal(urlOf(sinkOf('us')), 'https://logsene-receiver.sematext.com');
    assert.equal(urlOf(sinkOf('us', 'http://receiver.logging.svc:9200')), 'http://receiver.logging.svc:9200');
    assert.equal(at(podOf(), 'dnsPolicy'), 'Default');
    assert.equal(at(podOf({ sink: sinkOf('us', 'http://x.svc') }), 'dnsPolicy'), 'ClusterFirst');
  });

  it("reads the containers of API servers where the log goes to stdout, and the twin's", () => {
    assert.deepEqual(at(confOf({ logPath: '-' }), 'input.audit.containers'), [
      '/var/log/pods/kube-system_kube-apiserver-*/kube-apiserver',
      '/var/log/pods/sematext-audit_*/kube-apiserver',
    ]);
    assert.equal(at(confOf({ logPath: '-' }), 'input.audit.files'), undefined);
    assert.deepEqual((at(podOf({ logPath: '-' }), 'volumes') as object[])[1], {
      name: 'log',
      hostPath: { path: '/var/log/pods', type: 'DirectoryOrCreate' },
    });
  });

  it('names the twin of a log without a suffix too', () => {
    assert.equal(twinLogPath('/var/log.d/audit'), '/var/log.d/audit-twin');
  });
});
