// The one interpreter of plans: each action compares before it swaps, and what was done is undone, last thing first,
// when a later step fails or the run is cancelled. The token enters here, in place of its slot, and goes nowhere else.
import { names } from '../audit/names.ts';
import { isHelm, isOnNodes, isTurn } from '../audit/plan/step.ts';
import type { KubeObject, ObjectAction, ObjectStep, Plan, Step } from '../audit/plan/step.ts';
import { tokenSlot } from '../audit/sink/sematext.ts';
import { Failure } from '../errors.ts';
import { Conflict, Refused, write } from '../io/api.ts';
import type { Cluster } from '../io/world.ts';
import { perform, undoBeyond, UnknownEnd } from './crew.ts';
import type { Beyond, Crew } from './crew.ts';

/** A Kubernetes object as the API gave it, with everything that is in it. */
type Raw = KubeObject & Record<string, unknown>;

type Done = ObjectDone | { readonly step: Beyond };

interface ObjectDone {
  readonly step: ObjectStep;
  /** The object as it was before the step; undefined when there was none. */
  readonly before: Raw | undefined;
  /** Version of the object that the step wrote; undefined when it deleted one, or when nobody knows what it did. */
  readonly after: string | undefined;
}

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

async function undoObject(crew: Crew, done: ObjectDone): Promise<boolean> {
  const { step, before } = done;
  const calm: Crew = { ...crew, cluster: uncancelled(crew.cluster) };
  const path = pathOf(step.undo);
  const now = await current(calm, path);
  if (!isWork(crew, done, now)) return false;
  crew.tell(`Taking back: ${step.title}`);
  if (step.undo.do !== 'previous') await write(calm.cluster, deletion(path, now));
  else if (before !== undefined) await putBack(calm.cluster, path, before, now);
  return true;
}

/** Whether what is there now, or is there no more, is the work of this run's step. What others deleted stays so. */
function isWork({ run }: Crew, { step, before, after }: ObjectDone, now: Raw | undefined): boolean {
  if (now === undefined) return before !== undefined && step.action.do === 'delete';
  const { resourceVersion } = now.metadata;
  if (resourceVersion === after || JSON.stringify(now).includes(run)) return true;
  // kubeadm-config carries no run's id; after an uncertain answer what is in it must tell
  const { action } = step;
  const written = action.do === 'replace' ? (action.object as Raw)['data'] : undefined;
  return (
    written !== undefined && after === undefined && JSON.stringify(written) === JSON.stringify(now['data'])
  );
}

/** Deletes what was seen, and not what somebody put in its place since. */
function deletion(path: string, now: Raw | undefined): Parameters<typeof write>[1] {
  const { uid, resourceVersion } = (now?.metadata ?? {}) as { uid?: string; resourceVersion?: string };
  const preconditions = { uid, resourceVersion };
  return { method: 'DELETE', path, body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions } };
}

async function putBack(cluster: Cluster, path: string, before: Raw, now: Raw | undefined): Promise<void> {
  const { resourceVersion: _old, ...metadata } = before.metadata as Record<string, unknown>;
  if (now === undefined) {
    const { uid: _gone, ...fresh } = metadata;
    await write(cluster, {
      method: 'POST',
      path: path.replace(/\/[^/]+$/, ''),
      body: { ...before, metadata: fresh },
    });
  } else {
    const { resourceVersion } = now.metadata;
    await write(cluster, {
      method: 'PUT',
      path,
      body: { ...before, metadata: { ...metadata, resourceVersion } },
    });
  }
}

/** The same cluster for requests that must go out although the run was cancelled. */
function uncancelled(cluster: Cluster): Cluster {
  return { ...cluster, request: (request) => cluster.request({ ...request, uncancelled: true }) };
}

function pathOf(action: ObjectAction | { do: 'previous'; path: string }): string {
  return action.do === 'create' ? `${action.collection}/${action.object.metadata.name}` : action.path;
}

async function current({ cluster }: Crew, path: string): Promise<Raw | undefined> {
  try {
    return (await write(cluster, { method: 'GET', path })) as unknown as Raw;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return undefined;
    throw error;
  }
}

/** What the API answers to a write: the object as it is then, or a Status where it was deleted. */
type Answered = Partial<Raw>;

/** @returns undefined when there was nothing to do */
async function act(crew: Crew, action: ObjectAction, before: Raw | undefined): Promise<Answered | undefined> {
  const { cluster } = crew;
  if (action.do === 'create') {
    if (before !== undefined) throw changedMeanwhile(action.object.kind);
    const body = filled(action.object, crew.token);
    return swap(cluster, { method: 'POST', path: action.collection, body });
  }
  if (action.do === 'replace' || action.do === 'adopt') return replace(crew, action, before);
  if (before === undefined) return undefined;
  if (action.do === 'delete') return swap(cluster, deletion(action.path, before));
  return swap(cluster, { method: 'PUT', path: action.path, body: restored(before) });
}

// Labels and annotations of others stay where they are: an adopted object is somebody's.
async function replace(
  crew: Crew,
  { do: verb, path, object: planned }: Extract<ObjectAction, { do: 'replace' | 'adopt' }>,
  before: Raw | undefined,
): Promise<Answered | undefined> {
  const version = before?.metadata.resourceVersion;
  if (before === undefined) throw changedMeanwhile(planned.kind);
  const object = filled(planned, crew.token);
  const annotations = {
    ...before.metadata.annotations,
    ...object.metadata.annotations,
    ...(verb === 'adopt' && { [names.previousAnnotation]: JSON.stringify(before['spec']) }),
  };
  const metadata = {
    ...before.metadata,
    ...object.metadata,
    labels: { ...before.metadata.labels, ...object.metadata.labels },
    ...(some(annotations) && { annotations }),
    resourceVersion: version,
  };
  return swap(crew.cluster, { method: 'PUT', path, body: { ...object, metadata } });
}

// An adopted object goes back to its owner: its old spec, without our label and annotations.
function restored(now: Raw): object {
  const {
    [names.previousAnnotation]: previous,
    [names.runAnnotation]: _run,
    ...annotations
  } = now.metadata.annotations ?? {};
  const { [names.managedByLabel]: _ours, ...labels } = now.metadata.labels ?? {};
  if (previous === undefined) throw changedMeanwhile(now.kind);
  const { labels: _l, annotations: _a, ...metadata } = now.metadata;
  const kept = { ...(some(labels) && { labels }), ...(some(annotations) && { annotations }) };
  return { ...now, metadata: { ...metadata, ...kept }, spec: JSON.parse(previous) as unknown };
}

const some = (map: object): boolean => Object.keys(map).length > 0;

function filled(object: KubeObject, token: string | undefined): KubeObject {
  const text = JSON.stringify(object);
  if (!text.includes(tokenSlot)) return object;
  if (token === undefined) throw new Error('a plan with a token slot is carried out without a token');
  return JSON.parse(text.replaceAll(tokenSlot, token)) as KubeObject;
}

async function swap(cluster: Cluster, request: Parameters<typeof write>[1]): Promise<Answered | undefined> {
  try {
    return (await write(cluster, request)) as Answered;
  } catch (error) {
    if (error instanceof Conflict) throw changedMeanwhile('object');
    if (request.method === 'DELETE' && error instanceof Refused && error.status === 404) return undefined;
    throw error;
  }
}

/** Certain, like a refusal: nothing was changed by the step that meets it. */
class ChangedMeanwhile extends Failure {}

function changedMeanwhile(kind: string): ChangedMeanwhile {
  return new ChangedMeanwhile(
    'another-run',
    `Somebody else changed the ${kind} while this run was at work.`,
    ['kubectl sematext-audit status shows what is there now; then run this command again'],
  );
}
