// K3s: the API server is part of the `k3s server` process; a drop-in of its config decides. Sources: k3s docs
// hardening-guide and installation/configuration, k3s.service.
import { common, folderOf, needs, prove, replacing, step, writeFiles } from './recipe.ts';
import type { Ask, Places, Recipe } from './recipe.ts';

const places: Places = {
  policy: '/var/lib/rancher/k3s/server/sematext-audit/policy.yaml',
  webhook: '/var/lib/rancher/k3s/server/sematext-audit/webhook.yaml',
  log: '/var/lib/rancher/k3s/server/logs/audit.log',
};

/** The config file came with 1.19.1; that a list can be appended to with "+" is held for 1.21 and later. */
function configSteps(ask: Ask): readonly string[] {
  if (ask.minor < 19) return unitSteps(ask);
  const where =
    ask.minor < 21
      ? 'Put all flags into the one list in /etc/rancher/k3s/config.yaml, together with those that are there:'
      : 'Write /etc/rancher/k3s/config.yaml.d/90-sematext-audit.yaml ("+" appends; a later file with this key needs the "+" too):';
  return [
    step(
      where,
      ask.minor < 21 ? 'kube-apiserver-arg:' : 'kube-apiserver-arg+:',
      ...ask.flags.map(({ name, value }) => `- "${name}=${value}"`),
    ),
  ];
}

function unitSteps(ask: Ask): readonly string[] {
  return [
    step(
      `This K3s reads no config file: add to the arguments of ExecStart in /etc/systemd/system/k3s.service${replacing(ask)}:`,
      ask.flags.map(({ name, value }) => `'--kube-apiserver-arg=${name}=${value}'`).join(' \\\n'),
    ),
    step('Have systemd read it:', 'systemctl daemon-reload'),
  ];
}

export const k3s: Recipe = {
  places,
  hand: (ask) => ({
    summary: 'Give the flags to K3s on each server, and restart its service.',
    steps: [
      ...writeFiles(ask, places, 'On one K3s server after the other'),
      ...(needs(ask, 'audit-log-path')
        ? [step('Make the folder of the log:', `mkdir -p -m 0700 ${folderOf(places.log)}`)]
        : []),
      ...configSteps(ask),
      step(
        'Restart K3s (pods keep running; the API is away for seconds) and see that it stays up:',
        'systemctl restart k3s   # OpenRC: rc-service k3s restart; k3d: docker restart k3d-<cluster>-server-0',
        'journalctl -u k3s -n 50',
      ),
      ...prove(ask, places.log),
    ],
    warnings: [
      'A --kube-apiserver-arg on the command line (see the node annotation k3s.io/node-args) overrides every config file silently: then add the flags to /etc/systemd/system/k3s.service instead.',
      'A wrong flag takes down all of K3s on that server, the kubelet too.',
      "Made by Rancher: 50-rancher.yaml is Rancher's; set the flags in the Cluster's spec.rkeConfig.machineGlobalConfig.",
      ...(ask.need === 'dynamic'
        ? [
            'K3s builds of that time left out some alpha features: the next step shows whether the API is served.',
          ]
        : []),
      ...common(ask),
    ],
  }),
};
