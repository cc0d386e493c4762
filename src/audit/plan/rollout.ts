// The plan that brings a change to every API server, or takes it away: which node gets which manifest, what will be
// felt, and what is recorded around it. Pure; nodes were looked at before.
import type { Change } from '../change.ts';
import { seen } from '../facts.ts';
import { flagsFromKubeadm } from '../kubeadm.ts';
import type { Facts, Flags } from '../facts.ts';
import type { SeenNode } from '../target/control-plane-node.ts';
import { kubeadmConfig } from '../target/kubeadm-config.ts';
import { applyChange, readManifest, withoutChange } from '../target/manifest.ts';
import { doneStep, forgetStep, openStep } from './record.ts';
import type { AuditRecord, RecordedChange } from './record.ts';
import { isTurn } from './step.ts';
import type {
  HelmStep,
  KubeObject,
  NodesStep,
  ObjectStep,
  Outage,
  Place,
  Plan,
  Step,
  Turn,
  TurnStep,
} from './step.ts';

/** What is known besides the facts. */
export interface Ground {
  /** Those that this run may change. */
  readonly nodes: readonly SeenNode[];
  /** Names of all control-plane nodes. */
  readonly all: readonly string[];
  /** IP:PORT of the service kubernetes.default. */
  readonly service: string;
  /** Why no twin can run; undefined where one can. */
  readonly noTwin: string | undefined;
  /** ConfigMap kubeadm-config as it is; undefined where there is none. */
  readonly kubeadm: KubeadmConfigMap | undefined;
}

export interface KubeadmConfigMap extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}

export const kubeadmPath = '/api/v1/namespaces/kube-system/configmaps/kubeadm-config';

/** The twin's port, where nobody else listens on it. */
const twinPorts = [7443, 17443, 27443, 37443];

/** Without a twin the old process is ended once its port is closed, which leaves the new one's start. */
const withoutTwin = 13;

/** What an API server with these flags needs: lists of its own are merged into. */
export type ChangeFor = (current: Flags) => Change;

/** What each API server has to become. @throws Unusable when a manifest cannot be changed */
export function turnsTo(
  changeFor: ChangeFor,
  ground: Ground,
  record: AuditRecord | undefined,
): readonly TurnStep[] {
  return ground.nodes.flatMap((node) => {
    const text = node.look.manifest?.text ?? '';
    const { flags = [], previous = {} } = record?.change ?? {};
    const change = changeFor(readManifest(text).flags);
    const after = applyChange(text, change, flags, previous);
    return after === text ? [] : [turnStep(node, ground, { after, change })];
  });
}

/** What each API server was before. @throws Unusable when a manifest cannot be changed */
export function turnsFrom(change: RecordedChange, ground: Ground): readonly TurnStep[] {
  return ground.nodes.flatMap((node) => {
    const { manifest, original, applied } = node.look;
    if (manifest === undefined) return [];
    const untouched = applied === manifest.sha256 && original !== undefined;
    // somebody, a kubeadm upgrade say, wrote it anew: only what is ours is taken out
    const after = untouched ? original.text : withoutChange(manifest.text, change);
    return after === manifest.text ? [] : [turnStep(node, ground, { after, change: undefined })];
  });
}

interface Goal {
  readonly after: string;
  /** Undefined where nothing of ours stays. */
  readonly change: Change | undefined;
}

function turnStep(node: SeenNode, ground: Ground, { after, change }: Goal): TurnStep {
  const { look, name } = node;
  const before = look.manifest?.text ?? '';
  const { securePort } = readManifest(before);
  const twin =
    ground.noTwin === undefined ? twinPorts.find((port) => !look.listening.includes(port)) : undefined;
  const why = cannotCarry(node, ground, twin);
  const turn: Turn = {
    node: name,
    arch: node.arch,
    pod: node.pod,
    image: node.image,
    manifest: look.manifest?.path ?? '',
    before,
    after,
    sha256: look.manifest?.sha256 ?? '',
    files: change?.files ?? [],
    hash: change?.hash,
    port: securePort,
    twin,
    carry: why === undefined ? { address: node.address, service: ground.service } : undefined,
    outage: outageOf(why),
    log: fileOf(readManifest(after).flags['audit-log-path']),
  };
  return {
    title: `Change the API server on ${name} (${felt(turn.outage)})`,
    action: { do: 'turn', turn },
    undo: { do: 'turn-back' },
  };
}

const outageOf = (why: string | undefined): Turn['outage'] =>
  why === undefined ? 'none' : { seconds: withoutTwin, why };

const fileOf = (path: string | undefined): string | undefined => (path === '-' ? undefined : path);

/** What will be felt, in words. */
export const felt = (outage: 'none' | Outage): string =>
  outage === 'none' ? 'no outage expected' : `about ${outage.seconds} s without it: ${outage.why}`;

function cannotCarry({ look }: SeenNode, { noTwin }: Ground, twin: number | undefined): string | undefined {
  const { bindAddress } = readManifest(look.manifest?.text ?? '');
  if (noTwin !== undefined) return noTwin;
  if (twin === undefined) return `the ports ${twinPorts.join(', ')} are taken on the node`;
  if (look.carry === 'none') return 'the node has neither nft nor iptables to carry the traffic with';
  if (bindAddress !== '0.0.0.0' && bindAddress !== '::')
    return `the API server listens on ${bindAddress} alone, where it cannot be asked past a redirect`;
  return undefined;
}

/** What "no outage expected" was not seen with. */
function untried(steps: readonly Step[], { nodes }: Ground): readonly string[] {
  const calm = steps.flatMap((step) =>
    isTurn(step) && step.action.turn.outage === 'none' ? [step.action.turn.node] : [],
  );
  const names = nodes
    .filter(({ name, look }) => calm.includes(name) && ['ipvs', 'other'].includes(look.serviceProxy))
    .map(({ name }) => name);
  if (names.length === 0) return [];
  return [
    `Whether pods are served all the time by the Service address is not known on ${names.join(', ')}: it was tried with kube-proxy in iptables and nftables mode alone.`,
  ];
}

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
