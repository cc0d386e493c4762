// A loopback HTTP server that answers whole requests with whole replies, and the faults it can be told to show.
// What a request means is the business of whoever hands in the answering function.
import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificate } from './certificate.ts';
import type { Faults } from './faults.ts';

/** One request, read to its end. */
export interface Request {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Path as sent, without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names; a repeated header is joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Address of the other side. */
  readonly peer: string;
}

/** An open answer: writes until it returns; `closed` fires when the other side has gone or the server stops. */
export type Stream = (write: (text: string) => void, closed: AbortSignal) => Promise<void>;

/** Takes over the connection of a request that asked for another protocol, until it is closed. */
export type Upgrade = (incoming: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>;

/** One answer; the body is either known whole or streamed, or the connection becomes something else. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly stream?: Stream;
  /** Only to a request with an Upgrade header. */
  readonly upgrade?: Upgrade;
}

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Closes the port; what has been begun goes on, and no connection is used again. */
  closePort(): void;
  /** Closes the port and every connection. */
  stop(): Promise<void>;
}

async function read(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const target = incoming.url ?? '/';
  const at = target.indexOf('?');
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)] as const);
  return {
    method: incoming.method ?? 'GET',
    target,
    path: at < 0 ? target : target.slice(0, at),
    query: new URLSearchParams(at < 0 ? '' : target.slice(at + 1)),
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks),
    peer: incoming.socket.remoteAddress ?? '127.0.0.1',
  };
}

async function write(reply: Reply, response: ServerResponse): Promise<void> {
  if (reply.stream) {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    response.writeHead(reply.status, reply.headers).flushHeaders();
    await reply.stream((text) => response.write(text), gone.signal);
    response.end();
    return;
  }
  const body = Buffer.from(reply.body ?? '');
  response.writeHead(reply.status, { ...reply.headers, 'content-length': body.length });
  response.end(body);
}

/** Makes the connection something else. */
type Become = (upgrade: Upgrade) => Promise<void>;

/** Has upgrade requests answered like all others; gives what closes the connections that became something else. */
function answerUpgrades(
  server: Server,
  respond: (incoming: IncomingMessage, response: ServerResponse, become: Become) => void,
): () => void {
  const open = new Set<Duplex>();
  server.on('upgrade', (incoming, socket, head) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
    const response = new ServerResponse(incoming);
    response.shouldKeepAlive = false; // node has let go of the connection
    response.assignSocket(incoming.socket);
    response.on('finish', () => socket.end());
    respond(incoming, response, (upgrade) => {
      response.detachSocket(incoming.socket);
      return upgrade(incoming, socket, head);
    });
  });
  return () => {
    for (const socket of open) socket.destroy();
  };
}

/** Answers one request; what throws is answered by 500. */
type Respond = (incoming: IncomingMessage, response: ServerResponse, become?: Become) => void;

/** @param closing whether no connection is to be used again */
function responding(
  answer: (request: Request) => Reply | Promise<Reply>,
  faults: Faults,
  closing: () => boolean,
): Respond {
  const serve = async (
    incoming: IncomingMessage,
    response: ServerResponse,
    become?: Become,
  ): Promise<void> => {
    const request = await read(incoming);
    const reply = await faults.apply(request, () => answer(request));
    if (closing()) response.shouldKeepAlive = false;
    if (reply === 'hang-up') incoming.socket.destroy();
    else if (reply.upgrade && become) await become(reply.upgrade);
    else await write(reply, response);
  };
  return (incoming, response, become) => {
    serve(incoming, response, become).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    });
  };
}

/** Listens on 127.0.0.1; port 0 takes a free one; over TLS when given a certificate. What throws is answered by 500. */
export async function listen(
  answer: (request: Request) => Reply | Promise<Reply>,
  faults: Faults,
  { port = 0, tls }: { readonly port?: number; readonly tls?: Certificate } = {},
): Promise<Listening> {
  let closing = false;
  const respond = responding(answer, faults, () => closing);
  const plain = (incoming: IncomingMessage, response: ServerResponse): void => respond(incoming, response);
  const server = tls === undefined ? createServer(plain) : createTlsServer(tls, plain);
  const closeUpgraded = answerUpgrades(server, respond);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    closePort: () => {
      closing = true;
      server.close();
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        closeUpgraded();
      }),
  };
}
