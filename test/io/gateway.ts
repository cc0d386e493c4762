// An API server in front of a node: it opens port-forwards as the kubelet does, or does with the websocket what a
// test wants, and tells how it was asked.
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer, type WebSocket } from 'ws';
import { httpsServer, type authority } from './servers.ts';

export type Authority = ReturnType<typeof authority>;

/** How a server was asked. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  /** Names and values by turns, as sent. */
  readonly raw: readonly string[];
  readonly servername: unknown;
  /** Common name of the client's certificate. */
  readonly peer: string;
  /** The client's, by which connections are told apart. */
  readonly port: number | undefined;
  readonly body: string;
}

function told(request: IncomingMessage, body = ''): Asked {
  const socket = request.socket as TLSSocket & { servername?: unknown };
  const peer = String(socket.getPeerCertificate().subject?.CN ?? '');
  const { method = '', url: path = '', rawHeaders: raw } = request;
  return { method, path, raw, servername: socket.servername, peer, port: socket.remotePort, body };
}

/** Values of a header. */
export function values({ raw }: Asked, name: string): string[] {
  return raw.filter((_value, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name);
}

const made = new Map<string, object>();

/** TLS with a certificate for these names, asking for the client's; made once for each authority. */
function secure(own: Authority, altNames: string): object {
  const key = `${own.ca} ${altNames}`;
  const before = made.get(key);
  if (before) return before;
  const pair = own.issue(`server-${made.size}`, altNames);
  const pem = { cert: readFileSync(pair.cert), key: readFileSync(pair.key), ca: readFileSync(own.ca) };
  const options = { ...pem, requestCert: true, rejectUnauthorized: false };
  made.set(key, options);
  return options;
}

/** The API server behind the port. */
export async function serverBehind(
  own: Authority,
  answer: RequestListener = (_request, response) => response.end('{"behind":true}'),
  altNames = 'DNS:kubernetes.default.svc',
): Promise<{ port: number; asked: Asked[]; open(): number }> {
  const asked: Asked[] = [];
  const open = new Set<Socket>();
  const host = await httpsServer(secure(own, altNames), (request, response) => {
    open.add(request.socket);
    request.socket.once('close', () => open.delete(request.socket));
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      asked.push(told(request, body));
      answer(request, response);
    });
  });
  return { port: Number(host.split(':')[1]), asked, open: () => open.size };
}

/** What a test does with a websocket that was opened. */
export type Talk = (socket: WebSocket, port: number) => void;

/** What is sent on a channel: 0 data, 1 error. */
export function message(channel: number, bytes: Buffer | string): Buffer {
  return Buffer.concat([Buffer.of(channel), Buffer.from(bytes)]);
}

/** The two bytes by which each channel begins. */
export function portBytes(port: number): Buffer {
  return Buffer.of(port & 0xff, port >> 8);
}

/** Begins both channels, as every kubelet does. */
export function beginChannels(socket: WebSocket, port: number): void {
  for (const channel of [0, 1]) socket.send(message(channel, portBytes(port)));
}

/** What the kubelet does: connects to the port, and says so on the error channel when it cannot. */
export const forward: Talk = (socket, port) => {
  beginChannels(socket, port);
  const target = connect(port, '127.0.0.1');
  target.on('data', (bytes: Buffer) => socket.send(message(0, bytes)));
  target.on('error', (error) => {
    const said = `localhost:${port}, IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused`;
    socket.send(message(1, `error forwarding port ${port} to pod x, uid : ${said} (${error.message})`));
  });
  target.on('close', () => socket.close());
  socket.on('message', (bytes: Buffer) => bytes[0] === 0 && target.write(bytes.subarray(1)));
  socket.on('close', () => target.destroy());
};

/** What the gateway does with a wish for a websocket: true, at once or later, opens one; else it wrote the answer. */
export type Upgrade = (socket: Duplex) => unknown;

/** Starts one. */
export async function gateway(
  own: Authority,
  {
    talk = forward,
    upgrade = () => true,
    answer = (_request, response) => response.writeHead(404).end(),
  }: { talk?: Talk; upgrade?: Upgrade; answer?: RequestListener } = {},
): Promise<{ host: string; asked: Asked[]; open(): number }> {
  const asked: Asked[] = [];
  const handleProtocols = (offered: Set<string>): string | false =>
    offered.has('v4.channel.k8s.io') && 'v4.channel.k8s.io';
  const sockets = new WebSocketServer({ noServer: true, handleProtocols, perMessageDeflate: true });
  const open = new Set<Duplex>();
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    asked.push(told(request));
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    const port = Number(new URL(request.url ?? '', 'https://x').searchParams.get('ports'));
    void Promise.resolve(upgrade(socket)).then((accepted) => {
      if (accepted !== true) return;
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on('error', () => webSocket.terminate());
        talk(webSocket, port);
      });
    });
  };
  const host = await httpsServer(secure(own, 'IP:127.0.0.1,DNS:front.example'), answer, onUpgrade);
  return { host, asked, open: () => open.size };
}

/** An HTTP response that is no upgrade. */
export function refuse(status: number, body = '', headers: readonly string[] = []): (socket: Duplex) => void {
  const lines = [`HTTP/1.1 ${status} No`, ...headers, `content-length: ${Buffer.byteLength(body)}`, '', body];
  return (socket) => void socket.end(lines.join('\r\n'));
}
