// RKE2: a static pod that rke2-server writes anew at every start; its config decides, and whatever file an argument
// names is mounted by itself. Sources: rke2 pkg/executor/staticpod, pkg/podtemplate, pkg/cli/cmds/root.go; #4026,
// #4136 (log paths), docs hardening_guide.
import { common, needs, prove, step, writeFiles } from './recipe.ts';
import type { Ask, Places, Recipe } from './recipe.ts';

const places: Places = {
  policy: '/etc/rancher/rke2/sematext-audit/policy.yaml',
  webhook: '/etc/rancher/rke2/sematext-audit/webhook.yaml',
  // RKE2's own default, said aloud: releases around 1.24.13 and 1.27.1 did not set it, or broke on other names
  log: '/var/lib/rancher/rke2/server/logs/audit.log',
};

function config(ask: Ask): readonly string[] {
  const policy = needs(ask, 'audit-policy-file');
  const args = ask.flags
    .filter(({ name }) => name !== 'audit-policy-file')
    .map(({ name, value }) => `- "${name}=${value}"`);
  // a policy file makes RKE2 write a log as well
  const log = policy && !needs(ask, 'audit-log-path') ? [`- "audit-log-path=${places.log}"`] : [];
  const list = [...args, ...log];
  return [
    ...(policy ? [`audit-policy-file: ${places.policy}`] : []),
    ...(list.length === 0 ? [] : [ask.minor >= 21 ? 'kube-apiserver-arg+:' : 'kube-apiserver-arg:', ...list]),
  ];
}

const file = (minor: number): string =>
  minor >= 21
    ? 'Write /etc/rancher/rke2/config.yaml.d/90-sematext-audit.yaml ("+" appends; a later file with this key needs the "+" too):'
    : 'Add to /etc/rancher/rke2/config.yaml, together with the entries that are there:';

const tooOld = {
  summary:
    'This RKE2 takes an audit policy only with its CIS profile: upgrade to v1.21.3+rke2r2 or later first.',
  steps: [],
  warnings: [],
};

/** v1.21.3+rke2r2 is the first that takes audit-policy-file outside the CIS profile. */
function takesPolicy(gitVersion: string, minor: number): boolean {
  if (minor !== 21) return minor > 21;
  const [, patch, release] = /^v?1\.21\.(\d+)(?:\+rke2r(\d+))?/.exec(gitVersion) ?? [];
  const at = Number(patch ?? '0') * 100 + Number(release ?? '1');
  return at >= 302;
}

export const rke2: Recipe = {
  places,
  hand: (ask) => {
    if (ask.need !== 'dynamic' && !takesPolicy(ask.gitVersion, ask.minor)) return tooOld;
    return {
      summary: 'Give the files and flags to RKE2 on each server, and restart its service.',
      steps: [
        ...writeFiles(ask, places, 'On one RKE2 server after the other'),
        step(file(ask.minor), ...config(ask)),
        step(
          'Restart RKE2 and see that the API server is ready again:',
          'systemctl restart rke2-server',
          'journalctl -u rke2-server -n 50',
        ),
        ...prove(ask, places.log),
      ],
      warnings: [
        'Write the policy first: where the file is missing RKE2 makes one with level None, which looks on and records nothing.',
        'Never edit /var/lib/rancher/rke2/agent/pod-manifests: every start writes it anew.',
        'Files that the webhook file itself names are not mounted: embed certificates as base64 data.',
        'A --kube-apiserver-arg on the command line (see the node annotation rke2.io/node-args) overrides the config files.',
        ...common(ask),
      ],
    };
  },
};
