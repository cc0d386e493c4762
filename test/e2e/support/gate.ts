// Knows how to stop time between the program and an API server: a TLS proxy before it that passes everything on,
// until it is told to hold one request, before the API server sees it or after it obeyed.
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { ApiServer } from './api-server.ts';
import { exchange } from './http.ts';
import { bodyOf } from './loopback.ts';

/** Which request is held: the first of this method whose path, without the query, ends so. */
export interface Hold {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** before: the API server has not seen it, and never will when the one who asked goes away. after: it has obeyed. */
  readonly when: 'before' | 'after';
}

/** A request that is, or will be, held. */
export interface Held {
  /** Resolves when the request is there. */
  readonly reached: Promise<void>;
  /** Lets it go on. */
  release(): void;
  /** Breaks its connection instead. */
  cut(): void;
}

/** A proxy before an API server. */
export interface Gate {
  readonly url: string;
  hold(what: Hold): Held;
  stop(): Promise<void>;
}

interface Waiting extends Held {
  readonly what: Hold;
  used: boolean;
  arrived(): void;
  readonly over: Promise<'release' | 'cut'>;
}

/** Starts a gate before an API server, with its certificate or another one. */
export async function startGate(api: ApiServer, own?: { key: string; cert: string }): Promise<Gate> {
  const { keyFile, certFile } = api.shared.pki;
  const [key, cert] = own
    ? [own.key, own.cert]
    : await Promise.all([keyFile, certFile].map((path) => readFile(path)));
  const agent = new Agent({ keepAlive: true });
  const holds: Waiting[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ key, cert }, (request, response) => {
    pass({ api, agent, holds }, request, response).catch(() => response.destroy());
  });
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold: (what) => {
      const one = waiting(what);
      holds.push(one);
      return one;
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      agent.destroy();
      await closed;
    },
  };
}

function waiting(what: Hold): Waiting {
  let arrived = (): void => undefined;
  let end: (how: 'release' | 'cut') => void = () => undefined;
  const reached = new Promise<void>((resolve) => (arrived = resolve));
  const over = new Promise<'release' | 'cut'>((resolve) => (end = resolve));
  return {
    what,
    used: false,
    reached,
    over,
    arrived: () => arrived(),
    release: () => end('release'),
    cut: () => end('cut'),
  };
}

interface Behind {
  readonly api: ApiServer;
  readonly agent: Agent;
  readonly holds: Waiting[];
}

async function pass(
  { api, agent, holds }: Behind,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  const body = await bodyOf(request);
  const held = holds.find(
    ({ what, used }) => !used && what.method === method && url.split('?')[0]?.endsWith(what.path),
  );
  if (held) held.used = true;
  const gone = new Promise<'gone'>((resolve) => response.once('close', () => resolve('gone')));
  const stopHere = async (when: Hold['when']): Promise<boolean> => {
    if (held?.what.when !== when) return false;
    held.arrived();
    return (await Promise.race([held.over, gone])) !== 'release';
  };
  if (await stopHere('before')) return void response.destroy();
  const { host: _host, connection: _connection, ...headers } = request.headers;
  const sending = { method, headers: headers as Record<string, string>, ...(body && { body }) };
  const reply = await exchange(`${api.url}${url}`, { ...sending, ca: api.ca, agent, timeoutMs: 60_000 });
  if (await stopHere('after')) return void response.destroy();
  const type = String(reply.headers['content-type'] ?? 'application/json');
  const auditId = reply.headers['audit-id'];
  response.writeHead(reply.status, { 'content-type': type, ...(auditId && { 'audit-id': auditId }) });
  response.end(reply.body);
}
