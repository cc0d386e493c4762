// AuditSinks as 1.18 keeps them: what is filled in, what is refused and in which words, and that a changed one works.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Collector } from './auditing.contract.ts';
import { fresh, parsed, refuses, type Reply, type Subject } from './subject.ts';

const path = '/apis/auditregistration.k8s.io/v1alpha1/auditsinks';
const type = { apiVersion: 'auditregistration.k8s.io/v1alpha1', kind: 'AuditSink' };
const idle = { policy: { level: 'None' }, webhook: { clientConfig: { url: 'http://127.0.0.1:9/idle' } } };

interface Sink {
  readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly generation: number };
  readonly spec: unknown;
}

function sink(name: string, spec: unknown, metadata: object = {}): object {
  return { ...type, metadata: { name, ...metadata }, spec };
}

/** States it of a subject with AuditSinks. */
export function auditSinkContract(subject: () => Subject, collector: () => Collector): void {
  const ask = (method: string, at: string, body?: unknown): Promise<Reply> =>
    subject().request(method, at, body === undefined ? {} : { body });
  describe('AuditSinks', () => {
    kept(ask);
    refused(ask);
    honoured(ask, subject, collector);
  });
}

type Ask = (method: string, at: string, body?: unknown) => Promise<Reply>;

function kept(ask: Ask): void {
  it('are in discovery', async () => {
    const { resources } = parsed(await ask('GET', '/apis/auditregistration.k8s.io/v1alpha1')) as {
      resources: { name: string }[];
    };
    assert.deepEqual(
      resources.map(({ name }) => name),
      ['auditsinks'],
    );
  });

  it('get a throttle, a port and a generation', async () => {
    const service = { name: 'n', namespace: 'ns' };
    const spec = { policy: { level: 'None' }, webhook: { throttle: { qps: 3 }, clientConfig: { service } } };
    const reply = await ask('POST', path, sink(fresh('default'), spec));
    assert.equal(reply.status, 201, reply.text);
    const made: Sink = JSON.parse(reply.text);
    assert.equal(made.metadata.generation, 1);
    assert.deepEqual(made.spec, {
      policy: { level: 'None', stages: null },
      webhook: { throttle: { qps: 3, burst: 15 }, clientConfig: { service: { ...service, port: 443 } } },
    });
  });

  it('change only when it is said what they were, and count their changes', async () => {
    const name = fresh('change');
    const made = parsed(await ask('POST', path, sink(name, idle))) as unknown as Sink;
    refuses(
      await ask('POST', path, sink(name, idle)),
      409,
      'AlreadyExists',
      `auditsinks.auditregistration.k8s.io "${name}" already exists`,
    );
    refuses(
      await ask('PUT', `${path}/${name}`, sink(name, idle)),
      422,
      'Invalid',
      `auditsinks.auditregistration.k8s.io "${name}" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update`,
    );
    const { resourceVersion } = made.metadata;
    const other = { ...idle, policy: { level: 'Metadata', stages: ['Panic'] } };
    const changed = await ask('PUT', `${path}/${name}`, sink(name, other, { resourceVersion }));
    assert.equal(changed.status, 200, changed.text);
    assert.equal((parsed(changed) as unknown as Sink).metadata.generation, 2);
    const late = await ask('PUT', `${path}/${name}`, sink(name, idle, { resourceVersion }));
    refuses(
      late,
      409,
      'Conflict',
      /^Operation cannot be fulfilled on auditsinks\.auditregistration\.k8s\.io /,
    );
    refuses(await ask('PUT', `${path}/none`, sink('none', idle, { resourceVersion })), 404, 'NotFound');
  });

  it('are deleted', async () => {
    const name = fresh('delete');
    await ask('POST', path, sink(name, idle));
    const { status, details } = parsed(await ask('DELETE', `${path}/${name}`)) as {
      status: string;
      details: { group: string };
    };
    assert.deepEqual([status, details.group], ['Success', 'auditregistration.k8s.io']);
    refuses(
      await ask('GET', `${path}/${name}`),
      404,
      'NotFound',
      `auditsinks.auditregistration.k8s.io "${name}" not found`,
    );
  });
}

function webhook(clientConfig: object, throttle?: object): object {
  return { policy: { level: 'None' }, webhook: { clientConfig, ...(throttle && { throttle }) } };
}

const client = 'spec.webhook.clientConfig';
const form = 'desired format: https://host[/path]';
const faults: readonly (readonly [what: string, spec: unknown, ...causes: string[]])[] = [
  [
    'a level and a stage that are none, and a throttle of nothing',
    {
      policy: { level: 'Nope', stages: ['X'] },
      webhook: { throttle: { qps: 0 }, clientConfig: { url: 'http://h' } },
    },
    'spec.policy.stages[0]: Invalid value: "X": allowed stages are Panic,RequestReceived,ResponseComplete,ResponseStarted',
    'spec.policy.level: Unsupported value: "Nope": supported values: "Metadata", "None", "Request", "RequestResponse"',
    'spec.webhook.throttle.qps: Invalid value: 0: qps must be a positive number',
  ],
  ['no level', { ...idle, policy: { stages: ['Panic'] } }, 'spec.policy.level: Required value'],
  ['no stages', { ...idle, policy: { level: 'Metadata' } }, 'spec.policy.stages: Required value'],
  [
    'a user, a query and a fragment in the URL',
    webhook({ url: 'http://u@h/x?q=1#f' }),
    `${client}.url: Invalid value: "u": user information is not permitted in the URL`,
    `${client}.url: Invalid value: "f": fragments are not permitted in the URL`,
    `${client}.url: Invalid value: "q=1": query parameters are not permitted in the URL`,
  ],
  [
    'a URL without a host',
    webhook({ url: 'example.com/x' }),
    `${client}.url: Invalid value: "": host must be provided; ${form}`,
  ],
  ['an empty URL', webhook({ url: '' }), `${client}.url: Invalid value: "": host must be provided; ${form}`],
  [
    'both a URL and a service',
    webhook({ url: 'https://x', service: { name: 'n', namespace: 'ns' } }),
    `${client}: Required value: exactly one of url or service is required`,
  ],
  [
    'a service without a namespace, which is said of the name',
    webhook({ service: { name: 'n' } }),
    `${client}.service.name: Required value: service name is required`,
  ],
  [
    'a port and a path that are none',
    webhook({ service: { name: 'n', namespace: 'ns', port: 70000, path: '//' } }),
    `${client}.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive`,
    `${client}.service.path: Invalid value: "//": segment[0] may not be empty`,
  ],
];

function refused(ask: Ask): void {
  it('are refused where policy and webhook stand under metadata, as in the published sample', async () => {
    const metadata = {
      name: 'k8sauditsink',
      policy: { level: 'RequestResponse', stages: ['ResponseComplete'] },
      webhook: { throttle: { qps: 10, burst: 15 }, clientConfig: { url: 'https://example.com/token/' } },
    };
    const reply = await ask('POST', path, { ...type, metadata });
    refuses(
      reply,
      422,
      'Invalid',
      'AuditSink.auditregistration.k8s.io "k8sauditsink" is invalid: [spec.policy.stages: Required value, ' +
        'spec.webhook.clientConfig: Required value: exactly one of url or service is required]',
    );
    const { causes, ...about } = parsed(reply)['details'] as { causes: { field: string; reason: string }[] };
    assert.deepEqual(about, { name: 'k8sauditsink', group: 'auditregistration.k8s.io', kind: 'AuditSink' });
    assert.deepEqual(
      causes.map(({ field, reason }) => [field, reason]),
      [
        ['spec.policy.stages', 'FieldValueRequired'],
        ['spec.webhook.clientConfig', 'FieldValueRequired'],
      ],
    );
  });

  for (const [what, spec, ...causes] of faults)
    it(`are refused with ${what}`, async () => {
      const list = causes.length === 1 ? causes[0] : `[${causes.join(', ')}]`;
      const message = `AuditSink.auditregistration.k8s.io "faulty" is invalid: ${list}`;
      refuses(await ask('POST', path, sink('faulty', spec)), 422, 'Invalid', message);
    });

  it('may be plain http, or even no web address at all', async () => {
    for (const url of ['http://localhost:1/x', 'ftp://host'])
      assert.equal((await ask('POST', path, sink(fresh('lax'), webhook({ url })))).status, 201, url);
  });
}

function honoured(ask: Ask, subject: () => Subject, collector: () => Collector): void {
  it('get their own level and stages', async () => {
    const own = fresh('own');
    const url = `${collector().url}/${own}/`;
    const spec = {
      policy: { level: 'Metadata', stages: ['ResponseComplete'] },
      webhook: { clientConfig: { url } },
    };
    await ask('POST', path, sink(own, spec));
    await sleep(subject().settleMs);
    const auditId = randomUUID();
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: own }, data: { k: 'v' } };
    const headers = { 'audit-id': auditId };
    await subject().request('POST', '/api/v1/namespaces/default/configmaps', { headers, body });
    await collector().events(auditId, 3);
    const mine = collector().posts.filter((post) => post.url === `/${own}?timeout=30s`);
    const events = mine.flatMap(
      (post) => (JSON.parse(post.body) as { items: Record<string, unknown>[] }).items,
    );
    const [event, ...more] = events.filter((one) => one['auditID'] === auditId);
    assert.equal(more.length, 0);
    const { level, stage, requestObject, responseObject } = event ?? {};
    assert.deepEqual(
      [level, stage, requestObject, responseObject],
      ['Metadata', 'ResponseComplete', undefined, undefined],
    );
  });
}
