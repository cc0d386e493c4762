// The receiver, request by request, and the documents it makes: what a real Logagent answers.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  arrived,
  byId,
  eventOf,
  listOf,
  send,
  token,
  type Json,
  type SematextSubject,
} from './sematext-subject.ts';

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

/** States it of a subject that runs. */
export function receiverContract(subject: () => SematextSubject): void {
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
