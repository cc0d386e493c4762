// An API server that audits: the events of a request as they arrive at a webhook, its counters, and its Audit-ID.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { minor, type Start, type Subject } from './subject.ts';

/** One event of an EventList. */
export type AuditEvent = Readonly<Record<string, unknown>>;

/** Where a subject sends its events: everything that came, and by what requests. */
export interface Collector {
  readonly url: string;
  readonly posts: readonly {
    readonly method: string;
    readonly url: string;
    readonly agent: string;
    readonly body: string;
  }[];
  /** The events with an auditID, once there are so many of them. */
  events(auditId: string, count: number): Promise<AuditEvent[]>;
  stop(): void;
}

const patienceMs = 45_000;

async function startCollector(): Promise<Collector> {
  const posts: { method: string; url: string; agent: string; body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const agent = request.headers['user-agent'] ?? '';
      posts.push({ method: request.method ?? '', url: request.url ?? '', agent, body });
      response.writeHead(200, { 'content-type': 'text/plain' }).end('OK\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const all = (): AuditEvent[] =>
    posts.flatMap(({ body }) => (body ? (JSON.parse(body) as { items: AuditEvent[] }).items : []));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    events: async (auditId, count) => {
      const deadline = Date.now() + patienceMs;
      for (;;) {
        const found = all().filter((event) => event['auditID'] === auditId);
        if (found.length >= count) return found;
        if (Date.now() > deadline)
          assert.fail(`${found.length} of ${count} events of ${auditId} in ${patienceMs} ms`);
        await sleep(50);
      }
    },
    stop: () => void server.close().closeAllConnections(),
  };
}

type More = (subject: () => Subject, collector: () => Collector) => void;

/** States it of a server that audits everything: 1.18 by an AuditSink, later ones by the static webhook. */
export function auditingContract(name: string, start: Start, withAuditSinks?: More): void {
  describe(`${name}: the API server that audits`, function () {
    this.timeout(120_000);
    let subject: Subject;
    let collector: Collector;
    before(async () => {
      collector = await startCollector();
      subject = await start({ webhook: `${collector.url}/to/me/`, auditSinks: true });
      if (subject.auditSinks) await makeSink(subject, `${collector.url}/to/me/`);
    });
    after(async () => {
      await subject?.stop();
      collector?.stop();
    });
    events(
      () => subject,
      () => collector,
    );
    counters(() => subject);
    withAuditSinks?.(
      () => subject,
      () => collector,
    );
  });
}

async function makeSink(subject: Subject, url: string): Promise<void> {
  const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete'];
  const body = {
    apiVersion: 'auditregistration.k8s.io/v1alpha1',
    kind: 'AuditSink',
    metadata: { name: 'contract' },
    spec: { policy: { level: 'RequestResponse', stages }, webhook: { clientConfig: { url } } },
  };
  const reply = await subject.request('POST', '/apis/auditregistration.k8s.io/v1alpha1/auditsinks', { body });
  assert.equal(reply.status, 201, reply.text);
  await sleep(subject.settleMs);
}

function at(found: readonly AuditEvent[], stage: string): AuditEvent {
  const event = found.find((one) => one['stage'] === stage);
  assert.ok(event, `no event of stage ${stage}`);
  return event;
}

interface Probe {
  readonly auditId: string;
  readonly send: (subject: Subject, headers: Readonly<Record<string, string>>) => Promise<unknown>;
}

function probe(path: string, user: 'admin' | 'limited' | 'unknown' = 'admin'): Probe {
  return {
    auditId: randomUUID(),
    send: (subject, headers) => subject.request('GET', path, { headers, user }),
  };
}

const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'recorded' }, data: { k: 'v' } };

/** All requests are sent before the first event is waited for: a real sink gathers for 30 s. */
function makeProbes(): Record<'read' | 'refused' | 'login' | 'watch' | 'written', Probe> {
  return {
    read: probe('/api/v1/namespaces/default?x=y'),
    refused: probe('/api/v1/nodes', 'limited'),
    login: probe('/version', 'unknown'),
    watch: probe('/api/v1/namespaces?watch=1&timeoutSeconds=1'),
    written: {
      auditId: randomUUID(),
      send: (subject, headers) =>
        subject.request('POST', '/api/v1/namespaces/default/configmaps?dryRun=All', { headers, body }),
    },
  };
}

function events(subject: () => Subject, collector: () => Collector): void {
  const probes = makeProbes();
  before(async () => {
    for (const { auditId, send } of Object.values(probes))
      await send(subject(), { 'audit-id': auditId, 'user-agent': 'contract/1' });
  });
  const seen = ({ auditId }: Probe, count: number): Promise<AuditEvent[]> =>
    collector().events(auditId, count);

  it('records a request twice, under the ID the client gave it', async () => {
    const found = await seen(probes.read, 2);
    assert.deepEqual(found.map(({ stage }) => stage).sort(), ['RequestReceived', 'ResponseComplete']);
    const [received, complete] = [at(found, 'RequestReceived'), at(found, 'ResponseComplete')];
    assert.deepEqual(received['objectRef'], {
      resource: 'namespaces',
      namespace: 'default',
      name: 'default',
      apiVersion: 'v1',
    });
    for (const event of found) {
      const { level, verb, requestURI, userAgent, kind, apiVersion } = event;
      assert.deepEqual(
        [level, verb, requestURI],
        ['RequestResponse', 'get', '/api/v1/namespaces/default?x=y'],
      );
      assert.deepEqual([userAgent, kind, apiVersion], ['contract/1', undefined, undefined]);
      assert.match(String(event['stageTimestamp']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    }
    assert.equal(received['stageTimestamp'], received['requestReceivedTimestamp']);
    assert.deepEqual([received['annotations'], received['responseStatus']], [undefined, undefined]);
    assert.deepEqual(complete['responseStatus'], { metadata: {}, code: 200 });
    const decision = { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' };
    assert.deepEqual(complete['annotations'], decision);
    assert.equal((complete['responseObject'] as { kind: string }).kind, 'Namespace');
  });

  it('records a refusal and why', async () => {
    const complete = at(await seen(probes.refused, 2), 'ResponseComplete');
    const { message, details, ...status } = complete['responseStatus'] as Record<string, unknown>;
    assert.deepEqual(status, { metadata: {}, status: 'Failure', reason: 'Forbidden', code: 403 });
    assert.equal(message !== undefined && details !== undefined, minor(subject()) >= 24);
    const { 'authorization.k8s.io/decision': decision } = complete['annotations'] as Record<string, string>;
    assert.equal(decision, 'forbid');
    assert.equal((complete['user'] as { username: string }).username, 'limited');
  });

  it('records a failed login once, of nobody', async () => {
    const found = await seen(probes.login, 1);
    const { stage, user, responseStatus } = found[0] ?? {};
    assert.deepEqual([found.length, stage, user], [1, 'ResponseStarted', {}]);
    assert.equal((responseStatus as { code: number }).code, 401);
  });

  it('records a watch three times', async () => {
    const found = await seen(probes.watch, 3);
    assert.deepEqual(found.map(({ stage }) => stage).sort(), [
      'RequestReceived',
      'ResponseComplete',
      'ResponseStarted',
    ]);
    assert.ok(found.every(({ verb }) => verb === 'watch'));
  });

  it('records what was sent, with the name that the body gave', async () => {
    const complete = at(await seen(probes.written, 2), 'ResponseComplete');
    assert.deepEqual((complete['requestObject'] as { data: unknown }).data, { k: 'v' });
    assert.equal((complete['objectRef'] as { name: string }).name, 'recorded');
  });

  it('posts lists to the path without its last slash', async () => {
    await seen(probes.read, 2);
    const [first] = collector().posts;
    assert.equal(first?.method, 'POST');
    assert.equal(first?.url, '/to/me?timeout=30s');
    assert.match(
      String(first?.body),
      /^\{"kind":"EventList","apiVersion":"audit\.k8s\.io\/v1","metadata":\{\},"items":\[/,
    );
    assert.equal(first?.agent, subject().auditSinks ? 'kube-apiserver-admission' : 'Go-http-client/1.1');
  });

  it('posts the events of a batch together, those of an AuditSink one by one', async () => {
    await seen(probes.read, 2);
    const sizes = collector().posts.map(
      ({ body }) => (JSON.parse(body) as { items: unknown[] }).items.length,
    );
    assert.equal(Math.max(...sizes) > 1, !subject().auditSinks, sizes.join());
  });
}

function counters(subject: () => Subject): void {
  it('tells the Audit-ID of a request that it audits', async () => {
    const auditId = randomUUID();
    const reply = await subject().request('GET', '/version', { headers: { 'audit-id': auditId } });
    assert.equal(reply.headers['audit-id'], auditId);
  });

  it('counts events, levels and what it sent where', async () => {
    const value = async (series: RegExp): Promise<number> => {
      const { text } = await subject().request('GET', '/metrics');
      return Number(series.exec(text)?.[1] ?? Number.NaN);
    };
    const eventTotal = /^apiserver_audit_event_total (\S+)$/m;
    const levelTotal = /^apiserver_audit_level_total\{level="RequestResponse"\} (\S+)$/m;
    const before = [await value(eventTotal), await value(levelTotal)] as const;
    await subject().request('GET', '/version');
    assert.ok((await value(eventTotal)) >= before[0] + 2);
    assert.ok((await value(levelTotal)) >= before[1] + 1);
    const sent = /^rest_client_requests_total\{code="200",host="127\.0\.0\.1:\d+",method="POST"\} (\S+)$/m;
    assert.ok((await value(sent)) >= 1);
  });
}
