// The plan that brings a change to every API server, or takes it away: the turns of the nodes, and what is recorded
// around them. Pure.
import type { Change } from '../change.ts';
import { seen } from '../facts.ts';
import { flagsFromKubeadm } from '../kubeadm.ts';
import type { Facts, Flags } from '../facts.ts';
import { kubeadmConfig } from '../target/kubeadm-config.ts';
import { readManifest } from '../target/manifest.ts';
import { doneStep, forgetStep, openStep } from './record.ts';
import type { AuditRecord, RecordedChange } from './record.ts';
import type { HelmStep, KubeObject, NodesStep, ObjectStep, Place, Plan, Step } from './step.ts';
import { turnsFrom, turnsTo, untried } from './turns.ts';
import type { ChangeFor, Ground, KubeadmConfigMap } from './turns.ts';

export const kubeadmPath = '/api/v1/namespaces/kube-system/configmaps/kubeadm-config';

export interface Rollout {
  readonly facts: Facts;
  readonly ground: Ground;
  readonly changeFor: ChangeFor;
  /** Of the run: written before the first node, done after the last. */
  readonly record: AuditRecord;
  /** What the agent needs. */
  readonly agent: readonly (ObjectStep | HelmStep)[];
}

/** Everything that `enable` does to a cluster with a static backend; no steps when all is as asked. */
export function planRollout(rollout: Rollout): Plan {
  const { facts, ground, changeFor, agent, record } = rollout;
  const before = seen(facts.record);
  const turns = turnsTo(changeFor, ground, before?.record);
  // What kubeadm renders must find its files on every node.
  const everywhere = ground.all.every(
    (name) => ground.nodes.some((node) => node.name === name) || before?.record.change?.nodes.includes(name),
  );
  const kept = everywhere
    ? keepStep(ground.kubeadm, 'keep it', (text) =>
        kubeadmConfig(
          text,
          changeFor(flagsFromKubeadm(text) ?? {}),
          before?.record.change?.flags ?? [],
          before?.record.change?.kubeadmPrevious,
        ),
      )
    : [];
  const steps: readonly Step[] = [...agent, ...turns, ...kept];
  const same = before?.record.state === 'done' && before.record.token === record.token;
  if (steps.length === 0 && same) return { steps: [], notes: [] };
  const fresh = before?.record.change === undefined;
  const first = fresh ? [claimStep(ground)] : [];
  const last = fresh ? [] : [tidyStep(ground)];
  return {
    steps: [openStep(before, record), ...first, ...steps, ...last, doneStep(record)],
    notes: untried(turns, ground),
  };
}

export interface Withdrawal {
  readonly record: AuditRecord & { readonly change: RecordedChange };
  /** Version of the record's ConfigMap. */
  readonly version: string;
  readonly ground: Ground;
  /** What takes the agent and other objects away. */
  readonly agent: readonly (ObjectStep | HelmStep)[];
}

/** Everything that `disable` does; the record goes last, or stays for the nodes that are left. */
export function planWithdrawal({ record, version, ground, agent }: Withdrawal): Plan {
  const { change } = record;
  const here = ground.nodes.map(({ name }) => name);
  const rest = ground.all.filter((name) => change.nodes.includes(name) && !here.includes(name));
  const kept = change.kubeadm
    ? keepStep(ground.kubeadm, 'do without it', (text) =>
        kubeadmConfig(text, undefined, change.flags, change.kubeadmPrevious),
      )
    : [];
  // kubeadm-config first: an upgrade in between must not render flags whose files are gone
  const turns = [...kept, ...turnsFrom(change, ground)];
  const begin = openStep({ resourceVersion: version }, { ...record, state: 'open' });
  const notes = untried(turns, ground);
  if (rest.length === 0)
    return { steps: [begin, ...turns, ...agent, clearStep(ground), forgetStep()], notes };
  const left = { ...record, change: { ...change, nodes: rest, kubeadm: false } };
  return {
    steps: [begin, ...turns, clearStep(ground), doneStep(left)],
    notes: [...notes, `Still changed: ${rest.join(', ')}.`],
  };
}

const placesOf = ({ nodes }: Ground): readonly Place[] =>
  nodes.map(({ name, arch, image }) => ({ node: name, arch, image }));

const namesOf = ({ nodes }: Ground): string => nodes.map(({ name }) => name).join(', ');

const claimStep = (ground: Ground): NodesStep => ({
  title: `Begin on ${namesOf(ground)}`,
  action: { do: 'claim', places: placesOf(ground) },
  undo: { do: 'clear' },
});

const tidyStep = (ground: Ground): NodesStep => ({
  title: `Take away the earlier configuration on ${namesOf(ground)}`,
  action: { do: 'tidy', places: placesOf(ground) },
  undo: { do: 'none' },
});

/** Takes away what this tool has on nodes whose API servers do not need it. */
export const clearStep = (ground: Ground): NodesStep => ({
  title: `Take everything of this tool off ${namesOf(ground)}; audit logs stay`,
  action: { do: 'clear', places: placesOf(ground) },
  undo: { do: 'none' },
});

/** Writes the change into what `kubeadm upgrade` and `join` render manifests from, or takes it out there. */
function keepStep(
  map: KubeadmConfigMap | undefined,
  why: string,
  edit: (text: string) => string,
): readonly ObjectStep[] {
  const text = map?.data['ClusterConfiguration'];
  if (map === undefined || text === undefined) return [];
  const after = edit(text);
  if (after === text) return [];
  return [
    {
      title: `Update ConfigMap kube-system/kubeadm-config, so that upgrades ${why}`,
      action: {
        do: 'replace',
        path: kubeadmPath,
        object: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'kubeadm-config', namespace: 'kube-system' },
          data: { ...map.data, ClusterConfiguration: after },
        } as KubeObject,
        version: map.metadata.resourceVersion ?? '',
      },
      undo: { do: 'previous', path: kubeadmPath },
    },
  ];
}

/** What the change sets, as the record keeps it. */
export function recordedChange(
  change: Change,
  { nodes, kubeadm }: Ground,
  before: RecordedChange | undefined,
): RecordedChange {
  const flags = change.flags.map(([name]) => name);
  const theirs = flags.filter((name) => !before?.flags.includes(name));
  const manifest = readManifest(nodes[0]?.look.manifest?.text ?? '').flags;
  const rendered = flagsFromKubeadm(kubeadm?.data['ClusterConfiguration'] ?? '');
  return {
    flags,
    ...(change.hash !== undefined && { hash: change.hash }),
    previous: { ...before?.previous, ...only(theirs, manifest) },
    kubeadmPrevious: { ...before?.kubeadmPrevious, ...only(theirs, rendered) },
    nodes: [...new Set([...(before?.nodes ?? []), ...nodes.map(({ name }) => name)])],
    kubeadm: kubeadm !== undefined,
  };
}

function only(names: readonly string[], flags: Flags = {}): Flags {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => names.includes(name)));
}
