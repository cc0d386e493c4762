// Who carries a plan out: what each kind of step needs, and how the steps that are no objects are done and undone.
import { isHelm, isOnNodes, isTurn } from '../audit/plan/step.ts';
import type { HelmStep, NodesStep, Place, Turn, TurnStep } from '../audit/plan/step.ts';
import { Failure } from '../errors.ts';
import type { Cluster } from '../io/world.ts';

export interface Crew {
  readonly cluster: Cluster;
  /** This run's id: only what carries it is deleted or put back. */
  readonly run: string;
  /** Fills the token's slot; undefined where no plan of this run has one. */
  readonly token: string | undefined;
  /** Told before each step and each undo. */
  readonly tell: (title: string) => void;
  /** Changes nodes; not there where no plan of this run does. */
  readonly turns?: {
    /** @throws Failure after taking itself back; UnknownEnd when nobody knows how it ended */
    readonly forward: (turn: Turn) => Promise<void>;
    /** Puts a node back that was changed by `forward`. */
    readonly back: (turn: Turn) => Promise<void>;
    readonly tidy: (places: readonly Place[]) => Promise<void>;
    /** Takes everything of this tool off the nodes, whose manifests must not need it any more. */
    readonly clear: (places: readonly Place[]) => Promise<void>;
  };
  /** The user's helm; not there where no plan of this run needs it. */
  readonly helm?: (call: Omit<HelmStep['action'], 'do'>) => Promise<void>;
}

/** A node was left in the middle: its guard ends the transaction, and nothing before it may be taken back now. */
export class UnknownEnd extends Failure {}

/** Steps that are no objects. */
export type Beyond = TurnStep | NodesStep | HelmStep;

/** Does what such a step says. @throws Failure after taking itself back; UnknownEnd */
export async function perform({ turns, helm }: Crew, step: Beyond): Promise<void> {
  if (isHelm(step)) return needed(helm)(step.action);
  const on = needed(turns);
  if (isTurn(step)) return on.forward(step.action.turn);
  if (step.action.do !== 'claim') await on[step.action.do](step.action.places);
}

/** Takes such a step back. @throws Failure */
export async function undoBeyond({ turns, helm }: Crew, step: Beyond): Promise<void> {
  if (isTurn(step)) return needed(turns).back(step.action.turn);
  if (step.undo.do === 'helm') return needed(helm)(step.undo);
  if (isOnNodes(step) && step.undo.do === 'clear') await needed(turns).clear(step.action.places);
}

function needed<T>(hand: T | undefined): T {
  if (hand === undefined) throw new Error('a plan is carried out without what it needs');
  return hand;
}
