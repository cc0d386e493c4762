// HTTP to the sink against loopback servers: whole answers only, no redirects, no secrets in errors.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { failure } from '../support/failure.ts';
import { secrets, temporary, witness } from '../support/secrets.ts';
import { HttpError, openHttp, type HttpReason } from '../../src/io/http.ts';
import type { Answer, Env, HttpRequest } from '../../src/io/world.ts';
import { authority, closeServers, deadPort, httpServer, httpsServer, tcpServer } from './servers.ts';

async function httpError(run: () => Promise<unknown>, reason: HttpReason): Promise<HttpError> {
  const error: unknown = await run().then(
    () => assert.fail('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  witness(inspect(error, { depth: 6 }));
  assert.ok(error instanceof HttpError, inspect(error));
  assert.equal(error.reason, reason, error.message);
  return error;
}

const signal = new AbortController().signal;
const get = (url: string, more: Partial<HttpRequest> = {}, env: Env = {}): Promise<Answer> =>
  openHttp({ env, signal })({ method: 'GET', url, ...more });

describe('http', () => {
  afterEach(closeServers);

  it('sends method, headers and body, and gives the answer as it came', async () => {
    const host = await httpServer((request, response) => {
      request.on('data', (body: Buffer) => {
        response.writeHead(418, {
          'X-Seen': `${request.method} ${request.url} ${request.headers['x-own']} ${body.length}`,
        });
        response.end('tæa');
      });
    });
    const answer = await get(`http://${host}/a/?b=c`, {
      method: 'POST',
      headers: { 'X-Own': 'mine' },
      body: 'løad',
    });
    assert.equal(answer.status, 418);
    assert.equal(answer.headers['x-seen'], 'POST /a/?b=c mine 5');
    assert.equal(answer.text, 'tæa');
    assert.ok(answer.ms > 0 && answer.ms < 5000);
  });

  it('does not follow a redirect', async () => {
    let asked = 0;
    const host = await httpServer((_request, response) => {
      asked++;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    const answer = await get(`http://${host}/`);
    assert.equal(answer.status, 302);
    assert.equal(answer.headers['location'], '/elsewhere');
    assert.equal(asked, 1);
  });

  it('keeps the connection for the next request', async () => {
    const ports = new Set<number | undefined>();
    const host = await httpServer((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('ok');
    });
    const http = openHttp({ env: {}, signal });
    for (let i = 0; i < 3; i++) await http({ method: 'GET', url: `http://${host}/` });
    assert.equal(ports.size, 1);
  });

  it('asks a GET once more after a reset, a POST never', async () => {
    let asked = 0;
    const host = await httpServer((request, response) => {
      if (++asked % 2 === 1) request.socket.resetAndDestroy();
      else response.end('ok');
    });
    assert.equal((await get(`http://${host}/`)).text, 'ok');
    assert.equal(asked, 2);
    await httpError(() => get(`http://${host}/${secrets.token}`, { method: 'POST', body: 'x' }), 'reset');
    assert.equal(asked, 3);
  });

  it('gives up after the second reset', async () => {
    let asked = 0;
    const host = await httpServer((request) => {
      asked++;
      request.socket.resetAndDestroy();
    });
    await httpError(() => get(`http://${host}/${secrets.token}`), 'reset');
    assert.equal(asked, 2);
  });

  const broken: [string, string, HttpReason][] = [
    ['a body shorter than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', 'truncated'],
    [
      'a chunked body without its end',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
      'truncated',
    ],
    ['headers without their end', 'HTTP/1.1 200 OK\r\nContent-', 'reset'],
    ['no answer', '', 'reset'],
    [
      'an upgrade nobody asked for',
      'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
      'reset',
    ],
    ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n', 'protocol'],
  ];
  for (const [what, bytes, reason] of broken)
    it(`refuses ${what}`, async () => {
      const host = await tcpServer((socket) => socket.once('data', () => socket.end(bytes)));
      const error = await httpError(
        () => get(`http://${host}/${secrets.token}/`, { method: 'POST' }),
        reason,
      );
      assert.equal(error.host, host);
      assert.ok(error.message.startsWith(`${host}: `));
    });

  it('ends at its deadline, before the answer and in the middle of it', async () => {
    const host = await httpServer((request, response) => {
      if (request.url === '/half') response.write('half');
    });
    for (const path of ['silent', 'half']) {
      const started = performance.now();
      await httpError(() => get(`http://${host}/${path}`, { timeoutMs: 50 }), 'timeout');
      assert.ok(performance.now() - started < 2000);
    }
  });

  it('stops reading at 64 MiB', async () => {
    const chunk = Buffer.alloc(1024 * 1024);
    const host = await httpServer((request, response) => {
      const extra = request.url === '/over' ? 1 : 0;
      response.setHeader('content-length', 64 * chunk.length + extra);
      for (let i = 0; i < 64; i++) response.write(chunk);
      response.end(Buffer.alloc(extra));
    });
    assert.equal((await get(`http://${host}/`)).text.length, 64 * chunk.length);
    await httpError(() => get(`http://${host}/over`), 'too-large');
  }).timeout(20_000);

  it('ends with Failure interrupted when the run is cancelled', async () => {
    const abort = new AbortController();
    const host = await httpServer((_request, response) => {
      response.write('half');
      abort.abort();
    });
    const http = openHttp({ env: {}, signal: abort.signal });
    const url = `http://${host}/${secrets.token}`;
    assert.equal((await failure(() => http({ method: 'GET', url }))).code, 'interrupted');
    assert.equal((await failure(() => http({ method: 'GET', url }))).code, 'interrupted');
  });

  it('says refused, dns and invalid', async () => {
    await httpError(async () => get(`http://${await deadPort()}/${secrets.token}`), 'refused');
    const dns = await httpError(() => get(`http://no-such-host.invalid/${secrets.token}`), 'dns');
    assert.match(dns.message, /^no-such-host\.invalid: its name cannot be resolved/);
    for (const url of [
      secrets.token,
      `/${secrets.token}`,
      `ftp://h/${secrets.token}`,
      `http://a b/${secrets.token}`,
    ])
      await httpError(() => get(url), 'invalid');
    const headers = { authorization: `a\n${secrets.apiKey}` };
    await httpError(() => get('http://127.0.0.1:1/', { headers }), 'invalid');
    await httpError(() => get('http://%ff:x@127.0.0.1:1/'), 'invalid');
  });

  it('does not trust a certificate of its own making, an expired one, or another name', async () => {
    const { path } = temporary();
    const { issue } = authority(path);
    const server = async (name: string, altNames: string): Promise<string> => {
      const { cert, key } = issue(name, altNames);
      return httpsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_q, r) => r.end('ok'));
    };
    const host = await server('one', 'IP:127.0.0.1');
    const error = await httpError(() => get(`https://${host}/${secrets.token}`), 'tls');
    assert.match(error.code, /UNABLE_TO_VERIFY|UNABLE_TO_GET/);
    const plain = await httpServer((_q, r) => r.end('ok'));
    await httpError(() => get(`https://${plain}/${secrets.token}`), 'tls');
  });

  it('goes through the proxy of the environment, and around it for NO_PROXY', async () => {
    const asked: string[] = [];
    const sink = await httpServer((_q, r) => r.end('sink'));
    const proxy = await tcpServer((socket) =>
      socket.once('data', (data) => {
        asked.push(data.toString().split('\r\n')[0] ?? '');
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied'));
      }),
    );
    const env = { HTTP_PROXY: proxy };
    const far = await get('http://sink.invalid/x', {}, env);
    assert.equal(far.text, 'proxied');
    assert.deepEqual(asked, ['CONNECT sink.invalid:80 HTTP/1.1']);
    assert.equal((await get(`http://${sink}/`, {}, env)).text, 'sink');
    await httpError(() => get('http://sink.invalid/', {}, { ...env, NO_PROXY: '.invalid' }), 'dns');
  });

  it('says when the proxy refuses, is down, or is no proxy', async () => {
    const proxy = await tcpServer((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')),
    );
    const https = (env: Env): Promise<unknown> => get(`https://sink.invalid/${secrets.token}`, {}, env);
    const error = await httpError(
      () => https({ HTTPS_PROXY: `http://me:${secrets.apiKey}@${proxy}` }),
      'proxy',
    );
    assert.match(error.message, /407/);
    const dead = await deadPort();
    const down = await httpError(() => https({ HTTPS_PROXY: dead }), 'proxy');
    assert.match(down.message, /ECONNREFUSED/);
    await httpError(() => https({ HTTPS_PROXY: `socks5://${dead}` }), 'proxy');
    await httpError(() => https({ HTTPS_PROXY: `ftp://${secrets.apiKey}@${dead}` }), 'proxy');
    await httpError(() => https({ HTTPS_PROXY: 'http://[' }), 'proxy');
    const silent = await tcpServer(() => undefined);
    const url = `https://sink.invalid/${secrets.token}`;
    await httpError(() => get(url, { timeoutMs: 50 }, { HTTPS_PROXY: silent }), 'timeout');
  });
});
