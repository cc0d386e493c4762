// The contract of log files on real nodes: kube-apiserver and kubelet, of today and of 1.18 with kubelet 1.30.
import { nodeLogsContract, type NodeLogsSubject } from '../../contract/node-logs.contract.ts';
import { cluster } from '../../io/servers.ts';
import { startNode, type NodeOptions } from '../support/node.ts';

async function start(version: NonNullable<NodeOptions['version']>): Promise<NodeLogsSubject> {
  const node = await startNode({ version });
  return {
    node: node.name,
    logs: node.path('/var/log'),
    cluster: (user) => cluster({ kubeconfig: node.kubeconfig, ...(user && { as: user }) }),
    stop: node.stop,
  };
}

for (const version of ['1.37.2', '1.18.19'] as const)
  nodeLogsContract(`a real node of ${version}`, () => start(version));
