// disable: takes back what was recorded, no more. Without a record it says what it found and asks.
import { sinksPath, ownSink } from '../audit/backend/dynamic.ts';
import { deniedAmong } from '../audit/check/cluster.ts';
import { seen } from '../audit/facts.ts';
import type { Look, Permission } from '../audit/facts.ts';
import type { AuditSink } from '../audit/backend/audit-sink.ts';
import { isOurs } from '../audit/assemble.ts';
import { names } from '../audit/names.ts';
import { forgetStep, undoRecord } from '../audit/plan/record.ts';
import type { AuditRecord, RecordedChange } from '../audit/plan/record.ts';
import { sinkOf } from '../audit/sink/sematext.ts';
import type { ObjectStep, Plan } from '../audit/plan/step.ts';
import { Failure } from '../errors.ts';
import type { Cluster, World } from '../io/world.ts';
import type { SinkAccess } from '../io/sematext.ts';
import { carryOut } from './carry-out.ts';
import type { ChangedRecord } from './disable-static.ts';
import type { NodeWishes } from './enable.ts';
import { permissionLooks, recordLook, sinksLook } from './gather.ts';
import type { NodeRequest } from './nodes/rollout.ts';
import type { DisableResult } from '../audit/results.ts';

type ObjectPlan = Plan<ObjectStep>;

export interface DisableRequest {
  readonly dryRun: boolean;
  /** Nothing is asked: the user said yes beforehand. */
  readonly yes: boolean;
  /** How nodes are worked on. */
  readonly nodes: Omit<NodeWishes, 'rehearseOnly'>;
  readonly tell: (title: string) => void;
}

/** @throws Failure declined | confirmation-needed | cluster-forbidden | rolled-back | … */
export async function disable(world: World, request: DisableRequest): Promise<DisableResult> {
  const cluster = await world.cluster();
  const [record, sinks] = await Promise.all([recordLook(cluster), sinksLook(world, cluster)]);
  const kept = must(record, `the record ConfigMap kube-system/${names.object}`);
  if (kept !== undefined && changesNodes(kept.record))
    return withNodes(world, { record: kept.record, version: kept.resourceVersion }, request);
  if (kept === undefined && request.nodes.resume) await endDead(world, request);
  return ofObjects(world, request, kept, sinks);
}

/** Without API servers that were changed, objects are all there is. */
async function ofObjects(
  world: World,
  request: DisableRequest,
  kept: { readonly record: AuditRecord; readonly resourceVersion: string } | undefined,
  sinks: Look<readonly AuditSink[]>,
): Promise<DisableResult> {
  const cluster = await world.cluster();
  const known = kept?.record;
  const own = ownSink(must(sinks, 'the AuditSinks') ?? []);
  const { plan: unpinned, question } = planOf(known, own);
  const plan = pinned(unpinned, own, kept?.resourceVersion);
  const result = { plan, ...(known !== undefined && { record: known }) };
  if (plan.steps.length === 0) return { outcome: 'nothing-to-do', ...result };
  if (request.dryRun) return { outcome: 'planned', ...result };
  await mustBeAllowed(cluster, plan);
  if (question !== undefined && !request.yes && !(await world.ask(question)))
    throw new Failure('declined', 'Nothing was changed.', []);
  // what is taken back carries the id of the run that made it; without one, our name alone must do
  await carryOut({ cluster, run: known?.run ?? names.object, token: undefined, tell: request.tell }, plan);
  return { outcome: 'disabled', ...result };
}

const changesNodes = (record: AuditRecord): record is AuditRecord & { readonly change: RecordedChange } =>
  record.change !== undefined;

async function withNodes(
  world: World,
  changed: ChangedRecord,
  request: DisableRequest,
): Promise<DisableResult> {
  const { disableStatic } = await import('./disable-static.ts'); // the road over nodes is long
  return disableStatic(world, changed, await nodeRequest(world, request));
}

/** The user says that a run is dead; one without a record may have left something on nodes all the same. */
async function endDead(world: World, request: DisableRequest): Promise<void> {
  const { endWithoutRecord } = await import('./disable-static.ts');
  await endWithoutRecord(world, await nodeRequest(world, request));
}

async function nodeRequest(world: World, { nodes, dryRun, yes, tell }: DisableRequest): Promise<NodeRequest> {
  const { handOf } = await import('./nodes/hand.ts');
  const by = await handOf(nodes.local, nodes.only);
  const more = { run: world.uuid(), timeoutMs: 0, access: noSink, rehearseOnly: false };
  return { ...nodes, ...more, ...by, dryRun, yes, tell };
}

/** Nothing is sent when something is taken back. */
const noSink: SinkAccess = { sink: sinkOf('us') };

// What another run makes of them while this one is at work, or asks, is not this one's to delete.
function pinned(
  { steps, notes }: ObjectPlan,
  sink: AuditSink | undefined,
  record: string | undefined,
): ObjectPlan {
  const pin = (step: ObjectStep): ObjectStep => {
    const { action } = step;
    if (action.do !== 'delete' && action.do !== 'restore') return step;
    const version = action.path === names.recordPath ? record : sink?.metadata.resourceVersion;
    return version === undefined ? step : { ...step, action: { ...action, version } };
  };
  return { steps: steps.map(pin), notes };
}

// Deleting on half a view could delete the wrong thing: what cannot be seen stops us.
function must<T>(look: Look<T>, what: string): T | undefined {
  if ('seen' in look || look.unseen === 'absent') return seen(look);
  const code = look.unseen === 'forbidden' ? 'cluster-forbidden' : 'cluster-answer';
  throw new Failure(code, `Could not look at ${what}: ${look.why}`, [
    'docs/permissions.yaml has the roles that disable needs',
  ]);
}

// Refused at its second step, the run would have to make the sink anew: events would be lost for nothing.
async function mustBeAllowed(cluster: Cluster, { steps }: ObjectPlan): Promise<void> {
  const needed = steps.map(({ action }): Permission => {
    const verb = action.do === 'delete' ? 'delete' : 'update';
    const record = { group: '', resource: 'configmaps', namespace: 'kube-system' };
    const sink = { group: 'auditregistration.k8s.io', resource: 'auditsinks' };
    const ofRecord = action.do !== 'create' && action.path === names.recordPath;
    return { verb, ...(ofRecord ? record : sink), name: names.object };
  });
  const denied = deniedAmong(await permissionLooks(cluster, needed));
  if (denied.length > 0)
    throw new Failure('cluster-forbidden', `Nothing was changed; you may not: ${denied.join(', ')}.`, [
      'bind the roles of docs/permissions.yaml, or ask whoever has them to run disable',
    ]);
}

function planOf(
  record: AuditRecord | undefined,
  own: AuditSink | undefined,
): { plan: ObjectPlan; question?: string } {
  if (record === undefined) {
    if (own === undefined) return { plan: { steps: [], notes: [] } };
    const plan = { steps: [takeBackStep(own)], notes: ['There is no record: this was found by its name.'] };
    return {
      plan,
      question: `There is no record. Take back AuditSink ${names.object}${isOurs(own) ? '' : ', which this tool did not make'}?`,
    };
  }
  if (own === undefined) return { plan: forget(`AuditSink ${names.object} is gone already.`) };
  const restores = record.objects.some(({ undo }) => undo.do === 'restore');
  if (restores && own.metadata.annotations?.[names.previousAnnotation] === undefined) return lost(own);
  const plan = undoRecord(record);
  // a run that was to update it, and died before, has left the sink of the run before
  const dead = record.state === 'open' && isOurs(own);
  if (dead || own.metadata.annotations?.[names.runAnnotation] === record.run) return { plan };
  const notes = [`AuditSink ${names.object} is not the one that was recorded: somebody made it anew.`];
  return {
    plan: { ...plan, notes },
    question: `AuditSink ${names.object} is not the one that was recorded. Delete it all the same?`,
  };
}

const forget = (note: string): ObjectPlan => ({ steps: [forgetStep()], notes: [note] });

// A sink was taken over, and its earlier spec is not on it: a run died before it took it over, or after it gave it back.
function lost(own: AuditSink): { plan: ObjectPlan; question?: string } {
  if (!isOurs(own))
    return { plan: forget(`AuditSink ${names.object} is as its owner wants it: it stays as it is.`) };
  const note = `AuditSink ${names.object} was taken over, and the spec that it had before is lost.`;
  return {
    plan: { steps: [takeBackStep(own), forgetStep()], notes: [note] },
    question: `${note} Delete it?`,
  };
}

// A sink that was taken over keeps its owner's spec in an annotation: it goes back to them.
function takeBackStep({ metadata }: AuditSink): ObjectStep {
  const path = `${sinksPath}/${names.object}`;
  const undo = { do: 'previous', path } as const;
  return metadata.annotations?.[names.previousAnnotation] === undefined
    ? { title: `Delete AuditSink ${names.object}`, action: { do: 'delete', path }, undo }
    : {
        title: `Put back the earlier spec of AuditSink ${names.object}`,
        action: { do: 'restore', path },
        undo,
      };
}
