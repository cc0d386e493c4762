// Knows what the program could leave behind on control-plane nodes and in their cluster.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import type { Access, Node } from '../node.ts';

/** The manifest of a node's API server. */
export const manifestOf = (node: Node): string => join(node.path(node.manifests), 'kube-apiserver.yaml');

/** Its text now. */
export const manifestNow = (node: Node): Promise<string> => readFile(manifestOf(node), 'utf8');

/** What kubeadm-config says now. */
export async function kubeadmNow(access: Access): Promise<string> {
  const { stdout } = await access.kubectl([
    ...['get', 'cm', 'kubeadm-config', '-n=kube-system', '-o=jsonpath={.data}'],
  ]);
  return stdout;
}

/**
 * Nothing of the program is left on nodes and in their cluster: no folder, manifest, redirect, pod or other object. What
 * the kubelet and the namespace's controller have to end may take them a moment.
 */
export async function assertNothingLeft(access: Access, nodes: readonly Node[]): Promise<void> {
  await eventually({
    what: 'nothing to be left',
    timeoutMs: 60_000,
    everyMs: 500,
    ask: async () => {
      assert.deepEqual([...(await Promise.all(nodes.map(onNode))), await inCluster(access)].join(''), '');
      return true;
    },
  });
}

async function onNode({ exec, manifests }: Node): Promise<string> {
  const { stdout } = await exec(`
    ls -d /etc/kubernetes/sematext-audit /var/lib/sematext-audit* 2>/dev/null || true
    ls -A ${manifests} | grep sematext || true
    { nft list ruleset; iptables-save; } 2>/dev/null | grep -i 'sematext.audit' || true`);
  return stdout;
}

async function inCluster({ kubectl }: Access): Promise<string> {
  const { code, stdout, stderr } = await kubectl([
    'get',
    'ns,pods,cm,secret,daemonset,endpointslice',
    '-A',
    '-o=name',
  ]);
  assert.equal(code, 0, stderr);
  const names = stdout.split('\n').filter((name) => name.includes('sematext-audit'));
  return names.join('\n');
}
