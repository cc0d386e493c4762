// Knows how to make a network that machines hang on: a switch in a network namespace of its own, with one end in the
// namespace of the tests. It goes with the process that holds it.
import { command } from './command.ts';
import { run, type Running } from '../running.ts';

/** 198.18.0.0/15 is for tests of networks (RFC 2544), so nothing real is hidden by it. */
const range = '198.18';
const networks = 200;

/** A network 198.18.x.0/24. */
export interface Network {
  /** The tests' own address in it: what they listen on there, machines reach. */
  readonly hostAddress: string;
  /** The address of the nth machine, from 1. */
  addressOf(n: number): string;
  /** Gives the network namespace of a process its address on eth0, and a default route to the tests. */
  attach(pid: number, n: number): Promise<void>;
  stop(): Promise<void>;
}

/** Makes a network that no other run on this machine has. */
export async function startNetwork(): Promise<Network> {
  const holder = await run({
    name: 'switch',
    command: 'setpriv',
    args: [
      '--pdeathsig',
      'KILL',
      'unshare',
      '--net',
      'sh',
      '-c',
      `${bridge}; echo made; exec sleep infinity`,
    ],
  });
  while (!holder.log().includes('made')) {
    if (holder.ended()) throw new Error(holder.ended());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const subnet = await firstFree(holder);
  const hostAddress = `${range}.${subnet}.1`;
  const host = `sat${subnet}`;
  await command('ip', ['address', 'add', `${hostAddress}/24`, 'dev', host]);
  await command('ip', ['link', 'set', host, 'up']);
  await inSwitch(holder, plug('host'));
  const addressOf = (n: number): string => `${range}.${subnet}.${10 + n}`;
  return {
    hostAddress,
    addressOf,
    attach: async (pid, n) => {
      const port = `port${n}`;
      await command('ip', [
        // the same after a reboot, as a real machine's, or others go on talking to the old one for half a minute
        ...[
          'link',
          'add',
          'eth0',
          'address',
          `02:00:00:00:00:${hex(n)}`,
          'netns',
          String(pid),
          'type',
          'veth',
        ],
        ...['peer', 'name', port, 'netns', String(holder.pid)],
      ]);
      await inSwitch(holder, plug(port));
      await command('nsenter', [
        ...['--net', `--target=${pid}`, 'sh', '-ec'],
        `ip link set eth0 up; ip route add default via ${hostAddress} dev eth0 onlink; ` +
          `ip address add ${addressOf(n)}/24 dev eth0`,
      ]);
    },
    stop: async () => {
      await command('ip', ['link', 'delete', host]); // would go with the holder, but only some time after it
      await holder.stop(0);
    },
  };
}

const hex = (n: number): string => n.toString(16).padStart(2, '0');
const bridge = 'set -e; ip link set lo up; ip link add switch type bridge; ip link set switch up';
const plug = (port: string): string => `ip link set ${port} master switch; ip link set ${port} up`;

function inSwitch(holder: Running, script: string): Promise<unknown> {
  return command('nsenter', ['--net', `--target=${holder.pid}`, 'sh', '-ec', script]);
}

/** A name is taken by the one who made the interface, so that two runs never share a network. */
async function firstFree(holder: Running): Promise<number> {
  for (let subnet = 1; subnet <= networks; subnet += 1) {
    const peer = ['peer', 'name', 'host', 'netns', String(holder.pid)];
    const made = await command('ip', ['link', 'add', `sat${subnet}`, 'type', 'veth', ...peer]).catch(
      (error: unknown) => {
        if (!String(error).includes('File exists')) throw error;
      },
    );
    if (made) return subnet;
  }
  throw new Error(`all ${networks} networks of ${range}.0.0/16 are taken`);
}
