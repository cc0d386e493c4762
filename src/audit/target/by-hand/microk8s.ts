// MicroK8s: one flag a line in a file of the snap; kubelite is API server, kubelet and the rest in one process.
// Sources: microk8s microk8s-resources (run-kubelite-with-args, default-args), docs configuring-services; #3699.
import { commandLine, common, folderOf, needs, prove, replacing, step, writeFiles } from './recipe.ts';
import type { Places, Recipe } from './recipe.ts';

const places: Places = {
  policy: '/var/snap/microk8s/current/args/sematext-audit-policy.yaml',
  webhook: '/var/snap/microk8s/current/args/sematext-audit-webhook.yaml',
  log: '/var/snap/microk8s/common/var/log/audit/audit.log',
};

/** `current` is another folder after a refresh; the snap expands ${SNAP_DATA} in the args file. */
const portable = (line: string): string => line.replace('/var/snap/microk8s/current/', '${SNAP_DATA}/');

export const microk8s: Recipe = {
  places,
  hand: (ask) => ({
    summary:
      "Add the flags to the args file of kube-apiserver on each control-plane node, and restart the snap's service.",
    steps: [
      ...writeFiles(ask, places, 'On one control-plane node after the other'),
      ...(needs(ask, 'audit-log-path')
        ? [step('Make the folder of the log:', `mkdir -p -m 0700 ${folderOf(places.log)}`)]
        : []),
      step(
        `Add to /var/snap/microk8s/current/args/kube-apiserver, one flag a line, a newline at the end${replacing(ask)}:`,
        ...commandLine(ask).map(portable),
      ),
      step(
        'Restart, and see that it stays up:',
        `snap restart microk8s.daemon-${ask.minor >= 21 ? 'kubelite' : 'apiserver'}`,
        'microk8s status --wait-ready',
      ),
      ...prove(ask, places.log),
    ],
    warnings: [
      ...(ask.minor >= 21
        ? [
            'Not into args/kubelite: it does not know these flags and stops. A wrong flag stops the kubelet as well.',
          ]
        : []),
      'The snap sees only its own folders: keep policy, webhook file and log under /var/snap/microk8s.',
      '"snap revert" brings the old args back; "microk8s reset" loses them.',
      ...common(ask),
    ],
  }),
};
