// Knows how a receiver, or a search, can fail. Stands before a real one and passes everything on, until it is told
// not to.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { exchange } from './http.ts';
import { bodyOf, serve } from './loopback.ts';

/**
 * pass: everything reaches the receiver behind. down: the port is closed. slow: passed on after so many ms.
 * status: answered here, never passed on. redirect: sent to the same path of the receiver behind, or to a URL.
 */
export type Fault =
  | 'pass'
  | 'down'
  | { slow: number }
  | { status: number; body?: string; headers?: Record<string, string> }
  | { redirect: 301 | 302 | 307 | 308; to?: string };

/** One request that came in. */
export interface Received {
  method: string;
  /** With the query. */
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
  /** What it was answered with; 0 when the one who asked went away before. */
  status: number;
  /** When it came in, epoch milliseconds. */
  at: number;
}

/** A receiver that fails when told to. */
export interface FaultReceiver {
  /** Without a path, like the receiver's own. */
  readonly url: string;
  /** Behaves so from now on; requests already taken keep the behaviour they met. */
  set(fault: Fault): Promise<void>;
  /** Every request so far, in the order they were answered. */
  received(): readonly Received[];
  stop(): Promise<void>;
}

interface Answer {
  status: number;
  body: string;
  headers?: Record<string, string>;
}

/** Starts before a receiver, passing. */
export async function startFaultReceiver(behind: { upstream: string }): Promise<FaultReceiver> {
  let fault: Fault = 'pass';
  const received: Received[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [met, at] = [fault, Date.now()];
    const body = await bodyOf(request);
    const { method = 'GET', url: path = '/', headers } = request;
    const reply = await replyTo(met, behind.upstream, { method, path, headers, body });
    const gone = response.destroyed;
    received.push({ method, path, headers, body, status: gone ? 0 : reply.status, at });
    response.writeHead(reply.status, { 'content-type': 'text/plain', ...reply.headers }).end(reply.body);
  };
  const server = await serve((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  return {
    url: server.url,
    received: () => received,
    stop: server.close,
    set: async (next) => {
      fault = next;
      await (next === 'down' ? server.close() : server.open());
    },
  };
}

async function replyTo(
  fault: Fault,
  upstream: string,
  request: Omit<Received, 'status' | 'at'>,
): Promise<Answer> {
  const { method, path, body } = request;
  if (typeof fault === 'object') {
    if ('status' in fault) return { body: '', ...fault };
    if ('redirect' in fault) {
      return { status: fault.redirect, body: '', headers: { location: fault.to ?? `${upstream}${path}` } };
    }
    await sleep(fault.slow);
  }
  const headers = kept(request.headers);
  const sending = { method, headers, ...(body && { body }), timeoutMs: 60_000 };
  const passed = await exchange(`${upstream}${path}`, sending);
  return { status: passed.status, body: passed.body };
}

function kept(headers: IncomingMessage['headers']): Record<string, string> {
  const names = ['authorization', 'content-type'] as const;
  return Object.fromEntries(names.flatMap((name) => (headers[name] ? [[name, headers[name]]] : [])));
}
