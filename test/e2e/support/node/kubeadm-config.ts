// Knows the configuration files of a control-plane node: kubeadm's, kubelet's, containerd's, the pod network's.
import { stringify } from 'yaml';
import { partFolder, versionsOf } from '../parts.ts';

/** Which release of what. */
export interface NodeVersions {
  /** kube-apiserver; 1.18.19 has AuditSink. */
  readonly apiServer: '1.37.2' | '1.18.19';
  /** kubelet and kubeadm. */
  readonly kubelet: '1.37.2' | '1.30.4';
}

/** What kubeadm is told about a node. */
export interface KubeadmSettings {
  readonly versions: NodeVersions;
  readonly name: string;
  readonly address: string;
  readonly cgroup: string;
  /** host:port that all control planes have in common. */
  readonly endpoint: string;
  /** Further names and addresses in the API server's certificate. */
  readonly alsoKnownAs: readonly string[];
  /** Flags of the API server that kubeadm would not give it, without dashes. */
  readonly apiServerFlags: Readonly<Record<string, string>>;
  /**
   * Patches of the static pods, by file name
   * (https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/control-plane-flags/).
   */
  readonly patches: Readonly<Record<string, string>>;
}

const pause = 'registry.k8s.io/pause:3.10.2';
const socket = 'unix:///run/containerd/containerd.sock';

/** Where kubeadm finds patches, on the node. */
export const patchesFolder = '/etc/kubernetes/patches';

/** Service and pod addresses of each cluster. */
export const serviceAddress = '10.96.0.1';
const podSubnet = '10.244.0.0/16';

/** The folders of built parts whose programs a node has. */
export function nodeParts({ kubelet }: NodeVersions): string[] {
  return [
    ...[partFolder('kubelet', kubelet), partFolder('kubeadm', kubelet)],
    ...[partFolder('containerd'), partFolder('kubectl'), partFolder('kube-proxy')],
  ];
}

/** kubeadm's configuration file for the first control plane; kubeadm 1.30 knows v1beta3 alone. */
export function initConfig(settings: KubeadmSettings): string {
  const { versions } = settings;
  const api = apiOf(settings);
  const init = {
    ...{ apiVersion: api.version, kind: 'InitConfiguration' },
    localAPIEndpoint: { advertiseAddress: settings.address, bindPort: 6443 },
    nodeRegistration: registration(settings),
    ...patched(settings),
  };
  const cluster = {
    ...{ apiVersion: api.version, kind: 'ClusterConfiguration' },
    kubernetesVersion: `v${versions.kubelet}`,
    controlPlaneEndpoint: settings.endpoint,
    networking: { podSubnet, serviceSubnet: '10.96.0.0/12' },
    apiServer: { certSANs: settings.alsoKnownAs, extraArgs: api.flags(settings.apiServerFlags) },
    etcd: {
      local: { imageTag: `${versionsOf('etcd')[0]}-0`, extraArgs: api.flags({ 'unsafe-no-fsync': 'true' }) },
    },
    ...(api.newer && { encryptionAlgorithm: 'ECDSA-P256' }), // RSA keys take seconds
  };
  return [init, cluster, kubeletConfig(settings)].map((part) => stringify(part)).join('---\n');
}

/** kubeadm's configuration file for a further control plane, which finds the others by a kubeconfig on it. */
export function joinConfig(settings: KubeadmSettings, kubeConfigPath: string): string {
  return stringify({
    ...{ apiVersion: apiOf(settings).version, kind: 'JoinConfiguration' },
    discovery: { file: { kubeConfigPath } },
    controlPlane: { localAPIEndpoint: { advertiseAddress: settings.address, bindPort: 6443 } },
    nodeRegistration: registration(settings),
    ...patched(settings),
  });
}

const patched = ({ patches }: KubeadmSettings): object =>
  Object.keys(patches).length > 0 ? { patches: { directory: patchesFolder } } : {};

interface KubeadmApi {
  readonly newer: boolean;
  readonly version: string;
  flags(flags: Readonly<Record<string, string>>): unknown;
}

function apiOf({ versions }: KubeadmSettings): KubeadmApi {
  const newer = versions.kubelet === '1.37.2';
  return {
    newer,
    version: newer ? 'kubeadm.k8s.io/v1beta4' : 'kubeadm.k8s.io/v1beta3',
    flags: (flags) => (newer ? Object.entries(flags).map(([name, value]) => ({ name, value })) : flags),
  };
}

/** The cgroup is a flag, because kubelet's configuration is one for all nodes of a cluster. */
function registration(settings: KubeadmSettings): unknown {
  const { name, address, cgroup } = settings;
  return {
    ...{ name, criSocket: socket },
    kubeletExtraArgs: apiOf(settings).flags({ 'node-ip': address, 'cgroup-root': cgroup }),
  };
}

function kubeletConfig({ versions }: KubeadmSettings): unknown {
  return {
    ...{ apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration' },
    ...{ cgroupDriver: 'cgroupfs', failSwapOn: false },
    ...(versions.kubelet === '1.37.2' && { failCgroupV1: false }),
    // the disk is the machine's, and its pressure nothing to the node
    ...{ evictionHard: { 'memory.available': '0%' }, imageGCHighThresholdPercent: 100 },
    enforceNodeAllocatable: [],
  };
}

/** containerd's configuration file. */
export function containerdConfig(): string {
  return `version = 3
disabled_plugins = ['io.containerd.internal.v1.tracing', 'io.containerd.snapshotter.v1.blockfile', 'io.containerd.snapshotter.v1.btrfs', 'io.containerd.snapshotter.v1.devmapper', 'io.containerd.snapshotter.v1.erofs', 'io.containerd.snapshotter.v1.zfs', 'io.containerd.nri.v1.nri']
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '${pause}'
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['/opt/parts/${partFolder('cni-plugins')}']
  conf_dir = '/etc/cni/net.d'
  use_internal_loopback = true
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = '/usr/sbin/runc'
  SystemdCgroup = false
`;
}

/** The pod network of the nth node: a veth pair for each pod. */
export function podNetwork(n: number): string {
  const subnet = `10.244.${n}.0/24`;
  const ipam = { type: 'host-local', ranges: [[{ subnet }]], routes: [{ dst: '0.0.0.0/0' }] };
  return JSON.stringify({
    ...{ cniVersion: '1.0.0', name: 'pods' },
    plugins: [{ type: 'ptp', ipMasq: false, ipam }],
  });
}

/** kube-proxy's configuration file; the limits it would set for connections belong to the whole machine. */
export function kubeProxyConfig(mode: 'iptables' | 'nftables', name: string): string {
  return stringify({
    ...{ apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration', mode },
    ...{ clusterCIDR: podSubnet, hostnameOverride: name },
    clientConnection: { kubeconfig: '/var/lib/kube-proxy/kubeconfig' },
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  });
}
