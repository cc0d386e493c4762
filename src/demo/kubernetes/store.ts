// What etcd is to an API server: objects by key, one revision for all of them, and word of every change. Outlives
// a restart of the server. Knows nothing of HTTP, validation or permissions.
import { randomUUID } from 'node:crypto';
import { kindOfObject, type Kind } from './kinds.ts';
import type { KubeObject } from './object.ts';

/** One change, as a watch reports it. */
export interface StoreChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly kind: Kind;
  readonly object: KubeObject;
}

function key(kind: Kind, namespace: string, name: string): string {
  return [kind.group, kind.resource, kind.namespaced ? namespace : '', name].join('/');
}

/** The objects of one cluster. */
export class ObjectStore {
  readonly #kinds: readonly Kind[];
  readonly #objects = new Map<string, { kind: Kind; object: KubeObject }>();
  readonly #listeners = new Set<(change: StoreChange) => void>();
  #revision = 800;

  constructor(kinds: readonly Kind[]) {
    this.#kinds = kinds;
  }

  /** The revision of the last change: what a list carries as its resourceVersion. */
  get revision(): string {
    return String(this.#revision);
  }

  get(kind: Kind, namespace: string, name: string): KubeObject | undefined {
    return this.#objects.get(key(kind, namespace, name))?.object;
  }

  /** Objects of a kind, in one namespace or ('') in all, in the order of their keys. */
  list(kind: Kind, namespace = ''): KubeObject[] {
    return [...this.#objects]
      .filter(([, stored]) => stored.kind.group === kind.group && stored.kind.resource === kind.resource)
      .filter(([, { object }]) => !namespace || object.metadata.namespace === namespace)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { object }]) => object);
  }

  /** Writes an object and gives it the next revision. */
  write(kind: Kind, object: KubeObject): KubeObject {
    const at = key(kind, object.metadata.namespace ?? '', object.metadata.name);
    const type = this.#objects.has(at) ? 'MODIFIED' : 'ADDED';
    this.#revision += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: this.revision } };
    this.#objects.set(at, { kind, object: stored });
    this.#tell({ type, kind, object: stored });
    return stored;
  }

  remove(kind: Kind, namespace: string, name: string): void {
    const object = this.get(kind, namespace, name);
    if (!object) return;
    this.#revision += 1;
    this.#objects.delete(key(kind, namespace, name));
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: this.revision } };
    this.#tell({ type: 'DELETED', kind, object: last });
  }

  /** Puts an object in as it is, past all checks, with a uid and a time if it has none: for setting a scene. */
  put(object: KubeObject): KubeObject {
    const kind = this.#kindOf(object);
    const metadata = {
      uid: randomUUID(),
      creationTimestamp: `${new Date().toISOString().slice(0, 19)}Z`,
      ...object.metadata,
    };
    return this.write(kind, { ...object, metadata });
  }

  /** Takes an object out, past all checks; names it by its own fields. */
  drop(object: KubeObject): void {
    this.remove(this.#kindOf(object), object.metadata.namespace ?? '', object.metadata.name);
  }

  /** Every object, in the order of their keys: to look at from a test. */
  all(): KubeObject[] {
    return [...this.#objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { object }]) => object);
  }

  /** Takes everything out. */
  clear(): void {
    for (const object of this.all()) this.drop(object);
  }

  /** Calls back on every change until the returned function is called. */
  onChange(listener: (change: StoreChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(change: StoreChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #kindOf(object: KubeObject): Kind {
    const kind = kindOfObject(this.#kinds, object);
    if (!kind) throw new Error(`this API server does not serve ${object.apiVersion} ${object.kind}`);
    return kind;
  }
}
