// Knows the ways by which requests go to an API server, and what has failed, as Go's client would have it:
// - A GET that was sent on an old connection, which ended before a byte of the answer, is sent again, once, on a new
//   one: every server may close an idle connection just then (net/http, shouldRetryRequest). Not so a write.
// - What a server refuses as not begun (HTTP/2, after its GOAWAY) is sent again, whatever the verb (x/net/http2,
//   canRetryError).
// - What is answered 429, or 5xx, with Retry-After is sent again after that time, ten times at most, whatever the verb:
//   an API server that shuts down says so (client-go, rest/with_retry.go). Counted as put off.
// - A watch that is cut is begun again from where it was (client-go, Reflector); what it misses is counted.
// - Everything else has failed: a refused or cut connection, any other answer, none in time. client-go asks again after
//   some of these too, when it is a GET; here they count.
import { randomUUID } from 'node:crypto';
import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { request, Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tally } from './tally.ts';

/** Where to ask, as whom. PEM. */
export interface Target {
  readonly url: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** One request. */
export interface Sent {
  readonly method: 'GET' | 'PATCH' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

/** What was answered. */
export interface Answered {
  readonly body: string;
  /** Of the request that was obeyed. */
  readonly auditId: string;
}

/** A way to send requests, one at a time. */
export interface Way {
  /** Sends it, and again where a client does that without a word. */
  send(sent: Sent): Promise<Answered>;
  end(): void;
}

const timeoutMs = 10_000;

/** The connection ended before the answer. */
class CutOff extends Error {
  /** Whether it had served before. */
  readonly old: boolean;

  constructor(message: string, old: boolean) {
    super(message);
    this.old = old;
  }
}

/** The server has not begun with it. */
class NotBegun extends Error {}

/** Come again later. */
class PutOff extends Error {
  readonly afterMs: number;

  constructor(status: number, seconds: string) {
    super(`${status}, Retry-After: ${seconds}`);
    this.afterMs = Number(seconds) * 1000;
  }
}

/** The error that a status stands for; undefined when it is an answer. */
export function refusal(status: number, retryAfter: string | undefined, text: string): Error | undefined {
  if (status >= 200 && status < 300) return undefined;
  if (retryAfter !== undefined && (status === 429 || status >= 500)) return new PutOff(status, retryAfter);
  return new Error(`${status} ${text.slice(0, 200)}`);
}

/** Asks, and again where the server says when. */
export async function patiently<T>(tally: Tally, ask: () => Promise<T>): Promise<T> {
  for (let left = 10; ; left -= 1) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof PutOff) || left === 0) throw error;
      tally.putOff();
      await sleep(error.afterMs);
    }
  }
}

/** A new connection each time. */
export function fresh(target: Target): Way {
  return { send: (sent) => sendBy(target, false, sent), end: () => undefined };
}

/** HTTP/1.1 on a kept connection. */
export function keptHttp1(target: Target): Way {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    send: (sent) => twice(sent, () => sendBy(target, agent, sent)),
    end: () => agent.destroy(),
  };
}

/** HTTP/2 on a kept connection. */
export function keptHttp2(target: Target): Way {
  const { url, ...identity } = target;
  let session: ClientHttp2Session | undefined;
  const once = async (sent: Sent): Promise<Answered> => {
    const old = session !== undefined && !session.closed && !session.destroyed;
    if (!session || !old) {
      session = connect(url, identity);
      session.on('error', () => undefined); // its requests fail with it, and are counted
    }
    return stream(session, sent, old).catch((error: unknown) => {
      if (error instanceof CutOff) session?.destroy();
      throw error;
    });
  };
  return { send: (sent) => twice(sent, () => once(sent)), end: () => session?.destroy() };
}

async function twice({ method }: Sent, ask: () => Promise<Answered>): Promise<Answered> {
  return ask().catch((error: unknown) => {
    const again = error instanceof NotBegun || (error instanceof CutOff && error.old && method === 'GET');
    if (!again) throw error;
    return ask();
  });
}

function headersOf({ method, body }: Sent): { 'audit-id': string } & Record<string, string> {
  const json = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  return { 'audit-id': randomUUID(), ...(body !== undefined && { 'content-type': json }) };
}

function sendBy(target: Target, agent: Agent | false, sent: Sent): Promise<Answered> {
  const { url, ...identity } = target;
  const { method, path, body } = sent;
  const headers = headersOf(sent);
  return new Promise((resolve, reject) => {
    const options = { ...identity, method, headers, agent, timeout: timeoutMs };
    const asked = request(`${url}${path}`, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => {
        const error = refusal(response.statusCode ?? 0, response.headers['retry-after'], text);
        if (error) reject(error);
        else resolve({ body: text, auditId: headers['audit-id'] });
      });
    });
    asked.once('timeout', () => asked.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    asked.once('error', ({ message }) => reject(new CutOff(message, asked.reusedSocket)));
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function stream(session: ClientHttp2Session, sent: Sent, old: boolean): Promise<Answered> {
  const headers = headersOf(sent);
  return new Promise((resolve, reject) => {
    const asked = session.request({ ':method': sent.method, ':path': sent.path, ...headers });
    let [status, retryAfter, text]: [number?, string?, string?] = [];
    asked.setTimeout(timeoutMs, () => {
      reject(new Error(`no answer in ${timeoutMs} ms`));
      asked.close(constants.NGHTTP2_CANCEL);
    });
    asked.once('response', (answer) => {
      status = answer[':status'];
      retryAfter = answer['retry-after'];
    });
    asked.setEncoding('utf8').on('data', (chunk: string) => (text = (text ?? '') + chunk));
    asked.on('error', () => undefined); // told by its close
    asked.once('close', () => {
      const ended = `HTTP/2 stream ended, code ${asked.rstCode}`;
      if (asked.rstCode === constants.NGHTTP2_REFUSED_STREAM) return reject(new NotBegun(ended));
      if (status === undefined || asked.rstCode !== 0) return reject(new CutOff(ended, old));
      const error = refusal(status, retryAfter, text ?? '');
      if (error) reject(error);
      else resolve({ body: text ?? '', auditId: headers['audit-id'] });
    });
    asked.end(sent.body === undefined ? undefined : JSON.stringify(sent.body));
  });
}
