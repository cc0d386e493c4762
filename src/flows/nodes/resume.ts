// What a run that died left on nodes: the open transaction is taken back, or ended where it was decided; its pods
// and other objects go.
import { logOfTwin } from '../../audit/agent/places.ts';
import { flagsFromArgv } from '../../audit/flags.ts';
import { names } from '../../audit/names.ts';
import type { SeenNode } from '../../audit/target/control-plane-node.ts';
import { readManifest } from '../../audit/target/manifest.ts';
import { isOver } from '../../node/protocol.ts';
import { ask } from './hand.ts';
import { lookAtNodes } from './control-plane.ts';
import { leftEndpoints, releaseEndpoint } from './endpoint.ts';
import { awaitServing } from './serving.ts';
import { deletePod, deleteSecret, ended, leftPods, leftSecrets, podState } from './pods.ts';
import type { Site } from './site.ts';
import { refusal } from './refusal.ts';
import type { Means } from './transaction.ts';

/**
 * Ends each node's open transaction, then takes the pods, Secrets and EndpointSlices of dead runs away.
 * @throws Failure when a node does not come back to serving
 */
export async function resume(site: Site, means: Means, nodes: readonly SeenNode[]): Promise<void> {
  const seen = (await endHelpers(site)) ? await lookAtNodes(site, means, nodes) : nodes;
  for (const node of seen) if (node.look.open !== undefined) await endOpen(site, means, node);
  for (const pod of await leftPods(site)) await endLeft(site, means, nodes, pod);
  for (const secret of await leftSecrets(site)) await deleteSecret(site, secret);
  for (const path of await leftEndpoints(site)) await releaseEndpoint(site, path);
}

/**
 * Ends helpers that are still at work, as after a kill in the middle of a phase: what was seen of their nodes would not
 * stay true. A twin may be carrying the traffic, and goes last.
 * @returns whether there were any
 */
async function endHelpers(site: Site): Promise<boolean> {
  const helpers = (await leftPods(site)).filter((pod) => !pod.startsWith(`${names.object}-twin-`));
  for (const pod of helpers) await deletePod(site, pod, false);
  for (const pod of helpers) await ended(site, pod);
  return helpers.length > 0;
}

/** Ends a pod of a dead run; a twin's log goes where it would have gone. */
async function endLeft(site: Site, means: Means, nodes: readonly SeenNode[], pod: string): Promise<void> {
  const twinLog = flagsFromArgv((await podState(site, pod))?.argv ?? [])['audit-log-path'];
  await deletePod(site, pod, false);
  const node = nodes.find(({ name }) => pod.endsWith(`-${name}`));
  if (twinLog === undefined || twinLog === '-' || node === undefined) return;
  await ended(site, pod);
  const [now] = await lookAtNodes(site, means, [node]);
  const log = logOfTwin(twinLog);
  const stays = readManifest(now?.look.manifest?.text ?? '').flags['audit-log-path'] === log;
  const place = { node: node.name, arch: node.arch, image: node.image };
  const args = { log, drop: stays ? undefined : ('yes' as const) };
  const answer = await means.hand.phase(site, place, { phase: 'twin-log', args });
  if (answer.outcome !== 'ok') throw refusal(node.name, 'twin-log', answer);
}

async function endOpen(site: Site, means: Means, node: SeenNode): Promise<void> {
  const { open } = node.look;
  if (open === undefined) return;
  const its: Site = { ...site, run: open.run };
  const phase = async (name: 'abort' | 'restore' | 'settle' | 'confirm', files = {}): Promise<void> => {
    const place = { node: node.name, arch: node.arch, image: node.image };
    const answer = await ask(means.hand, its, place, { phase: name, args: {}, files });
    if (answer.outcome === 'ok') return;
    if (isOver(answer)) return; // the guard was faster
    throw refusal(node.name, name, answer);
  };
  const swapped = open.state === 'swapped' || open.state === 'restoring';
  if (open.decision === 'confirmed') {
    site.tell(`${node.name}: ending what run ${open.run} had confirmed`);
    return phase('confirm');
  }
  site.tell(`${node.name}: taking back what run ${open.run} began`);
  if (!swapped) return phase('abort');
  await phase('restore', { reason: 'its run ended before it was confirmed' });
  const [again] = await lookAtNodes(site, means, [node]);
  const text = again?.look.manifest?.text ?? '';
  const through = { namespace: 'kube-system', pod: node.pod, port: readManifest(text).securePort };
  await awaitServing(site, { pod: node.pod, manifest: text, way: async () => through });
  await phase('settle');
}
