// What this tool takes for granted of the receiver and the search, stated as requests and answers: the same for the
// embedded Sematext and for a real Logagent before a real OpenSearch.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { secrets } from '../support/secrets.ts';
import type { Reply } from './subject.ts';

/** A receiver and a search under test. */
export interface SematextSubject {
  readonly receiverUrl: string;
  readonly searchUrl: string;
  readonly apiKey: string;
  /**
   * What a search answers for a token that never got a document: 404 as OpenSearch itself does, or an empty result.
   */
  readonly unknownToken: 404 | 200;
  stop(): Promise<void>;
}

type Json = Readonly<Record<string, unknown>>;

interface Hit {
  readonly _index: string;
  readonly _id: string;
  readonly _source: Json;
  readonly sort?: readonly (string | number)[];
}

interface Found {
  readonly total: { readonly value: number; readonly relation: string };
  readonly hits: readonly Hit[];
}

const token: string = secrets.token;
const patienceMs = 45_000;

async function send(
  method: string,
  url: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const init = { method, headers, ...(body !== undefined && { body }) };
  const response = await fetch(url, init);
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    text: await response.text(),
  };
}

function eventOf(auditID: string, more: Json = {}): Json {
  const time = new Date().toISOString().replace('Z', '123Z');
  return {
    level: 'Metadata',
    auditID,
    stage: 'ResponseComplete',
    requestURI: '/api/v1/namespaces/default/pods',
    verb: 'list',
    user: { username: 'jane', groups: ['system:authenticated'] },
    sourceIPs: ['192.0.2.7'],
    userAgent: 'contract/1',
    objectRef: { resource: 'pods', namespace: 'default', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 200 },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
    ...more,
  };
}

function listOf(...items: Json[]): string {
  return JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items });
}

/** States the contract for one kind of Sematext. */
export function sematextContract(name: string, start: () => Promise<SematextSubject>): void {
  describe(`${name}: Sematext`, function () {
    this.timeout(120_000);
    let subject: SematextSubject;
    before(async () => {
      subject = await start();
    });
    after(async () => subject?.stop());
    const running = (): SematextSubject => subject;
    unknown(running);
    receiver(running);
    search(running);
  });
}

async function ask(subject: SematextSubject, body: Json, authorization?: string, of = token): Promise<Reply> {
  const headers = {
    'content-type': 'application/json',
    authorization: authorization ?? `apiKey ${subject.apiKey}`,
  };
  return send('POST', `${subject.searchUrl}/${of}/_search`, JSON.stringify(body), headers);
}

async function find(subject: SematextSubject, body: Json): Promise<Found> {
  const reply = await ask(subject, body);
  assert.equal(reply.status, 200, reply.text);
  return (JSON.parse(reply.text) as { hits: Found }).hits;
}

function byId(auditID: string): Json {
  return { bool: { must: [{ match_phrase: { auditID } }] } };
}

async function arrived(subject: SematextSubject, query: Json, count: number): Promise<Found> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const reply = await ask(subject, { query, size: 100 });
    const found = reply.status === 200 ? (JSON.parse(reply.text) as { hits: Found }).hits : undefined;
    if (found && found.hits.length >= count) return found;
    if (Date.now() > deadline) assert.fail(`not ${count} documents in ${patienceMs} ms: ${reply.text}`);
    await sleep(50);
  }
}

function unknown(subject: () => SematextSubject): void {
  it('finds nothing for a token that never got a document', async () => {
    const { unknownToken } = subject();
    const reply = await ask(subject(), { query: { match_all: {} } }, undefined, secrets.otherToken);
    assert.equal(reply.status, unknownToken);
    const answer = JSON.parse(reply.text) as { error?: { type: string }; hits?: Found };
    if (unknownToken === 404) assert.equal(answer.error?.type, 'index_not_found_exception');
    else assert.deepEqual(answer.hits?.hits, []);
  });

  it('searches only for who has the key, in either of its two forms', async () => {
    const basic = Buffer.from(`apiKey:${subject().apiKey}`).toString('base64');
    const right = [`apiKey ${subject().apiKey}`, `Basic ${basic}`];
    for (const authorization of right)
      assert.notEqual((await ask(subject(), {}, authorization)).status, 401, authorization.split(' ')[0]);
    for (const authorization of ['', `apiKey ${secrets.otherToken}`, `Bearer ${subject().apiKey}`])
      assert.equal((await ask(subject(), {}, authorization)).status, 401);
  });
}

type Row = readonly [
  what: string,
  method: string,
  path: string,
  body: string | Buffer | undefined,
  status: number,
  text: string | RegExp,
];

function rows(): Row[] {
  const body = listOf(eventOf(randomUUID()));
  const ok = (what: string, method: string, path: string, sent?: string): Row => [
    what,
    method,
    path,
    sent,
    200,
    'OK\n',
  ];
  const no = (path: string): Row => [
    'a path without a token',
    'POST',
    path,
    body,
    403,
    `invalid logs token in url ${path}`,
  ];
  return [
    ...[`/${token}/`, `/${token}`, `/${token}/?timeout=30s`, `/${token}?timeout=30s`].map((path) =>
      ok('a list', 'POST', path, body),
    ),
    ok('an empty body', 'POST', `/${token}/`, ''),
    ok('an empty list', 'POST', `/${token}/`, '{"items":[]}'),
    ok('anything else that is an object', 'POST', `/${token}/`, '{"hello":1}'),
    ok('no method in particular', 'PUT', `/${token}/`, body),
    ok('a probe', 'GET', `/${token}/`),
    ok('a token with something around it', 'POST', `/prefix-${token}-suffix/`, body),
    ['half a body', 'POST', `/${token}/`, body.slice(0, 40), 500, /^Invalid json input: SyntaxError: .*\n$/],
    ['a null', 'POST', `/${token}/`, 'null', 500, /^Invalid json input: TypeError: .*\n$/],
    [
      'a list of null',
      'POST',
      `/${token}/`,
      '{"items":[null]}',
      500,
      /^Invalid json input: TypeError: .*\n$/,
    ],
    ['what is not JSON', 'POST', `/${token}/`, Buffer.from([31, 139, 8, 0]), 500, /^Invalid json input: /],
    no('/'),
    no('/not-a-token/'),
    no(`/x/${token}/`),
    no(`/${token.toUpperCase()}/`),
    ['the health', 'GET', '/health', undefined, 200, 'ok\n'],
    ['the health', 'GET', '/health/', undefined, 200, 'ok\n'],
    ['the ping', 'GET', '/ping', undefined, 200, 'ok\n'],
    ['a health with a query', 'GET', '/health?x=1', undefined, 403, /^invalid logs token in url /],
  ];
}

function receiver(subject: () => SematextSubject): void {
  describe('the receiver', () => {
    for (const [what, method, path, body, status, text] of rows())
      it(`answers ${status} to ${what}: ${method} ${path.replaceAll(/5ec7e700[0-9a-f-]*/gi, 'T')}`, async () => {
        const reply = await send(method, `${subject().receiverUrl}${path}`, body);
        assert.equal(reply.status, status, reply.text.replaceAll(token, 'T'));
        if (typeof text === 'string') assert.ok(reply.text === text, 'another text');
        else assert.ok(text.test(reply.text), 'another text');
      });
  });

  it('makes one document of an event, with other names where there were dots', async () => {
    const auditID = randomUUID();
    const event = eventOf(auditID);
    await send('POST', `${subject().receiverUrl}/${token}?timeout=30s`, listOf(event));
    const { hits, total } = await arrived(subject(), byId(auditID), 1);
    assert.deepEqual([hits.length, total], [1, { value: 1, relation: 'eq' }]);
    const { '@timestamp': timestamp, severity, os, annotations, ...rest } = hits[0]?._source ?? {};
    assert.deepEqual([timestamp, severity], [null, 'Metadata']);
    assert.deepEqual(Object.keys(os as Json).sort(), ['host', 'hostip']);
    assert.deepEqual(annotations, {
      'authorization_k8s_io/decision': 'allow',
      'authorization_k8s_io/reason': '',
    });
    const { annotations: _dotted, ...sent } = event;
    assert.deepEqual(rest, sent);
  });

  it('takes the time that an item brings, and drops a leading underscore', async () => {
    const auditID = randomUUID();
    const event = eventOf(auditID, {
      timestamp: '2026-01-02T03:04:05.678Z',
      _mark: 'x',
      'a.b': { 'c.d': 1 },
    });
    await send('POST', `${subject().receiverUrl}/${token}/`, listOf(event));
    const { hits } = await arrived(subject(), byId(auditID), 1);
    const { '@timestamp': timestamp, mark, a_b: nested } = hits[0]?._source ?? {};
    assert.deepEqual([timestamp, mark, nested], ['2026-01-02T03:04:05.678Z', 'x', { c_d: 1 }]);
  });
}

function search(subject: () => SematextSubject): void {
  describe('the search', () => {
    const agent = `series-${randomUUID().slice(0, 8)}`;
    const ids = Array.from({ length: 5 }, () => randomUUID());
    const time = (i: number): string => `2026-03-04T05:06:0${i}.000123Z`;
    const mine = { bool: { must: [{ match_phrase: { userAgent: agent } }] } };

    before(async () => {
      const events = ids.map((id, i) =>
        eventOf(id, {
          userAgent: agent,
          stageTimestamp: time(i),
          responseStatus: { metadata: {}, code: 200 + i },
        }),
      );
      await send('POST', `${subject().receiverUrl}/${token}/`, listOf(...events));
      await arrived(subject(), mine, ids.length);
    });

    const idsOf = ({ hits }: Found): unknown[] => hits.map(({ _source }) => _source['auditID']);

    it('finds one event by its ID and no other', async () => {
      assert.deepEqual(idsOf(await find(subject(), { query: byId(ids[2] ?? '') })), [ids[2]]);
      assert.deepEqual(idsOf(await find(subject(), { query: byId(randomUUID()) })), []);
    });

    it('sorts by the time of the stage, both ways', async () => {
      const sorted = async (order: string): Promise<Found> =>
        find(subject(), { query: mine, sort: [{ stageTimestamp: { order } }] });
      assert.deepEqual(idsOf(await sorted('asc')), ids);
      const down = await sorted('desc');
      assert.deepEqual(idsOf(down), ids.toReversed());
      assert.deepEqual(down.hits[0]?.sort, [Date.parse(time(4).replace('123Z', 'Z'))]);
    });

    it('cuts a window out of the time of the stage', async () => {
      const within = async (range: Json): Promise<unknown[]> => {
        const query = { bool: { ...mine.bool, filter: [{ range: { stageTimestamp: range } }] } };
        return idsOf(await find(subject(), { query, sort: [{ stageTimestamp: 'asc' }] }));
      };
      assert.deepEqual(await within({ gte: time(1), lt: time(3) }), ids.slice(1, 3));
      assert.deepEqual(await within({ gt: time(3) }), ids.slice(4));
      assert.deepEqual(await within({ gte: 'now-15m' }), []);
    });

    it('goes on after the last hit of a page', async () => {
      const sort = [{ stageTimestamp: 'asc' }, { 'auditID.raw': 'asc' }];
      const first = await find(subject(), { query: mine, sort, size: 2 });
      assert.deepEqual(idsOf(first), ids.slice(0, 2));
      const more = { query: mine, sort, size: 10, search_after: first.hits.at(-1)?.sort };
      assert.deepEqual(idsOf(await find(subject(), more)), ids.slice(2));
      assert.deepEqual(idsOf(await find(subject(), { query: mine, sort, from: 4 })), ids.slice(4));
    });

    it('counts what it does not show, and shows what is asked for', async () => {
      const body = {
        query: mine,
        size: 1,
        track_total_hits: true,
        _source: ['auditID', 'user.username'],
        sort: [{ stageTimestamp: 'asc' }],
      };
      const { total, hits } = await find(subject(), body);
      assert.deepEqual(total, { value: ids.length, relation: 'eq' });
      assert.deepEqual(hits[0]?._source, { auditID: ids[0], user: { username: 'jane' } });
      assert.equal((await find(subject(), { query: mine, size: 0 })).hits.length, 0);
    });

    it('knows term, exists and what must not be', async () => {
      const found = async (bool: Json): Promise<unknown[]> =>
        idsOf(await find(subject(), { query: { bool }, sort: [{ stageTimestamp: 'asc' }] }));
      const { must } = mine.bool;
      assert.deepEqual(await found({ must, filter: [{ term: { 'responseStatus.code': 203 } }] }), [ids[3]]);
      assert.deepEqual(await found({ must, filter: [{ exists: { field: 'user.username' } }] }), ids);
      assert.deepEqual(await found({ must, filter: [{ exists: { field: 'impersonatedUser' } }] }), []);
      assert.deepEqual(
        await found({ must, must_not: [{ match_phrase: { auditID: ids[0] } }] }),
        ids.slice(1),
      );
    });

    it('refuses what it does not know', async () => {
      const refused = async (body: Json): Promise<unknown> => {
        const reply = await ask(subject(), body);
        return [
          reply.status,
          (JSON.parse(reply.text) as { error: { root_cause: { type: string }[] } }).error.root_cause[0]?.type,
        ];
      };
      assert.deepEqual(await refused({ query: { nonsense: {} } }), [400, 'parsing_exception']);
      assert.deepEqual(await refused({ query: mine, sort: [{ nowhere: 'asc' }] }), [
        400,
        'query_shard_exception',
      ]);
      assert.deepEqual(await refused({ query: mine, sort: [{ auditID: 'asc' }] }), [
        400,
        'illegal_argument_exception',
      ]);
      assert.deepEqual(await refused({ query: mine, from: 9999, size: 10 }), [
        400,
        'illegal_argument_exception',
      ]);
    });
  });
}
