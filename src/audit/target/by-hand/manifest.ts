// Control planes whose API server is a static pod that nobody writes anew behind your back: kubeadm and those that
// are kubeadm inside. Sources: kubernetes pkg/kubelet/config (what counts as a manifest), pkg/volume/host_path
// (hostPath types), kubeadm phases/controlplane/manifests.go (nothing else under /etc/kubernetes is mounted).
import { commandLine, folderOf, needs, needsFiles, replacing, step, writeFiles } from './recipe.ts';
import type { Ask, Places } from './recipe.ts';

/** Places that a static-pod API server gets by mounts of our own. */
export const nodePlaces: Places = {
  policy: '/etc/kubernetes/sematext-audit/policy.yaml',
  webhook: '/etc/kubernetes/sematext-audit/webhook.yaml',
  log: '/var/log/kubernetes/audit/audit.log',
};

const manifest = '/etc/kubernetes/manifests/kube-apiserver.yaml';
// a name with a dot in front is no manifest for the kubelet; any other name in that folder is one
const draft = '/etc/kubernetes/manifests/.kube-apiserver.next';
const backup = '/var/lib/sematext-audit';

interface Mount {
  readonly name: string;
  readonly path: string;
  readonly readOnly: boolean;
  readonly type: 'Directory' | 'DirectoryOrCreate';
}

/** Folders, not files: rotation renames, and a mounted file keeps its old inode when it is replaced. */
export function mountsOf(ask: Ask): readonly Mount[] {
  const config: Mount = {
    name: 'sematext-audit-config',
    path: folderOf(nodePlaces.policy),
    readOnly: true,
    type: 'Directory',
  };
  const log: Mount = {
    name: 'sematext-audit-log',
    path: folderOf(nodePlaces.log),
    readOnly: false,
    type: 'DirectoryOrCreate',
  };
  return [...(needsFiles(ask) ? [config] : []), ...(needs(ask, 'audit-log-path') ? [log] : [])];
}

function manifestLines(ask: Ask): readonly string[] {
  const mounts = mountsOf(ask);
  return [
    `# spec.containers[0].command, after "- kube-apiserver"${replacing(ask)}`,
    ...commandLine(ask).map((flag) => `- ${flag}`),
    ...(mounts.length === 0 ? [] : ['# spec.containers[0].volumeMounts']),
    ...mounts.map(
      ({ name, path, readOnly }) =>
        `- {name: ${name}, mountPath: ${path}${readOnly ? ', readOnly: true' : ''}}`,
    ),
    ...(mounts.length === 0 ? [] : ['# spec.volumes']),
    ...mounts.map(({ name, path, type }) => `- {name: ${name}, hostPath: {path: ${path}, type: ${type}}}`),
  ];
}

/** Steps on one machine after the other; `where` says which, in a sentence that goes on. */
export function manifestSteps(ask: Ask, where: string): readonly string[] {
  return [
    ...writeFiles(ask, nodePlaces, where),
    step(
      'Keep the manifest outside its folder (a copy inside would run as a second pod), and make the draft of the next one:',
      `mkdir -p -m 0700 ${backup}`,
      `cp -p ${manifest} ${backup}/kube-apiserver.yaml`,
      `cp -p ${manifest} ${draft}`,
    ),
    step(`Add to the draft ${draft}:`, ...manifestLines(ask)),
    step(
      'Put it in place by a rename; the kubelet restarts this API server at once (about 40 s without it):',
      `mv ${draft} ${manifest}`,
    ),
    step(
      'Wait until this node answers (6443 is the default --secure-port):',
      `curl -sk https://127.0.0.1:6443/${ask.minor >= 16 ? 'readyz' : 'healthz'}`,
      'crictl ps -a --name kube-apiserver',
    ),
    step(
      'Only if it does not answer within 5 minutes, put the old manifest back:',
      `cp -p ${backup}/kube-apiserver.yaml ${draft}`,
      `mv ${draft} ${manifest}`,
    ),
  ];
}

/** Warnings of every edit of a manifest. */
export function manifestWarnings(ask: Ask): readonly string[] {
  const stale =
    'A changed policy or webhook file restarts nothing: change an annotation in the manifest to have it read.';
  return [
    'A flag, file or mount that is wrong keeps this API server from starting: go node by node, and go on only when the last one is ready.',
    ...(needsFiles(ask) ? [stale] : []),
  ];
}
