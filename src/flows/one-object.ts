// One object of the cluster: done and undone by comparing and swapping. Of what somebody else has made of it since,
// nothing is lost. The token enters here, in place of its slot, and goes nowhere else.
import { names } from '../audit/names.ts';
import type { KubeObject, ObjectAction, ObjectStep } from '../audit/plan/step.ts';
import { tokenSlot } from '../audit/sink/sematext.ts';
import { Failure } from '../errors.ts';
import { Conflict, found, Refused, write } from '../io/api.ts';
import type { Cluster } from '../io/world.ts';
import type { Crew } from './crew.ts';

/** A Kubernetes object as the API gave it, with everything that is in it. */
export type Raw = KubeObject & Record<string, unknown>;

export interface ObjectDone {
  readonly step: ObjectStep;
  /** The object as it was before the step; undefined when there was none. */
  readonly before: Raw | undefined;
  /** Version of the object that the step wrote; undefined when it deleted one, or when nobody knows what it did. */
  readonly after: string | undefined;
}

/** Path of the object that an action is about. */
export function pathOf(action: ObjectAction | { do: 'previous'; path: string }): string {
  return action.do === 'create' ? `${action.collection}/${action.object.metadata.name}` : action.path;
}

/** @returns undefined when there is no such object */
export async function current({ cluster }: Crew, path: string): Promise<Raw | undefined> {
  return (await found(cluster, path)) as Raw | undefined; // an object of the API has what all have
}

/** What the API answers to a write: the object as it is then, or a Status where it was deleted. */
type Answered = Partial<Raw>;

/** Does what a step says. @returns undefined when there was nothing to do */
export async function act(
  crew: Crew,
  action: ObjectAction,
  before: Raw | undefined,
): Promise<Answered | undefined> {
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

/** Undoes a step. @returns whether there was anything to take back */
export async function undoObject(crew: Crew, done: ObjectDone): Promise<boolean> {
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
export function uncancelled(cluster: Cluster): Cluster {
  return { ...cluster, request: (request) => cluster.request({ ...request, uncancelled: true }) };
}

/** Certain, like a refusal: nothing was changed by the step that meets it. */
export class ChangedMeanwhile extends Failure {}

export function changedMeanwhile(kind: string): ChangedMeanwhile {
  return new ChangedMeanwhile(
    'another-run',
    `Somebody else changed the ${kind} while this run was at work.`,
    ['kubectl sematext-audit status shows what is there now; then run this command again'],
  );
}
