// Questions about API servers that this tool changed: whether each still runs the change, whether it lasts, and whether
// anything of the way there was left behind. Asked where a record says that API servers were changed.
import { configRoot, hashAnnotation } from '../change.ts';
import { seen } from '../facts.ts';
import type { ApiServerPod, Facts } from '../facts.ts';
import { flagsFromArgv } from '../flags.ts';
import type { RecordedChange } from '../plan/record.ts';
import { bad, ok, skipped, unknown, whenSeen } from './check.ts';
import type { Answer, Check } from './check.ts';

const seePods = 'allow get and list on pods in kube-system';

/** The recorded change, or why there is nothing to ask about. */
function whenChanged(facts: Facts, then: (change: RecordedChange) => Answer): Answer {
  const change = seen(facts.record)?.record.change;
  return change === undefined ? skipped('no API server was changed by this tool') : then(change);
}

/** Whether every API server runs what was recorded: a node that joined or was upgraded does not. */
export const changeInForce: Check = {
  id: 'change-in-force',
  title: 'Every API server runs the recorded configuration',
  severity: 'error',
  code: 'unhealthy',
  ask: ({ facts }) =>
    whenChanged(facts, (change) =>
      whenSeen(facts.apiServerPods, seePods, (pods) => {
        if (pods.length === 0) return unknown({ why: 'no API server pod was seen' }, seePods);
        const told = pods.flatMap((pod) => faultOf(pod, change));
        return told.length === 0
          ? ok(`${pods.length} of ${pods.length}`)
          : bad(
              told.join('; '),
              'kubectl sematext-audit enable, as before, changes what differs and nothing else',
            );
      }),
    ),
};

function faultOf({ nodeName, annotations, argv }: ApiServerPod, change: RecordedChange): readonly string[] {
  const flags = flagsFromArgv(argv);
  const missing = change.flags.filter((name) => flags[name] === undefined);
  if (missing.length === change.flags.length) return [`${nodeName} runs without it`];
  if (missing.length > 0) return [`${nodeName} lacks --${missing.join(', --')}`];
  if (change.hash === undefined) return [];
  // kubeadm renders flags and mounts and no annotation; the files' path has the hash too
  const at = flags['audit-policy-file'] ?? '';
  const hash = annotations[hashAnnotation] ?? change.hash;
  if (hash === change.hash && at.startsWith(`${configRoot}/${change.hash}/`)) return [];
  return [`${nodeName} runs another configuration: policy or receiver differ`];
}

/** Whether the next `kubeadm upgrade` or `join` keeps it. */
export const changeLasts: Check = {
  id: 'change-lasts',
  title: 'kubeadm-config holds the change, so that upgrades keep it',
  severity: 'warning',
  code: 'unhealthy',
  ask: ({ facts }) =>
    whenChanged(facts, (change) => {
      if (!change.kubeadm) return skipped('there was no kubeadm-config');
      return whenSeen(facts.kubeadmConfig, 'allow get on ConfigMap kube-system/kubeadm-config', (text) => {
        const missing = change.flags.filter((name) => !isSet(name, text));
        const other =
          change.hash !== undefined && !text.includes(change.hash)
            ? ['the paths of another configuration']
            : [];
        const told = [...missing.map((name) => `--${name} is not in it`), ...other];
        return told.length === 0
          ? ok('it does')
          : bad(
              `lost at the next upgrade: ${told.join(', ')}`,
              'kubectl sematext-audit enable, as before, writes it again',
            );
      });
    }),
};

// A key of the map up to v1beta3, a name in the list of v1beta4. By the text alone: a YAML parser would cost every
// status as much as all of its questions.
function isSet(flag: string, text: string): boolean {
  return new RegExp(`(^|[\\s{,])["']?${flag}["']?\\s*:|name:\\s*["']?${flag}["']?\\s*([,}]|$)`, 'm').test(
    text,
  );
}

/** Whether a twin, a helper, a guard or an EndpointSlice is there although nobody should be at work. */
export const nothingLeft: Check = {
  id: 'nothing-left',
  title: 'Nothing of a change is left behind',
  severity: 'warning',
  code: 'unhealthy',
  ask: ({ facts }) =>
    whenChanged(facts, () => {
      const left = facts.workers ?? { unseen: 'not-asked', why: 'it was not looked for' };
      return whenSeen(
        left,
        'allow list on pods in the namespaces sematext-audit and kube-system, and on endpointslices in default',
        (found) =>
          found.length === 0
            ? ok('no twin, no helper, no guard, no EndpointSlice of ours')
            : bad(
                `${found.join(', ')}: a run is at work, or one died`,
                'if none is at work: kubectl sematext-audit enable --resume finishes, disable --resume takes back',
              ),
      );
    }),
};
