// Knows how to run the part of a worker node that leads its pods to the API: kube-proxy, on a machine of its own.
import { copyFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Node } from '../node.ts';
import { partFolder } from '../parts.ts';
import { startKubeProxy, superAdmin } from './control-plane.ts';
import { startMachine, type Machine } from './machine.ts';

/** Its number in the network, past those of control planes. */
const number = 9;

/** Starts it beside this control plane. It has no kubelet; the cluster knows it by name and address. */
export async function startWorker(node: Node, mode: 'iptables' | 'nftables'): Promise<Machine> {
  const name = 'worker-1';
  const parts = [partFolder('kube-proxy')];
  const machine = await startMachine({ name, network: node.network, number, parts });
  try {
    const addresses = [{ type: 'InternalIP', address: machine.address }];
    const known = { apiVersion: 'v1', kind: 'Node', metadata: { name }, status: { addresses } };
    const { code, stderr } = await node.kubectl(['create', '-f', '-'], JSON.stringify(known));
    if (code !== 0) throw new Error(stderr);
    await mkdir(dirname(machine.path(superAdmin)), { recursive: true });
    await copyFile(node.path(superAdmin), machine.path(superAdmin));
    await startKubeProxy(machine, mode);
    return machine;
  } catch (error) {
    await machine.stop();
    throw error;
  }
}
