// Questions about the control-plane nodes before their API servers are changed.
import type { Change } from '../change.ts';
import type { Ground } from '../plan/turns.ts';
import { felt } from '../plan/turns.ts';
import { isTurn } from '../plan/step.ts';
import type { Plan } from '../plan/step.ts';
import type { PolicyProblem } from '../policy/problem.ts';
import { applyChange, readManifest } from '../target/manifest.ts';
import { kubeadmConfig } from '../target/kubeadm-config.ts';
import { Unusable } from '../target/unusable.ts';
import { bad, ok, skipped } from './check.ts';
import type { Check, Subject } from './check.ts';

export interface PolicySubject extends Subject {
  /** Name of the preset or file, and what was found wrong with it. */
  readonly policy: {
    readonly name: string;
    readonly problems: readonly PolicyProblem[];
    readonly recorded: number;
  };
}

export interface NodesSubject extends Subject {
  readonly ground: Ground;
  readonly change: Change;
  /** Names of the flags that an earlier run set. */
  readonly ours: readonly string[];
}

/** Whether the API server would start with the policy. */
export const policyAccepted: Check<PolicySubject> = {
  id: 'policy-accepted',
  title: 'The API server accepts the policy',
  severity: 'error',
  code: 'policy-invalid',
  ask: ({ policy: { name, problems } }) => {
    const errors = problems.filter(({ severity }) => severity === 'error');
    const [first] = errors;
    if (first === undefined) return ok(name);
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    const where = `${name}:${first.line}:${first.column}`;
    return bad(
      `${where} ${first.path === '' ? '' : `${first.path}: `}${first.message}${more}`,
      first.hint ?? 'mend the policy',
    );
  },
};

/** Whether the policy says what it seems to say, as far as is cheap to see. */
export const policyClear: Check<PolicySubject> = {
  id: 'policy-clear',
  title: 'The policy says what it seems to say',
  severity: 'warning',
  code: 'policy-invalid',
  ask: ({ policy: { name, problems } }) => {
    const told = problems.filter(({ severity }) => severity === 'warning');
    if (told.length === 0) return ok(name);
    const all = told.map(({ id, line }) => `${id} (line ${line})`).join(', ');
    const count = `${told.length} warning${told.length === 1 ? '' : 's'}`;
    return bad(`${count}: ${all}`, `each in words: kubectl sematext-audit policy lint ${name}`);
  },
};

/** Whether a harmless request of ours would be recorded: without one nothing can be proved. */
export const policyRecords: Check<PolicySubject> = {
  id: 'policy-records',
  title: 'The policy records a request that delivery can be proved by',
  severity: 'error',
  code: 'policy-invalid',
  ask: ({ policy: { recorded, problems } }) =>
    problems.some(({ severity }) => severity === 'error')
      ? skipped('the policy is not accepted')
      : recorded > 0
        ? ok(`${recorded} of the requests that test-event makes`)
        : bad(
            'it drops a dry-run create and a get of a ConfigMap in default, which delivery is proved by',
            'add a last rule "- level: Metadata", or one for configmaps in the namespace default',
          ),
};

/** Whether every API server is well before anything is changed. */
export const nodesReady: Check<NodesSubject> = {
  id: 'nodes-ready',
  title: 'Every API server is ready',
  severity: 'error',
  code: 'unhealthy',
  ask: ({ ground: { nodes } }) => {
    const ill = nodes.filter(({ ready }) => !ready).map(({ pod }) => pod);
    return ill.length === 0
      ? ok(`${nodes.length} of ${nodes.length}`)
      : bad(`not ready: ${ill.join(', ')}`, 'mend it first: kubectl -n kube-system describe pod');
  },
};

/** Whether each node's manifest is there once and can be changed. */
export const manifestsUsable: Check<NodesSubject> = {
  id: 'manifests-usable',
  title: "Each API server's manifest can be changed",
  severity: 'error',
  code: 'target-unsupported',
  ask: ({ ground, change, ours }) => {
    const { nodes } = ground;
    const faults = nodes.flatMap(({ name, look }) => {
      if (look.manifest === undefined)
        return [`${name}: no file in the manifests folder defines kube-apiserver`];
      if (look.others.length > 0)
        return [
          `${name}: ${[look.manifest.path, ...look.others].join(' and ')} define it, and the kubelet takes the last`,
        ];
      try {
        applyChange(look.manifest.text, change, ours);
        const { runAsUser = 0 } = readManifest(look.manifest.text);
        return runAsUser === 0 || change.hash === undefined
          ? []
          : [`${name}: its API server runs as user ${runAsUser}, who may not read files of root`];
      } catch (error) {
        if (error instanceof Unusable) return [`${name}: ${error.why}`];
        throw error;
      }
    });
    faults.push(...kubeadmFaults(ground, change, ours));
    return faults.length === 0
      ? ok(nodes.map(({ look }) => look.manifest?.path).join(', '))
      : bad(faults.join('; '), 'enable --print gives the files and the steps for a change by hand');
  },
};

function kubeadmFaults({ kubeadm }: Ground, change: Change, ours: readonly string[]): readonly string[] {
  const text = kubeadm?.data['ClusterConfiguration'];
  if (text === undefined) return [];
  try {
    kubeadmConfig(text, change, ours);
    return [];
  } catch (error) {
    if (error instanceof Unusable) return [`kubeadm-config: ${error.why}`];
    throw error;
  }
}

/** KiB that must be free where files are put, and where an audit log is written (two files of the default size). */
const needKiB = 4096;
const needLogKiB = 256 * 1024;

/** Whether there is room on the nodes. */
export const roomOnNodes: Check<NodesSubject> = {
  id: 'room-on-nodes',
  title: 'The nodes have room',
  severity: 'error',
  code: 'target-unsupported',
  ask: ({ ground: { nodes }, change }) => {
    const full = nodes.flatMap(({ name, look: { free } }) => [
      ...(free.etc < needKiB ? [`${name}: /etc has ${free.etc} KiB left`] : []),
      ...(free.var < needKiB ? [`${name}: /var/lib has ${free.var} KiB left`] : []),
      ...(change.writes !== undefined && free.log < needLogKiB
        ? [`${name}: ${change.writes} has ${free.log} KiB left`]
        : []),
    ]);
    return full.length === 0 ? ok('enough') : bad(full.join('; '), 'make room on the node first');
  },
};

/** What of the plan will be felt, one sentence a node. */
export function outagesOf({ steps }: Plan): readonly string[] {
  return steps
    .filter(isTurn)
    .flatMap(({ action: { turn } }) =>
      turn.outage === 'none' ? [] : [`${turn.node}: ${felt(turn.outage)}`],
    );
}
