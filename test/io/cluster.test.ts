// The cluster's requests over real TLS: who we are, whom we trust, which server is asked, and what failures say.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { failure } from '../support/failure.ts';
import { secrets, temporary } from '../support/secrets.ts';
import type { Failure } from '../../src/errors.ts';
import type { ApiRequest, Cluster, Connection } from '../../src/io/world.ts';
import {
  authority,
  closeServers,
  cluster,
  deadPort,
  httpServer,
  httpsServer,
  kubeconfig,
  tcpServer,
} from './servers.ts';

type Authority = ReturnType<typeof authority>;
type Asked = { path: string; raw: string[]; servername: unknown; peer: string; port: number | undefined };

/** An API server with a certificate for these names, that tells how it was asked. */
async function apiServer(
  own: Authority,
  name: string,
  altNames: string,
): Promise<{ host: string; asked: Asked[] }> {
  const { cert, key } = own.issue(name, altNames);
  const asked: Asked[] = [];
  const tell = (request: IncomingMessage): void => {
    const socket = request.socket as TLSSocket & { servername?: unknown };
    const peer = String(socket.getPeerCertificate().subject?.CN ?? '');
    const { url: path = '', rawHeaders: raw } = request;
    asked.push({ path, raw, servername: socket.servername, peer, port: socket.remotePort });
  };
  const options = { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(own.ca) };
  const host = await httpsServer(
    { ...options, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      tell(request);
      response.setHeader('content-type', 'application/json').end('{}');
    },
  );
  return { host, asked };
}

function values(raw: string[], name: string): string[] {
  return raw.filter((_value, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name);
}

async function unreachable(
  open: Promise<Cluster>,
  request: ApiRequest = { path: '/version' },
): Promise<Failure> {
  const error = await failure(async () => (await open).request(request));
  assert.equal(error.code, 'cluster-unreachable', error.message);
  assert.equal(error.exitCode, 4);
  assert.ok(error.suggestions.length > 0, 'no next step');
  return error;
}

describe('cluster', () => {
  let folder: string;
  let own: Authority;
  beforeEach(() => {
    folder = temporary().path;
  });
  afterEach(closeServers);

  describe('over TLS', () => {
    beforeEach(() => {
      own = authority(folder);
    });

    it('trusts the kubeconfig’s authority, keeps the connection, and sends raw paths and our headers', async () => {
      const { host, asked } = await apiServer(own, 'api', 'IP:127.0.0.1');
      const config = kubeconfig(
        folder,
        { server: `https://${host}`, 'certificate-authority': own.ca },
        { token: 'abc' },
      );
      const api = await cluster({ kubeconfig: config });
      assert.equal(api.host, host);
      const path = '/api/v1/pods?limit=1&labelSelector=a%3Db';
      const answer = await api.request({ path, headers: { 'Audit-ID': 'id-1' } });
      await api.request({ method: 'POST', path: '/x', body: { a: 'ø' } });
      assert.deepEqual([answer.status, answer.text], [200, '{}']);
      assert.equal(asked[0]?.path, path);
      assert.deepEqual(values(asked[0]?.raw ?? [], 'audit-id'), ['id-1']);
      assert.deepEqual(values(asked[0]?.raw ?? [], 'authorization'), ['Bearer abc']);
      assert.deepEqual(values(asked[1]?.raw ?? [], 'content-type'), ['application/json']);
      assert.deepEqual(values(asked[1]?.raw ?? [], 'content-length'), ['10']);
      assert.equal(new Set(asked.map(({ port }) => port)).size, 1);
    });

    it('asks one API server directly by its in-cluster name, without the server’s path', async () => {
      const front = await apiServer(own, 'front', 'IP:127.0.0.1');
      const one = await apiServer(own, 'one', 'DNS:kubernetes.default.svc');
      const server = { server: `https://${front.host}/k8s/c-1/`, 'certificate-authority': own.ca };
      const api = await cluster({ kubeconfig: kubeconfig(folder, server, { token: 'abc' }) });
      await api.request({ path: '/readyz' });
      await api.request({ path: '/readyz', via: one.host });
      assert.deepEqual(
        front.asked.map(({ path }) => path),
        ['/k8s/c-1/readyz'],
      );
      assert.deepEqual(
        one.asked.map(({ path, servername }) => [path, servername]),
        [['/readyz', 'kubernetes.default.svc']],
      );
      assert.deepEqual(values(one.asked[0]?.raw ?? [], 'authorization'), ['Bearer abc']);
    });

    it('asks by tls-server-name where one is given, directly too', async () => {
      const { host, asked } = await apiServer(own, 'api', 'DNS:api.example');
      const server = {
        server: `https://${host}`,
        'certificate-authority': own.ca,
        'tls-server-name': 'api.example',
      };
      const api = await cluster({ kubeconfig: kubeconfig(folder, server) });
      await api.request({ path: '/' });
      await api.request({ path: '/', via: host });
      assert.deepEqual(
        asked.map(({ servername }) => servername),
        ['api.example', 'api.example'],
      );
    });

    it('shows its client certificate, from files and from data', async () => {
      const { host, asked } = await apiServer(own, 'api', 'IP:127.0.0.1');
      const me = own.issue('jane', '');
      const server = { server: `https://${host}`, 'certificate-authority': own.ca };
      const base64 = (file: string): string => readFileSync(file).toString('base64');
      const data = { 'client-certificate-data': base64(me.cert), 'client-key-data': base64(me.key) };
      const files = { 'client-certificate': me.cert, 'client-key': me.key };
      for (const user of [files, data])
        await (await cluster({ kubeconfig: kubeconfig(folder, server, user) })).request({ path: '/' });
      assert.deepEqual(
        asked.map(({ peer }) => peer),
        ['jane', 'jane'],
      );
    });

    it('says so when the authority is another one, the name another, or the certificate expired', async () => {
      const { host } = await apiServer(own, 'api', 'DNS:elsewhere');
      const server = { server: `https://${host}`, 'certificate-authority': own.ca };
      const name = await unreachable(cluster({ kubeconfig: kubeconfig(folder, server) }));
      assert.equal(
        name.message,
        `The cluster at ${host} cannot be reached: its TLS certificate or handshake cannot be trusted (ERR_TLS_CERT_ALTNAME_INVALID).`,
      );
      assert.match(name.suggestions.join(' '), /--tls-server-name/);
      const other = authority(temporary().path);
      const trust = { ...server, 'certificate-authority': other.ca };
      await unreachable(cluster({ kubeconfig: kubeconfig(folder, trust) }));
      await unreachable(cluster({ kubeconfig: kubeconfig(folder, { server: `https://${host}` }) }));
      const { cert, key } = own.issue('old', 'IP:127.0.0.1', -1);
      const old = await httpsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_q, r) =>
        r.end('{}'),
      );
      const expired = { ...server, server: `https://${old}` };
      const error = await unreachable(cluster({ kubeconfig: kubeconfig(folder, expired) }));
      assert.match(error.message, /CERT_HAS_EXPIRED/);
    });

    it('shares a few connections among questions that are asked at once', async () => {
      const { host, asked } = await apiServer(own, 'api', 'IP:127.0.0.1');
      const server = { server: `https://${host}`, 'certificate-authority': own.ca };
      const api = await cluster({ kubeconfig: kubeconfig(folder, server) });
      await Promise.all(Array.from({ length: 18 }, () => api.request({ path: '/' })));
      const ports = new Set(asked.map(({ port }) => port));
      assert.equal(asked.length, 18);
      assert.ok(ports.size <= 6, `${ports.size} connections`);
    });

    it('asks over a connection of its own where that is wanted, and never uses that again', async () => {
      const { host, asked } = await apiServer(own, 'api', 'IP:127.0.0.1');
      const server = { server: `https://${host}`, 'certificate-authority': own.ca };
      const api = await cluster({ kubeconfig: kubeconfig(folder, server) });
      for (const fresh of [false, true, true, false]) await api.request({ path: '/', fresh });
      const [first, second, third, fourth] = asked.map(({ port }) => port);
      assert.equal(new Set([first, second, third]).size, 3);
      assert.equal(fourth, first);
    });

    it('trusts anybody only when told to', async () => {
      const { host } = await apiServer(own, 'api', 'DNS:elsewhere');
      const config = kubeconfig(folder, { server: `https://${host}`, 'certificate-authority': own.ca });
      const api = await cluster({ kubeconfig: config, insecureSkipTlsVerify: true });
      assert.equal((await api.request({ path: '/' })).status, 200);
    });

    it('goes through proxy-url with the server’s own TLS inside', async () => {
      const { host, asked } = await apiServer(own, 'api', 'DNS:api.example');
      const connects: string[] = [];
      const { connect } = await import('node:net');
      const proxy = await tcpServer((socket) =>
        socket.once('data', (data) => {
          connects.push(data.toString().split('\r\n')[0] ?? '');
          const [name = '', port] = host.split(':');
          const up = connect(Number(port), name, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
          up.on('error', () => undefined);
          socket.pipe(up).pipe(socket);
        }),
      );
      const server = {
        server: 'https://api.example:6443',
        'certificate-authority': own.ca,
        'proxy-url': `http://${proxy}`,
      };
      const api = await cluster({ kubeconfig: kubeconfig(folder, server) });
      assert.equal((await api.request({ path: '/livez' })).status, 200);
      assert.deepEqual(connects, ['CONNECT api.example:6443 HTTP/1.1']);
      assert.equal(asked[0]?.path, '/livez');
      const env = { HTTPS_PROXY: `http://${proxy}` };
      const { 'proxy-url': _own, ...plain } = server;
      const byEnv = await cluster({ kubeconfig: kubeconfig(folder, plain) }, { env });
      assert.equal((await byEnv.request({ path: '/livez' })).status, 200);
      assert.equal(connects.length, 2);
    });

    it('says that an authority or a certificate is no such thing, without quoting it', async () => {
      const { host } = await apiServer(own, 'api', 'IP:127.0.0.1');
      const server = { server: `https://${host}` };
      const data = (text: string): string => Buffer.from(text).toString('base64');
      const pem = `-----BEGIN CERTIFICATE-----\n${secrets.token}\n-----END CERTIFICATE-----\n`;
      const users: [object, object][] = [
        [{ ...server, 'certificate-authority-data': data('no PEM') }, {}],
        [{ ...server, 'certificate-authority-data': data(pem) }, {}],
        [server, { 'client-certificate-data': data('x') }],
        [server, { 'client-certificate-data': data(pem), 'client-key-data': data(secrets.apiKey) }],
      ];
      for (const [one, user] of users) {
        const config = kubeconfig(folder, one, user);
        const error = await failure(async () =>
          (await cluster({ kubeconfig: config })).request({ path: '/' }),
        );
        assert.equal(error.code, 'kubeconfig-invalid', error.message);
      }
      writeFileSync(join(folder, 'config'), '');
    });
  });

  describe('as somebody else', () => {
    it('sends the headers of kubectl', async () => {
      const raw: string[] = [];
      const host = await httpServer((request, response) => {
        raw.push(...request.rawHeaders);
        response.end('{}');
      });
      const user = { as: 'system:admin', 'as-uid': '7', 'as-user-extra': { 'acme.com/team': ['a', 'b'] } };
      const config = kubeconfig(folder, { server: `http://${host}` }, user);
      await (await cluster({ kubeconfig: config, asGroups: ['dev', 'ops'] })).request({ path: '/' });
      assert.deepEqual(values(raw, 'impersonate-user'), ['system:admin']);
      assert.deepEqual(values(raw, 'impersonate-group'), ['dev', 'ops']);
      assert.deepEqual(values(raw, 'impersonate-uid'), ['7']);
      assert.deepEqual(values(raw, 'impersonate-extra-acme.com%2fteam'), ['a', 'b']);
    });

    it('says so when a name cannot stand in a header', async () => {
      const host = await httpServer((_q, r) => r.end('{}'));
      const config = kubeconfig(folder, { server: `http://${host}` });
      const asked = async (): Promise<unknown> =>
        (await cluster({ kubeconfig: config, as: 'a\nb' })).request({ path: '/' });
      assert.equal((await failure(asked)).code, 'usage');
    });
  });

  it('sends no credentials over plain http, as kubectl does not', async () => {
    let header: string | undefined = 'none';
    const host = await httpServer((request, response) => {
      header = request.headers.authorization;
      response.end('{}');
    });
    const user = { token: 'abc', exec: { command: '/nonexistent' } };
    const api = await cluster({ kubeconfig: kubeconfig(folder, { server: `http://${host}` }, user) });
    assert.equal((await api.request({ path: '/' })).status, 200);
    assert.equal(header, undefined);
  });

  it('gives 401, 403 and 500 as answers', async () => {
    const host = await httpServer((request, response) => {
      response.writeHead(Number(request.url?.slice(1))).end('{}');
    });
    const api = await cluster({ server: `http://${host}` });
    for (const status of [401, 403, 404, 409, 500, 503])
      assert.equal((await api.request({ path: `/${status}` })).status, status);
  });

  describe('what failures say', () => {
    const at = (server: string, more: Connection = {}): Promise<Cluster> => cluster({ server, ...more });

    it('refused, dns, no HTTP, broken off', async () => {
      const dead = await deadPort();
      assert.equal(
        (await unreachable(at(`https://${dead}`))).message,
        `The cluster at ${dead} cannot be reached: the connection was refused (ECONNREFUSED).`,
      );
      const dns = await unreachable(at('https://no-such-host.invalid:6443'));
      assert.match(
        dns.message,
        /^The cluster at no-such-host\.invalid:6443 cannot be reached: its name cannot be/,
      );
      const ssh = await tcpServer((socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n'));
      assert.match((await unreachable(at(`http://${ssh}`))).message, /does not speak HTTP/);
      const plain = await httpServer((_q, r) => r.end('{}'));
      assert.match((await unreachable(at(`https://${plain}`))).message, /TLS/);
      const cut = await tcpServer((socket) => socket.once('data', () => socket.destroy()));
      assert.match(
        (await unreachable(at(`http://${cut}`), { method: 'POST', path: '/x' })).message,
        /broke off/,
      );
    });

    it('no user or password of the server’s URL', async () => {
      const error = await unreachable(at(`https://me:${secrets.apiKey}@${await deadPort()}`));
      assert.doesNotMatch(error.message, /me:/);
    });

    it('too slow, by the request’s own deadline and by --request-timeout', async () => {
      const host = await httpServer(() => undefined);
      const started = performance.now();
      const own = await unreachable(at(`http://${host}`), { path: '/', timeoutMs: 40 });
      assert.match(own.message, /did not answer in time/);
      await unreachable(at(`http://${host}`, { requestTimeoutMs: 40 }), { path: '/', timeoutMs: 60_000 });
      await unreachable(at(`http://${host}`, { requestTimeoutMs: 60_000 }), { path: '/', timeoutMs: 40 });
      await unreachable(at(`http://${host}`, { requestTimeoutMs: 40 }));
      assert.ok(performance.now() - started < 5000);
    });

    it('interrupted in the middle of an answer; a request that must go on goes on', async () => {
      const abort = new AbortController();
      const host = await httpServer((request, response) => {
        if (request.url !== '/half') return response.end('{}');
        response.write('half');
        return abort.abort();
      });
      const api = await cluster({ server: `http://${host}` }, { signal: abort.signal });
      assert.equal((await failure(() => api.request({ path: '/half' }))).code, 'interrupted');
      assert.equal((await failure(() => api.request({ path: '/' }))).code, 'interrupted');
      assert.equal((await api.request({ path: '/', uncancelled: true })).status, 200);
    });

    it('a proxy that is no URL', async () => {
      const server = { server: 'https://127.0.0.1:1', 'proxy-url': `ftp://${secrets.apiKey}@x` };
      const config = kubeconfig(temporary().path, server);
      const error = await failure(async () => (await cluster({ kubeconfig: config })).request({ path: '/' }));
      assert.equal(error.code, 'kubeconfig-invalid');
      writeFileSync(config, '');
    });
  });

  it('asks a GET once more when a kept connection was closed, a POST never', async () => {
    let asked = 0;
    const host = await httpServer((request, response) => {
      if (++asked % 2 === 0) request.socket.resetAndDestroy();
      else response.end('{}');
    });
    const api = await cluster({ server: `http://${host}` });
    assert.equal((await api.request({ path: '/' })).status, 200);
    assert.equal((await api.request({ path: '/' })).status, 200);
    assert.equal(asked, 3);
    await unreachable(Promise.resolve(api), { method: 'POST', path: '/' });
    assert.equal(asked, 4);
  });

  it('asks once over a connection of its own', async () => {
    let asked = 0;
    const host = await httpServer((request) => {
      asked += 1;
      request.socket.resetAndDestroy();
    });
    await unreachable(cluster({ server: `http://${host}` }), { path: '/', fresh: true });
    assert.equal(asked, 1);
  });

  it('asks an overloaded server again when it says so, three times at most', async () => {
    let asked = 0;
    const host = await httpServer((request, response) => {
      const tired = request.url === '/always' || ++asked === 1;
      const after = request.url === '/later' ? '3600' : '0';
      response.writeHead(tired ? 429 : 200, { 'retry-after': after }).end('{}');
    });
    const api = await cluster({ server: `http://${host}` });
    assert.equal((await api.request({ method: 'POST', path: '/', body: {} })).status, 200);
    assert.equal((await api.request({ path: '/always' })).status, 429);
    asked = 0;
    assert.equal((await api.request({ path: '/later' })).status, 429);
    assert.equal(asked, 1);
  });
});
