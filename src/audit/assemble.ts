// Facts and a request become a plan. The one file that knows backend, record and sink together. Pure: the same facts
// and the same request always give the same plan, which is what --dry-run prints.
import { auditSink, billingTwice, ownSink, sameSpec, sinksPath } from './backend/dynamic.ts';
import type { AuditSink } from './backend/audit-sink.ts';
import type { SinkSettings } from './backend/dynamic.ts';
import { seen } from './facts.ts';
import type { Facts } from './facts.ts';
import { names } from './names.ts';
import { doneStep, openStep } from './plan/record.ts';
import type { AuditRecord } from './plan/record.ts';
import type { ObjectAction, ObjectStep, Plan } from './plan/step.ts';
import type { Sink } from './sink/sematext.ts';

/** What the user asked of `enable --dynamic`, and what this run is called. */
export interface DynamicRequest {
  readonly settings: SinkSettings;
  readonly sink: Sink;
  /** First 12 hex digits of the token's SHA-256. */
  readonly fingerprint: string;
  readonly run: string;
  readonly tool: string;
}

/**
 * The plan of `enable --dynamic`: record first, so that a run that dies leaves its trail; then the AuditSink; then
 * the record says done. No steps at all when everything is already as asked.
 */
export function planDynamic(facts: Facts, request: DynamicRequest): Plan {
  const sinks = seen(facts.auditSinks) ?? [];
  const current = ownSink(sinks);
  const record = seen(facts.record);
  const notes = billingTwice(sinks, request.sink).map(
    ({ metadata }) =>
      `AuditSink ${metadata.name} sends to a Sematext receiver too: its events are billed again.`,
  );
  const wanted = auditSink(request.settings, request.sink, request.run);
  const same = current !== undefined && isOurs(current) && sameSpec(current, wanted);
  if (same && record?.record.state === 'done') return { steps: [], notes };
  const adopted = current !== undefined && !isOurs(current);
  if (adopted)
    notes.push(
      `AuditSink ${names.object} is there and was not made by this tool: disable will put its present spec back.`,
    );
  return { steps: enableSteps({ facts, request, wanted, current }), notes };
}

interface Draft {
  readonly facts: Facts;
  readonly request: DynamicRequest;
  readonly wanted: AuditSink;
  readonly current: AuditSink | undefined;
}

function enableSteps(draft: Draft): readonly ObjectStep[] {
  const { facts, request, wanted, current } = draft;
  const path = `${sinksPath}/${names.object}`;
  const known = seen(facts.record)?.record;
  const keeps =
    current !== undefined &&
    (!isOurs(current) || current.metadata.annotations?.[names.previousAnnotation] !== undefined);
  const record: AuditRecord = {
    version: 1,
    state: 'open',
    run: request.run,
    at: facts.at,
    tool: request.tool,
    backend: 'dynamic',
    receiver: request.sink.receiver,
    token: request.fingerprint,
    objects: [{ kind: 'AuditSink', name: names.object, undo: { do: keeps ? 'restore' : 'delete', path } }],
    // the switches that an earlier run set are taken back with the sink
    ...(known?.change !== undefined && { change: known.change }),
  };
  return [
    openStep(seen(facts.record), record),
    { title: titleOf(current), ...sinkActions(path, wanted, current) },
    doneStep(record),
  ];
}

function titleOf(current: AuditSink | undefined): string {
  if (current === undefined) return `Create AuditSink ${names.object}`;
  return isOurs(current) ? `Update AuditSink ${names.object}` : `Take over AuditSink ${names.object}`;
}

function sinkActions(
  path: string,
  wanted: AuditSink,
  current: AuditSink | undefined,
): { action: ObjectAction; undo: ObjectStep['undo'] } {
  if (current === undefined)
    return { action: { do: 'create', collection: sinksPath, object: wanted }, undo: { do: 'delete', path } };
  const version = current.metadata.resourceVersion ?? '';
  const action = isOurs(current) ? 'replace' : 'adopt';
  return { action: { do: action, path, object: wanted, version }, undo: { do: 'previous', path } };
}

/** Whether this tool made (or already adopted) the sink. */
export function isOurs({ metadata }: AuditSink): boolean {
  return metadata.labels?.[names.managedByLabel] === names.managedBy;
}
