// The manifests folder as the kubelet reads it: what counts as a manifest, what becomes of it, and which of two wins
// (kubernetes pkg/kubelet/config/{file,file_linux,common}.go).
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { isRecord } from '../kubernetes/object.ts';
import { annotations, fullName, type ContainerSpec, type Pod, type Volume } from './pod.ts';

/** Where a folder's pods run, and how often it is read whole. */
export interface StaticPodsOptions {
  readonly folder: string;
  readonly node: string;
  /** Milliseconds between two full lists: fileCheckFrequency. */
  readonly recheckMs: number;
  /** Told all pods of the folder, on every change. */
  readonly tell: (pods: readonly Pod[]) => void;
}

/** What is wrong with the spec, as far as validation of the real one would stop the pods that people write here. */
function problem({ metadata, spec }: Pod): string | undefined {
  if (!metadata.name) return 'metadata.name: Required value';
  const { containers = [], volumes = [] } = spec;
  if (containers.length === 0) return 'spec.containers: Required value';
  if (hasTwins(volumes.map(({ name }) => name))) return 'spec.volumes: Duplicate value';
  if (volumes.some(({ secret, configMap }) => secret !== undefined || configMap !== undefined))
    return 'a static pod may not reference secrets or configmaps';
  for (const container of containers) {
    const wrong = problemOf(container, volumes);
    if (wrong !== undefined) return `spec.containers${wrong}`;
  }
  return undefined;
}

function problemOf(
  { name, image, volumeMounts = [] }: ContainerSpec,
  volumes: readonly Volume[],
): string | undefined {
  if (!name || !image) return ': Required value';
  if (hasTwins(volumeMounts.map(({ mountPath }) => mountPath)))
    return '.volumeMounts.mountPath: must be unique';
  const known = volumeMounts.every((mount) => volumes.some((volume) => volume.name === mount.name));
  return known ? undefined : '.volumeMounts.name: Not found';
}

function hasTwins(names: readonly string[]): boolean {
  return new Set(names).size < names.length;
}

/** JSON with its keys in order: equal for texts that mean the same. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isRecord(value)) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, canonical(value[name])]));
}

/**
 * The pod of a manifest, named for its node and with a uid that depends on content, node and path.
 * @throws Error when it is none
 */
export function readManifest(text: string, path: string, node: string): Pod {
  // of equal keys the last counts, as in the real one's reader
  const read = parse(text, { uniqueKeys: false }) as unknown;
  if (!isRecord(read) || read['kind'] !== 'Pod' || read['apiVersion'] !== 'v1')
    throw new Error(`${path}: couldn't parse as pod`);
  const pod = { metadata: {}, spec: {}, ...read } as unknown as Pod; // as far as it is looked at, by problem()
  const wrong = problem(pod);
  if (wrong !== undefined) throw new Error(`${path}: ${wrong}`);
  const content = JSON.stringify(canonical(read));
  const hash = createHash('md5').update(`${content}host:${node}file:${path}`).digest('hex');
  const own = { [annotations.hash]: hash, [annotations.source]: 'file' };
  const metadata = {
    ...pod.metadata,
    name: `${pod.metadata.name}-${node}`,
    namespace: pod.metadata.namespace ?? 'default',
    uid: hash,
    annotations: {
      ...pod.metadata.annotations,
      ...own,
      [annotations.seen]: `${new Date().toISOString().slice(0, -1)}000000Z`,
    },
  };
  return { ...pod, metadata, spec: { ...pod.spec, nodeName: node } };
}

/** A manifests folder that is being watched. */
export class StaticPods {
  readonly #options: StaticPodsOptions;
  /** By namespace/name: the last that was read wins. */
  #pods = new Map<string, Pod>();
  readonly #names = new Map<string, string>();
  /** What was read before, by file: it is the same pod while it is the same text. */
  readonly #read = new Map<string, { readonly text: string; readonly pod: Pod | undefined }>();
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StaticPodsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#watcher = watch(this.#options.folder, (_event, name) => {
      if (name !== null && !name.startsWith('.')) this.#changed(name);
    });
    this.#timer = setInterval(() => this.list(), this.#options.recheckMs);
    this.list();
  }

  stop(): void {
    this.#watcher?.close();
    clearInterval(this.#timer);
  }

  /** The full list: what cannot be read is left out, whatever ran of it. */
  list(): void {
    const names = readdirSync(this.#options.folder).filter((name) => !name.startsWith('.'));
    const pods = names.sort().flatMap((name) => this.#podOf(name) ?? []);
    this.#pods = new Map(pods.map((pod) => [fullName(pod), pod]));
    this.#tell();
  }

  /** One file was written, renamed or removed. */
  #changed(name: string): void {
    const there = statSync(join(this.#options.folder, name), { throwIfNoEntry: false })?.isFile();
    if (there) {
      const pod = this.#podOf(name);
      if (!pod) return;
      this.#pods.set(fullName(pod), pod);
    } else {
      const known = this.#names.get(name);
      if (known === undefined) return;
      // the pod goes even when another file defines it too; the next full list brings that one back
      this.#pods.delete(known);
      this.#names.delete(name);
    }
    this.#tell();
  }

  #podOf(name: string): Pod | undefined {
    const path = join(this.#options.folder, name);
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      // no file, or gone meanwhile
      return undefined;
    }
    const known = this.#read.get(name);
    const pod = known?.text === text ? known.pod : this.#parse(text, path);
    this.#read.set(name, { text, pod });
    if (pod) this.#names.set(name, fullName(pod));
    return pod;
  }

  #parse(text: string, path: string): Pod | undefined {
    try {
      return readManifest(text, path, this.#options.node);
    } catch {
      // no pod: the kubelet says so in its own log and goes on
      return undefined;
    }
  }

  #tell(): void {
    this.#options.tell([...this.#pods.values()]);
  }
}
