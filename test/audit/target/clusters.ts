// Signs of real kinds of cluster, as their API servers show them; named, so that a test reads as a sentence.
import type { ApiServerPod, Look, NodeSign, Signs } from '../../../src/audit/facts.ts';

const absent: Look<never> = { unseen: 'absent', why: 'there is no such object' };
const cp = { 'node-role.kubernetes.io/control-plane': '' };
const serverGroups = ['apps', 'batch', 'rbac.authorization.k8s.io', 'coordination.k8s.io'];

export const versionOf = (gitVersion: string): Signs['version'] => ({
  gitVersion,
  major: 1,
  minor: Number(gitVersion.split('.')[1]),
});

function node(name: string, more: Partial<NodeSign> = {}): NodeSign {
  return {
    name,
    labels: {},
    annotations: {},
    providerId: '',
    kubeletVersion: '',
    osImage: 'Ubuntu 22.04.4 LTS',
    ...more,
  };
}

function pod(name: string, more: Partial<ApiServerPod> = {}): ApiServerPod {
  return {
    name,
    namespace: 'kube-system',
    nodeName: 'cp-1',
    labels: {},
    annotations: {},
    ownerKind: 'Node',
    argv: ['kube-apiserver', '--secure-port=6443'],
    ...more,
  };
}

const kubeadmPod = (more: Partial<ApiServerPod> = {}): ApiServerPod =>
  pod('kube-apiserver-cp-1', {
    labels: { component: 'kube-apiserver', tier: 'control-plane' },
    annotations: {
      'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': '10.0.0.11:6443',
      'kubernetes.io/config.mirror': '1f2e',
      'kubernetes.io/config.source': 'file',
    },
    ...more,
  });

const clusterConfiguration: Look<string> = {
  seen: 'apiServer: {}\napiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nclusterName: kubernetes\n',
};

interface Shape {
  readonly version: string;
  readonly groups?: readonly string[];
  readonly controlPlanes?: readonly NodeSign[];
  readonly worker?: NodeSign;
  readonly pods?: readonly ApiServerPod[];
  readonly kubeadm?: Look<string>;
  readonly kops?: boolean;
}

function cluster(shape: Shape): Signs {
  const { version, groups = [], controlPlanes = [], worker, pods = [], kubeadm = absent, kops } = shape;
  return {
    version: versionOf(version),
    groups: { seen: [...serverGroups, ...groups] },
    controlPlaneNodes: { seen: controlPlanes },
    anyNode: { seen: worker ?? controlPlanes[0] },
    apiServerPods: { seen: pods },
    kubeadmConfig: kubeadm,
    kopsController: kops === true ? { seen: true } : absent,
  };
}

const capi = {
  'cluster.x-k8s.io/cluster-name': 'prod',
  'cluster.x-k8s.io/owner-kind': 'KubeadmControlPlane',
};

export const clusters = {
  'OpenShift 4.14': cluster({
    version: 'v1.27.6+f67aeb3',
    groups: ['config.openshift.io', 'security.openshift.io', 'route.openshift.io'],
    controlPlanes: [
      node('master-0', {
        labels: { ...cp, 'node-role.kubernetes.io/master': '' },
        osImage: 'Red Hat CoreOS',
      }),
    ],
    pods: [pod('kube-apiserver-master-0', { namespace: 'openshift-kube-apiserver' })],
  }),
  MicroShift: cluster({
    version: 'v1.27.6',
    groups: ['security.openshift.io', 'route.openshift.io'],
    controlPlanes: [node('edge', { labels: { ...cp, 'node.openshift.io/os_id': 'rhel' } })],
  }),
  AKS: cluster({
    version: 'v1.29.4',
    worker: node('aks-nodepool1-12345678-vmss000000', {
      labels: { 'kubernetes.azure.com/cluster': 'MC_rg_c_westeurope', 'kubernetes.azure.com/role': 'agent' },
      providerId: 'azure:///subscriptions/0/resourceGroups/mc_rg_c_westeurope/providers/x',
    }),
  }),
  'kubeadm on Azure': cluster({
    version: 'v1.29.4',
    controlPlanes: [node('cp-1', { labels: cp, providerId: 'azure:///subscriptions/0/resourceGroups/rg' })],
    pods: [kubeadmPod()],
    kubeadm: clusterConfiguration,
  }),
  GKE: cluster({
    version: 'v1.29.4-gke.1043002',
    worker: node('gke-c-default-pool-1a2b3c4d-x1y2', {
      labels: { 'cloud.google.com/gke-nodepool': 'default-pool' },
      providerId: 'gce://p/europe-west1-b/gke-c-default-pool-1a2b3c4d-x1y2',
    }),
  }),
  'GKE on-prem': cluster({
    version: 'v1.28.8-gke.100',
    controlPlanes: [node('cp-1', { labels: cp })],
    pods: [kubeadmPod({ annotations: { 'kubernetes.io/config.source': 'file' } })],
  }),
  EKS: cluster({
    version: 'v1.30.3-eks-a18cd3a',
    worker: node('ip-10-0-1-2.eu-west-1.compute.internal', {
      labels: { 'eks.amazonaws.com/nodegroup': 'workers' },
      providerId: 'aws:///eu-west-1a/i-0abc',
      kubeletVersion: 'v1.30.2-eks-1552ad0',
    }),
  }),
  'EKS with self-managed nodes': cluster({
    version: 'v1.30.3-eks-a18cd3a',
    worker: node('ip-10-0-1-2', { providerId: 'aws:///eu-west-1a/i-0abc' }),
  }),
  'EKS Fargate': cluster({
    version: 'v1.30.3-eks-a18cd3a',
    worker: node('fargate-ip-10-0-1-3', { labels: { 'eks.amazonaws.com/compute-type': 'fargate' } }),
  }),
  'EKS Anywhere': cluster({
    version: 'v1.29.6-eks-1-29-20',
    controlPlanes: [node('cp-1', { labels: cp, annotations: capi, providerId: 'vsphere://4214' })],
    pods: [kubeadmPod()],
    kubeadm: clusterConfiguration,
  }),
  'EKS-D by kubeadm': cluster({
    version: 'v1.18.9-eks-1-18-1',
    controlPlanes: [node('cp-1', { labels: { 'node-role.kubernetes.io/master': '' } })],
    pods: [kubeadmPod()],
    kubeadm: clusterConfiguration,
  }),
  RKE2: cluster({
    version: 'v1.30.4+rke2r1',
    controlPlanes: [
      node('server-0', {
        labels: { 'node-role.kubernetes.io/control-plane': 'true' },
        annotations: { 'rke2.io/node-args': '["server"]', 'rke2.io/node-config-hash': 'X===' },
        kubeletVersion: 'v1.30.4+rke2r1',
      }),
    ],
    pods: [
      kubeadmPod({ name: 'kube-apiserver-server-0', annotations: { 'kubernetes.io/config.source': 'file' } }),
    ],
  }),
  K3s: cluster({
    version: 'v1.31.0+k3s1',
    controlPlanes: [
      node('pi', {
        labels: {
          'node-role.kubernetes.io/control-plane': 'true',
          'node.kubernetes.io/instance-type': 'k3s',
        },
        annotations: { 'k3s.io/node-args': '["server"]' },
        providerId: 'k3s://pi',
      }),
    ],
  }),
  'K3s of a distributor with its own version': cluster({
    version: 'v1.31.0',
    controlPlanes: [node('edge', { labels: { ...cp, 'node.kubernetes.io/instance-type': 'k3s' } })],
  }),
  'k0s, controllers are no nodes': cluster({
    version: 'v1.30.3+k0s',
    groups: ['autopilot.k0sproject.io', 'helm.k0sproject.io'],
    worker: node('worker-0', { kubeletVersion: 'v1.30.3+k0s' }),
  }),
  MicroK8s: cluster({
    version: 'v1.30.5',
    worker: node('box', {
      labels: {
        'microk8s.io/cluster': 'true',
        'node.kubernetes.io/microk8s-controlplane': 'microk8s-controlplane',
      },
    }),
  }),
  Talos: cluster({
    version: 'v1.31.1',
    controlPlanes: [node('talos-cp-1', { labels: cp, osImage: 'Talos (v1.8.0)' })],
    pods: [
      pod('kube-apiserver-talos-cp-1', {
        labels: { component: 'kube-apiserver', 'app.kubernetes.io/managed-by': 'Talos' },
        annotations: { 'talos.dev/config-version': '1', 'kubernetes.io/config.source': 'http' },
      }),
    ],
  }),
  'Talos by Cluster API': cluster({
    version: 'v1.29.0',
    controlPlanes: [
      node('cp-1', {
        labels: cp,
        osImage: 'Talos (v1.6.4)',
        annotations: { ...capi, 'cluster.x-k8s.io/owner-kind': 'TalosControlPlane' },
      }),
    ],
    pods: [pod('kube-apiserver-cp-1', { labels: { component: 'kube-apiserver' } })],
  }),
  'kOps on AWS': cluster({
    version: 'v1.28.11',
    controlPlanes: [
      node('i-0abc', {
        labels: {
          ...cp,
          'kops.k8s.io/instancegroup': 'control-plane-a',
          'kops.k8s.io/kops-controller-pki': '',
        },
        providerId: 'aws:///eu-west-1a/i-0abc',
      }),
    ],
    pods: [
      pod('kube-apiserver-i-0abc', {
        labels: { 'k8s-app': 'kube-apiserver' },
        annotations: { 'kubernetes.io/config.source': 'file' },
      }),
    ],
    kops: true,
  }),
  'kOps 1.18': cluster({
    version: 'v1.18.20',
    controlPlanes: [node('ip-172-20-1-1', { labels: { 'node-role.kubernetes.io/master': '' } })],
    pods: [pod('kube-apiserver-ip-172-20-1-1', { labels: { 'k8s-app': 'kube-apiserver' } })],
    kops: true,
  }),
  kind: cluster({
    version: 'v1.34.0',
    controlPlanes: [
      node('kind-control-plane', { labels: cp, providerId: 'kind://docker/kind/kind-control-plane' }),
    ],
    pods: [kubeadmPod()],
    kubeadm: clusterConfiguration,
  }),
  minikube: cluster({
    version: 'v1.33.1',
    controlPlanes: [
      node('minikube', {
        labels: { ...cp, 'minikube.k8s.io/name': 'minikube', 'minikube.k8s.io/version': 'v1.36.0' },
        osImage: 'Buildroot 2023.02.9',
      }),
    ],
    pods: [kubeadmPod()],
    kubeadm: clusterConfiguration,
  }),
  'Docker Desktop': cluster({
    version: 'v1.30.2',
    controlPlanes: [node('docker-desktop', { labels: cp, osImage: 'Docker Desktop' })],
    pods: [kubeadmPod()],
    kubeadm: clusterConfiguration,
  }),
  'Cluster API on AWS': cluster({
    version: 'v1.30.0',
    controlPlanes: [node('ip-10-0-0-1', { labels: cp, annotations: capi, providerId: 'aws:///a/i-1' })],
    pods: [kubeadmPod()],
    kubeadm: clusterConfiguration,
  }),
  kubeadm: cluster({
    version: 'v1.37.0',
    controlPlanes: [node('cp-1', { labels: cp })],
    worker: node('worker-1'),
    pods: [kubeadmPod()],
    kubeadm: clusterConfiguration,
  }),
  'kubeadm 1.18 on AWS': cluster({
    version: 'v1.18.20',
    controlPlanes: [
      node('ip-10-0-0-1', {
        labels: { 'node-role.kubernetes.io/master': '' },
        providerId: 'aws:///eu-west-1a/i-0abc',
      }),
    ],
    pods: [kubeadmPod()],
    kubeadm: clusterConfiguration,
  }),
  'static pods by scripts': cluster({
    version: 'v1.27.3',
    controlPlanes: [node('cp-1', { labels: cp })],
    pods: [pod('kube-apiserver-cp-1', { annotations: { 'kubernetes.io/config.source': 'file' } })],
  }),
  'Kamaji management cluster': cluster({
    version: 'v1.27.3',
    controlPlanes: [node('cp-1', { labels: cp })],
    pods: [pod('tenant-6d5c-abcde', { ownerKind: 'ReplicaSet' })],
  }),
  DOKS: cluster({
    version: 'v1.30.4',
    worker: node('pool-abc-x1', { providerId: 'digitalocean://4412' }),
  }),
  'services on the host': cluster({ version: 'v1.27.3', controlPlanes: [node('cp-1', { labels: cp })] }),
} satisfies Record<string, Signs>;

export type ClusterName = keyof typeof clusters;

const refused = (what: string): Look<never> => ({ unseen: 'forbidden', why: `${what} may not be listed.` });

/** The same cluster for somebody who may not see its nodes. */
export function withoutNodes(signs: Signs): Signs {
  return { ...signs, controlPlaneNodes: refused('nodes'), anyNode: refused('nodes') };
}

/** The same cluster for somebody who may see nothing but the version. */
export function withNothing(signs: Signs): Signs {
  return {
    version: signs.version,
    groups: refused('API groups'),
    controlPlaneNodes: refused('nodes'),
    anyNode: refused('nodes'),
    apiServerPods: refused('pods'),
    kubeadmConfig: refused('ConfigMaps'),
    kopsController: refused('ConfigMaps'),
  };
}
