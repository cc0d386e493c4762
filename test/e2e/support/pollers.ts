// Knows how to keep clients asking an API server while something happens to it, and what they saw: from outside, from
// the node itself, from a pod. They run in processes of their own, so that busy tests do not look like an outage.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { eventually } from './eventually.ts';
import { clients, type ClientName } from './pollers/clients.ts';
import type { Target } from './pollers/send.ts';
import type { Polled } from './pollers/tally.ts';
import type { Orders } from './pollers/worker.ts';
import { folder, run } from './running.ts';

export type { ClientName } from './pollers/clients.ts';
export type { Polled, Write } from './pollers/tally.ts';

const worker = fileURLToPath(new URL('./pollers/worker.ts', import.meta.url));

/** What to ask, and from where. */
export interface PollersOptions {
  /** Names the pollers in results: "outside", "node", "pod". */
  from: string;
  /** https://host:port */
  url: string;
  /** Of whom they ask as, with a client certificate inside. */
  kubeconfig: string;
  /** A network namespace's file; default the tests' own. */
  netns?: string;
  /** Default all. */
  clients?: readonly ClientName[];
  /** Default 50. */
  everyMs?: number;
}

/** Clients that are asking. */
export interface Pollers {
  /** Ends them; what each saw. */
  stop(): Promise<Seen>;
}

/** What clients saw, by "from client". */
export type Seen = Record<string, Polled>;

/** Starts clients in one place; returns when each of them has had an answer. */
export async function startPollers(options: PollersOptions): Promise<Pollers> {
  const home = await folder('pollers');
  const file = join(home.path, 'polled.json');
  const orders: Orders = {
    target: await targetOf(options),
    clients: [...(options.clients ?? (Object.keys(clients) as ClientName[]))],
    everyMs: options.everyMs ?? 50,
    mark: `polled-${randomBytes(4).toString('hex')}`,
    file,
  };
  const inside = options.netns ? ['nsenter', `--net=${options.netns}`] : [];
  const [command = '', ...args] = [...inside, process.execPath, '--import=tsx/esm', worker];
  const name = `pollers from ${options.from}`;
  const program = await run({ name, command, args, input: JSON.stringify(orders) });
  const answered = eventually({
    what: `answers to the ${name}`,
    timeoutMs: 30_000,
    ask: () => Promise.resolve(program.log().includes('polling') || undefined),
    hopeless: () => program.ended(),
  });
  const stop = async (): Promise<Seen> => {
    await program.stop(20_000);
    const polled = JSON.parse(await readFile(file, 'utf8')) as Record<string, Polled>;
    await home.remove();
    return Object.fromEntries(
      Object.entries(polled).map(([client, seen]) => [`${options.from} ${client}`, seen]),
    );
  };
  await answered.catch(async (error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(await stop())}`);
  });
  return { stop };
}

/** Address and certificates that a kubeconfig holds. */
export async function targetOf({
  url,
  kubeconfig,
}: Pick<PollersOptions, 'url' | 'kubeconfig'>): Promise<Target> {
  const { clusters, users } = parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
  const pem = (data?: string): string => Buffer.from(data ?? '', 'base64').toString();
  return {
    url,
    ca: pem(clusters[0]?.cluster['certificate-authority-data']),
    cert: pem(users[0]?.user['client-certificate-data']),
    key: pem(users[0]?.user['client-key-data']),
  };
}

interface Kubeconfig {
  clusters: { cluster: Record<string, string> }[];
  users: { user: Record<string, string> }[];
}
