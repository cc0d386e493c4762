// k0s: the API server is a process of `k0s controller`, run as a user of its own; controllers are often no nodes at
// all. Sources: k0s pkg/component/controller/apiserver.go, docs configuration.md and dynamic-configuration.md.
import { common, folderOf, needs, prove, step, writeFiles } from './recipe.ts';
import type { Ask, Hand, Places, Recipe } from './recipe.ts';

const places: Places = {
  policy: '/var/lib/k0s/audit/policy.yaml',
  webhook: '/var/lib/k0s/audit/webhook.yaml',
  log: '/var/log/k0s-audit/audit.log',
};

function owners(ask: Ask): readonly string[] {
  const config = folderOf(places.policy);
  const log = folderOf(places.log);
  return [
    step(
      'Let the user kube-apiserver (spec.installConfig.users.kubeAPIserverUser; where it does not exist the API server runs as root: skip this) read them, and nobody else:',
      `chown -R kube-apiserver ${config} && chmod 0700 ${config} && chmod 0600 ${config}/*`,
      ...(needs(ask, 'audit-log-path') ? [`mkdir -p -m 0700 ${log} && chown kube-apiserver ${log}`] : []),
    ),
  ];
}

const noSuchRelease: Hand = {
  summary: 'k0s has no release before Kubernetes 1.19: see what this cluster is.',
  steps: [],
  warnings: [],
};

export const k0s: Recipe = {
  places,
  hand: (ask) => (ask.minor < 19 ? noSuchRelease : withRestart(ask)),
};

function withRestart(ask: Ask): Hand {
  return {
    summary: 'Add the flags to k0s.yaml on each controller, and restart k0s there.',
    steps: [
      ...writeFiles(ask, places, 'On one k0s controller after the other'),
      ...owners(ask),
      step(
        'Merge into /etc/k0s/k0s.yaml (the file that "k0s install controller -c" was given):',
        'spec:',
        '  api:',
        '    extraArgs:',
        ...ask.flags.map(({ name, value }) => `      ${name}: "${value}"`),
      ),
      step(
        'Restart k0s and see that the API server stays up:',
        'k0s stop && k0s start',
        'journalctl -u k0scontroller | grep component=kube-apiserver | tail',
      ),
      ...prove(ask, places.log),
    ],
    warnings: [
      'spec.api is read from the file of each controller, never from the ClusterConfig object, also with --enable-dynamic-config.',
      'k0sctl writes k0s.yaml from its own file: make the change in spec.k0s.config there, and upload the files with it.',
      'A cluster IP is usually not reachable from a controller: use a receiver outside the cluster.',
      ...common(ask),
    ],
  };
}
