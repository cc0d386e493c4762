// The folders of a node that a change needs in the API server's container: which must be mounted, which are already,
// which of ours are no longer needed. One form for a pod (volumes, volumeMounts) and for kubeadm (extraVolumes).
import { configRoot } from '../change.ts';
import type { Change } from '../change.ts';
import type { Data } from './plain-data.ts';
import { Unusable } from './unusable.ts';
import type { Edit } from './yaml-meaning.ts';
import type { Path } from './yaml-places.ts';

/** A folder as we mount it: at the same path inside and outside. Folders, never files: rotation renames. */
export interface Folder {
  readonly name: string;
  readonly path: string;
  readonly readOnly: boolean;
  readonly type: 'Directory' | 'DirectoryOrCreate';
}

/** Something that is mounted, as it stands there. */
export interface Mounted {
  readonly name: string;
  /** Undefined where it is no folder of the node. */
  readonly hostPath: string | undefined;
  readonly type: string | undefined;
  /** Undefined for a volume that is not mounted. */
  readonly mountPath: string | undefined;
  readonly readOnly: boolean;
  /** Only a part of the volume (subPath). */
  readonly partly: boolean;
}

const types = { 'sematext-audit-config': 'Directory', 'sematext-audit-log': 'DirectoryOrCreate' } as const;
type Name = keyof typeof types;

/** The folders that a change needs. */
export function foldersOf({ files, writes }: Change): readonly Folder[] {
  const folder = (name: Name, path: string, readOnly: boolean): Folder => ({
    name,
    path: trimmed(path),
    readOnly,
    type: types[name],
  });
  return [
    ...(files.length > 0 ? [folder('sematext-audit-config', configRoot, true)] : []),
    ...(writes === undefined ? [] : [folder('sematext-audit-log', writes, false)]),
  ];
}

export interface Moves {
  /** Names of ours that are taken out. */
  readonly out: readonly string[];
  /** What is mounted, after those are out. */
  readonly in: readonly Folder[];
}

/**
 * What must be taken out and mounted, so that these folders are there and nothing else of ours.
 * @throws Unusable when something else has our name, or is mounted at or in a folder that is needed
 */
export function movesTo(folders: readonly Folder[], mounted: readonly Mounted[]): Moves {
  const foreign = mounted.find((one) => one.name in types && !isOurs(one));
  if (foreign !== undefined) throw new Unusable(`its volume ${foreign.name} is not as this tool makes it`);
  const missing = folders.filter((folder) => !isThere(folder, mounted));
  const kept = missing.filter((folder) => isKept(folder, mounted)).map(({ name }) => name);
  return {
    out: oursOf(mounted).filter((name) => !kept.includes(name)),
    in: missing.filter(({ name }) => !kept.includes(name)),
  };
}

/** Names of ours that are mounted, and as we make them. */
export function oursOf(mounted: readonly Mounted[]): readonly string[] {
  return Object.keys(types).filter((name) => {
    const named = mounted.filter((one) => one.name === name);
    return named.length > 0 && named.every(isOurs);
  });
}

function isOurs({ name, hostPath, type, partly }: Mounted): boolean {
  return hostPath !== undefined && type === types[name as Name] && !partly;
}

/** Mounted by us, once, and as it should be. */
function isKept({ name, path, readOnly }: Folder, mounted: readonly Mounted[]): boolean {
  const named = mounted.filter((one) => one.name === name);
  return (
    named.length === 1 &&
    named.every((one) => one.hostPath === path && one.mountPath === path && one.readOnly === readOnly)
  );
}

/** Mounted by somebody else, in a way that does as well: the example in the Kubernetes documentation, say. */
function isThere({ name, path, readOnly }: Folder, mounted: readonly Mounted[]): boolean {
  const others = mounted.filter((one) => one.name !== name && one.mountPath !== undefined);
  const inside = others.find(({ mountPath = '' }) => trimmed(mountPath).startsWith(`${path}/`));
  if (inside !== undefined)
    throw new Unusable(`its volume ${inside.name} is mounted in ${path}, where this tool writes`);
  const same = others.find(({ mountPath = '' }) => trimmed(mountPath) === path);
  if (same === undefined) return false;
  const serves =
    trimmed(same.hostPath ?? '') === path &&
    !same.partly &&
    (readOnly || !same.readOnly) &&
    !/^File/.test(same.type ?? '');
  if (!serves) throw new Unusable(`its volume ${same.name} is mounted at ${path} already`);
  return true;
}

/** Takes what has one of these names out of a list. */
export function takeOut(list: readonly Data[], at: Path, names: readonly string[]): readonly Edit[] {
  const places = list.flatMap(({ name }, i) => (names.includes(String(name)) ? [i] : []));
  return places.reverse().map((i) => ({ do: 'remove', at: [...at, i] }));
}

const trimmed = (path: string): string => path.replace(/(?<=.)\/+$/, '');
