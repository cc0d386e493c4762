// The road of a transaction on an imitated node, up to where a test begins.
import assert from 'node:assert/strict';
import type { Ended } from './imitated-node.ts';
import { newManifest, oldManifest, hash, ImitatedNode, manifestPath, sha256 } from './imitated-node.ts';
import { startKubelet, type Kubelet, type KubeletOptions } from './kubelet.ts';
import type { PhaseArguments } from '../../../src/node/protocol.ts';
import type { Shell } from './shells.ts';

export const policy = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n';
export const stageArgs = {
  manifest: manifestPath,
  old: sha256(oldManifest),
  new: sha256(newManifest),
  config: hash,
  need: 100,
};
export const armArgs = {
  deadline: 60,
  port: 6443,
  twin: 7443,
  address: '10.99.0.2',
  service: '10.96.0.1:443',
};

export type Place = 'start' | 'staged' | 'armed' | 'carried' | 'swapped';
const places: readonly Place[] = ['start', 'staged', 'armed', 'carried', 'swapped'];

/** A phase that must go well. */
export async function well(ended: Promise<Ended>): Promise<Ended> {
  const said = await ended;
  assert.equal(said.answer.outcome, 'ok', said.text + said.stderr);
  assert.equal(said.code, 0);
  return said;
}

export interface Road {
  readonly node: ImitatedNode;
  kubelet: Kubelet;
  /** Another kubelet takes over, as after a reboot. */
  restartKubelet(options?: KubeletOptions): void;
  stop(): void;
}

/** A node in the state of another, with a kubelet of its own. */
export function fork(from: ImitatedNode, options: KubeletOptions = {}): Road {
  const node = from.clone();
  const road: Road = {
    node,
    kubelet: startKubelet(node, options),
    restartKubelet: (other) => {
      road.kubelet.stop();
      road.kubelet = startKubelet(node, other);
    },
    stop: () => {
      road.kubelet.stop();
      node.stop();
    },
  };
  return road;
}

export type Arm = PhaseArguments['arm'];

/** A node on which the phases up to the place have been done, with a twin that listens where there is to be one. */
export async function roadTo(
  place: Place,
  shell: Shell,
  { arm = armArgs, ...options }: KubeletOptions & { readonly arm?: Arm } = {},
): Promise<Road> {
  return fork(await template(place, shell, arm), options);
}

const templates = new Map<string, Promise<ImitatedNode>>();

/** Made once, then copied. */
function template(place: Place, shell: Shell, arm: Arm): Promise<ImitatedNode> {
  const key = JSON.stringify([place, shell.name, arm]);
  let made = templates.get(key);
  if (made === undefined) {
    made = make(place, shell, arm);
    templates.set(key, made);
  }
  return made;
}

/** Removes what `roadTo` was copied from. */
export async function forgetRoads(): Promise<void> {
  for (const made of templates.values()) (await made).stop();
  templates.clear();
}

async function make(place: Place, shell: Shell, arm: Arm): Promise<ImitatedNode> {
  const at = places.indexOf(place);
  const phases = ['stage', 'arm', 'carry', 'swap'] as const;
  const last = phases[at - 1];
  if (last === undefined) return virgin(shell, arm);
  const { node, kubelet } = fork(await template(places[at - 1] ?? 'start', shell, arm));
  const args = { stage: stageArgs, arm, carry: {}, swap: {} };
  if (last !== 'carry' || arm.twin !== undefined) await well(node.phase(last, args[last]));
  if (place === 'swapped') await kubelet.settled();
  kubelet.stop();
  await kubelet.stopped();
  return node;
}

async function virgin(shell: Shell, arm: Arm): Promise<ImitatedNode> {
  const node = await ImitatedNode.start(shell);
  node.send({ manifest: newManifest, 'config.policy.yaml': policy });
  if (arm.twin !== undefined) node.serve({ port: arm.twin, pid: 4999, command: 'new' });
  return node;
}
