// Knows where a machine could leave something behind on the machine the tests run on.
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';

/** What there is of a machine. */
export interface Traces {
  /** How many run in its process namespace. */
  readonly processes: number;
  /** Its folder, its cgroups, its network interface, mounts of its folder in the tests' own namespace. */
  readonly others: readonly string[];
}

/** Where a machine is. */
export interface Place {
  readonly cgroup: string;
  /** The file of its network namespace. */
  readonly netns: string;
  /** Of its network. */
  readonly hostAddress: string;
}

/** Asked while the machine is up, what there is of it at any later time. */
export function tracesOf({ cgroup, netns, hostAddress }: Place): () => Traces {
  const namespace = readlinkSync(netns.replace(/net$/, 'pid'));
  const home = join(tmpdir(), cgroup);
  const cgroups = readdirSync('/sys/fs/cgroup').map((name) => join('/sys/fs/cgroup', name, cgroup));
  return () => {
    const folders = [home, join('/sys/fs/cgroup', cgroup), ...cgroups].filter(existsSync);
    const interfaces = Object.entries(networkInterfaces())
      .filter(([, addresses]) => addresses?.some(({ address }) => address === hostAddress))
      .map(([name]) => name);
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(home));
    return { processes: processesIn(namespace), others: [...folders, ...interfaces, ...mounts] };
  };
}

function processesIn(namespace: string): number {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/ns/pid`) === namespace;
      } catch {
        return false; // it ended meanwhile
      }
    }).length;
}
