// The decision table: one row for each kind of control plane, asked from top to bottom, the first that says yes wins.
// The order matters, since several kinds are kubeadm inside, and EKS-D, GKE on-prem and kOps stand on the clouds of
// the managed ones: a providerID alone proves nothing. Prior art: replicatedhq/troubleshoot, analyzer `distribution`.
import type { Signs } from '../facts.ts';
import { both, either, within } from './finding.ts';
import type { Finding } from './finding.ts';
import {
  annotated,
  labelled,
  noControlPlaneNode,
  nothingToSee,
  onControlPlane,
  onNode,
  onPod,
  podHas,
  providedBy,
  served,
  serverVersionSays,
  versionSays,
} from './signs.ts';
import type { TargetId } from './target.ts';

export interface Row {
  readonly id: Exclude<TargetId, 'unknown'>;
  /** For people. */
  readonly name: string;
  /** How sure the sign makes us, when everything above it could be ruled out. */
  readonly sure: 'certain' | 'high' | 'medium';
  /** The test in words, for the table in docs/control-planes.md. */
  readonly sign: string;
  readonly test: (signs: Signs) => Finding;
}

const workloads = ['ReplicaSet', 'Deployment', 'DaemonSet', 'StatefulSet'];

export const rows: readonly Row[] = [
  {
    id: 'openshift',
    name: 'OpenShift 4',
    sure: 'certain',
    sign: 'API group `config.openshift.io`',
    test: (signs) => served(signs, 'config.openshift.io'),
  },
  {
    id: 'aks',
    name: 'Azure Kubernetes Service (AKS)',
    sure: 'certain',
    sign: 'node label `kubernetes.azure.com/cluster` or `kubernetes.azure.com/role`, and no control-plane node',
    test: (signs) =>
      both(
        onNode(signs, labelled('kubernetes.azure.com/cluster', 'kubernetes.azure.com/role')),
        noControlPlaneNode(signs),
      ),
  },
  {
    id: 'gke',
    name: 'Google Kubernetes Engine (GKE)',
    sure: 'certain',
    sign: 'node label `cloud.google.com/gke-nodepool`; or `-gke.` in the version and no control-plane node',
    test: (signs) =>
      either(
        onNode(signs, labelled('cloud.google.com/gke-nodepool')),
        both(serverVersionSays(signs, '-gke.'), noControlPlaneNode(signs)),
      ),
  },
  {
    id: 'eks',
    name: 'Amazon Elastic Kubernetes Service (EKS)',
    sure: 'certain',
    sign: 'node label `eks.amazonaws.com/nodegroup` or `eks.amazonaws.com/compute-type`; or `-eks-` in the version and no control-plane node',
    test: (signs) =>
      either(
        onNode(signs, labelled('eks.amazonaws.com/nodegroup', 'eks.amazonaws.com/compute-type')),
        both(serverVersionSays(signs, '-eks-'), noControlPlaneNode(signs)),
      ),
  },
  {
    id: 'rke2',
    name: 'RKE2',
    sure: 'certain',
    sign: '`+rke2r` in a version; or node annotation `rke2.io/node-args`',
    test: (signs) => either(versionSays(signs, '+rke2r'), onNode(signs, annotated('rke2.io/node-args'))),
  },
  {
    id: 'k3s',
    name: 'K3s',
    sure: 'certain',
    sign: '`+k3s` in a version; node annotation `k3s.io/node-args`; node label `node.kubernetes.io/instance-type=k3s`; or providerID `k3s://`',
    test: (signs) =>
      either(
        versionSays(signs, '+k3s'),
        onNode(signs, annotated('k3s.io/node-args')),
        onNode(signs, ({ name, labels }) =>
          labels['node.kubernetes.io/instance-type'] === 'k3s'
            ? `node ${name} is of instance type k3s`
            : undefined,
        ),
        onNode(signs, providedBy('k3s://')),
      ),
  },
  {
    id: 'k0s',
    name: 'k0s',
    sure: 'certain',
    sign: '`+k0s` in a version; node label `node.k0sproject.io/role`; or API group `k0s.k0sproject.io` or `autopilot.k0sproject.io`',
    test: (signs) =>
      either(
        versionSays(signs, '+k0s'),
        onNode(signs, labelled('node.k0sproject.io/role')),
        served(signs, 'k0s.k0sproject.io', 'autopilot.k0sproject.io'),
      ),
  },
  {
    id: 'microk8s',
    name: 'MicroK8s',
    sure: 'certain',
    sign: 'node label `microk8s.io/cluster` or `node.kubernetes.io/microk8s-controlplane`',
    test: (signs) =>
      onNode(signs, labelled('microk8s.io/cluster', 'node.kubernetes.io/microk8s-controlplane')),
  },
  {
    id: 'talos',
    name: 'Talos Linux',
    sure: 'certain',
    sign: 'node `osImage` starts with `Talos (`; or API server pod with label `app.kubernetes.io/managed-by=Talos` or annotation `talos.dev/config-version`',
    test: (signs) =>
      either(
        onNode(signs, ({ name, osImage }) =>
          osImage.startsWith('Talos (') ? `node ${name} runs ${osImage}` : undefined,
        ),
        onPod(signs, podHas('label', 'app.kubernetes.io/managed-by', 'Talos')),
        onPod(signs, podHas('annotation', 'talos.dev/config-version')),
      ),
  },
  {
    id: 'kops',
    name: 'kOps',
    sure: 'certain',
    sign: '`kube-system/kops-controller`; or node label `kops.k8s.io/kops-controller-pki` or `kops.k8s.io/instancegroup`',
    test: (signs) =>
      either(
        onNode(signs, labelled('kops.k8s.io/kops-controller-pki', 'kops.k8s.io/instancegroup')),
        within(signs.kopsController, (there) =>
          there ? 'the object kube-system/kops-controller is there' : undefined,
        ),
      ),
  },
  {
    id: 'kind',
    name: 'kind',
    sure: 'certain',
    sign: 'providerID `kind://`',
    test: (signs) => onNode(signs, providedBy('kind://')),
  },
  {
    id: 'minikube',
    name: 'minikube',
    sure: 'certain',
    sign: 'node label `minikube.k8s.io/name` or `minikube.k8s.io/version`',
    test: (signs) => onNode(signs, labelled('minikube.k8s.io/name', 'minikube.k8s.io/version')),
  },
  {
    id: 'docker-desktop',
    name: 'Docker Desktop',
    sure: 'high',
    sign: 'node `osImage` is `Docker Desktop`, or the node is named `docker-desktop`',
    test: (signs) =>
      onNode(signs, ({ name, osImage }) =>
        osImage === 'Docker Desktop' || name === 'docker-desktop'
          ? `node ${name} runs ${osImage}`
          : undefined,
      ),
  },
  {
    id: 'capi-kubeadm',
    name: 'Cluster API (kubeadm control plane)',
    sure: 'certain',
    sign: 'control-plane node annotations `cluster.x-k8s.io/cluster-name` and `cluster.x-k8s.io/owner-kind=KubeadmControlPlane`',
    test: (signs) =>
      onControlPlane(signs, ({ name, annotations }) =>
        'cluster.x-k8s.io/cluster-name' in annotations &&
        annotations['cluster.x-k8s.io/owner-kind'] === 'KubeadmControlPlane'
          ? `node ${name} is owned by a KubeadmControlPlane of cluster ${annotations['cluster.x-k8s.io/cluster-name']}`
          : undefined,
      ),
  },
  {
    id: 'kubeadm',
    name: 'kubeadm',
    sure: 'high',
    sign: 'ConfigMap `kube-system/kubeadm-config`, and an API server pod with label `component=kube-apiserver`',
    test: (signs) =>
      both(
        within(signs.kubeadmConfig, () => 'the ConfigMap kube-system/kubeadm-config is there'),
        onPod(signs, podHas('label', 'component', 'kube-apiserver')),
      ),
  },
  {
    id: 'static-pod',
    name: 'static pod, installer unknown',
    sure: 'medium',
    sign: 'API server pod with annotation `kubernetes.io/config.source=file`',
    test: (signs) => onPod(signs, podHas('annotation', 'kubernetes.io/config.source', 'file')),
  },
  {
    id: 'self-hosted',
    name: 'API server as a workload (vcluster, Kamaji, HyperShift, Gardener seed)',
    sure: 'medium',
    sign: 'API server pod owned by a Deployment, ReplicaSet, DaemonSet or StatefulSet',
    test: (signs) =>
      onPod(signs, ({ name, ownerKind }) =>
        workloads.includes(ownerKind) ? `pod ${name} belongs to a ${ownerKind}` : undefined,
      ),
  },
  {
    id: 'managed-unknown',
    name: 'managed control plane, provider unknown',
    sure: 'medium',
    sign: 'no control-plane node and no API server pod',
    test: nothingToSee,
  },
];
