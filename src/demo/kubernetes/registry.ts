// Create, update, delete, get and list as an API server does them for any kind: optimistic concurrency,
// preconditions, dry runs, and the refusals. Leaves permissions, auditing and HTTP to others.
import { randomUUID } from 'node:crypto';
import { admitted, refuseTerminating, type Admit } from './admission.ts';
import { dying } from './deletion.ts';
import { apiVersion, type Kind } from './kinds.ts';
import { isRecord, type KubeObject, type Metadata } from './object.ts';
import { Refusal, alreadyExists, badRequest, conflict, invalid, notFound } from './status.ts';
import { faultsOfKind, nameFaults, prepared } from './rules.ts';
import type { Cause, Status } from './status.ts';
import type { ObjectStore } from './store.ts';

/** Where a request points. */
export interface Place {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
}

const needsResourceVersion = new Set(['auditsinks']);
const counted = new Set(['auditsinks', 'daemonsets', 'deployments']);
const createOnPut = new Set(['leases', 'endpoints', 'events', 'clusterroles', 'roles']);
const answersWithObject = new Set(['pods', 'namespaces', 'services', 'serviceaccounts']);
const modified =
  'the object has been modified; please apply your changes to the latest version and try again';

/** The body of a create or update, checked for being an object of the kind. */
export function decode(kind: Kind, body: unknown): KubeObject {
  if (!isRecord(body))
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind; ` +
        'json parse error: unexpected JSON value',
    );
  const wanted = apiVersion(kind);
  const given = { apiVersion: body['apiVersion'] ?? wanted, kind: body['kind'] ?? kind.kind };
  if (given.apiVersion !== wanted || given.kind !== kind.kind)
    throw badRequest(
      `${String(given.kind)} in version "${String(given.apiVersion)}" cannot be handled as a ${kind.kind}: ` +
        `no kind "${String(given.kind)}" is registered for version "${String(given.apiVersion)}"`,
    );
  const metadata = (isRecord(body['metadata']) ? body['metadata'] : {}) as Metadata;
  return { ...body, apiVersion: wanted, kind: kind.kind, metadata };
}

/** What a server does with the objects of its store. */
export interface Rules {
  /** The kind Namespace. */
  readonly namespaces: Kind;
  readonly minor: number;
  /** Pod Security of namespaces without a label for it. */
  readonly podSecurity: string;
  readonly admit: Admit | undefined;
}

/** Reads and changes the store in the server's manner. */
export class Registry {
  readonly #store: ObjectStore;
  readonly #rules: Rules;
  readonly #minor: number;

  constructor(store: ObjectStore, rules: Rules) {
    this.#store = store;
    this.#rules = rules;
    this.#minor = rules.minor;
  }

  get({ kind, namespace, name }: Place): KubeObject {
    const object = this.#store.get(kind, namespace, name);
    if (!object) throw notFound(kind, name);
    return object;
  }

  create({ kind, namespace, dryRun }: Place, body: unknown): KubeObject {
    const sent = prepared(kind, decode(kind, body), this.#minor);
    const name = sent.metadata.name || generated(sent.metadata.generateName);
    this.#admit(kind, namespace, { ...sent, metadata: { ...sent.metadata, name } });
    refuseFaults(kind, name, [...nameFaults(name, this.#minor), ...faultsOfKind(kind, sent)]);
    if (this.#store.get(kind, namespace, name)) throw alreadyExists(kind, name);
    const metadata: Metadata = {
      ...sent.metadata,
      name,
      ...(kind.namespaced && { namespace }),
      uid: randomUUID(),
      creationTimestamp: `${new Date().toISOString().slice(0, 19)}Z`,
      ...(counted.has(kind.resource) && { generation: 1 }),
    };
    delete metadata.resourceVersion;
    const object = { ...sent, metadata };
    return dryRun ? object : this.#store.write(kind, object);
  }

  /** @returns the object, and whether the PUT made it */
  update(place: Place, body: unknown): { object: KubeObject; created: boolean } {
    const { kind, namespace, name, dryRun } = place;
    const sent = prepared(kind, decode(kind, body), this.#minor);
    if (sent.metadata.name !== name)
      throw badRequest(
        `the name of the object (${sent.metadata.name}) does not match the name on the URL (${name})`,
      );
    const old = this.#store.get(kind, namespace, name);
    if (!old && createOnPut.has(kind.resource)) return { object: this.create(place, body), created: true };
    if (!old) throw notFound(kind, name);
    refuseStale(kind, old, sent);
    const faults = faultsOfKind(kind, sent);
    refuseFaults(kind, name, [...faults, ...faults]);
    const object = { ...sent, metadata: carriedOver(old, sent) };
    if (same(old, object)) return { object: old, created: false };
    return { object: dryRun ? object : this.#store.write(kind, object), created: false };
  }

  delete(place: Place, options: unknown): Status | KubeObject {
    const { kind, namespace, name, dryRun } = place;
    const object = this.get(place);
    refusePreconditions(kind, object, isRecord(options) ? options['preconditions'] : undefined);
    const left = dying(kind, object, options);
    if (left && !dryRun) return this.#store.write(kind, left);
    if (!dryRun) this.#store.remove(kind, namespace, name);
    if (answersWithObject.has(kind.resource)) return left ?? object;
    const { uid } = object.metadata;
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: {
        name,
        ...(kind.group && { group: kind.group }),
        kind: kind.resource,
        ...(uid && { uid }),
      },
    };
  }

  #admit(kind: Kind, namespace: string, sent: KubeObject): void {
    if (!kind.namespaced) return;
    const own = sent.metadata.namespace;
    if (own && own !== namespace)
      throw badRequest(
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    const { namespaces, podSecurity: byDefault, admit } = this.#rules;
    const around = this.#store.get(namespaces, '', namespace);
    if (!around) throw notFound(namespaces, namespace);
    refuseTerminating(kind, sent.metadata.name, around);
    admitted(kind, sent, around, { byDefault, admit });
  }
}

function refuseFaults(kind: Kind, name: string, faults: readonly Cause[]): void {
  if (faults.length > 0) throw invalid({ group: kind.group, resource: kind.kind }, name, faults);
}

function generated(prefix: string | undefined): string {
  return prefix ? prefix + randomUUID().slice(0, 5) : '';
}

function refuseStale(kind: Kind, old: KubeObject, sent: KubeObject): void {
  const { resourceVersion, uid } = sent.metadata;
  if (!resourceVersion && needsResourceVersion.has(kind.resource)) {
    const why = 'must be specified for an update';
    const field = 'metadata.resourceVersion';
    const cause = { reason: 'FieldValueInvalid', message: `Invalid value: 0x0: ${why}`, field };
    throw invalid(kind, old.metadata.name, [cause]);
  }
  if (resourceVersion && !/^\d+$/.test(resourceVersion))
    throw new Refusal(500, '', `strconv.ParseUint: parsing "${resourceVersion}": invalid syntax`);
  if (uid && uid !== old.metadata.uid)
    throw conflict(
      kind,
      old.metadata.name,
      `StorageError: invalid object, Code: 4, Key: /registry/${kind.resource}/${old.metadata.namespace ?? ''}/` +
        `${old.metadata.name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ` +
        `UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    );
  if (resourceVersion && resourceVersion !== old.metadata.resourceVersion)
    throw conflict(kind, old.metadata.name, modified);
}

function carriedOver(old: KubeObject, sent: KubeObject): Metadata {
  const { uid, creationTimestamp, generation, namespace } = old.metadata;
  const changed = JSON.stringify(old['spec']) !== JSON.stringify(sent['spec']);
  return {
    ...sent.metadata,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(generation !== undefined && { generation: generation + (changed ? 1 : 0) }),
    resourceVersion: old.metadata.resourceVersion ?? '',
  };
}

function same(a: KubeObject, b: KubeObject): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name])]),
  );
}

function refusePreconditions(kind: Kind, object: KubeObject, preconditions: unknown): void {
  if (!isRecord(preconditions)) return;
  const { uid, resourceVersion } = object.metadata;
  const { name } = object.metadata;
  // the kind stands where the resource does in every other refusal
  const about = { group: kind.group, resource: kind.kind };
  if (preconditions['uid'] !== undefined && preconditions['uid'] !== uid)
    throw conflict(
      about,
      name,
      `the UID in the precondition (${String(preconditions['uid'])}) does not match the UID in record (${uid}). ` +
        'The object might have been deleted and then recreated',
    );
  if (preconditions['resourceVersion'] !== undefined && preconditions['resourceVersion'] !== resourceVersion)
    throw conflict(
      about,
      name,
      `the ResourceVersion in the precondition (${String(preconditions['resourceVersion'])}) does not match the ` +
        `ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
}
