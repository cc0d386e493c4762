// Brings a change to every control-plane node, and takes it away again: looks, plans, asks, carries out.
import { logFolder } from '../../audit/change.ts';
import type { Change } from '../../audit/change.ts';
import { answerAll, obstacles } from '../../audit/check/check.ts';
import type { Finding } from '../../audit/check/check.ts';
import { manifestsUsable, nodesReady, outagesOf, roomOnNodes } from '../../audit/check/nodes.ts';
import type { Probe } from '../../audit/event/probe.ts';
import type { ProbeResult } from '../../audit/event/proof.ts';
import type { Ground } from '../../audit/plan/turns.ts';
import { isOnNodes, isTurn } from '../../audit/plan/step.ts';
import type { HelmStep, Place, Plan, Turn } from '../../audit/plan/step.ts';
import type { Facts } from '../../audit/facts.ts';
import { Failure } from '../../errors.ts';
import type { SinkAccess } from '../../io/sematext.ts';
import type { World } from '../../io/world.ts';
import { carryOut, tryOut } from '../carry-out.ts';
import { onNodes } from './ground.ts';
import type { Wishes, Work } from './ground.ts';
import type { Hand } from './hand.ts';
import { proveAt } from './proof.ts';
import type { Where } from './proof.ts';
import { calm, patient } from './site.ts';
import type { Site } from './site.ts';
import { back, forward, onEach, rehearse } from './transaction.ts';
import type { Means } from './transaction.ts';

/** How nodes are worked on, as the user said it. */
export interface NodeRequest extends Wishes {
  readonly helperImage: string | undefined;
  readonly hand: Hand;
  readonly rehearseOnly: boolean;
  readonly yes: boolean;
  readonly run: string;
  /** For one proof, milliseconds. */
  readonly timeoutMs: number;
  readonly access: SinkAccess;
  /** Of the audit log; the usual one when undefined. */
  readonly logFolder?: string | undefined;
  readonly tell: (title: string) => void;
}

/** How it is proved that events arrive; undefined where there are none to arrive. */
export interface Proving {
  readonly where: Where;
  readonly probes: readonly Probe[];
}

export interface Outcome {
  readonly outcome: 'refused' | 'planned' | 'rehearsed' | 'unchanged' | 'done';
  readonly checks: readonly Finding[];
  readonly plan: Plan;
  readonly proofs: readonly ProbeResult[];
}

/** What the plan is made from once the nodes were looked at. */
export interface Drafted {
  readonly plan: Plan;
  readonly checks: readonly Finding[];
}

/**
 * @param draft from the nodes as they are to checks and a plan; nothing is done when one of the checks stands in the way
 * @throws Failure declined | confirmation-needed | another-run | rolled-back | …
 */
export async function rollOut(
  world: World,
  request: NodeRequest,
  proving: Proving | undefined,
  draft: (work: Work) => Promise<Drafted>,
): Promise<Outcome> {
  const { run, access, helperImage, tell } = request;
  const cluster = patient(await world.cluster(), world.clock);
  const site: Site = { world, cluster, clock: world.clock, run, token: access.token, helperImage, tell };
  const proofs: ProbeResult[] = [];
  const digest = await world.hasher();
  const meansFor = (folder: string): Means => ({
    hand: request.hand,
    proofMs: request.timeoutMs,
    digest,
    folder,
    logFolder: request.logFolder ?? logFolder,
    prove: (at, turn, port, who) => prove(at, request, proving, { turn, at: port, who, proofs }),
  });
  return onNodes(site, request, meansFor, async (work) => {
    const { plan, checks } = await draft(work);
    const result = { plan, checks, proofs };
    if (obstacles(checks).length > 0) return { outcome: 'refused', ...result };
    if (request.dryRun) return { outcome: 'planned', ...result };
    if (plan.steps.length === 0) return { outcome: 'unchanged', ...result };
    if (request.rehearseOnly) return { outcome: await rehearsed(work, plan), ...result };
    await agreed(world, request, plan);
    await execute(work, plan);
    return { outcome: 'done', ...result };
  });
}

async function prove(
  site: Site,
  { access, timeoutMs, hand }: NodeRequest,
  proving: Proving | undefined,
  { turn, at, who, proofs }: ProofAsked,
): Promise<void> {
  if (proving === undefined) return;
  // the twin's proof is of the configuration; what the user is shown are the API servers that stay
  const proved = (result: ProbeResult): void => {
    if (who === 'server') proofs.push(result);
  };
  await proveAt(site, { ...proving, access, timeoutMs, hand, proved }, turn, { at, who });
}

interface ProofAsked {
  readonly turn: Turn;
  readonly at: Parameters<Means['prove']>[2];
  readonly who: 'twin' | 'server';
  readonly proofs: ProbeResult[];
}

/** The record says meanwhile that a run is at work; where nothing of this tool was before, nothing stays. */
async function rehearsed({ site, means }: Work, { steps }: Plan): Promise<'rehearsed'> {
  const turns = {
    forward: (turn: Turn) => rehearse(site, means, turn),
    back: async () => undefined, // it is as it was already
    tidy: async () => undefined,
    clear: (places: readonly Place[]) => onEach(calm(site), means, 'remove', places),
  };
  const { cluster, run, token, tell } = site;
  const tried = steps.filter(
    (step, at) => at === 0 || isTurn(step) || (isOnNodes(step) && step.undo.do === 'clear'),
  );
  await tryOut({ cluster, run, token, tell, turns }, { steps: tried, notes: [] });
  return 'rehearsed';
}

/** An outage is agreed to by the user, or does not happen. */
async function agreed(world: World, { yes }: NodeRequest, plan: Plan): Promise<void> {
  const outages = outagesOf(plan);
  if (outages.length === 0 || yes) return;
  const question = `Not everything can be done without an outage. ${outages.join(' ')} Go on?`;
  if (!(await world.ask(question)))
    throw new Failure('declined', 'Nothing was changed.', ['--yes agrees to the outage beforehand']);
}

async function execute({ site, means }: Work, plan: Plan): Promise<void> {
  const { cluster, run, token, tell } = site;
  const turns = {
    forward: (turn: Turn) => forward(site, means, turn),
    back: (turn: Turn) => back(site, means, turn),
    tidy: (places: readonly Place[]) => onEach(site, means, 'tidy', places),
    clear: (places: readonly Place[]) => onEach(calm(site), means, 'remove', places),
  };
  const helm = async ({ args, values }: Omit<HelmStep['action'], 'do'>): Promise<void> => {
    await (await site.world.helm()).run({ args, ...(values !== undefined && { values }) });
  };
  await carryOut({ cluster, run, token, tell, turns, helm }, plan);
}

/** What is asked of the nodes before a change. */
export function nodeChecks(
  facts: Facts,
  access: SinkAccess,
  asked: { readonly ground: Ground; readonly change: Change; readonly ours: readonly string[] },
): readonly Finding[] {
  return answerAll([nodesReady, manifestsUsable, roomOnNodes], { facts, sink: access.sink, ...asked });
}
