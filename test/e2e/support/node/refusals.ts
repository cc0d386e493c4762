// Knows how to watch on a node who refuses new connections, and which rules changed at that time, so that a client that
// was refused once in a hundred thousand times can be explained.
import { spawn } from 'node:child_process';
import type { Node } from '../node.ts';

/** A node that is being watched. */
export interface Refusals {
  /** Ends it; a line for each refusal but those on loopback, and for each change of rules but ours, by local time. */
  stop(): Promise<string>;
}

// before addresses are translated back: a refusal shows which port sent it
const table = `table ip refusals {
chain out {
type filter hook output priority -150;
ct status & assured == 0 tcp flags & rst == rst meta nftrace set 1
icmp type destination-unreachable meta nftrace set 1
}
}
`;

/** Begins to watch: connections that were answered by a reset before they were made, and by ICMP. */
export async function watchRefusals(node: Node): Promise<Refusals> {
  await node.exec('nft -f -', table);
  const lines: string[] = [];
  const monitors = [['monitor', 'trace'], ['monitor']].map((args) => {
    const child = spawn('nsenter', [`--net=${node.netns()}`, 'nft', ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const kill = (): void => void child.kill();
    process.once('exit', kill); // a test that runs out of time never stops it
    child.once('close', () => process.off('exit', kill));
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const all = (rest + text).split('\n');
      rest = all.pop() ?? '';
      lines.push(...all.filter(isTold).map((line) => `${new Date().toISOString()} ${line}`));
    });
    return { child, ended: new Promise((resolve) => child.once('close', resolve)) };
  });
  return {
    stop: async () => {
      for (const { child, ended } of monitors) {
        child.kill();
        await ended;
      }
      await node.exec('nft delete table ip refusals');
      return lines.join('\n');
    },
  };
}

const isTold = (line: string): boolean =>
  line.startsWith('trace ')
    ? / packet: /.test(line) && !line.includes('127.0.0.1')
    : /kube-proxy|generation/.test(line);
