// Knows the cgroup of a machine, in every hierarchy there is: the folders are made for kubelet and removed when its
// processes are gone.
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { eventually } from '../eventually.ts';

const mountpoint = '/sys/fs/cgroup';

/** One cgroup of one machine. */
export interface Cgroups {
  /** As programs say it: "/name". */
  readonly name: string;
  /** Makes it empty: the processes in it are gone, or about to be. */
  empty(): Promise<void>;
  /** Removes it; waits for processes that are about to be gone. */
  remove(): Promise<void>;
}

/** Makes a cgroup, named as the machine's own folder is; it goes when the tests end, whatever ends them. */
export async function makeCgroups(home: string): Promise<Cgroups> {
  const unified = existsSync(join(mountpoint, 'cgroup.controllers'));
  const hierarchies = unified ? [''] : await readdir(mountpoint);
  const folders = hierarchies.map((hierarchy) => join(mountpoint, hierarchy, basename(home)));
  const make = async (): Promise<void> => {
    for (const path of folders) await mkdir(path, { recursive: true });
  };
  const remove = async (): Promise<void> => {
    const what = `${basename(home)}, a cgroup, to be empty`;
    await eventually({ what, timeoutMs: 10_000, ask: () => Promise.resolve(removeAll(folders)) });
  };
  const atExit = (): void => {
    for (let i = 0; i < 100; i += 1) {
      try {
        removeAll(folders);
        return;
      } catch {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50); // processes were just killed
      }
    }
  };
  process.on('exit', atExit);
  await make();
  return {
    name: `/${basename(home)}`,
    empty: async () => {
      await remove();
      await make();
    },
    remove: async () => {
      await remove();
      process.off('exit', atExit);
    },
  };
}

function removeAll(folders: readonly string[]): true {
  folders.forEach(removeTree);
  return true;
}

function removeTree(path: string): void {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(path, entry.name));
  }
  rmdirSync(path);
}
