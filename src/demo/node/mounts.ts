// What a container sees at its paths: volumes on the node's disk, checked as the kubelet checks them before it starts a
// pod (kubernetes pkg/volume/hostpath, pkg/volume/secret).
import { chmodSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerSpec, Pod, Volume } from './pod.ts';

/** Reads a Secret's data, in base64; undefined when there is none. */
export type ReadSecret = (namespace: string, name: string) => Readonly<Record<string, string>> | undefined;

/** One path of a container and what is there. */
export interface Mount {
  readonly at: string;
  /** On this machine. */
  readonly source: string;
  readonly readOnly: boolean;
}

const wanted: Readonly<Record<string, 'isDirectory' | 'isFile' | 'isSocket'>> = {
  Directory: 'isDirectory',
  DirectoryOrCreate: 'isDirectory',
  File: 'isFile',
  FileOrCreate: 'isFile',
  Socket: 'isSocket',
};
const nouns = { isDirectory: 'a directory', isFile: 'a file', isSocket: 'a socket file' };

/** @throws Error in the kubelet's words when the path is not of its type */
function checkHostPath(root: string, { path, type = '' }: { path: string; type?: string }): void {
  const here = join(root, path);
  const found = statSync(here, { throwIfNoEntry: false });
  // without a type nothing is checked, and the container runtime makes a folder
  if (!found && (type === '' || type === 'DirectoryOrCreate'))
    return void mkdirSync(here, { recursive: true, mode: 0o755 });
  if (!found && type === 'FileOrCreate') return writeFileSync(here, '', { mode: 0o644 });
  const test = wanted[type];
  if (test !== undefined && !found?.[test]())
    throw new Error(`hostPath type check failed: ${path} is not ${nouns[test]}`);
}

/** Folder of a pod's own volumes. */
function podFolder(root: string, { metadata }: Pod): string {
  return join(root, 'var/lib/kubelet/pods', metadata.uid ?? '');
}

/** Files by links through `..data`, so that they all change at once, as the real ones do. */
function writeSecret(folder: string, data: Readonly<Record<string, string>>, mode: number): void {
  mkdirSync(join(folder, '..1'), { recursive: true });
  symlinkSync('..1', join(folder, '..data'));
  for (const [name, text] of Object.entries(data)) {
    const file = join(folder, '..1', name);
    writeFileSync(file, Buffer.from(text, 'base64'));
    chmodSync(file, mode);
    symlinkSync(join('..data', name), join(folder, name));
  }
}

function setUp(root: string, pod: Pod, volume: Volume, readSecret: ReadSecret): string {
  if (volume.hostPath) {
    checkHostPath(root, volume.hostPath);
    return join(root, volume.hostPath.path);
  }
  const folder = join(podFolder(root, pod), 'volumes', volume.name);
  if (statSync(folder, { throwIfNoEntry: false })) return folder;
  if (volume.secret) {
    const { secretName, defaultMode = 0o644 } = volume.secret;
    const data = readSecret(pod.metadata.namespace ?? '', secretName);
    if (!data) throw new Error(`secret "${secretName}" not found`);
    writeSecret(folder, data, defaultMode);
  } else mkdirSync(folder, { recursive: true });
  return folder;
}

/** A pod's volumes by name, each where it is on this machine. */
export type Volumes = ReadonlyMap<string, string>;

/** Sets a pod's volumes up. @throws Error with the message of a FailedMount event */
export function setUpVolumes(root: string, pod: Pod, readSecret: ReadSecret): Volumes {
  const volumes = (pod.spec.volumes ?? []).map((volume) => {
    try {
      return [volume.name, setUp(root, pod, volume, readSecret)] as const;
    } catch (error) {
      throw new Error(`MountVolume.SetUp failed for volume "${volume.name}" : ${(error as Error).message}`);
    }
  });
  return new Map(volumes);
}

/** Takes away what was made for a pod that has ended. */
export function tearDownVolumes(root: string, pod: Pod): void {
  rmSync(podFolder(root, pod), { recursive: true, force: true });
}

/** A container's mounts, the deepest first. */
export function mountsOf({ volumeMounts = [] }: ContainerSpec, volumes: Volumes): readonly Mount[] {
  const mounts = volumeMounts.map(({ name, mountPath, readOnly = false }) => ({
    at: mountPath,
    source: volumes.get(name) ?? '',
    readOnly,
  }));
  return mounts.sort((a, b) => b.at.length - a.at.length);
}

/** Where a path of a container is on this machine; undefined when no mount covers it. */
export function located(
  mounts: readonly Mount[],
  path: string,
): { readonly path: string; readonly readOnly: boolean } | undefined {
  const mount = mounts.find(({ at }) => path === at || path.startsWith(`${at.replace(/\/$/, '')}/`));
  return mount && { path: join(mount.source, path.slice(mount.at.length)), readOnly: mount.readOnly };
}
