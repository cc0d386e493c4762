// The process that asks: started by ../pollers.ts in the network namespace it asks from, told what to do on its
// standard input. Says "polling" when each client has had an answer; asked to end, it writes its counts to a file.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { clients, type ClientName } from './clients.ts';
import type { Target } from './send.ts';
import { Tally, type Polled } from './tally.ts';

/** What the process is told. */
export interface Orders {
  target: Target;
  clients: ClientName[];
  everyMs: number;
  mark: string;
  /** Of the counts. */
  file: string;
}

const { target, clients: names, everyMs, mark, file } = JSON.parse(readFileSync(0, 'utf8')) as Orders;
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const tallies = new Map(names.map((name) => [name, new Tally()]));
const asking = [...tallies].map(([name, tally]) =>
  clients[name]({ target, everyMs, tally, signal: stop.signal, mark }).catch((error: unknown) =>
    tally.complain(error),
  ),
);
while (![...tallies.values()].every(({ begun }) => begun) && !stop.signal.aborted) await sleep(20);
process.stdout.write('polling\n');
await Promise.all(asking);
const polled = Object.fromEntries(
  [...tallies].map(([name, tally]): [string, Polled] => [name, tally.result()]),
);
writeFileSync(file, JSON.stringify(polled));
