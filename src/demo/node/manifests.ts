// The files that kubeadm writes to a control-plane node: the manifests of its four static pods, and the certificates
// that they name, which are texts here that nobody reads (kubeadm cmd/kubeadm/app/phases/controlplane/manifests.go).
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv, kubeadmFlags } from '../kubernetes/server-flags.ts';
import type { Release } from '../kubernetes/kinds.ts';

const folders = [
  'bin',
  'etc/kubernetes/manifests',
  'etc/kubernetes/pki/etcd',
  'etc/ssl/certs',
  'lib',
  'lib64',
  'usr',
  'var/lib/etcd',
  'var/lib/kubelet',
  'var/log/pods',
];

const certificates = [
  'apiserver-etcd-client.crt',
  'apiserver-etcd-client.key',
  'apiserver-kubelet-client.crt',
  'apiserver-kubelet-client.key',
  'apiserver.crt',
  'apiserver.key',
  'ca.crt',
  'ca.key',
  'etcd/ca.crt',
  'front-proxy-ca.crt',
  'front-proxy-client.crt',
  'front-proxy-client.key',
  'sa.key',
  'sa.pub',
];

function probe(address: string, path: string, numbers: Readonly<Record<string, number>>): string[] {
  const { failureThreshold, ...others } = numbers;
  return [
    `      failureThreshold: ${failureThreshold}`,
    '      httpGet:',
    `        host: ${address}`,
    `        path: ${path}`,
    '        port: probe-port',
    '        scheme: HTTPS',
    ...Object.entries(others).map(([name, value]) => `      ${name}: ${value}`),
  ];
}

const mounted = {
  'ca-certs': '/etc/ssl/certs',
  'etc-ca-certificates': '/etc/ca-certificates',
  'k8s-certs': '/etc/kubernetes/pki',
  'usr-local-share-ca-certificates': '/usr/local/share/ca-certificates',
  'usr-share-ca-certificates': '/usr/share/ca-certificates',
};

function metadata(name: string, annotations: readonly string[] = []): string[] {
  return [
    'apiVersion: v1',
    'kind: Pod',
    'metadata:',
    ...annotations,
    '  labels:',
    `    component: ${name}`,
    '    tier: control-plane',
    `  name: ${name}`,
    '  namespace: kube-system',
    'spec:',
    '  containers:',
    '  - command:',
  ];
}

const slow = { initialDelaySeconds: 10, periodSeconds: 10, timeoutSeconds: 15 };

function apiServerContainer(release: Release, address: string): string[] {
  return [
    `    image: registry.k8s.io/kube-apiserver:v${release}`,
    '    imagePullPolicy: IfNotPresent',
    '    livenessProbe:',
    ...probe(address, '/livez', { failureThreshold: 8, ...slow }),
    '    name: kube-apiserver',
    '    ports:',
    '    - containerPort: 6443',
    '      name: probe-port',
    '      protocol: TCP',
    '    readinessProbe:',
    ...probe(address, '/readyz', { failureThreshold: 3, periodSeconds: 1, timeoutSeconds: 15 }),
    '    resources:',
    '      requests:',
    '        cpu: 250m',
    '    startupProbe:',
    ...probe(address, '/livez', { failureThreshold: 24, ...slow }),
    '    volumeMounts:',
    ...Object.entries(mounted).flatMap(([name, path]) => [
      `    - mountPath: ${path}`,
      `      name: ${name}`,
      '      readOnly: true',
    ]),
  ];
}

/** kube-apiserver.yaml as kubeadm writes it. */
export function apiServerManifest(release: Release, address: string): string {
  const choice = { auditSinks: { served: false, honoured: false }, webhook: false };
  const flags = kubeadmFlags({ ...choice, extra: { 'advertise-address': address } });
  const endpoint = `    kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint: ${address}:6443`;
  return [
    ...metadata('kube-apiserver', ['  annotations:', endpoint]),
    ...argv(flags).map((word) => `    - ${word}`),
    ...apiServerContainer(release, address),
    '  hostNetwork: true',
    '  priority: 2000001000',
    '  priorityClassName: system-node-critical',
    '  securityContext:',
    '    seccompProfile:',
    '      type: RuntimeDefault',
    '  volumes:',
    ...Object.entries(mounted).flatMap(([name, path]) => [
      '  - hostPath:',
      `      path: ${path}`,
      '      type: DirectoryOrCreate',
      `    name: ${name}`,
    ]),
    'status: {}',
    '',
  ].join('\n');
}

function otherManifest(name: string, image: string, command: readonly string[]): string {
  return [
    ...metadata(name),
    ...command.map((word) => `    - ${word}`),
    `    image: ${image}`,
    '    imagePullPolicy: IfNotPresent',
    `    name: ${name}`,
    '  hostNetwork: true',
    '  priorityClassName: system-node-critical',
    'status: {}',
    '',
  ].join('\n');
}

/** Lays a node's root out as kubeadm leaves it. */
export function writeNodeFiles(root: string, release: Release, address: string): void {
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode: 0o600 });
  };
  for (const name of certificates) write(join('etc/kubernetes/pki', name), `imitated ${name}\n`);
  const manifest = (name: string, text: string): void => write(`etc/kubernetes/manifests/${name}.yaml`, text);
  manifest('kube-apiserver', apiServerManifest(release, address));
  manifest(
    'etcd',
    otherManifest('etcd', 'registry.k8s.io/etcd:3.7.0-0', ['etcd', '--data-dir=/var/lib/etcd']),
  );
  for (const name of ['kube-controller-manager', 'kube-scheduler']) {
    const kubeconfig = `--kubeconfig=/etc/kubernetes/${name.replace('kube-', '')}.conf`;
    manifest(name, otherManifest(name, `registry.k8s.io/${name}:v${release}`, [name, kubeconfig]));
  }
}
