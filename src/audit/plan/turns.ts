// Which API servers have to change, from which manifest to which, by which road, and what will be felt. Pure; nodes were
// looked at before.
import type { Change } from '../change.ts';
import type { Flags } from '../facts.ts';
import type { SeenNode } from '../target/control-plane-node.ts';
import { applyChange, readManifest, withoutChange } from '../target/manifest.ts';
import type { AuditRecord, RecordedChange } from './record.ts';
import { isTurn } from './step.ts';
import type { KubeObject, Outage, Step, Turn, TurnStep } from './step.ts';

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
export function untried(steps: readonly Step[], { nodes }: Ground): readonly string[] {
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
