// The objects of a new kubeadm cluster, as far as the tool looks at them: the scene that the embedded API server starts
// with when no other is set, and what imitated nodes begin with.
import { createHash } from 'node:crypto';
import type { Release } from './kinds.ts';
import type { KubeObject } from './object.ts';

/** What the scene depends on. */
export interface Scene {
  readonly release: Release;
  /** The API server's command line. */
  readonly argv: readonly string[];
  readonly port: number;
}

/** A control-plane node. */
export interface NodePlace {
  readonly name: string;
  readonly address: string;
}

/** Name of the one node of the scene. */
export const nodeName = 'demo-control-plane';
const nodeUid = 'b3a3f6c2-0d0c-4a57-9f6e-1c2d3e4f5a6b';
const since = '2026-01-02T03:04:05Z';

function namespace(name: string, release: Release): KubeObject {
  const labelled = { name, labels: { 'kubernetes.io/metadata.name': name } };
  const metadata = release === '1.18.19' ? { name } : labelled;
  const spec = { finalizers: ['kubernetes'] };
  return { apiVersion: 'v1', kind: 'Namespace', metadata, spec, status: { phase: 'Active' } };
}

function nodeInfo(release: Release): Record<string, string> {
  return {
    architecture: 'amd64',
    containerRuntimeVersion: 'containerd://2.4.2',
    kernelVersion: '6.1.0-28-amd64',
    kubeProxyVersion: `v${release}`,
    kubeletVersion: `v${release}`,
    operatingSystem: 'linux',
    osImage: 'Debian GNU/Linux 12 (bookworm)',
  };
}

/** The object of a control-plane node. */
function node(release: Release, { name, address }: NodePlace): KubeObject {
  const role = release === '1.18.19' ? 'master' : 'control-plane';
  const taint = { key: `node-role.kubernetes.io/${role}`, effect: 'NoSchedule' };
  const os = { 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux' };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      ...(name === nodeName && { uid: nodeUid }),
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        ...os,
        'kubernetes.io/hostname': name,
        [`node-role.kubernetes.io/${role}`]: '',
      },
      annotations: {
        'kubeadm.alpha.kubernetes.io/cri-socket': 'unix:///run/containerd/containerd.sock',
        'node.alpha.kubernetes.io/ttl': '0',
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
      },
      creationTimestamp: since,
    },
    spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24'], taints: [taint] },
    status: {
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }],
      nodeInfo: nodeInfo(release),
    },
  };
}

function mirrorPod(component: string, image: string, command: readonly string[], more = {}): KubeObject {
  const hash = createHash('md5').update(command.join('\n')).digest('hex');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${component}-${nodeName}`,
      namespace: 'kube-system',
      labels: { component, tier: 'control-plane' },
      annotations: {
        ...more,
        'kubernetes.io/config.hash': hash,
        'kubernetes.io/config.mirror': hash,
        'kubernetes.io/config.seen': '2026-01-02T03:04:05.970699611Z',
        'kubernetes.io/config.source': 'file',
      },
      creationTimestamp: since,
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeUid, controller: true }],
    },
    spec: {
      containers: [{ name: component, image, command, imagePullPolicy: 'IfNotPresent' }],
      hostNetwork: true,
      nodeName,
      priorityClassName: 'system-node-critical',
      restartPolicy: 'Always',
      tolerations: [{ operator: 'Exists', effect: 'NoExecute' }],
    },
    status: { phase: 'Running', hostIP: '127.0.0.1', podIP: '127.0.0.1', startTime: since },
  };
}

function otherMirrorPods({ release }: Scene): KubeObject[] {
  const image = (name: string): string => `registry.k8s.io/${name}:v${release}`;
  const kubeconfig = (name: string): string => `--kubeconfig=/etc/kubernetes/${name}.conf`;
  return [
    mirrorPod('etcd', 'registry.k8s.io/etcd:3.7.0-0', ['etcd', '--data-dir=/var/lib/etcd']),
    ...['kube-controller-manager', 'kube-scheduler'].map((name) =>
      mirrorPod(name, image(name), [name, kubeconfig(name.replace('kube-', ''))]),
    ),
  ];
}

function kubeadmConfig(release: Release, endpoint: string | undefined): KubeObject {
  const version = release === '1.18.19' ? 'v1beta2' : 'v1beta4';
  const ClusterConfiguration = [
    'apiServer: {}',
    `apiVersion: kubeadm.k8s.io/${version}`,
    'certificatesDir: /etc/kubernetes/pki',
    'clusterName: kubernetes',
    ...(endpoint === undefined ? [] : [`controlPlaneEndpoint: ${endpoint}`]),
    'imageRepository: registry.k8s.io',
    'kind: ClusterConfiguration',
    `kubernetesVersion: v${release}`,
    'networking:',
    '  dnsDomain: cluster.local',
    '  podSubnet: 10.244.0.0/16',
    '  serviceSubnet: 10.96.0.0/12',
    'scheduler: {}',
    '',
  ].join('\n');
  const metadata = { name: 'kubeadm-config', namespace: 'kube-system' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { ClusterConfiguration } };
}

/** Endpoints and EndpointSlice of the service kubernetes, at these addresses. */
export function serviceEndpoints(release: Release, ips: readonly string[], port: number): KubeObject[] {
  const metadata = { name: 'kubernetes', namespace: 'default' };
  const ports = [{ name: 'https', port, protocol: 'TCP' }];
  const subsets = ips.length === 0 ? [] : [{ addresses: ips.map((ip) => ({ ip })), ports }];
  const labels = { 'kubernetes.io/service-name': 'kubernetes' };
  const skip = { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } };
  const unmirrored = release === '1.18.19' ? {} : skip;
  return [
    { apiVersion: 'v1', kind: 'Endpoints', metadata: { ...metadata, ...unmirrored }, subsets },
    {
      apiVersion: release === '1.18.19' ? 'discovery.k8s.io/v1beta1' : 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels },
      addressType: 'IPv4',
      endpoints: ips.map((ip) => ({ addresses: [ip], conditions: { ready: true } })),
      ports,
    },
  ];
}

/** The service kubernetes, by which pods reach the API servers. */
function service(port: number): KubeObject {
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  const ports = [{ name: 'https', port: 443, targetPort: port }];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', namespace: 'default', labels },
    spec: { clusterIP: '10.96.0.1', ports, type: 'ClusterIP' },
  };
}

/** The mirror pod of the API server. */
export function apiServerPod({ release, argv, port }: Scene): KubeObject {
  const advertised = 'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint';
  const image = `registry.k8s.io/kube-apiserver:v${release}`;
  return mirrorPod('kube-apiserver', image, argv, { [advertised]: `127.0.0.1:${port}` });
}

/**
 * A cluster of these control-plane nodes before any of them runs a pod.
 * @param endpoint controlPlaneEndpoint, where there is one
 */
export function bareCluster(
  release: Release,
  nodes: readonly NodePlace[],
  port: number,
  endpoint?: string,
): KubeObject[] {
  const namespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];
  const ips = nodes.map(({ address }) => address);
  return [
    ...namespaces.map((name) => namespace(name, release)),
    ...nodes.map((place) => node(release, place)),
    kubeadmConfig(release, endpoint),
    ...serviceEndpoints(release, ips, port),
    service(port),
  ];
}

/** The scene. */
export function kubeadmCluster(scene: Scene): KubeObject[] {
  const { release, port } = scene;
  const nodes = [{ name: nodeName, address: '127.0.0.1' }];
  return [...bareCluster(release, nodes, port), apiServerPod(scene), ...otherMirrorPods(scene)];
}
