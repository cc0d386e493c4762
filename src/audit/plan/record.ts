// What a run did, as the ConfigMap kube-system/sematext-audit remembers it, so that `disable` can take back exactly
// that. Holds no secret: the token appears only as a fingerprint.
import { names } from '../names.ts';
import type { KubeObject, ObjectAction, ObjectStep, Plan } from './step.ts';

export interface AuditRecord {
  readonly version: 1;
  /** `open` while a run is at work (also when it died), `done` after its last step. */
  readonly state: 'open' | 'done';
  /** The run that wrote it; the objects it made carry the same id. */
  readonly run: string;
  /** When it was written, ISO 8601. */
  readonly at: string;
  readonly tool: string;
  readonly backend: 'dynamic';
  /** The receiver, without the token. */
  readonly receiver: string;
  /** First 12 hex digits of the token's SHA-256. */
  readonly token: string;
  readonly objects: readonly RecordedObject[];
}

export interface RecordedObject {
  readonly kind: string;
  readonly name: string;
  /** How to take it back. */
  readonly undo: Extract<ObjectAction, { do: 'delete' | 'restore' }>;
}

export interface RecordConfigMap extends KubeObject {
  readonly data: Readonly<Record<string, string>>;
}

const dataKey = 'record.json';

/** The ConfigMap that holds a record. */
export function recordObject(record: AuditRecord): RecordConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: names.object,
      namespace: 'kube-system',
      labels: { [names.managedByLabel]: names.managedBy },
    },
    data: { [dataKey]: JSON.stringify(record, null, 2) },
  };
}

/**
 * The record in a ConfigMap.
 * @returns undefined when the ConfigMap holds none that this version understands
 */
export function readRecord(configMap: unknown): AuditRecord | undefined {
  const text = (configMap as { data?: Record<string, unknown> } | null)?.data?.[dataKey];
  if (typeof text !== 'string') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // edited by hand: treated as no record, and said so
  }
  return isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is AuditRecord {
  const record = value as Partial<AuditRecord> | null;
  return (
    record?.version === 1 &&
    (record.state === 'open' || record.state === 'done') &&
    [record.run, record.at, record.tool, record.receiver, record.token].every(
      (one) => typeof one === 'string',
    ) &&
    // objects are known as a run's by this id: a shorter text would be found in many
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(record.run ?? '') &&
    Array.isArray(record.objects) &&
    record.objects.every(isRecorded)
  );
}

// A record says what to delete, so it is held against the only thing that this tool ever writes: a path that ends in
// a dot, say, would be that of the whole collection once it is a URL, and another name would tell the user a lie.
const sinkPath = `/apis/auditregistration.k8s.io/v1alpha1/auditsinks/${names.object}`;

function isRecorded(value: unknown): value is RecordedObject {
  const { kind, name, undo } = (value ?? {}) as Partial<RecordedObject>;
  return (
    kind === 'AuditSink' &&
    name === names.object &&
    (undo?.do === 'delete' || undo?.do === 'restore') &&
    undo.path === sinkPath
  );
}

/** The plan that takes back what a record names, last thing first, the record itself at the end. */
export function undoRecord(record: AuditRecord): Plan<ObjectStep> {
  const steps = record.objects.toReversed().map(({ kind, name, undo }): ObjectStep => ({
    title: `${undo.do === 'delete' ? 'Delete' : 'Put back the earlier spec of'} ${kind} ${name}`,
    action: undo,
    undo: { do: 'previous', path: undo.path },
  }));
  return { steps: [...steps, forgetStep()], notes: [] };
}

/** The step that removes the record. */
export function forgetStep(): ObjectStep {
  return {
    title: `Delete ConfigMap kube-system/${names.object} (the record)`,
    action: { do: 'delete', path: names.recordPath },
    undo: { do: 'previous', path: names.recordPath },
  };
}
