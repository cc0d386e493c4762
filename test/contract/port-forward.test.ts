// The embedded API server under the contract that real ones with a real kubelet are under (test/e2e/node/tunnel.test.ts).
import { once } from 'node:events';
import { connect } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adminToken, startApiServer } from '../../src/demo/api-server.ts';
import type { Kubelets } from '../../src/demo/kubernetes/kubelets.ts';
import { deadPort } from '../io/servers.ts';
import {
  portForwardContract,
  tunnelUsers,
  unscheduled,
  type PortForwardSubject,
} from './port-forward.contract.ts';

const kubelets: Kubelets = {
  log: () => ({ lines: [], open: false }),
  dial: async (_pod, port) => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  },
};

const admin = { name: 'admin', groups: ['system:masters'] };
const others = Object.entries(tunnelUsers).map(([name, verbs]) => {
  const may = (verb: string, _group: string, resource: string): boolean =>
    resource === 'pods/portforward' && (verbs as readonly string[]).includes(verb);
  return [name, { name, groups: [], may }] as const;
});

async function start(version: '1.18.19' | '1.37.2'): Promise<PortForwardSubject> {
  const users = { [adminToken]: admin, ...Object.fromEntries(others) };
  const server = await startApiServer({ version, kubelets, users });
  const { namespace, pod: name } = unscheduled;
  server.objects.put({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: { containers: [] },
  });
  const folder = mkdtempSync(join(tmpdir(), 'sematext-audit-test-'));
  const kubeconfig = join(folder, 'config');
  writeFileSync(kubeconfig, server.kubeconfig(), { mode: 0o600 });
  return {
    version,
    kubeconfig,
    pod: { namespace: 'kube-system', pod: 'etcd-demo-control-plane' },
    port: Number(new URL(server.url).port),
    deadPort: Number((await deadPort()).split(':')[1]),
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

for (const version of ['1.18.19', '1.37.2'] as const)
  portForwardContract(`embedded ${version}`, () => start(version));
