// What a run did, as the ConfigMap kube-system/sematext-audit remembers it, so that `disable` can take back exactly
// that. Holds no secret: the token appears only as a fingerprint.
import { agentName, agentPaths } from '../agent/places.ts';
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
  readonly backend: 'dynamic' | 'webhook' | 'log-backend';
  /** The receiver, without the token; empty where events only go to a file. */
  readonly receiver: string;
  /** First 12 hex digits of the token's SHA-256; empty without one. */
  readonly token: string;
  readonly objects: readonly RecordedObject[];
  /** What was set on API servers; absent where none was touched. */
  readonly change?: RecordedChange;
}

/** What a static backend, or the switches of the dynamic one, set on every API server. */
export interface RecordedChange {
  /** Of the configuration's files; absent where there are none. */
  readonly hash?: string;
  /** Names of the flags that are ours now, without dashes. */
  readonly flags: readonly string[];
  /** Flags that had a value of the user's own before, with that value. */
  readonly previous: Readonly<Record<string, string>>;
  readonly nodes: readonly string[];
  /** Whether kubeadm-config holds it too. */
  readonly kubeadm: boolean;
  /** As `previous`, of kubeadm-config. */
  readonly kubeadmPrevious?: Readonly<Record<string, string>>;
  /** Where the audit log is written. */
  readonly log?: string;
  readonly agent?: 'logagent' | 'helm' | 'none';
  /** Digest of the chart's values: other ones, and the release is upgraded. */
  readonly values?: string;
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
    record.objects.every(isRecorded) &&
    (record.change === undefined || isChange(record.change))
  );
}

// The names of flags and nodes go into a manifest's text and into paths.
function isChange(value: unknown): value is RecordedChange {
  const { hash, flags, previous, nodes, kubeadmPrevious } = (value ?? {}) as Partial<RecordedChange>;
  return (
    (hash === undefined || /^[0-9a-f]{12}$/.test(hash)) &&
    Array.isArray(flags) &&
    flags.every((flag) => /^(audit-[a-z-]+|feature-gates|runtime-config)$/.test(String(flag))) &&
    isMap(previous) &&
    (kubeadmPrevious === undefined || isMap(kubeadmPrevious)) &&
    Array.isArray(nodes) &&
    nodes.every((node) => /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(String(node)))
  );
}

const isMap = (value: unknown): boolean => typeof value === 'object' && value !== null;

// A record says what to delete, so it is held against the only things that this tool ever writes: a path that ends in
// a dot, say, would be that of the whole collection once it is a URL, and another name would tell the user a lie.
const sinkPath = `/apis/auditregistration.k8s.io/v1alpha1/auditsinks/${names.object}`;

function isRecorded(value: unknown): value is RecordedObject {
  const { kind, name, undo } = (value ?? {}) as Partial<RecordedObject>;
  if (kind === 'AuditSink')
    return (
      name === names.object && (undo?.do === 'delete' || undo?.do === 'restore') && undo.path === sinkPath
    );
  return name === agentName && undo?.do === 'delete' && undo.path === agentPaths[kind ?? ''];
}

/** The plan that takes back what a record names, last thing first, the record itself at the end. */
export function undoRecord(record: AuditRecord): Plan<ObjectStep> {
  return { steps: [...undoSteps(record), forgetStep()], notes: [] };
}

/** The steps that take back the recorded objects, last thing first. */
export function undoSteps(record: AuditRecord): readonly ObjectStep[] {
  return record.objects.toReversed().map(({ kind, name, undo }) => ({
    title: `${undo.do === 'delete' ? 'Delete' : 'Put back the earlier spec of'} ${kind} ${name}`,
    action: undo,
    undo: { do: 'previous', path: undo.path },
  }));
}

/**
 * The step that writes the record before anything else is done, so that a run that dies leaves its trail.
 * @param before the record of an earlier run, as it was read
 */
export function openStep(
  before: { readonly resourceVersion: string } | undefined,
  record: AuditRecord,
): ObjectStep {
  const title = `Record the run in ConfigMap kube-system/${names.object}`;
  const object = recordObject(record);
  const path = names.recordPath;
  return before === undefined
    ? {
        title,
        action: { do: 'create', collection: names.recordCollection, object },
        undo: { do: 'delete', path },
      }
    : {
        title,
        action: { do: 'replace', path, object, version: before.resourceVersion },
        undo: { do: 'previous', path },
      };
}

/** The step that says in the record that all was done. */
export function doneStep(record: AuditRecord): ObjectStep {
  return {
    title: 'Mark the record done',
    action: {
      do: 'replace',
      path: names.recordPath,
      object: recordObject({ ...record, state: 'done' }),
      version: '',
    },
    undo: { do: 'previous', path: names.recordPath },
  };
}

/** The step that removes the record. */
export function forgetStep(): ObjectStep {
  return {
    title: `Delete ConfigMap kube-system/${names.object} (the record)`,
    action: { do: 'delete', path: names.recordPath },
    undo: { do: 'previous', path: names.recordPath },
  };
}
