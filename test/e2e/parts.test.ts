// Proves the harness itself: real API server → real Logagent → real OpenSearch → found through the search proxy.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startApiServer, type ApiServer, type ApiServerOptions } from './support/api-server.ts';
import { startEtcd, type Etcd } from './support/etcd.ts';
import { eventually } from './support/eventually.ts';
import { startFaultReceiver } from './support/fault-receiver.ts';
import { exchange } from './support/http.ts';
import { startSematext, type Sematext } from './support/sematext.ts';
import { fillBatch, markedRequest } from './support/traffic.ts';

const sinks = '/apis/auditregistration.k8s.io/v1alpha1/auditsinks';
const dynamicToken = '5ec7e700-70ce-4000-8000-0000000e2e01';
const staticToken = '5ec7e700-70ce-4000-8000-0000000e2e02';

const rights = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: reads-nodes }
rules: [{ apiGroups: [''], resources: [nodes], verbs: [list] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reads-configmaps, namespace: kube-system }
rules: [{ apiGroups: [''], resources: [configmaps], verbs: [list] }]
`;

interface FoundEvent {
  auditID: string;
  stage: string;
  verb: string;
  user: { username: string };
}

describe('the real parts', function () {
  this.timeout(180_000);
  const started: { stop: () => Promise<void> }[] = [];
  let sematext: Sematext;
  let etcd: Etcd;

  const keep = <T extends { stop: () => Promise<void> }>(part: T): T => {
    started.unshift(part);
    return part;
  };
  const apiServer = async (options: Omit<ApiServerOptions, 'etcd'>): Promise<ApiServer> =>
    keep(await startApiServer({ etcd, ...options }));

  before(async () => {
    sematext = keep(await startSematext());
  });
  // One etcd each: versions are not mixed in one store.
  beforeEach(async () => {
    etcd = keep(await startEtcd());
  });
  afterEach(async () => {
    while (started.length > 1) await started.shift()?.stop();
  });
  after(async () => {
    for (const part of started) await part.stop();
  });

  it('deliver an event of 1.18 by an AuditSink', async () => {
    const api = await apiServer({ version: '1.18.19', auditSink: true });
    const made = await api.request(sinks, { method: 'POST', body: auditSink(dynamicToken, sematext) });
    assert.equal(made.status, 201, made.body);
    const auditId = await delivered(api, dynamicToken, fillBatch);
    await assertFound(dynamicToken, auditId);
  });

  it('deliver an event of 1.37 by a static webhook', async () => {
    const webhook = { url: `${sematext.receiverUrl}/${staticToken}/` };
    const api = await apiServer({ version: '1.37.2', webhook });
    await assertFound(staticToken, await markedRequest(api));
  });

  it('keep users apart: admin may, limited may not', async () => {
    const api = await apiServer({ version: '1.37.2' });
    assert.equal((await api.request('/api/v1/nodes')).status, 200);
    assert.equal((await api.request('/api/v1/nodes', { user: 'limited' })).status, 403);
    assert.equal((await api.kubectl(['auth', 'whoami'], { user: 'limited' })).code, 0);
    assert.notEqual((await api.kubectl(['get', 'nodes'], { user: 'limited' })).code, 0);
  });

  it('give the auditor what a manifest says, and no more', async () => {
    const api = await apiServer({ version: '1.18.19' });
    const manifest = join(api.dir, 'rights.yaml');
    await writeFile(manifest, rights);
    assert.equal((await api.request('/api/v1/nodes', { user: 'auditor' })).status, 403);
    await api.grantAuditor(manifest);
    const nodes = await eventually({
      what: 'the binding to be in force',
      timeoutMs: 10_000,
      ask: async () => {
        const { status } = await api.request('/api/v1/nodes', { user: 'auditor' });
        return status === 200 ? status : undefined;
      },
    });
    assert.equal(nodes, 200);
    const inside = '/api/v1/namespaces/kube-system/configmaps';
    assert.equal((await api.request(inside, { user: 'auditor' })).status, 200);
    assert.equal((await api.request('/api/v1/secrets', { user: 'auditor' })).status, 403);
  });

  it('run two API servers of one control plane, and restart one', async () => {
    const one = await apiServer({ version: '1.37.2' });
    const two = await apiServer({ version: '1.37.2', beside: one });
    const [path, body] = ['/api/v1/namespaces', { metadata: { name: 'shared' } }];
    assert.equal((await one.request(path, { method: 'POST', body })).status, 201);
    assert.equal((await two.request(`${path}/shared`)).status, 200);
    await two.restart({ webhook: { url: `${sematext.receiverUrl}/${staticToken}/` } });
    await assertFound(staticToken, await markedRequest(two));
  });

  it('fail on demand between a real API server and its receiver', async () => {
    const faults = keep(await startFaultReceiver({ upstream: sematext.receiverUrl }));
    const api = await apiServer({ version: '1.37.2', webhook: { url: `${faults.url}/${staticToken}/` } });
    await faults.set({ status: 500 });
    const auditId = await markedRequest(api);
    await eventually({
      what: 'a refused delivery',
      timeoutMs: 20_000,
      ask: async () => faults.received().find(({ status, body }) => status === 500 && body.includes(auditId)),
    });
    assert.deepEqual(await sematext.eventsWith(staticToken, auditId), []);
    await faults.set('pass');
    await assertFound(staticToken, auditId);
  });

  it('search only for the one who has the apiKey', async () => {
    const url = `${sematext.searchUrl}/${staticToken}/_search`;
    const ask = async (authorization?: string): Promise<number> =>
      (await exchange(url, { ...(authorization && { headers: { authorization } }) })).status;
    const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
    assert.equal(await ask(), 401);
    assert.equal(await ask('apiKey wrong'), 401);
    assert.equal(await ask(basic(`someone:${sematext.apiKey}`)), 401);
    assert.equal(await ask(basic(`apiKey:${sematext.apiKey}`)), 200);
    assert.equal(await ask(`apiKey ${sematext.apiKey}`), 200);
  });

  /** A sink just made is not yet in force: mark requests until one of them arrives. */
  function delivered(
    api: ApiServer,
    token: string,
    hurry: (api: ApiServer) => Promise<void>,
  ): Promise<string> {
    return eventually({
      what: 'an event from a sink just made',
      timeoutMs: 90_000,
      ask: async () => {
        const auditId = await markedRequest(api);
        await hurry(api);
        return eventually({
          what: auditId,
          timeoutMs: 5000,
          ask: async () => ((await sematext.eventsWith(token, auditId)).length > 0 ? auditId : undefined),
        });
      },
    });
  }

  async function assertFound(token: string, auditId: string): Promise<void> {
    const headers = { authorization: `apiKey ${sematext.apiKey}` };
    const body = { size: 5, query: { match_phrase: { auditID: auditId } } };
    const found = await eventually({
      what: `event ${auditId} in search`,
      timeoutMs: 60_000,
      ask: async () => {
        const url = `${sematext.searchUrl}/${token}/_search`;
        const reply = await exchange(url, { method: 'POST', headers, body });
        assert.equal(reply.status, 200, reply.body);
        const { hits } = JSON.parse(reply.body) as { hits: { hits: { _source: FoundEvent }[] } };
        const events = hits.hits.map((hit) => hit._source);
        return events.find(({ auditID, stage }) => auditID === auditId && stage === 'ResponseComplete');
      },
    });
    assert.equal(found.verb, 'list');
    assert.equal(found.user.username, 'admin');
  }
});

function auditSink(token: string, sematext: Sematext): object {
  return {
    apiVersion: 'auditregistration.k8s.io/v1alpha1',
    kind: 'AuditSink',
    metadata: { name: 'sematext-audit' },
    spec: {
      policy: { level: 'Metadata', stages: ['ResponseComplete'] },
      webhook: { clientConfig: { url: `${sematext.receiverUrl}/${token}/` } },
    },
  };
}
