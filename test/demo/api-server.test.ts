// The embedded API server where no real one could follow: faults, restarts, scenes, and the sinks of a running one.
import assert from 'node:assert/strict';
import { request as https } from 'node:https';
import { parse } from 'yaml';
import {
  adminToken,
  startApiServer,
  type ApiServer,
  type ApiServerOptions,
} from '../../src/demo/api-server.ts';
import { startSematext, type Sematext } from '../../src/demo/sematext.ts';
import { secrets } from '../support/secrets.ts';
import { bodyOf } from '../contract/subject.ts';

interface Answer {
  readonly status: number;
  readonly text: string;
}

function ask(server: ApiServer, method: string, path: string, body?: unknown): Promise<Answer> {
  const sent = bodyOf(body);
  const headers = { authorization: `Bearer ${adminToken}`, ...sent.headers };
  return new Promise((resolve, reject) => {
    const outgoing = https(
      `${server.url}${path}`,
      { method, headers, ca: server.ca, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
      },
    );
    outgoing.on('error', reject).end(sent.text);
  });
}

async function metric(server: ApiServer, series: string): Promise<number | undefined> {
  const { text } = await ask(server, 'GET', '/metrics');
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

const path = '/apis/auditregistration.k8s.io/v1alpha1/auditsinks';

function sink(name: string, url: string, level = 'Metadata'): object {
  const policy = { level, stages: ['ResponseComplete'] };
  return {
    apiVersion: 'auditregistration.k8s.io/v1alpha1',
    kind: 'AuditSink',
    metadata: { name },
    spec: { policy, webhook: { clientConfig: { url } } },
  };
}

describe('the embedded API server', () => {
  let server: ApiServer;
  let sematext: Sematext;
  const start = async (options: ApiServerOptions = {}): Promise<void> => {
    server = await startApiServer({ batchMs: 20, retryMs: 1, ...options });
  };
  const old = { version: '1.18.19' as const, auditSinks: { served: true, honoured: true } };
  const documents = (): number => sematext.documents(secrets.token).length;
  const url = (): string => `${sematext.receiverUrl}/${secrets.token}/`;

  beforeEach(async () => {
    sematext = await startSematext({ apiKey: secrets.apiKey });
  });
  afterEach(async () => {
    await server.stop();
    await sematext.stop();
  });

  it('sends to a sink from its making to its end, and after a restart', async () => {
    await start(old);
    await ask(server, 'POST', path, sink('s', url()));
    await ask(server, 'GET', '/version');
    await server.drain();
    const before = documents();
    assert.ok(before >= 2);
    await server.restart();
    await ask(server, 'GET', '/version');
    await server.drain();
    assert.equal(documents(), before + 1);
    await ask(server, 'DELETE', `${path}/s`);
    await server.drain();
    const last = documents();
    await ask(server, 'GET', '/version');
    await server.drain();
    assert.equal(documents(), last);
  });

  it('keeps sinks and does nothing with them when only their API is served', async () => {
    await start({ version: '1.18.19', auditSinks: { served: true, honoured: false } });
    assert.equal((await ask(server, 'POST', path, sink('s', url()))).status, 201);
    await ask(server, 'GET', '/version');
    await server.drain();
    assert.equal(documents(), 0);
    assert.equal(await metric(server, 'apiserver_audit_level_total{level="RequestResponse"}'), undefined);
  });

  it('counts what a sink lost apart from what the webhook lost', async () => {
    // reading the metrics is audited too: that event must wait, or its failures are counted as well
    await start({ ...old, batchMs: 60_000 });
    sematext.faults.receiver.status(503);
    await ask(server, 'POST', path, sink('s', url()));
    await server.drain();
    assert.equal(await metric(server, 'apiserver_audit_error_total{plugin="dynamic_webhook"}'), 1);
    assert.equal(await metric(server, 'apiserver_audit_error_total{plugin="webhook"}'), undefined);
    const host = new URL(sematext.receiverUrl).host;
    assert.equal(
      await metric(server, `rest_client_requests_total{code="503",host="${host}",method="POST"}`),
      5,
    );
  });

  it('sends nothing to a static webhook beside the dynamic backend', async () => {
    await start({ ...old, webhook: { url: url(), policyLevel: 'Metadata' } });
    await ask(server, 'GET', '/version');
    await server.drain();
    assert.equal(documents(), 0);
    await server.restart({ auditSinks: { served: false, honoured: false } });
    await ask(server, 'GET', '/version');
    await server.drain();
    assert.ok(documents() > 0);
  });

  it('counts a level of None, and sends nothing of it', async () => {
    await start({ webhook: { url: url(), policyLevel: 'None' } });
    await ask(server, 'GET', '/version');
    await server.drain();
    assert.equal(documents(), 0);
    assert.equal(await metric(server, 'apiserver_audit_event_total'), 0);
    assert.ok(((await metric(server, 'apiserver_audit_level_total{level="None"}')) ?? 0) >= 2);
  });

  it('starts again on its port, later, counting from zero, with its objects and new flags', async () => {
    await start();
    const [at, since] = [server.url, await metric(server, 'process_start_time_seconds')];
    await ask(server, 'POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'kept' } });
    await server.restart({ webhook: { url: url(), policyLevel: 'Metadata' } });
    assert.equal(server.url, at);
    assert.ok(((await metric(server, 'process_start_time_seconds')) ?? 0) > (since ?? 0));
    assert.equal((await ask(server, 'GET', '/api/v1/namespaces/default/configmaps/kept')).status, 200);
    const pod = await ask(
      server,
      'GET',
      '/api/v1/namespaces/kube-system/pods/kube-apiserver-demo-control-plane',
    );
    assert.match(pod.text, /--audit-webhook-config-file=/);
    assert.match(
      (await ask(server, 'GET', '/flagz')).text,
      /^audit-webhook-config-file(?:: ?|=| )\/etc\/kubernetes\//m,
    );
  });

  it('refuses to start with AuditSinks where there are none', async () => {
    await start();
    await assert.rejects(startApiServer({ auditSinks: { served: true, honoured: true } }), /unknown flag/);
  });

  it('gives each user a kubeconfig', async () => {
    await start({ users: { first: { name: 'first', groups: [] }, second: { name: 'second', groups: [] } } });
    const tokenIn = (text: string): unknown =>
      (parse(text) as { users: { user: { token: string } }[] }).users[0]?.user.token;
    assert.equal(tokenIn(server.kubeconfig()), 'first');
    assert.equal(tokenIn(server.kubeconfig('second')), 'second');
  });

  it('shows the scene that a test sets, and lets it change past all checks', async () => {
    const bare = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } };
    await start({ objects: [bare] });
    assert.deepEqual(
      server.objects.all().map(({ metadata }) => metadata.name),
      ['default'],
    );
    server.objects.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
    assert.equal((await ask(server, 'GET', '/api/v1/nodes/n')).status, 200);
    server.objects.drop({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
    assert.equal((await ask(server, 'GET', '/api/v1/nodes/n')).status, 404);
  });

  it('shows faults to the requests that are meant, as often as is meant', async () => {
    await start();
    server.faults.status(503, 2, { times: 1, when: ({ path: at }) => at === '/readyz' });
    assert.equal((await ask(server, 'GET', '/livez')).status, 200);
    assert.equal((await ask(server, 'GET', '/readyz')).status, 503);
    assert.equal((await ask(server, 'GET', '/readyz')).status, 200);
    server.faults.down();
    await assert.rejects(ask(server, 'GET', '/readyz'), /socket hang up|ECONNRESET/);
    server.faults.heal();
    assert.equal((await ask(server, 'GET', '/readyz')).status, 200);
  });

  it('remembers what was asked, by whom', async () => {
    await start();
    await ask(server, 'GET', '/api/v1/nodes?limit=1');
    const { method, target, user, status } = server.requests.at(-1) ?? {};
    assert.deepEqual(
      [method, target, user, status],
      ['GET', '/api/v1/nodes?limit=1', 'kubernetes-admin', 200],
    );
  });
});
