// How a phase of the node script is carried out on a node: by a helper pod, whose log is the answer. What goes along is
// in a Secret, which is gone again when the pod is.
import type { PhaseAnswer, PhaseArguments, Phase } from '../../node/protocol.ts';
import { parseAnswer, phaseArguments } from '../../node/protocol.ts';
import { helperPod, secretFor } from '../../node/helper-pod.ts';
import type { Place } from '../../audit/plan/step.ts';
import { tokenSlot } from '../../audit/sink/sematext.ts';
import { nodeScripts } from '../../io/scripts.ts';
import { createPod, createSecret, deletePod, deleteSecret, podLog, ranToEnd } from './pods.ts';
import type { Site } from './site.ts';
import { calm, until } from './site.ts';

/** One phase and what goes with it. */
export interface Asked<P extends Phase> {
  readonly phase: P;
  readonly args: PhaseArguments[P];
  readonly files?: Readonly<Record<string, string>>;
}

export interface Hand {
  /**
   * Carries one phase out.
   * @param asked its files go along, by the names that the script's head has; the token's slot in them is filled
   * @throws Failure when the phase could not be run; what the phase itself says is the answer
   */
  phase<P extends Phase>(site: Site, place: Place, asked: Asked<P>): Promise<PhaseAnswer>;
}

/** The same, and once more when its pod was cut off: a phase may be repeated, and how it ended is learned by that. */
export async function ask<P extends Phase>(
  hand: Hand,
  site: Site,
  place: Place,
  asked: Asked<P>,
): Promise<PhaseAnswer> {
  const answer = await hand.phase(site, place, asked);
  return answer.outcome === 'unknown' ? hand.phase(site, place, asked) : answer;
}

/** A helper pod may wait for the image, the Secret, and for the guard; the script itself waits a minute at most. */
const helperMs = 150_000;

/** By a privileged pod on the node. */
export const helperHand: Hand = {
  async phase(site, { node, arch, image }, { phase, args, files = {} }) {
    const { run, helperImage } = site;
    const words = phaseArguments(phase, run, args);
    const pod = helperPod({ run, node, arch, image, helperImage, phase, args: words, secret: '' });
    const { name } = pod.metadata;
    const sent = filled({ ...(await nodeScripts()), ...files }, site.token);
    await deletePod(site, name, true); // the same phase, run before
    await createSecret(site, secretFor({ run, name, files: sent }));
    try {
      await createPod(
        site,
        helperPod({ run, node, arch, image, helperImage, phase, args: words, secret: name }),
      );
      await ranToEnd(site, name, helperMs);
      return await answerOf(site, name);
    } finally {
      const after = calm(site); // after Ctrl-C too: the Secret of stage holds the token
      await deletePod(after, name, true);
      await deleteSecret(after, name);
    }
  },
};

// the last line may reach the log a moment after the pod is said to have ended
async function answerOf(site: Site, name: string): Promise<PhaseAnswer> {
  let text = '';
  const whole = await until(site, { timeoutMs: 5_000, everyMs: 300 }, async () => {
    text = await podLog(site, name);
    const answer = parseAnswer(text);
    return answer.outcome === 'unknown' ? undefined : answer;
  });
  return whole ?? parseAnswer(text);
}

/** The files with the token in the place of its slot. */
export function filled(
  files: Readonly<Record<string, string>>,
  token: string | undefined,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => {
      if (!text.includes(tokenSlot)) return [name, text];
      if (token === undefined) throw new Error(`${name} has a token slot and this run has no token`);
      return [name, text.replaceAll(tokenSlot, token)];
    }),
  );
}

/**
 * The hand for nodes, and the node that it can reach when that is one alone: pods reach all, this machine only itself.
 * @param only the node that the user named
 */
export async function handOf(
  local: boolean,
  only: string | undefined,
): Promise<{ readonly hand: Hand; readonly only: string | undefined }> {
  if (!local) return { hand: helperHand, only };
  const { nodeName, runPhase } = await import('../../io/local-node.ts');
  const hand: Hand = {
    async phase(site, _place, { phase, args, files = {} }) {
      const sent = filled({ ...(await nodeScripts()), ...files }, site.token);
      return parseAnswer(await runPhase(phaseArguments(phase, site.run, args), sent));
    },
  };
  return { hand, only: only ?? nodeName() };
}
