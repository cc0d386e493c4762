// Tunnels of the embedded API server beyond their contract: what is audited and counted of them, and how they end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as tls } from 'node:tls';
import { WebSocket } from 'ws';
import { adminToken, startApiServer, type ApiServer } from '../../src/demo/api-server.ts';
import type { Kubelets } from '../../src/demo/kubernetes/kubelets.ts';
import { failure } from '../support/failure.ts';
import { cluster } from '../io/servers.ts';

interface Event {
  readonly stage: string;
  readonly verb: string;
  readonly responseStatus?: { readonly code: number };
  readonly objectRef?: { readonly subresource?: string };
}

const at = '/api/v1/namespaces/kube-system/pods/etcd-demo-control-plane/portforward';

describe('port-forward of the embedded API server', () => {
  let server: ApiServer;
  let sink: Server;
  let events: Event[];
  let behind: ReturnType<typeof createServer>;
  let inside: Socket[];
  /** The port is not reached before this is over. */
  let dialling: Promise<void>;
  const kubelets: Kubelets = {
    log: () => ({ lines: [], open: false }),
    dial: async (_pod, port) => {
      await dialling;
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    },
  };
  const portOf = (of: { address(): unknown }): number => (of.address() as AddressInfo).port;
  beforeEach(async () => {
    [events, inside, dialling] = [[], [], Promise.resolve()];
    sink = createHttpServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        events.push(...(JSON.parse(body) as { items: Event[] }).items);
        response.end();
      });
    }).listen(0, '127.0.0.1');
    behind = createServer((socket) => {
      inside.push(socket);
      socket.on('error', () => undefined).write('hello');
    }).listen(0, '127.0.0.1');
    await Promise.all([once(sink, 'listening'), once(behind, 'listening')]);
    const webhook = { url: `http://127.0.0.1:${portOf(sink)}/`, policyLevel: 'Metadata' as const };
    server = await startApiServer({ kubelets, webhook, batchMs: 10 });
  });
  afterEach(async () => {
    await server.stop();
    for (const one of [sink, behind]) one.close();
    sink.closeAllConnections();
    for (const socket of inside) socket.destroy();
  });

  /** A tunnel, once the server behind has said hello; `said` is the data channel without its port. */
  const open = async (greeted = true): Promise<{ socket: WebSocket; said(): string }> => {
    const headers = { authorization: `Bearer ${adminToken}` };
    const url = `${server.url}${at}?ports=${portOf(behind)}`;
    const socket = new WebSocket(url, 'v4.channel.k8s.io', { headers, ca: server.ca });
    const parts: Buffer[] = [];
    socket.on('message', (message: Buffer) => message[0] === 0 && parts.push(message.subarray(1)));
    const said = (): string => Buffer.concat(parts).subarray(2).toString();
    while (greeted && said() !== 'hello') await once(socket, 'message');
    if (!greeted) await once(socket, 'open');
    return { socket, said };
  };
  const audited = async (): Promise<[string, number | undefined][]> => {
    await server.drain();
    const own = events.filter(({ objectRef }) => objectRef?.subresource === 'portforward');
    assert.ok(own.every(({ verb }) => verb === 'get'));
    return own.map(({ stage, responseStatus }) => [stage, responseStatus?.code]);
  };

  it('is audited when it begins, and once more when it has ended', async () => {
    const { socket } = await open();
    const begun = [
      ['RequestReceived', undefined],
      ['ResponseStarted', 101],
    ];
    assert.deepEqual(await audited(), begun);
    socket.close();
    await Promise.all([once(inside[0] as Socket, 'close'), once(socket, 'close')]);
    while ((await audited()).length < 3) await sleep(5);
    assert.deepEqual(await audited(), [...begun, ['ResponseComplete', 101]]);
  });

  it('is audited to its end where the client has gone before it began', async () => {
    server.faults.slow(100, { times: 1 });
    const headers = { authorization: `Bearer ${adminToken}` };
    const socket = new WebSocket(`${server.url}${at}?ports=1`, 'v4.channel.k8s.io', {
      headers,
      ca: server.ca,
    });
    socket.on('error', () => undefined);
    while (server.requests.length === 0) await sleep(5);
    socket.terminate();
    while ((await audited()).length < 3) await sleep(5);
    assert.deepEqual((await audited())[2], ['ResponseComplete', 101]);
  });

  it('loses nothing of what comes before the port is reached', async () => {
    dialling = sleep(100);
    const { socket } = await open(false);
    socket.send(Buffer.from('\0early'));
    while (inside.length === 0) await sleep(5);
    const [bytes] = (await once(inside[0] as Socket, 'data')) as [Buffer];
    assert.equal(bytes.toString(), 'early');
  });

  it('is counted as CONNECT, without a code', async () => {
    await open();
    const api = await cluster({ server: server.url, token: adminToken, insecureSkipTlsVerify: true });
    const { text } = await api.request({ path: '/metrics' });
    assert.match(
      text,
      /^apiserver_request_total\{code="0",.*resource="pods",verb="CONNECT",version="v1"\} 1$/m,
    );
  });

  it('ends when the server behind has had enough', async () => {
    const { socket, said } = await open();
    inside[0]?.end('bye');
    const [code] = (await once(socket, 'close')) as [number];
    assert.deepEqual([code, said()], [1000, 'hellobye']);
  });

  it('ends with the API server', async () => {
    const { socket } = await open();
    socket.on('error', () => undefined);
    await Promise.all([server.stop(), once(socket, 'close'), once(inside[0] as Socket, 'close')]);
    await server.restart();
  });

  it('is not to be had where no node runs anything', async () => {
    const bare = await startApiServer();
    try {
      const api = await cluster({ server: bare.url, token: adminToken, insecureSkipTlsVerify: true });
      const through = { namespace: 'kube-system', pod: 'etcd-demo-control-plane', port: 6443 };
      const { message } = await failure(() => api.request({ path: '/', through }));
      assert.match(
        message,
        /: error dialing backend: dial tcp 127\.0\.0\.1:10250: connect: connection refused$/,
      );
    } finally {
      await bare.stop();
    }
  });

  it('is the only thing that becomes a websocket: elsewhere the wish is ignored, and the connection closed', async () => {
    const socket = tls(Number(new URL(server.url).port), '127.0.0.1', { ca: server.ca });
    const wish = ['GET /version HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket', '', ''];
    socket.write(wish.join('\r\n'));
    let text = '';
    for await (const chunk of socket) text += String(chunk); // until the server closes it
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(text, /\r\nConnection: close\r\n/);
    assert.match(text, /"gitVersion":"v1\.37\.2"/);
  });
});
