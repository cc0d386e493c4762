// Knows how a machine becomes a control plane: containerd with its images, then kubeadm, as on a real one.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { eventually } from '../eventually.ts';
import { partFolder } from '../parts.ts';
import {
  containerdConfig,
  initConfig,
  joinConfig,
  kubeProxyConfig,
  patchesFolder,
  podNetwork,
  serviceAddress,
  type KubeadmSettings,
  type NodeVersions,
} from './kubeadm-config.ts';
import type { Machine } from './machine.ts';

/** Of an administrator (system:masters), on the first control plane. */
export const superAdmin = '/etc/kubernetes/super-admin.conf';
const kubeadmFile = '/etc/kubernetes/kubeadm.yaml';
const shared = [
  ...['ca.crt', 'ca.key', 'sa.key', 'sa.pub', 'front-proxy-ca.crt', 'front-proxy-ca.key'],
  ...['etcd/ca.crt', 'etcd/ca.key'],
].map((name) => `/etc/kubernetes/pki/${name}`);

/** Gives the nth machine containerd, the images and the pod network. */
export async function install(machine: Machine, n: number, { apiServer }: NodeVersions): Promise<void> {
  await write(machine, '/etc/cni/net.d/10-pods.conflist', podNetwork(n));
  await write(machine, '/etc/containerd/config.toml', containerdConfig());
  const folders = [partFolder('node-images', '1.37.2')];
  if (apiServer !== '1.37.2') folders.push(partFolder('node-images', apiServer));
  await machine.exec(`until ctr version >/dev/null 2>&1; do sleep 0.1; done
    for archive in ${folders.map((path) => `/opt/parts/${path}/*.tar`).join(' ')}; do
      ctr --namespace k8s.io images import --local "$archive"
    done`);
}

/** The first control plane. */
export async function init(machine: Machine, settings: KubeadmSettings): Promise<void> {
  await writePatches(machine, settings);
  await write(machine, kubeadmFile, initConfig(settings));
  await machine.exec(`kubeadm init --config ${kubeadmFile} --skip-phases=preflight,addon,show-join-command`);
}

/** A further one: it gets the authorities' keys of the first, and a member of etcd of its own. */
export async function join(machine: Machine, first: Machine, settings: KubeadmSettings): Promise<void> {
  for (const path of [...shared, superAdmin]) {
    await mkdir(dirname(machine.path(path)), { recursive: true });
    await copyFile(first.path(path), machine.path(path));
  }
  await writePatches(machine, settings);
  await write(machine, kubeadmFile, joinConfig(settings, superAdmin));
  await machine.exec(`kubeadm join --config ${kubeadmFile} --skip-phases=preflight`);
}

async function writePatches(machine: Machine, { patches }: KubeadmSettings): Promise<void> {
  for (const [name, text] of Object.entries(patches)) await write(machine, `${patchesFolder}/${name}`, text);
}

/** Starts kube-proxy and waits for its rules. */
export async function startKubeProxy(machine: Machine, mode: 'iptables' | 'nftables'): Promise<void> {
  const kubeconfig = await readFile(machine.path(superAdmin), 'utf8');
  await write(machine, '/var/lib/kube-proxy/kubeconfig', kubeconfig);
  await write(machine, '/var/lib/kube-proxy/config.conf', kubeProxyConfig(mode, machine.name));
  await eventually({
    what: `rules of kube-proxy for ${serviceAddress}`,
    timeoutMs: 30_000,
    ask: async () => (await machine.exec('nft list ruleset')).stdout.includes(serviceAddress) || undefined,
  });
}

async function write(machine: Machine, path: string, text: string): Promise<void> {
  await mkdir(dirname(machine.path(path)), { recursive: true });
  await writeFile(machine.path(path), text, { mode: 0o600 });
}
