// Requests through a host-network pod: the API server behind a node's port is asked as ourselves, over TLS of its own
// inside the websocket; whatever breaks is said in one sentence, in time, and nothing stays open.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { failure } from '../support/failure.ts';
import { temporary, secrets } from '../support/secrets.ts';
import type { Failure } from '../../src/errors.ts';
import { look, Refused, write } from '../../src/io/api.ts';
import { HttpError, type HttpReason } from '../../src/io/http.ts';
import { tunnelPath } from '../../src/io/tunnel.ts';
import type { Answer, ApiRequest, Cluster, Connection } from '../../src/io/world.ts';
import {
  beginChannels,
  forward,
  gateway,
  message,
  portBytes,
  refuse,
  serverBehind,
  values,
  type Authority,
  type Talk,
  type Upgrade,
} from './gateway.ts';
import { authority, closeServers, cluster, deadPort, kubeconfig, tcpServer } from './servers.ts';

const pod = { namespace: 'sematext-audit', pod: 'twin' };
const status = (code: number, reason: string, said: string): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: said });

describe('tunnel', () => {
  let home: string;
  let own: Authority;
  let folder: string;
  /** Counters of what must be closed when a test ends. */
  let counters: (() => number)[];
  before(() => {
    home = mkdtempSync(join(tmpdir(), 'sematext-audit-test-'));
    own = authority(home);
  });
  after(() => rmSync(home, { recursive: true }));
  beforeEach(() => {
    folder = temporary().path;
    counters = [];
  });
  afterEach(async () => {
    for (let waits = 0; counters.some((count) => count() > 0) && waits < 50; waits++) await sleep(10);
    const left = counters.map((count) => count());
    closeServers();
    assert.deepEqual(
      left,
      left.map(() => 0),
      'connections were left open',
    );
  });

  type Gateway = Awaited<ReturnType<typeof gateway>>;
  const front = async (
    how: { talk?: Talk; upgrade?: Upgrade; answer?: RequestListener } = {},
  ): Promise<Gateway> => {
    const made = await gateway(own, how);
    counters.push(made.open);
    return made;
  };
  const behind = async (
    ...how: [answer?: RequestListener, altNames?: string]
  ): Promise<Awaited<ReturnType<typeof serverBehind>>> => {
    const made = await serverBehind(own, ...how);
    counters.push(made.open);
    return made;
  };
  const api = (
    { host }: Gateway,
    more: { server?: object; user?: object; flags?: Connection; signal?: AbortSignal } = {},
  ): Promise<Cluster> => {
    const server = { server: `https://${host}`, 'certificate-authority': own.ca, ...more.server };
    const config = kubeconfig(folder, server, more.user ?? { token: 'abc' });
    const signal = more.signal === undefined ? {} : { signal: more.signal };
    return cluster({ kubeconfig: config, ...more.flags }, signal);
  };
  const ask = async (
    open: Cluster | Promise<Cluster>,
    port: number,
    request: Partial<ApiRequest> = {},
  ): Promise<Answer> => (await open).request({ path: '/readyz', through: { ...pod, port }, ...request });
  const fails = async (
    how: { talk?: Talk; upgrade?: Upgrade; answer?: RequestListener },
    request: Partial<ApiRequest> = {},
  ): Promise<Failure> => {
    const open = await api(await front(how));
    return failure(() => ask(open, 6443, { timeoutMs: 3000, ...request }));
  };
  const reasonOf = ({ cause }: Failure): HttpReason | undefined =>
    cause instanceof HttpError ? cause.reason : undefined;

  describe('asks the API server behind the port', () => {
    it('by its in-cluster name, as ourselves, with the request as it is', async () => {
      const server = await behind();
      const gate = await front();
      const { cert, key } = own.issue('me', '');
      const user = { token: 'abc', 'client-certificate': cert, 'client-key': key, as: 'eve' };
      const open = await api(gate, { server: { server: `https://${gate.host}/k8s/c-1/` }, user });
      const path = '/apis/x?limit=1&labelSelector=a%3Db';
      const answer = await ask(open, server.port, {
        method: 'POST',
        path,
        headers: { 'Audit-ID': 'id-1' },
        body: { a: 'ø' },
      });
      assert.deepEqual([answer.status, answer.text], [200, '{"behind":true}']);
      const [wish] = gate.asked;
      const [request] = server.asked;
      assert.ok(wish && request);
      assert.equal(
        wish.path,
        `/k8s/c-1/api/v1/namespaces/sematext-audit/pods/twin/portforward?ports=${server.port}`,
      );
      assert.deepEqual(values(wish, 'sec-websocket-protocol'), ['v4.channel.k8s.io']);
      assert.deepEqual(values(wish, 'sec-websocket-extensions'), []);
      assert.deepEqual(values(wish, 'audit-id'), []);
      assert.deepEqual(values(wish, 'accept'), ['*/*']); // kubelets answer 406 to application/json
      const { method, body, servername } = request;
      assert.deepEqual(
        { method, body, servername, path: request.path },
        {
          method: 'POST',
          body: '{"a":"ø"}',
          servername: 'kubernetes.default.svc',
          path,
        },
      );
      assert.deepEqual(values(request, 'audit-id'), ['id-1']);
      for (const asked of [wish, request]) {
        assert.deepEqual(values(asked, 'authorization'), ['Bearer abc']);
        assert.deepEqual(values(asked, 'impersonate-user'), ['eve']);
        assert.equal(asked.peer, 'me');
      }
    });

    it('by that name whatever tls-server-name says, which is for what stands before', async () => {
      const server = await behind();
      const gate = await front();
      const open = await api(gate, { server: { 'tls-server-name': 'front.example' } });
      assert.equal((await ask(open, server.port)).status, 200);
      assert.equal(server.asked[0]?.servername, 'kubernetes.default.svc');
    });

    it('with megabytes in both directions', async () => {
      const size = 3 * 1024 * 1024;
      const server = await behind((_request, response) => response.end('x'.repeat(size)));
      const answer = await ask(api(await front()), server.port, { method: 'PUT', body: 'y'.repeat(size) });
      assert.equal(answer.text.length, size);
      assert.equal(server.asked[0]?.body.length, size + 2);
    });

    it('thirty times at once', async () => {
      const server = await behind((request, response) => response.end(request.url));
      const open = await api(await front());
      const paths = Array.from({ length: 30 }, (_, n) => `/${n}`);
      const answers = await Promise.all(paths.map((path) => ask(open, server.port, { path })));
      assert.deepEqual(
        answers.map(({ text }) => text),
        paths,
      );
    });

    it('through proxy-url', async () => {
      const server = await behind();
      const gate = await front();
      let connects = 0;
      const proxy = await tcpServer((socket) =>
        socket.once('data', () => {
          connects += 1;
          const up = connect(Number(gate.host.split(':')[1]), '127.0.0.1', () =>
            socket.write('HTTP/1.1 200 OK\r\n\r\n'),
          );
          up.on('error', () => socket.destroy());
          socket.on('close', () => up.destroy());
          socket.pipe(up).pipe(socket);
        }),
      );
      const open = await api(gate, { server: { 'proxy-url': `http://${proxy}` } });
      assert.equal((await ask(open, server.port)).status, 200);
      assert.equal(connects, 1);
    });

    it('over a kept connection, and once more where that was closed just then', async () => {
      const server = await behind();
      const ports: unknown[] = [];
      const gate = await front({
        answer: (request, response) => {
          ports.push(request.socket.remotePort);
          response.end('{}');
        },
        upgrade: (socket) => gate.asked.length > 1 || socket.destroy(),
      });
      const open = await api(gate);
      await open.request({ path: '/version' });
      assert.equal((await ask(open, server.port, { method: 'POST', body: {} })).status, 200);
      assert.deepEqual([gate.asked[0]?.port], ports);
      assert.equal(gate.asked.length, 2);
    });

    it('and gives its refusals as answers', async () => {
      const server = await behind((_request, response) => response.writeHead(403).end('no'));
      const answer = await ask(api(await front()), server.port);
      assert.deepEqual([answer.status, answer.text], [403, 'no']);
    });
  });

  describe('trusts it', () => {
    const tls = async (altNames: string, server: object = {}): Promise<Answer> =>
      ask(api(await front(), { server }), (await behind(undefined, altNames)).port);

    it('only by its in-cluster name', async () => {
      const error = await failure(() => tls('DNS:localhost,IP:127.0.0.1'));
      assert.deepEqual([error.code, reasonOf(error)], ['cluster-unreachable', 'tls'], error.message);
      assert.match(error.message, /^Port \d+ of the node of pod sematext-audit\/twin cannot be asked: .*TLS/);
      assert.ok(error.suggestions.length > 0);
    });

    it('only when the kubeconfig’s authority signed it', async () => {
      const stranger = await serverBehind(authority(folder));
      const error = await failure(async () => ask(api(await front()), stranger.port));
      assert.equal(reasonOf(error), 'tls', error.message);
      assert.deepEqual(stranger.asked, []);
    });

    it('whoever it is, when told to trust anybody', async () => {
      const insecure = { 'certificate-authority': undefined, 'insecure-skip-tls-verify': true };
      assert.equal((await tls('DNS:localhost', insecure)).status, 200);
    });
  });

  describe('when there is to be no tunnel', () => {
    const needs = '; a tunnel needs the verbs get and create on pods/portforward';
    const cases: [number, string, string, Failure['code']][] = [
      [404, 'NotFound', 'pods "twin" not found', 'cluster-refused'],
      [403, 'Forbidden', 'pods "twin" is forbidden: User "u" cannot get it', 'cluster-forbidden'],
      [400, 'BadRequest', 'pod twin does not have a host assigned', 'cluster-refused'],
      [500, 'InternalError', 'error dialing backend: connection refused', 'cluster-refused'],
    ];
    for (const [code, reason, said, kind] of cases)
      it(`says so in the API server’s words: ${code}`, async () => {
        const error = await fails({ upgrade: refuse(code, status(code, reason, said)) });
        assert.ok(error instanceof Refused, error.message);
        assert.deepEqual([error.code, error.status, error.reason], [kind, code, reason]);
        assert.equal(
          error.message,
          'The API server refused GET /api/v1/namespaces/sematext-audit/pods/twin/portforward?ports=6443: ' +
            said +
            (code === 403 ? needs : ''),
        );
      });

    it('says which permissions it takes where the API server gives no reason', async () => {
      const error = await fails({
        upgrade: refuse(403, status(403, 'Forbidden', 'pods "twin" is forbidden: ')),
      });
      assert.ok(error.message.endsWith(`: pods "twin" is forbidden${needs}`), error.message);
    });

    it('says so in the kubelet’s words', async () => {
      const error = await fails({ upgrade: refuse(404, 'pod does not exist') });
      assert.ok(error instanceof Refused && error.status === 404);
      assert.match(error.message, /: pod does not exist$/);
    });

    it('says that the credentials are not accepted', async () =>
      assert.equal((await fails({ upgrade: refuse(401) })).code, 'cluster-unauthorized'));

    it('waits when the API server asks for it, and asks again', async () => {
      const server = await behind();
      const tired = refuse(429, '', ['retry-after: 0']);
      const gate = await front({ upgrade: (socket) => gate.asked.length > 1 || tired(socket) });
      assert.equal((await ask(api(gate), server.port)).status, 200);
      assert.equal(gate.asked.length, 2);
    });

    it('gives a look that saw nothing, with the reason', async () => {
      const forbidden = await api(await front({ upgrade: refuse(403, status(403, 'Forbidden', 'no')) }));
      const request = { path: '/flagz', through: { ...pod, port: 6443 } };
      assert.deepEqual(await look(forbidden, request, String), {
        unseen: 'forbidden',
        why:
          'GET /flagz: The API server refused ' +
          'GET /api/v1/namespaces/sematext-audit/pods/twin/portforward?ports=6443: no' +
          needs,
      });
      const absent = await api(await front({ upgrade: refuse(404, status(404, 'NotFound', 'no')) }));
      assert.match(JSON.stringify(await look(absent, request, String)), /^{"unseen":"failed"/);
      const dead = Number((await deadPort()).split(':')[1]);
      const closed = await look(
        await api(await front()),
        { ...request, through: { ...pod, port: dead } },
        String,
      );
      assert.match(JSON.stringify(closed), /^{"unseen":"failed","why":"GET \/flagz: Nothing listens on port/);
    });

    it('throws the refusal out of a write', async () => {
      const gate = await api(await front({ upgrade: refuse(403, status(403, 'Forbidden', 'no')) }));
      const request: ApiRequest = { method: 'POST', path: '/x', body: {}, through: { ...pod, port: 6443 } };
      assert.equal((await failure(() => write(gate, request))).code, 'cluster-forbidden');
    });
  });

  describe('when no websocket comes of it', () => {
    const accepted = 'HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
    const cases: [string, Upgrade][] = [
      ['a page', refuse(200, '<html>')],
      ['a redirect', refuse(302, '', ['location: https://elsewhere.example/'])],
      ['a key that is not ours', (socket) => socket.write(`${accepted}Sec-WebSocket-Accept: x\r\n\r\n`)],
      [
        'another protocol',
        (socket) => socket.write('HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: h2\r\n\r\n'),
      ],
    ];
    for (const [what, upgrade] of cases)
      it(`says so: ${what}`, async () => {
        const error = await fails({ upgrade });
        assert.equal(error.code, 'cluster-answer', error.message);
        assert.match(error.message, /^The API server 127\.0\.0\.1:\d+ did not open a websocket/);
        assert.ok(error.suggestions.length > 0);
      });

    it('says that the API server cannot be reached, or broke off', async () => {
      const gate = await front();
      closeServers();
      const error = await failure(() => ask(api(gate), 6443));
      assert.deepEqual([error.code, reasonOf(error)], ['cluster-unreachable', 'refused']);
      const cut = await fails({ upgrade: (socket) => socket.destroy() });
      assert.deepEqual([cut.code, reasonOf(cut)], ['cluster-unreachable', 'reset'], cut.message);
    });

    it('says that a name to act as is malformed', async () => {
      const open = await api(await front(), { flags: { as: 'a\nb' } });
      assert.equal((await failure(() => ask(open, 6443))).code, 'usage');
    });
  });

  describe('when the port is not forwarded', () => {
    it('says that nothing listens', async () => {
      const port = Number((await deadPort()).split(':')[1]);
      const error = await failure(async () => ask(api(await front()), port));
      assert.deepEqual([error.code, reasonOf(error)], ['cluster-unreachable', 'refused']);
      assert.equal(error.message, `Nothing listens on port ${port} of the node of pod sematext-audit/twin.`);
      assert.ok(error.suggestions.length > 0);
    });

    const says =
      (...said: string[]): Talk =>
      (socket, port) => {
        beginChannels(socket, port);
        for (const words of said) socket.send(message(1, words));
      };

    it('says what else the kubelet says, without waiting for more, and without its control characters', async () => {
      const error = await fails({ talk: says('sandbox "x"\n\u001b[31mis gone', 'and more') });
      assert.equal(error.code, 'cluster-unreachable');
      assert.equal(
        error.message,
        'The kubelet does not forward port 6443 of the node of pod sematext-audit/twin: sandbox "x" [31mis gone',
      );
    });

    it('cuts what the kubelet says', async () => {
      const error = await fails({ talk: says('x'.repeat(100_000)) });
      assert.ok(error.message.length < 700);
    });
  });

  describe('when the tunnel breaks', () => {
    const half = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf');
    const ends: [string, Talk][] = [
      ['at once', (socket) => socket.terminate()],
      ['at once, politely', (socket) => socket.close()],
      ['after its channels began', (socket, port) => (beginChannels(socket, port), socket.close())],
      ['with another port', (socket, port) => socket.send(message(0, portBytes(port + 1)))],
      ['with half a port', (socket) => socket.send(message(0, Buffer.of(1)))],
      ['with a frame that is none', (socket) => rawOf(socket).write(Buffer.of(0xff, 0xff, 0xff, 0xff))],
      ['when the TLS handshake has begun', (socket) => socket.once('message', () => socket.terminate())],
    ];
    for (const [when, talk] of ends)
      it(`says that the answer broke off: ${when}`, async () => {
        const error = await fails({ talk });
        assert.equal(error.code, 'cluster-answer', error.message);
        assert.equal(
          error.message,
          'The answer of port 6443 of the node of pod sematext-audit/twin broke off.',
        );
      });

    it('says so in the middle of an answer', async () => {
      for (const end of ['terminate', 'close'] as const) {
        let open: WebSocket | undefined;
        const server = await behind((request) => {
          request.socket.write(half, () => setTimeout(() => open?.[end](), 20));
        });
        const gate = await front({ talk: (socket, port) => forward((open = socket), port) });
        const error = await failure(() => ask(api(gate), server.port));
        assert.equal(error.code, 'cluster-answer', error.message);
        assert.match(error.message, /broke off\.$/);
      }
    });

    it('does not mind what it has no use for', async () => {
      const server = await behind();
      const gate = await front({
        talk: (socket, port) => {
          for (const odd of [Buffer.alloc(0), Buffer.of(7, 1, 2), 'text']) socket.send(odd);
          socket.ping();
          forward(socket, port);
          socket.send(message(1, ''));
        },
      });
      assert.equal((await ask(api(gate), server.port)).status, 200);
    });

    it('takes the bytes that come together with the port', async () => {
      const bytes = (port: number): Buffer =>
        Buffer.concat([portBytes(port), Buffer.from('HTTP/1.1 400 Bad')]);
      const error = await fails({ talk: (socket, port) => socket.send(message(0, bytes(port))) });
      assert.equal(reasonOf(error), 'tls', error.message);
    });
  });

  it('says that there is no TLS, or no HTTP, behind the port', async () => {
    const ssh = await tcpServer((socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n'));
    const error = await failure(async () => ask(api(await front()), Number(ssh.split(':')[1])));
    assert.deepEqual([error.code, reasonOf(error)], ['cluster-unreachable', 'tls'], error.message);
    const server = await behind((request) => request.socket.end('220 mail.example ESMTP\r\n'));
    const other = await failure(async () => ask(api(await front()), server.port));
    assert.deepEqual([other.code, reasonOf(other)], ['cluster-unreachable', 'protocol'], other.message);
  });

  it('reads 64 MiB at most', async function () {
    this.timeout(60_000);
    const chunk = 'x'.repeat(1024 * 1024);
    const server = await behind((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    });
    const error = await failure(async () => ask(api(await front()), server.port));
    assert.equal(error.code, 'cluster-answer');
    assert.match(error.message, /answered with more than 64 MiB\.$/);
  });

  describe('ends in time', () => {
    const silent: [string, () => Promise<Cluster>][] = [
      ['the API server does not answer', async () => api(await front({ upgrade: () => undefined }))],
      ['the kubelet forwards nothing', async () => api(await front({ talk: beginChannels }))],
      ['the kubelet says nothing at all', async () => api(await front({ talk: () => undefined }))],
    ];
    for (const [when, open] of silent)
      it(`when ${when}`, async () => {
        const asked = await open();
        const started = performance.now();
        const error = await failure(() => ask(asked, 6443, { timeoutMs: 150 }));
        assert.deepEqual([error.code, reasonOf(error)], ['cluster-unreachable', 'timeout'], error.message);
        assert.ok(performance.now() - started < 1500);
      });

    it('when the server behind does not answer; the time of the tunnel counts', async () => {
      const server = await behind(() => undefined);
      const open = await api(await front({ upgrade: () => sleep(1000, true) }));
      const started = performance.now();
      const error = await failure(() => ask(open, server.port, { timeoutMs: 1500 }));
      assert.ok(performance.now() - started < 2300);
      assert.deepEqual([error.code, reasonOf(error)], ['cluster-unreachable', 'timeout'], error.message);
      assert.match(
        error.message,
        /^Port \d+ of the node of pod .* cannot be asked: it did not answer in time\.$/,
      );
    });

    const stages: [string, { upgrade?: Upgrade; talk?: Talk }][] = [
      ['while a tunnel is asked for', { upgrade: () => undefined }],
      ['while the kubelet forwards', { talk: beginChannels }],
    ];
    for (const [when, how] of stages)
      it(`when it is interrupted ${when}`, async () => {
        const abort = new AbortController();
        const open = await api(await front(how), { signal: abort.signal });
        setTimeout(() => abort.abort(), 100);
        const error = await failure(() => ask(open, 6443));
        assert.equal(error.code, 'interrupted');
      });

    it('when it is interrupted in the middle of an answer; but not what must go on', async () => {
      const abort = new AbortController();
      const server = await behind((request, response) => {
        if (request.url !== '/half') return response.end('{}');
        response.write('half');
        return abort.abort();
      });
      const open = await api(await front(), { signal: abort.signal });
      assert.equal((await failure(() => ask(open, server.port, { path: '/half' }))).code, 'interrupted');
      assert.equal((await failure(() => ask(open, server.port))).code, 'interrupted');
      assert.equal((await ask(open, server.port, { uncancelled: true })).status, 200);
    });
  });

  it('closes the websocket once it has the answer, whatever the kubelet does', async () => {
    const server = await behind();
    const gate = await front({
      talk: (socket, port) => {
        beginChannels(socket, port);
        const target = connect(port, '127.0.0.1');
        target.on('error', () => undefined);
        target.on('data', (bytes: Buffer) => socket.send(message(0, bytes)));
        socket.on('message', (bytes: Buffer) => target.write(bytes.subarray(1)));
      },
    });
    assert.equal((await ask(api(gate), server.port)).status, 200);
  });

  it('says that a header is malformed', async () => {
    const server = await behind();
    const open = await api(await front());
    assert.equal((await failure(() => ask(open, server.port, { headers: { a: 'b\nc' } }))).code, 'usage');
  });

  it('keeps odd names in their place', () => {
    const path = tunnelPath({ namespace: 'a/b', pod: 'c?d', port: 1 });
    assert.equal(path, '/api/v1/namespaces/a%2Fb/pods/c%3Fd/portforward?ports=1');
  });

  it('goes either via an address or through a pod', async () => {
    const open = await api(await front());
    await assert.rejects(ask(open, 6443, { via: '127.0.0.1:1' }), {
      name: 'Error',
      message: /either via or through/,
    });
  });

  it('masks a secret that the kubelet says', async () => {
    const says: Talk = (socket, port) => {
      beginChannels(socket, port);
      socket.send(message(1, `no such pod, ${secrets.apiKey}`));
    };
    const open = await cluster({
      server: `https://${(await front({ talk: says })).host}`,
      certificateAuthority: own.ca,
      token: secrets.apiKey,
    });
    assert.match((await failure(() => ask(open, 6443))).message, /: no such pod, \S+$/);
  });
});

/** The connection under a websocket. */
function rawOf(socket: WebSocket): { write(bytes: Buffer): void } {
  return (socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket;
}
