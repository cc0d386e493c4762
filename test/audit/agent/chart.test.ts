import assert from 'node:assert/strict';
import { chartSecret, chartValues, helmArgs, type ChartSettings } from '../../../src/audit/agent/chart.ts';
import { agentFiles } from '../../../src/audit/agent/logagent.ts';
import { sinkOf } from '../../../src/audit/sink/sematext.ts';
import { agentScripts } from '../../../src/io/agent-scripts.ts';

const settings: ChartSettings = {
  sink: sinkOf('eu'),
  logPath: '/var/log/kubernetes/audit/audit.log',
  fingerprint: 'abcdef012345',
  scripts: await agentScripts(),
};

describe("the vendor's chart as the agent", () => {
  it('says the region in the only words that the image understands', () => {
    assert.equal(chartValues(settings)['region'], 'EU');
    assert.equal(chartValues({ ...settings, sink: sinkOf('us') })['region'], 'US');
    assert.equal('logsReceiverUrl' in chartValues(settings), false);
    const own = chartValues({ ...settings, sink: sinkOf('us', 'http://receiver/') });
    assert.equal(own['logsReceiverUrl'], 'http://receiver');
  });

  it('names a Secret with the flag without which the chart makes no container', () => {
    assert.deepEqual(chartValues(settings)['existingSecret'], {
      name: 'sematext-audit-agent',
      hasLogsToken: true,
    });
    assert.deepEqual(chartSecret('run-1', 'abcdef012345').stringData, { 'logs-token': '${LOGS_TOKEN}' });
    assert.deepEqual(chartSecret('run-1', 'abcdef012345').metadata.annotations, {
      'sematext.com/audit-run': 'run-1',
      'sematext.com/audit-config-hash': 'abcdef012345',
    });
    assert.equal(JSON.stringify(chartValues(settings)).includes('LOGS_TOKEN}'), false);
  });

  it('reads the log folder, with the same files as our own agent', () => {
    const logagent = chartValues(settings)['logagent'] as Record<string, unknown>;
    assert.deepEqual(logagent['config'], {
      LA_CONFIG: '/etc/sematext/logagent.conf',
      LOGS_TOKEN_FINGERPRINT: 'abcdef012345',
    });
    assert.deepEqual(logagent['customConfigs'], agentFiles(settings));
    assert.deepEqual(logagent['extraHostVolumeMounts'], [
      { name: 'audit-log', hostPath: '/var/log/kubernetes/audit', mountPath: '/var/log/kubernetes/audit' },
      {
        name: 'audit-agent',
        hostPath: '/var/lib/sematext-audit-agent',
        mountPath: '/var/lib/sematext-audit-agent',
      },
    ]);
  });

  it('runs on the control plane, and has nothing cluster-wide', () => {
    const { nodeSelector, rbac, priorityClass } = chartValues(settings);
    assert.deepEqual(nodeSelector, { 'node-role.kubernetes.io/control-plane': '' });
    assert.deepEqual(rbac, { create: false });
    assert.equal(priorityClass, null);
    const own = chartValues({ ...settings, nodeSelector: { 'node-role.kubernetes.io/master': '' } });
    assert.deepEqual(own['nodeSelector'], { 'node-role.kubernetes.io/master': '' });
  });

  const images = {
    'registry:5000/team/logagent': ['registry:5000/team/logagent', 'latest'],
    'registry:5000/logagent:3.2.0': ['registry:5000/logagent', '3.2.0'],
    'logagent@sha256:ab12': ['logagent@sha256', 'ab12'],
  };
  for (const [image, [repository, tag]] of Object.entries(images))
    it(`takes the image ${image} apart as the chart puts it together`, () => {
      const { image: made } = chartValues({ ...settings, image })['logagent'] as { image: object };
      assert.deepEqual(made, { repository, tag, pullPolicy: 'IfNotPresent' });
    });

  it('is installed with its values on standard input', () => {
    assert.deepEqual(helmArgs('install').join(' ').split(' --'), [
      'upgrade',
      'install sematext-audit-agent sematext-agent',
      'repo https://cdn.sematext.com/helm-charts',
      'version 1.9.1',
      'namespace sematext-audit',
      'values -',
    ]);
    assert.deepEqual(helmArgs('template', './chart.tgz').slice(0, 3), [
      'template',
      'sematext-audit-agent',
      './chart.tgz',
    ]);
    assert.ok(!helmArgs('uninstall').includes('--values'));
  });
});
