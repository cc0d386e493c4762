// Knows how to make a machine of this machine: namespaces, a root file system and an address of its own. Nothing it
// does reaches the machine the tests run on, and all of it ends with its first process.
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../eventually.ts';
import { partsFolder } from '../parts.ts';
import { folder, run, type Running } from '../running.ts';
import { makeCgroups } from './cgroups.ts';
import { command, type Printed } from './command.ts';
import type { Network } from './network.ts';

const boot = fileURLToPath(new URL('./boot.sh', import.meta.url));

/** What to make. */
export interface MachineOptions {
  /** Host name. */
  name: string;
  network: Network;
  /** Its number in the network, from 1. */
  number: number;
  /** Folders below the built parts whose programs it has. */
  parts: readonly string[];
}

/** A machine that is up. */
export interface Machine {
  readonly name: string;
  readonly address: string;
  /** The cgroup that everything kubelet starts must be below, as in "/name". */
  readonly cgroup: string;
  /** The machine's root, seen from the tests: files are read, written and renamed below it as on the machine. */
  path(inside: string): string;
  /** Runs a bash script on it; throws when it fails. */
  exec(script: string, input?: string): Promise<Printed>;
  /** Arguments of the program nsenter that lead to it: for processes that go on. */
  readonly enter: () => readonly string[];
  /** The file of its network namespace. */
  netns(): string;
  /** What a service wrote: containerd, kubelet, kube-proxy. */
  log(service: string): Promise<string>;
  /** Ends a service and keeps it ended, until start. */
  stopService(name: string): Promise<void>;
  startService(name: string): Promise<void>;
  /** A power cut, and power again: every process dies at once, files stay, /run and the firewall's tables are empty. */
  reboot(): Promise<void>;
  /** Ends all that ran on it and removes all that it had. */
  stop(): Promise<void>;
}

/** Makes a machine and waits until it has its address. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const home = await folder(`node-${options.name}`);
  const cgroups = await makeCgroups(home.path);
  let state = await powerOn(home.path, options);
  const enter = (): readonly string[] => [
    ...['--target', String(state.init), '--mount', '--uts', '--ipc', '--net', '--pid', '--'],
    ...['env', '-i', `PATH=${pathOn(options.parts)}`, 'HOME=/root'],
  ];
  const path = (inside: string): string => join(`/proc/${state.init}/root`, inside);
  const exec = (script: string, input = ''): Promise<Printed> =>
    command('nsenter', [...enter(), 'bash', '--norc', '-euo', 'pipefail', '-c', script], input);
  return {
    name: options.name,
    address: options.network.addressOf(options.number),
    cgroup: cgroups.name,
    path,
    exec,
    enter,
    netns: () => `/proc/${state.init}/ns/net`,
    log: (service) => readFile(join(home.path, 'changes', 'var/log/node', `${service}.log`), 'utf8'),
    stopService: async (name) => {
      await exec(`touch /run/node/${name}.off; pid=$(cat /run/node/${name}.pid); kill "$pid"
        while [ -e "/proc/$pid" ]; do sleep 0.05; done`);
    },
    startService: async (name) => {
      await exec(`rm -f /run/node/${name}.off`);
    },
    reboot: async () => {
      await powerOff(state);
      await cgroups.empty();
      state = await powerOn(home.path, options);
    },
    stop: async () => {
      await powerOff(state);
      await cgroups.remove();
      await home.remove();
    },
  };
}

interface Power {
  /** Holds the namespaces' first process: that one dies with it. */
  readonly program: Running;
  /** The first process, as seen from the tests. */
  readonly init: number;
}

async function powerOn(path: string, options: MachineOptions): Promise<Power> {
  await mkdir(path, { recursive: true });
  const namespaces = ['--mount', '--propagation=private', '--uts', '--ipc', '--net', '--pid', '--fork'];
  const program = await run({
    name: options.name,
    command: 'setpriv',
    args: [
      ...['--pdeathsig', 'KILL', 'unshare', ...namespaces, '--kill-child=KILL'],
      ...['bash', boot, path, options.name, partsFolder()],
    ],
    env: { PATH: pathOn(options.parts) },
  });
  const init = await eventually({
    what: `${options.name} to be up`,
    timeoutMs: 30_000,
    everyMs: 10,
    ask: async () => {
      const [child] = (await readFile(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8')).split(
        ' ',
      );
      return child && existsSync(`/proc/${child}/root/run/node/up`) ? Number(child) : undefined;
    },
    hopeless: () => program.ended(),
  });
  await options.network.attach(init, options.number);
  return { program, init };
}

/** The kernel ends every process of a pid namespace before its first one is gone; unshare waits for that one. */
async function powerOff({ program, init }: Power): Promise<void> {
  if (existsSync(`/proc/${init}`)) process.kill(init, 'SIGKILL');
  await program.stop();
}

function pathOn(parts: readonly string[]): string {
  const system = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return [...parts.map((part) => `/opt/parts/${part}`), ...system].join(':');
}
