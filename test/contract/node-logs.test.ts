// The embedded API server under the contract that real ones with a real kubelet are under (test/e2e/node/logs.test.ts).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adminToken, startApiServer } from '../../src/demo/api-server.ts';
import { cluster } from '../io/servers.ts';
import { nodeLogsContract, type NodeLogsSubject } from './node-logs.contract.ts';

const users = {
  [adminToken]: { name: 'admin', groups: ['system:masters'] },
  nobody: { name: 'nobody', groups: [], may: () => false },
};

async function start(version: '1.18.19' | '1.37.2'): Promise<NodeLogsSubject> {
  const home = mkdtempSync(join(tmpdir(), 'sematext-audit-test-'));
  const node = 'demo-control-plane';
  const kubelets = {
    log: () => ({ lines: [], open: false }),
    dial: () => Promise.reject(new Error('nobody listens')),
    logs: (name: string) => (name === node ? home : undefined),
  };
  const server = await startApiServer({ version, users, kubelets });
  const kubeconfig = join(home, 'config');
  writeFileSync(kubeconfig, server.kubeconfig(), { mode: 0o600 });
  return {
    node,
    logs: home,
    cluster: (user) => cluster({ kubeconfig, ...(user && { as: user }) }),
    stop: async () => {
      await server.stop();
      rmSync(home, { recursive: true });
    },
  };
}

for (const version of ['1.18.19', '1.37.2'] as const)
  nodeLogsContract(`embedded ${version}`, () => start(version));
