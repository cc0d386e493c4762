// The one interpreter of plans: what was done is undone, last thing first, when a later step fails or the run is
// cancelled.
import { isHelm, isOnNodes, isTurn } from '../audit/plan/step.ts';
import type { ObjectAction, ObjectStep, Plan, Step } from '../audit/plan/step.ts';
import { Failure } from '../errors.ts';
import { Refused } from '../io/api.ts';
import { perform, undoBeyond, UnknownEnd } from './crew.ts';
import type { Beyond, Crew } from './crew.ts';
import {
  act,
  ChangedMeanwhile,
  changedMeanwhile,
  current,
  pathOf,
  uncancelled,
  undoObject,
} from './one-object.ts';
import type { ObjectDone, Raw } from './one-object.ts';

type Done = ObjectDone | { readonly step: Beyond };

/**
 * Carries a plan out.
 * @throws Failure of the first step when nothing had been done yet; `rolled-back` when a later one failed and all was
 *   taken back; `undo-failed` when something could not be, naming it; `interrupted` after taking back
 */
export async function carryOut(crew: Crew, plan: Plan): Promise<void> {
  await doAll(crew, plan);
}

/**
 * Carries a plan out and takes it back at once: nothing stays.
 * @throws Failure as carryOut; `undo-failed` when something could not be taken back, naming it
 */
export async function tryOut(crew: Crew, plan: Plan): Promise<void> {
  const { left } = await takeAllBack(crew, await doAll(crew, plan));
  if (left.length > 0) throw undoFailed('All was tried, and these could not be taken back', left);
}

async function doAll(crew: Crew, plan: Plan): Promise<readonly Done[]> {
  const done: Done[] = [];
  let at = crew;
  for (const step of plan.steps) {
    crew.tell(step.title);
    if (isObject(step)) await changed(at, step, done);
    else await beyond(at, step, done);
    if (isClear(step)) at = { ...crew, cluster: uncancelled(crew.cluster) };
  }
  return done;
}

async function changed(crew: Crew, step: ObjectStep, done: Done[]): Promise<void> {
  let suspects: readonly Done[] = done;
  try {
    const before = await current(crew, pathOf(step.action));
    suspects = [...done, { step, before, after: undefined }];
    mustBe(step.action, before, done);
    const answer = await act(crew, step.action, before);
    if (answer !== undefined) done.push({ step, before, after: answer.metadata?.resourceVersion });
  } catch (error) {
    throw await takeBack(crew, isCertain(error) ? done : suspects, step, error);
  }
}

const isObject = (step: Step): step is ObjectStep => !isTurn(step) && !isOnNodes(step) && !isHelm(step);

/** No way leads back from here, for the files that nodes would need are gone: what follows is brought to its end. */
const isClear = (step: Step): boolean => isOnNodes(step) && step.action.do === 'clear';

// Each of these takes itself back when it fails; what is left to take back are the steps before it.
async function beyond(crew: Crew, step: Beyond, done: Done[]): Promise<void> {
  try {
    await perform(crew, step);
    done.push({ step });
  } catch (error) {
    if (error instanceof UnknownEnd || isClear(step)) throw error;
    throw await takeBack(crew, done, step, error);
  }
}

/** Fails when the object is not as the plan, or an earlier step of this run, had it: somebody else was here. */
function mustBe(action: ObjectAction, before: Raw | undefined, done: readonly Done[]): void {
  if (action.do === 'create' || action.version === undefined) return;
  const { path, version } = action;
  const mine = done.filter(ofObject).findLast(({ step }) => pathOf(step.action) === path);
  const expected = version === '' ? mine?.after : version;
  const deleted = before === undefined && action.do === 'delete';
  if (!deleted && expected !== undefined && expected !== before?.metadata.resourceVersion)
    throw changedMeanwhile(before?.kind ?? 'object');
}

const ofObject = (done: Done): done is ObjectDone => isObject(done.step);

// A refusal is certain. A broken connection, a server's own trouble or Ctrl-C may have come after it had obeyed.
function isCertain(error: unknown): boolean {
  return error instanceof ChangedMeanwhile || (error instanceof Refused && error.status < 500);
}

async function takeBack(crew: Crew, done: readonly Done[], failed: Step, error: unknown): Promise<unknown> {
  const { left, taken } = await takeAllBack(crew, done);
  if (left.length > 0)
    return undoFailed(`"${failed.title}" failed, and these could not be taken back`, left, error);
  if (!(error instanceof Failure) || taken === 0) return error;
  if (error.code === 'interrupted') return error;
  return new Failure(
    'rolled-back',
    `"${failed.title}" failed and everything was taken back: ${error.message}`,
    error.suggestions,
    error,
  );
}

async function takeAllBack(
  crew: Crew,
  done: readonly Done[],
): Promise<{ readonly left: readonly string[]; readonly taken: number }> {
  const left: string[] = [];
  let taken = 0;
  for (const one of done.toReversed()) {
    try {
      if (await undo(crew, one)) taken += 1;
    } catch {
      left.push(one.step.title); // told in the end, with the way out; the first error is the one to show
    }
  }
  return { left, taken };
}

const undoFailed = (what: string, left: readonly string[], cause?: unknown): Failure =>
  new Failure(
    'undo-failed',
    `${what}: ${left.join('; ')}.`,
    [
      'kubectl sematext-audit status shows what is there; disable takes it back once the cluster answers again',
    ],
    cause,
  );

/** @returns whether there was anything to take back */
async function undo(crew: Crew, done: Done): Promise<boolean> {
  if (ofObject(done)) return undoObject(crew, done);
  const { step } = done;
  if (step.undo.do === 'none') return false;
  crew.tell(`Taking back: ${step.title}`);
  await undoBeyond(crew, step);
  return true;
}
