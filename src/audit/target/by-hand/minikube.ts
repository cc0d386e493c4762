// minikube: flags by --extra-config, files by the sync of ~/.minikube/files. Sources: minikube site tutorials/
// audit-policy.md and handbook/filesync.md, cmd/minikube/cmd/start_flags.go (the list is replaced, not merged),
// pkg/minikube/bootstrapper/kubeadm (a failed restart resets the cluster).
import { common, filesOf, needsFiles, prove, step } from './recipe.ts';
import type { Ask, Places, Recipe } from './recipe.ts';

// one of the few folders mounted into the API server; all of those are read-only, so the log can only go to stdout
const places: Places = {
  policy: '/etc/ssl/certs/sematext-audit-policy.yaml',
  webhook: '/etc/ssl/certs/sematext-audit-webhook.yaml',
  log: '-',
};

function start(ask: Ask): string {
  const options = ask.flags.map(({ name, value }) =>
    name === 'feature-gates' ? `--feature-gates=${value}` : `--extra-config=apiserver.${name}=${value}`,
  );
  return ['minikube start -p <profile>', ...options].join(' \\\n  ');
}

function fileSteps(ask: Ask): readonly string[] {
  if (!needsFiles(ask)) return [];
  const home = '~/.minikube/files';
  return [
    step(
      `On your machine, put the files where minikube copies them from at each start (under $MINIKUBE_HOME/files when that is set${
        ask.need === 'webhook' ? '; put your Logs token in place of <LOGS_TOKEN>' : ''
      }):`,
      'umask 077',
      `mkdir -p ${home}/etc/ssl/certs`,
      ...filesOf(ask, places).map(([path, text]) => `cat > ${home}${path} <<'EOF'\n${text}\nEOF`),
    ),
  ];
}

export const minikube: Recipe = {
  places,
  without: ['audit-log-maxage', 'audit-log-maxbackup', 'audit-log-maxsize'], // stdout is not rotated
  hand: (ask) => ({
    summary:
      'Start the profile again with the flags as --extra-config; the cluster need not be stopped before.',
    steps: [
      ...fileSteps(ask),
      step(
        'See which options the profile has (KubernetesConfig.ExtraOptions and FeatureGates): what you do not pass again is lost:',
        'cat ~/.minikube/profiles/<profile>/config.json',
      ),
      step('Start it again with those and these:', start(ask)),
      ...prove(ask, places.log),
    ],
    warnings: [
      '--extra-config replaces the whole stored list, and --feature-gates all gates: pass the old ones along.',
      'When an API server does not come up after a restart, minikube resets the cluster: its data is lost.',
      ...(needsFiles(ask)
        ? ['A changed file with the same flags is read only after "minikube stop" and "start".']
        : []),
      'With several control planes only the first gets new flags.',
      ...common(ask),
    ],
  }),
};
