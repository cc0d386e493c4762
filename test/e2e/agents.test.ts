// The agent against the real thing: an API server that fills and renames its audit file all the time, Logagent on the
// Node of its image with the configuration that we generate, OpenSearch behind a receiver that fails. What arrived is
// counted against the API server's own files.
import assert from 'node:assert/strict';
import { readdir, readFile, rename, stat } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { twinLogPath } from '../../src/audit/agent/places.ts';
import { secrets, witness } from '../support/secrets.ts';
import { agentHome, type AgentHome } from './support/agent.ts';
import { startApiServer, type ApiServer } from './support/api-server.ts';
import { startEtcd, type Etcd } from './support/etcd.ts';
import { eventually } from './support/eventually.ts';
import { startFaultReceiver, type FaultReceiver } from './support/fault-receiver.ts';
import { exchange } from './support/http.ts';
import { startOpenSearch, type OpenSearch } from './support/opensearch.ts';
import { folder, type Running } from './support/running.ts';

interface Found {
  readonly _id: string;
  readonly _version: number;
  readonly _source: Record<string, unknown>;
}

/** Renames a file at each megabyte, and deletes none: they are what is counted against. */
const small = ['--audit-log-maxsize=1', '--audit-log-maxbackup=0'];

describe('the Logagent agent', function () {
  this.timeout(180_000);
  const started: { stop: () => Promise<void> }[] = [];
  let [search, etcd, receiver, home] = [] as unknown as [OpenSearch, Etcd, FaultReceiver, AgentHome];
  let logs: string;
  let agent: Running;

  const keep = <T extends { stop: () => Promise<void> }>(part: T): T => {
    started.unshift(part);
    return part;
  };

  before(async () => {
    search = keep(await startOpenSearch());
    etcd = keep(await startEtcd());
    await mapAsLogs(search);
    receiver = keep(await startFaultReceiver({ upstream: search.url }));
    const place = await folder('audit-log');
    logs = place.path;
    home = await agentHome({
      logPath: join(logs, 'audit.log'),
      receiverUrl: receiver.url,
      token: secrets.token,
    });
    keep({ stop: async () => void (await Promise.all([place.remove(), home.remove()])) });
  });
  after(async () => {
    await agent?.stop(0);
    for (const part of started) await part.stop();
  });

  it('ships every event once, through rotations, kills, outages and the coming and going of a twin', async () => {
    const path = join(logs, 'audit.log');
    const api = keep(await startApiServer({ version: '1.37.2', etcd, logPath: path, extraFlags: small }));
    const busy = traffic(api);
    agent = await home.start();
    await sleep(3000);
    await confinedAsInTheContainer(agent, path);

    await agent.stop(0); // SIGKILL
    await sleep(2000); // and more than one rotation while it is away
    agent = await home.start();
    const twin = await startApiServer({
      version: '1.37.2',
      etcd,
      beside: api,
      logPath: twinLogPath(path),
      extraFlags: small,
    });
    const alike = traffic(twin);
    await receiver.set({ status: 503 });
    await sleep(3000);
    await agent.stop(0); // in the middle of a delivery
    agent = await home.start();
    await receiver.set('down');
    await sleep(3000);
    await receiver.set('pass');
    await agent.stop(20_000); // SIGTERM
    agent = await home.start();
    await alike.end();
    await twin.stop();
    await rename(
      twinLogPath(path),
      join(logs, `audit-${new Date().toISOString().slice(0, -1).replaceAll(':', '-')}.log`),
    );
    await sleep(2000);
    await busy.end();
    await api.halt(5000);

    const written = await linesIn(logs);
    const files = (await readdir(logs)).length;
    assert.ok(files > 8, `only ${files} files: too few rotations`);
    const found = await arrived(written.size);
    for (const { _source } of found) {
      assert.equal(_source['@timestamp'], _source['stageTimestamp']);
      assert.deepEqual([_source['kind'], _source['apiVersion']], ['Event', 'audit.k8s.io/v1']);
      assert.deepEqual(_source['os'], { host: 'control-plane-1' });
    }
    assert.deepEqual(found.map(({ _source }) => keyOf(_source)).sort(), [...written].sort());
    assert.ok(
      found.some(({ _source }) => JSON.stringify(_source).includes('"authorization_k8s_io/decision":')),
    );
    // taken twice, and so replaced by themselves: at most a request for each of the three ends
    const resent = found.filter(({ _version }) => _version > 1).length;
    assert.ok(resent <= 3 * 600, `${resent} events were sent again`);
    witness(agent.log());
  });

  /** What the DaemonSet's security context says, in force; only as root can a test take the rights away. */
  async function confinedAsInTheContainer({ pid }: Running, path: string): Promise<void> {
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    if (process.getuid?.() !== 0) return;
    const [status, mounts] = await Promise.all(
      ['status', 'mountinfo'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
    );
    assert.match(status ?? '', /^CapEff:\s+0+$/m);
    assert.match(mounts ?? '', /^\d+ \d+ \S+ \/ \/ ro[, ]/m);
  }

  /** Every document, once there are so many, or what there is when there never are. */
  async function arrived(expected: number): Promise<Found[]> {
    const index = `${search.url}/${secrets.token}`;
    await eventually({
      what: `${expected} events`,
      timeoutMs: 60_000,
      everyMs: 500,
      hopeless: () => agent.ended(),
      ask: async () => {
        await exchange(`${index}/_refresh`, { method: 'POST' });
        const { count } = JSON.parse((await exchange(`${index}/_count`)).body) as { count: number };
        return count >= expected ? count : undefined;
      },
    });
    await sleep(3000); // what came too often would come now
    await exchange(`${index}/_refresh`, { method: 'POST' });
    const found: Found[] = [];
    let url = `${index}/_search?scroll=1m`;
    let body: object = { size: 5000, version: true };
    for (;;) {
      const reply = await exchange(url, { method: 'POST', body });
      const page = JSON.parse(reply.body) as { _scroll_id: string; hits: { hits: Found[] } };
      if (page.hits.hits.length === 0) return found;
      found.push(...page.hits.hits);
      [url, body] = [`${search.url}/_search/scroll`, { scroll: '1m', scroll_id: page._scroll_id }];
    }
  }
});

const keyOf = ({ auditID, stage, stageTimestamp }: Record<string, unknown>): string =>
  `${String(auditID)} ${String(stage)} ${String(stageTimestamp)}`;

/** The API server's own account: every event of every file. */
async function linesIn(path: string): Promise<Set<string>> {
  const written = new Set<string>();
  for (const name of await readdir(path))
    for (const line of (await readFile(join(path, name), 'utf8')).trimEnd().split('\n'))
      written.add(keyOf(JSON.parse(line) as Record<string, unknown>));
  return written;
}

/** Eighty requests a second, padded so that a file is full every other second. */
function traffic(api: ApiServer): { end(): Promise<void> } {
  const agent = new Agent({ keepAlive: true });
  let over = false;
  const ask = async (): Promise<void> => {
    while (!over) {
      await Promise.all(
        Array.from({ length: 8 }, () => api.request(`/version?${'x'.repeat(3000)}`, { agent })),
      );
      await sleep(100);
    }
  };
  const asking = ask();
  return {
    end: async () => {
      over = true;
      await asking;
      agent.destroy();
    },
  };
}

/** Strings as they are, under the type that Logagent's bulk lines name. */
async function mapAsLogs(search: OpenSearch): Promise<void> {
  const strings = { match_mapping_type: 'string', mapping: { type: 'keyword', ignore_above: 1024 } };
  const body = {
    index_patterns: ['*'],
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    mappings: { logs: { dynamic_templates: [{ strings }] } },
  };
  const url = `${search.url}/_template/agents?include_type_name=true`;
  const reply = await exchange(url, { method: 'PUT', body });
  assert.equal(reply.status, 200, reply.body);
}
