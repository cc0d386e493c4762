// Knows what kubeadm 1.30 must be told so that it runs Kubernetes 1.18 and an etcd of today: patches of the static pods
// it writes.
import { stringify } from 'yaml';

/** The files of kubeadm's folder of patches. */
export function patches(version: string): Record<string, string> {
  const components = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((name) => {
    const containers = [{ name, image: `registry.k8s.io/${name}:v${version}` }];
    return [`${name}+strategic.yaml`, stringify({ spec: { containers } })];
  });
  return { ...Object.fromEntries(components), 'etcd+json.json': JSON.stringify(withoutFlagsGoneFromEtcd) };
}

const withoutFlagsGoneFromEtcd = [
  '--experimental-initial-corrupt-check=true',
  '--experimental-watch-progress-notify-interval=5s',
].flatMap((value) => {
  const path = '/spec/containers/0/command/5'; // they follow each other
  return [
    { op: 'test', path, value },
    { op: 'remove', path },
  ];
});
