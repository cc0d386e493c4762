// What the embedded API server does with events whose receiver fails: batching, retries, redirects, and the counting
// of what was lost. Timers are the server's own, made short.
import assert from 'node:assert/strict';
import { Counters } from '../../src/demo/kubernetes/counters.ts';
import { lowered, type AuditEvent } from '../../src/demo/kubernetes/audit-event.ts';
import { calledUrl, WebhookBackend } from '../../src/demo/kubernetes/webhook-backend.ts';
import { Faults } from '../../src/demo/faults.ts';
import { listen, type Listening, type Request } from '../../src/demo/http.ts';

function event(auditID: string): AuditEvent {
  return {
    level: 'RequestResponse',
    auditID,
    stage: 'ResponseComplete',
    requestURI: '/version',
    verb: 'get',
    user: {},
    sourceIPs: [],
    requestObject: { in: 1 },
    responseObject: { out: 1 },
    requestReceivedTimestamp: '2026-01-02T03:04:05.000000Z',
    stageTimestamp: '2026-01-02T03:04:05.000000Z',
  };
}

describe('the webhook backend', () => {
  let receiver: Listening;
  let faults: Faults;
  let taken: Request[];
  let counters: Counters;
  let backend: WebhookBackend;

  const batches = (): string[][] =>
    taken
      .filter(({ method }) => method === 'POST')
      .map(({ body }) =>
        (JSON.parse(body.toString()) as { items: AuditEvent[] }).items.map(({ auditID }) => auditID),
      );
  const lost = (): number => counters.value('apiserver_audit_error_total', { plugin: 'webhook' });
  const answered = (code: string): number =>
    counters.value('rest_client_requests_total', {
      code,
      host: `127.0.0.1:${receiver.port}`,
      method: 'POST',
    });

  beforeEach(async () => {
    faults = new Faults();
    taken = [];
    counters = new Counters();
    const take = (request: Request): { status: number } => {
      taken.push(request);
      return { status: 200 };
    };
    receiver = await listen(take, faults);
    const url = `http://127.0.0.1:${receiver.port}/path/`;
    const target = { url, level: 'Request' as const, plugin: 'webhook' as const, asksTimeout: true };
    backend = new WebhookBackend(target, { batchMs: 10_000, retryMs: 1 }, counters);
  });

  afterEach(async () => {
    backend.stop();
    await receiver.stop();
  });

  it('gathers events into one list, at its own level', async () => {
    for (const id of ['a', 'b', 'c']) backend.take(event(id));
    await backend.drain();
    assert.deepEqual(batches(), [['a', 'b', 'c']]);
    assert.equal(taken[0]?.target, '/path?timeout=30s');
    const [first] = (JSON.parse(String(taken[0]?.body)) as { items: AuditEvent[] }).items;
    assert.deepEqual(
      [first?.level, first?.requestObject, first?.responseObject],
      ['Request', { in: 1 }, undefined],
    );
    assert.deepEqual([answered('200'), lost()], [1, 0]);
  });

  it('sends 400 at once without waiting for the time', async () => {
    for (let i = 0; i < 401; i += 1) backend.take(event(String(i)));
    await backend.drain();
    assert.deepEqual(
      batches()
        .map(({ length }) => length)
        .sort(),
      [1, 400],
    );
  });

  it('tries again after any refusal and after none at all, and loses nothing', async () => {
    const refusals: [() => void, code: string][] = [
      [() => faults.status(503, undefined, { times: 4 }), '503'],
      [() => faults.status(403, undefined, { times: 4 }), '403'],
      [() => faults.status(207, undefined, { times: 4 }), '207'],
      [() => faults.down({ times: 4 }), '<error>'],
    ];
    for (const [fail, code] of refusals) {
      fail();
      backend.take(event(code));
      await backend.drain();
      assert.deepEqual([batches().at(-1), answered(code), lost()], [[code], 4, 0]);
    }
  });

  it('gives up after five tries and counts every event of the batch', async () => {
    faults.status(500);
    for (const id of ['a', 'b', 'c']) backend.take(event(id));
    await backend.drain();
    assert.deepEqual([answered('500'), lost(), batches()], [5, 3, []]);
  });

  it('obeys Retry-After within one try', async () => {
    faults.status(429, 0, { times: 10 });
    backend.take(event('a'));
    await backend.drain();
    assert.deepEqual([answered('429'), answered('200'), lost()], [10, 1, 0]);
  });

  for (const code of [301, 302, 303])
    it(`takes a ${code} for a delivery: it comes again as a GET without a body, and the events are gone`, async () => {
      faults.redirect('/path/', code, { times: 1 });
      backend.take(event('a'));
      await backend.drain();
      assert.deepEqual(
        taken.map(({ method, target, body }) => [method, target, body.length]),
        [['GET', '/path/', 0]],
      );
      assert.deepEqual([answered('200'), lost()], [1, 0]);
    });

  for (const code of [307, 308])
    it(`comes again as it was after a ${code}`, async () => {
      faults.redirect('/elsewhere', code, { times: 1 });
      backend.take(event('a'));
      await backend.drain();
      assert.deepEqual([taken[0]?.target, batches()], ['/elsewhere', [['a']]]);
    });
});

describe('the URL that a webhook calls', () => {
  const urls: [configured: string, called: string][] = [
    ['https://h/T/', 'https://h/T?timeout=30s'],
    ['https://h/T', 'https://h/T?timeout=30s'],
    ['https://h', 'https://h/?timeout=30s'],
    ['https://h/a//b/?x=1#f', 'https://h/a/b?timeout=30s'],
  ];
  for (const [configured, called] of urls)
    it(`is ${called} for ${configured}`, () => assert.equal(String(calledUrl(configured, true)), called));

  it('has no timeout where the server adds none', () =>
    assert.equal(String(calledUrl('https://h/T/?x=1', false)), 'https://h/T'));
});

describe('an event at a lower level', () => {
  const keys = (level: Parameters<typeof lowered>[1]): unknown => {
    const { level: own, requestObject, responseObject } = lowered(event('a'), level) ?? {};
    return [own, requestObject !== undefined, responseObject !== undefined];
  };
  it('keeps what that level has', () => {
    assert.deepEqual(keys('RequestResponse'), ['RequestResponse', true, true]);
    assert.deepEqual(keys('Request'), ['Request', true, false]);
    assert.deepEqual(keys('Metadata'), ['Metadata', false, false]);
    assert.equal(lowered(event('a'), 'None'), undefined);
  });
  it('is not raised', () =>
    assert.equal(lowered({ ...event('a'), level: 'Metadata' }, 'Request')?.level, 'Metadata'));
});
