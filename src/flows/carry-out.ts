// The one interpreter of plans: each action compares before it swaps, and what was done is undone, last thing first,
// when a later step fails or the run is cancelled. The token enters here, in place of its slot, and goes nowhere else.
import { names } from '../audit/names.ts';
import type { Action, KubeObject, Plan, Step } from '../audit/plan/step.ts';
import { tokenSlot } from '../audit/sink/sematext.ts';
import { Failure } from '../errors.ts';
import { Conflict, Refused, write } from '../io/api.ts';
import type { Cluster } from '../io/world.ts';

/** A Kubernetes object as the API gave it, with everything that is in it. */
type Raw = KubeObject & Record<string, unknown>;

export interface Crew {
  readonly cluster: Cluster;
  /** This run's id: only what carries it is deleted or put back. */
  readonly run: string;
  /** Fills the token's slot; undefined where no plan of this run has one. */
  readonly token: string | undefined;
  /** Told before each step and each undo. */
  readonly tell: (title: string) => void;
}

interface Done {
  readonly step: Step;
  /** The object as it was before the step; undefined when there was none. */
  readonly before: Raw | undefined;
}

/**
 * Carries a plan out.
 * @throws Failure of the first step when nothing had been done yet; `rolled-back` when a later one failed and all was
 *   taken back; `undo-failed` when something could not be, naming it; `interrupted` after taking back
 */
export async function carryOut(crew: Crew, plan: Plan): Promise<void> {
  const done: Done[] = [];
  for (const step of plan.steps) {
    crew.tell(step.title);
    const before = { step, before: undefined as Raw | undefined };
    try {
      before.before = await current(crew, pathOf(step.action));
      await act(crew, step.action, before.before);
      done.push(before);
    } catch (error) {
      // a refusal is certain; a broken connection or Ctrl-C may have come after the API server had obeyed
      const suspects =
        error instanceof Refused || error instanceof ChangedMeanwhile ? done : [...done, before];
      throw await takeBack(crew, suspects, step, error);
    }
  }
}

async function takeBack(crew: Crew, done: readonly Done[], failed: Step, error: unknown): Promise<unknown> {
  const left: string[] = [];
  let taken = 0;
  for (const { step, before } of done.toReversed()) {
    try {
      if (await undo(crew, step, before)) taken += 1;
    } catch {
      left.push(step.title); // told below, with the way out; the first error is the one to show
    }
  }
  if (left.length > 0)
    return new Failure(
      'undo-failed',
      `"${failed.title}" failed, and these could not be taken back: ${left.join('; ')}.`,
      [
        'kubectl sematext-audit status shows what is there; disable takes it back once the cluster answers again',
      ],
      error,
    );
  if (!(error instanceof Failure) || taken === 0) return error;
  if (error.code === 'interrupted') return error;
  return new Failure(
    'rolled-back',
    `"${failed.title}" failed and everything was taken back: ${error.message}`,
    error.suggestions,
    error,
  );
}

/** @returns whether there was anything to take back */
async function undo(crew: Crew, { undo: action, title }: Step, before: Raw | undefined): Promise<boolean> {
  const calm: Crew = { ...crew, cluster: uncancelled(crew.cluster) };
  const path = pathOf(action);
  const now = await current(calm, path);
  const mine = now === undefined ? before !== undefined : JSON.stringify(now).includes(crew.run);
  if (!mine) return false;
  crew.tell(`Taking back: ${title}`);
  if (action.do !== 'previous' || before === undefined) await write(calm.cluster, { method: 'DELETE', path });
  else await putBack(calm.cluster, path, before, now);
  return true;
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

function pathOf(action: Action | { do: 'previous'; path: string }): string {
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

async function act(crew: Crew, action: Action, before: Raw | undefined): Promise<void> {
  const { cluster } = crew;
  if (action.do === 'create') {
    if (before !== undefined) throw changedMeanwhile(action.object.kind);
    await swap(cluster, { method: 'POST', path: action.collection, body: filled(action.object, crew.token) });
  } else if (action.do === 'delete') {
    if (before === undefined) return;
    const { uid, resourceVersion } = before.metadata as { uid?: string; resourceVersion?: string };
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid, resourceVersion } };
    await swap(cluster, { method: 'DELETE', path: action.path, body });
  } else if (action.do === 'restore') {
    if (before !== undefined)
      await swap(cluster, { method: 'PUT', path: action.path, body: restored(before) });
  } else await replace(crew, action, before);
}

async function replace(
  crew: Crew,
  action: Extract<Action, { do: 'replace' | 'adopt' }>,
  before: Raw | undefined,
): Promise<void> {
  const version = before?.metadata.resourceVersion;
  if (before === undefined || (action.version !== '' && action.version !== version))
    throw changedMeanwhile(action.object.kind);
  const object = filled(action.object, crew.token);
  const kept = before.metadata.annotations?.[names.previousAnnotation];
  const previous = action.do === 'adopt' ? JSON.stringify(before['spec']) : kept;
  const annotations = {
    ...object.metadata.annotations,
    ...(previous !== undefined && { [names.previousAnnotation]: previous }),
  };
  const metadata = {
    ...object.metadata,
    ...(Object.keys(annotations).length > 0 && { annotations }),
    resourceVersion: version,
  };
  await swap(crew.cluster, { method: 'PUT', path: action.path, body: { ...object, metadata } });
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
  return {
    ...now,
    metadata: { ...now.metadata, labels, annotations },
    spec: JSON.parse(previous) as unknown,
  };
}

function filled(object: KubeObject, token: string | undefined): KubeObject {
  const text = JSON.stringify(object);
  if (!text.includes(tokenSlot)) return object;
  if (token === undefined) throw new Error('a plan with a token slot is carried out without a token');
  return JSON.parse(text.replaceAll(tokenSlot, token)) as KubeObject;
}

async function swap(cluster: Cluster, request: Parameters<typeof write>[1]): Promise<void> {
  try {
    await write(cluster, request);
  } catch (error) {
    if (error instanceof Conflict) throw changedMeanwhile('object');
    if (request.method === 'DELETE' && error instanceof Refused && error.status === 404) return;
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
