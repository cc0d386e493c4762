// The harness itself: Kubernetes 1.18, the last with AuditSink, as static pods under kubelet 1.30.
import assert from 'node:assert/strict';
import { startNode, type Node } from '../support/node.ts';
import { startPod } from '../support/node/pod.ts';

describe('a control-plane node with Kubernetes 1.18', function () {
  this.timeout(240_000);
  let node: Node;

  before(async () => {
    const apiServerFlags = {
      'feature-gates': 'DynamicAuditing=true',
      'audit-dynamic-configuration': 'true',
      'runtime-config': 'auditregistration.k8s.io/v1alpha1=true',
    };
    node = await startNode({ version: '1.18.19', apiServerFlags });
  });
  after(() => (node as Node | undefined)?.stop());

  it('has AuditSink, mirror pods and logs', async () => {
    assert.match((await node.kubectl(['get', '--raw', '/version'])).stdout, /"v1\.18\.19"/);
    assert.equal((await node.kubectl(['get', 'auditsinks'])).code, 0);
    const { stdout } = await node.kubectl(['logs', '-n=kube-system', `kube-apiserver-${node.name}`]);
    assert.match(stdout, /Serving securely/);
  });

  it('runs pods beside the static ones', async () => {
    assert.match(await startPod(node, 'idle'), /netns/);
  });
});
