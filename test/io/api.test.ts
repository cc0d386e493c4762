// Looks and writes over answers of every kind: what is not understood is never taken for "absent" or "fine".
import assert from 'node:assert/strict';
import { failure } from '../support/failure.ts';
import { secrets, witness } from '../support/secrets.ts';
import type { Look } from '../../src/audit/facts.ts';
import { Conflict, look, lookText, Refused, write } from '../../src/io/api.ts';
import type { Answer, ApiRequest, Cluster } from '../../src/io/world.ts';
import { closeServers, cluster, deadPort, httpServer, tcpServer } from './servers.ts';

function answers(status: number, text: string, known: string[] = []): Cluster {
  const answer: Answer = { status, text, headers: {}, ms: 1 };
  return { host: 'api:6443', known: new Set(known), request: async () => answer };
}
function status(code: number, message: string, reason = ''): string {
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message, reason });
}
const named = (json: unknown): string => {
  const name = (json as { name?: unknown }).name;
  if (typeof name !== 'string') throw new Error('name is not a text');
  return name;
};
async function unseen(looked: Promise<Look<unknown>>): Promise<string> {
  const found = await looked;
  witness(JSON.stringify(found));
  assert.ok('unseen' in found, 'it was seen');
  return `${found.unseen}: ${found.why}`;
}

describe('api', () => {
  afterEach(closeServers);

  describe('look', () => {
    it('gives what the parser made of it', async () => {
      assert.deepEqual(await look(answers(200, '{"name":"a"}'), '/x', named), { seen: 'a' });
      assert.deepEqual(await lookText(answers(200, 'a 1\n'), '/metrics', (text) => text.length), { seen: 4 });
    });

    const seenAs: [string, number, string, string][] = [
      ['a 404 of the API', 404, status(404, 'pods "a" not found'), 'absent: GET /x: 404 pods "a" not found'],
      ['a 404 of Go', 404, '404 page not found\n', 'absent: GET /x: 404 404 page not found'],
      ['an empty 404', 404, '', 'absent: GET /x: 404'],
      ['a 404 of something in between', 404, '<html>not here</html>', 'failed: GET /x: 404'],
      ['a 404 of an ingress', 404, 'default backend - 404', 'failed: GET /x: 404 default backend - 404'],
      ['a 403', 403, status(403, 'pods is forbidden'), 'forbidden: GET /x: 403 pods is forbidden'],
      ['a 403 page', 403, '<html>', 'forbidden: GET /x: 403'],
      ['a 500', 500, status(500, 'etcd is sad'), 'failed: GET /x: 500 etcd is sad'],
      ['a 503 without words', 503, '', 'failed: GET /x: 503'],
      ['a redirect', 302, '', 'failed: GET /x: 302'],
      [
        'a page',
        200,
        '<html>login</html>',
        'failed: GET /x: the answer was not understood: it is a web page, not JSON',
      ],
      [
        'half an object',
        200,
        '{"name":"a',
        'failed: GET /x: the answer was not understood: it is not JSON, or not all of it',
      ],
      ['nothing', 200, '', 'failed: GET /x: the answer was not understood: it is not JSON, or not all of it'],
      [
        'another type',
        200,
        '{"name":7}',
        'failed: GET /x: the answer was not understood: name is not a text',
      ],
    ];
    for (const [what, code, text, said] of seenAs)
      it(`takes ${what} for what it is`, async () =>
        assert.equal(await unseen(look(answers(code, text), '/x', named)), said));

    it('takes null for what it is', async () =>
      assert.match(await unseen(look(answers(200, 'null'), '/x', named)), /^failed: /));

    it('ends the run on 401', async () => {
      const error = await failure(() => look(answers(401, status(401, 'Unauthorized')), '/x', named));
      assert.equal(error.code, 'cluster-unauthorized');
    });

    it('is blind only for one API server that cannot be reached, but ends the run when the cluster cannot', async () => {
      const dead = await deadPort();
      const live = await httpServer((_q, r) => r.end('{"name":"a"}'));
      const api = await cluster({ server: `http://${live}` });
      assert.match(await unseen(look(api, { path: '/x', via: dead }, named)), /^failed: .*refused/);
      const gone = await cluster({ server: `http://${dead}` });
      assert.equal((await failure(() => look(gone, '/x', named))).code, 'cluster-unreachable');
    });

    it('is blind when one answer is too slow, too large or broken off', async () => {
      const silent = await cluster({ server: `http://${await httpServer(() => undefined)}` });
      assert.match(await unseen(look(silent, { path: '/x', timeoutMs: 30 }, named)), /^failed: .*in time$/);
      const huge = await httpServer((_q, response) => {
        response.setHeader('content-length', 64 * 1024 * 1024 + 1);
        const chunk = Buffer.alloc(1024 * 1024, 32);
        for (let i = 0; i < 64; i++) response.write(chunk);
        response.end(' ');
      });
      const tooMuch = await cluster({ server: `http://${huge}` });
      assert.match(await unseen(look(tooMuch, '/x', named)), /^failed: .*more than 64 MiB/);
      const cut = await tcpServer((socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"name":"a"')),
      );
      const half = await cluster({ server: `http://${cut}` });
      assert.match(await unseen(look(half, '/x', named)), /^failed: .*broke off/);
    }).timeout(20_000);

    it('lets a cancelled run end', async () => {
      const abort = new AbortController();
      const host = await httpServer(() => abort.abort());
      const api = await cluster({ server: `http://${host}` }, { signal: abort.signal });
      assert.equal((await failure(() => look(api, '/x', named))).code, 'interrupted');
    });

    it('masks tokens in what the API says, and in what the parser says', async () => {
      const url = `Post "https://receiver/${secrets.token.toUpperCase()}/?timeout=30s": EOF`;
      assert.equal(
        await unseen(look(answers(500, status(500, url)), '/x', named)),
        'failed: GET /x: 500 Post "https://receiver/***/?timeout=30s": EOF',
      );
      const bare = answers(403, `no ${secrets.apiKey}`, [secrets.apiKey]);
      assert.equal(await unseen(look(bare, '/x', named)), 'forbidden: GET /x: 403 no ***');
      const thrown = look(answers(200, '{}', [secrets.apiKey]), '/x', () => {
        throw new Error(`bad ${secrets.apiKey}`);
      });
      assert.match(await unseen(thrown), /bad \*\*\*$/);
    });

    it('shows no control characters, and not more than a sentence', async () => {
      const said = await unseen(look(answers(500, `\u001b[31m${'x'.repeat(9999)}\nmore`), '/x', named));
      assert.ok(said.length < 600);
      assert.ok(![...said].some((c) => c < ' '));
    });
  });

  describe('write', () => {
    const post: ApiRequest = { method: 'POST', path: '/x', body: {} };
    const refused = async (code: number, text: string): Promise<Refused> => {
      const error = await failure(() => write(answers(code, text), post));
      assert.ok(error instanceof Refused);
      assert.equal(error.status, code);
      return error;
    };

    it('gives the object', async () => {
      assert.deepEqual(await write(answers(201, '{"kind":"A"}'), post), { kind: 'A' });
    });

    it('tells 409 apart, with its reason', async () => {
      const error = await refused(409, status(409, 'x "a" already exists', 'AlreadyExists'));
      assert.ok(error instanceof Conflict);
      assert.equal(error.reason, 'AlreadyExists');
      assert.equal(error.message, 'The API server refused POST /x: x "a" already exists');
    });

    it('says the API’s own sentence', async () => {
      const invalid = await refused(422, status(422, 'spec.url: Invalid value', 'Invalid'));
      assert.deepEqual([invalid.code, invalid.exitCode], ['cluster-refused', 4]);
      assert.equal(invalid.message, 'The API server refused POST /x: spec.url: Invalid value');
      const forbidden = await refused(403, status(403, 'may not'));
      assert.equal(forbidden.code, 'cluster-forbidden');
      assert.ok(forbidden.suggestions.length > 0);
      assert.ok(!((await refused(404, status(404, 'gone'))) instanceof Conflict));
      assert.equal((await refused(500, '<html>')).message, 'The API server refused POST /x: status 500');
      assert.equal((await refused(302, '')).code, 'cluster-refused');
    });

    it('says 401 and answers that are no objects', async () => {
      assert.equal((await failure(() => write(answers(401, ''), post))).code, 'cluster-unauthorized');
      for (const text of ['', '<html>', '[]', 'null', '7', '"x"', '{"a":'])
        assert.equal((await failure(() => write(answers(200, text), post))).code, 'cluster-answer');
    });

    it('masks tokens in the API’s sentence', async () => {
      const url = `https://receiver/${secrets.token}/`;
      const error = await refused(422, status(422, `webhook.url: Invalid value: "${url}"`));
      assert.match(error.message, /https:\/\/receiver\/\*\*\*\/"$/);
      assert.equal((await refused(409, status(409, 'x', url))).reason, '');
    });
  });
});
