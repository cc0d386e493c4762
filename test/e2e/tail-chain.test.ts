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
const requests = 5_200;
const perSecond = 400;
/** What Logagent has answered with 200 is lost when it is ended before (support/logagent.ts sets this). */
const shipsEveryMs = 1_000;

/** What stands before the receiver, as the load balancer of a service does: it lets requests end before one is stopped. */
async function frontOf(
  receiverUrl: string,
): Promise<{ url: string; drain(): Promise<void>; stop(): Promise<void>; open(): Promise<void> }> {
  let underWay = 0;
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url = '/' } = request;
    const { status, body } = await exchange(`${receiverUrl}${url}`, { method, body: await bodyOf(request) });
    response.writeHead(status, { connection: 'close' }).end(body);
  };
  let draining = false;
  const front = await serve((request, response) => {
    if (draining) return void response.writeHead(503, { connection: 'close' }).end();
    underWay += 1;
    void pass(request, response)
      .catch(() => response.destroy())
      .finally(() => (underWay -= 1));
  });
  return {
    url: front.url,
    drain: async () => {
      draining = true;
      while (underWay > 0) await sleep(20);
      await front.close();
      await sleep(3 * shipsEveryMs);
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
    await front.drain();
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
    const seen = (run: CliRun) => (): Promise<true | undefined> =>
      Promise.resolve(
        keysIn(run.shown()).length >= all.length - (run === second ? before.length : 0) || undefined,
      );
    const what = 'all events to be shown';
    // what has not come by then is told below
    const wait = (run: CliRun, timeoutMs: number): Promise<unknown> =>
      eventually({ what, timeoutMs, ask: seen(run) }).catch(() => undefined);
    await wait(file, 60_000);
    await wait(second, 120_000);
    await sleep(5_000); // what would come twice
    assertEachOnce(keysIn(await interrupted(file)), all, 'the file');
    assert.ok(before.length > 0, 'the first reader has shown some');
    const end = await interrupted(second);
    assertEachOnce([...before, ...keysIn(end)], all, 'the search');
  });
});
