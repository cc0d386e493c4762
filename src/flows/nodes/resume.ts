// What a run that died left on nodes: the open transaction is taken back, or ended where it was decided; its pods go.
import type { SeenNode } from '../../audit/target/control-plane-node.ts';
import { readManifest } from '../../audit/target/manifest.ts';
import { lookAtNodes } from './control-plane.ts';
import { awaitServing } from './serving.ts';
import { deletePod, deleteSecret, leftPods, leftSecrets } from './pods.ts';
import type { Site } from './site.ts';
import { refusal } from './transaction.ts';
import type { Means } from './transaction.ts';

/**
 * Ends each node's open transaction, then takes the pods and Secrets of dead runs away.
 * @throws Failure when a node does not come back to serving
 */
export async function resume(site: Site, means: Means, nodes: readonly SeenNode[]): Promise<void> {
  for (const node of nodes) if (node.look.open !== undefined) await endOpen(site, means, node);
  for (const pod of await leftPods(site)) await deletePod(site, pod, false);
  for (const secret of await leftSecrets(site)) await deleteSecret(site, secret);
}

async function endOpen(site: Site, means: Means, node: SeenNode): Promise<void> {
  const { open } = node.look;
  if (open === undefined) return;
  const its: Site = { ...site, run: open.run };
  const phase = async (name: 'abort' | 'restore' | 'settle' | 'confirm', files = {}): Promise<void> => {
    const place = { node: node.name, arch: node.arch, image: node.image };
    const answer = await means.hand.phase(its, place, { phase: name, args: {}, files });
    if (answer.outcome === 'ok') return;
    if (answer.outcome === 'refused' && answer.code === 'no-transaction') return; // the guard was faster
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
  const [again] = await lookAtNodes(site, means.hand, [node], means.folder);
  const text = again?.look.manifest?.text ?? '';
  const through = { namespace: 'kube-system', pod: node.pod, port: readManifest(text).securePort };
  await awaitServing(site, { pod: node.pod, manifest: text, through });
  await phase('settle');
}
