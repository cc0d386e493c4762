// The whole chain under load: API server, Logagent, OpenSearch, `tail -f`; and the API server's own log file, which
// rotates, followed beside it. Every event of the log is shown once by both, though the receiver is away for a while and
// the reader of the search begins again in between.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { secrets } from '../support/secrets.ts';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { shown, startCli, type CliRun } from './support/cli.ts';
import { startEtcd } from './support/etcd.ts';
import { eventually } from './support/eventually.ts';
import { exchange } from './support/http.ts';
import { load } from './support/load.ts';
import { bodyOf, serve } from './support/loopback.ts';
import { folder } from './support/running.ts';
import { startSematext, type Sematext } from './support/sematext.ts';
import { assertEachOnce, keysIn } from './support/shown.ts';

/** Two stages each: more than ten thousand events. */
const requests = 5_600;
const perSecond = 400;

interface Front {
  readonly url: string;
  /** Refuses what comes, and returns when all that was accepted is stored: what was not is lost when Logagent ends. */
  drain(stored: () => Promise<number>): Promise<void>;
  open(): Promise<void>;
  stop(): Promise<void>;
}

/** What stands before the receiver, as the load balancer of a service does. */
async function frontOf(receiverUrl: string): Promise<Front> {
  let [underWay, accepted, draining] = [0, 0, false];
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/' } = request;
    const sent = await bodyOf(request);
    const { status, body } = await exchange(`${receiverUrl}${url}`, {
      method,
      body: sent,
      timeoutMs: 30_000,
    });
    if (status === 200) accepted += (JSON.parse(sent) as { items: unknown[] }).items.length;
    response.writeHead(status, { connection: 'close' }).end(body);
  };
  const front = await serve((request, response) => {
    if (draining) return void response.writeHead(503, { connection: 'close' }).end();
    underWay += 1;
    void pass(request, response)
      .catch(() => response.destroy())
      .finally(() => (underWay -= 1));
  });
  return {
    url: front.url,
    drain: async (stored) => {
      draining = true;
      while (underWay > 0) await sleep(20);
      await front.close();
      const ask = async (): Promise<true | undefined> => (await stored()) >= accepted || undefined;
      // Logagent itself may lose some under load; that is told at the end
      await eventually({ what: 'all to be stored', timeoutMs: 20_000, ask }).catch(() => undefined);
    },
    open: async () => {
      draining = false;
      await front.open();
    },
    stop: () => front.close(),
  };
}

describe('tail -f at the end of the real chain', function () {
  this.timeout(400_000);
  const started: { stop: () => Promise<void> }[] = [];
  let sematext: Sematext;
  let front: Awaited<ReturnType<typeof frontOf>>;
  let api: ApiServer;
  let logs: string;
  let positions: string;

  before(async () => {
    const etcd = await startEtcd();
    started.unshift(etcd);
    sematext = await startSematext({ apiKey: secrets.apiKey });
    started.unshift(sematext);
    front = await frontOf(sematext.receiverUrl);
    started.unshift(front);
    const place = await folder('tail-chain');
    started.push({ stop: place.remove });
    [logs, positions] = [place.path, join(place.path, 'position')];
    api = await startApiServer({
      version: '1.37.2',
      etcd,
      webhook: { url: `${front.url}/${secrets.token}/` },
      logPath: join(logs, 'audit.log'),
      extraFlags: [
        '--audit-log-maxsize=1',
        '--audit-log-maxbackup=100',
        // a receiver that is away for some seconds is no reason to give a batch up
        '--audit-webhook-initial-backoff=4s',
      ],
    });
    started.unshift(api);
  });
  after(async () => {
    for (const part of started) await part.stop();
  });

  /** All that the API server has written, in however many files. */
  const written = (): string[] =>
    readdirSync(logs)
      .filter((name) => name.startsWith('audit'))
      .flatMap((name) => keysIn(readFileSync(join(logs, name), 'utf8')));

  const follow = (...argv: string[]): Promise<CliRun> =>
    startCli(['tail', '--no-input', '-f', '--all-stages', '-o', 'json', '--since=1h', ...argv], {
      kubeconfig: api.adminKubeconfig,
    });
  const followSearch = (): Promise<CliRun> =>
    follow(
      '--source=search',
      `--search-url=${sematext.searchUrl}`,
      `--resume-from=${positions}`,
      '--every=2s',
    );

  const interrupted = async (run: CliRun): Promise<string> => {
    run.kill('SIGINT');
    const end = await run.ended;
    assert.equal(end.code, 130, shown(end));
    return end.stdout;
  };

  it('shows ten thousand events once each, whatever is stopped and started in between', async () => {
    const file = await follow(join(logs, 'audit.log'));
    const first = await followSearch();
    const headers = { authorization: `Bearer ${api.tokenOf('admin')}` };
    const loaded = load({ url: api.url, ca: api.ca, headers }, requests, perSecond);
    await sleep(3_000);
    await front.drain(async () => (await sematext.eventsOf(secrets.token)).length);
    const start = await sematext.stopReceiver();
    await start();
    await front.open();
    await sleep(2_000);
    const before = keysIn(await interrupted(first));
    await sleep(1_000);
    const second = await followSearch();
    await loaded;
    assert.ok(readdirSync(logs).filter((name) => name.startsWith('audit')).length > 5, 'it has rotated');
    const all = written();
    assert.ok(all.length > 10_000, String(all.length));
    const shows = (wanted: Iterable<string>) => (): Promise<true | undefined> => {
      const had = new Set([...before, ...keysIn(second.shown())]);
      return Promise.resolve([...wanted].every((key) => had.has(key)) || undefined);
    };
    // what has not come by then is told below
    const within = (timeoutMs: number, ask: () => Promise<true | undefined>): Promise<unknown> =>
      eventually({ what: 'all events', timeoutMs, everyMs: 1_000, ask }).catch(() => undefined);
    await within(60_000, () => Promise.resolve(keysIn(file.shown()).length >= all.length || undefined));
    await within(30_000, shows(all));
    const delivered = new Set(await sematext.eventsOf(secrets.token));
    await within(60_000, shows(delivered));
    await sleep(5_000); // what would come twice
    assertEachOnce(keysIn(await interrupted(file)), all, 'the file');
    assert.ok(before.length > 0, 'the first reader has shown some');
    const reached = all.filter((key) => delivered.has(key));
    console.log(`      ${all.length} written, ${all.length - reached.length} of them lost by the receiver`);
    assert.ok(reached.length > 10_000, `${reached.length} were delivered`);
    assertEachOnce([...before, ...keysIn(await interrupted(second))], reached, 'the search');
  });
});
