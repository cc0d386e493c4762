// One HTTP exchange, whole or not at all: never a redirect, never more than a cap, never past its deadline, and
// never a path or a secret in an error. The cluster's requests and the sink's both go through `exchange`.
import {
  request as httpRequest,
  type Agent,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { SecureContext } from 'node:tls';
import { interrupted } from './clock.ts';
import { agentFor, bareHost, proxyFor } from './proxy.ts';
import type { Answer, HttpRequest, WorldOptions } from './world.ts';

/** What stopped an exchange; `truncated`: an answer that began and broke off; `protocol`: one that is not HTTP. */
export type HttpReason =
  | 'dns'
  | 'refused'
  | 'unreachable'
  | 'reset'
  | 'truncated'
  | 'timeout'
  | 'tls'
  | 'proxy'
  | 'protocol'
  | 'too-large'
  | 'invalid'
  | 'other';

const sentences: Record<HttpReason, string> = {
  dns: 'its name cannot be resolved',
  refused: 'the connection was refused',
  unreachable: 'there is no route to it',
  reset: 'the connection broke off',
  truncated: 'its answer broke off',
  timeout: 'it did not answer in time',
  tls: 'its TLS certificate or handshake cannot be trusted',
  proxy: 'the proxy did not let the connection through',
  protocol: 'what answers there does not speak HTTP',
  'too-large': 'its answer is too large',
  invalid: 'the request could not be made: its URL or a header is malformed',
  other: 'the connection failed',
};

/** An exchange that brought no whole answer. The message names the host, never the path: tokens are in paths. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly reason: HttpReason;
  readonly host: string;
  /** The system's or OpenSSL's own code, such as CERT_HAS_EXPIRED; may be empty. */
  readonly code: string;
  /** The reason as half a sentence, with the code. */
  readonly why: string;

  constructor(reason: HttpReason, host: string, code = '') {
    const why = `${sentences[reason]}${code === '' ? '' : ` (${code})`}`;
    super(`${host}: ${why}`);
    this.why = why;
    this.reason = reason;
    this.host = host;
    this.code = code;
  }
}

const reasons: readonly (readonly [RegExp, HttpReason])[] = [
  [/^(ENOTFOUND|EAI_)/, 'dns'],
  [/^ECONNREFUSED$/, 'refused'],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EHOSTDOWN|ENETDOWN)$/, 'unreachable'],
  [/^(ECONNRESET|EPIPE|ECONNABORTED)$/, 'reset'],
  [/^(ETIMEDOUT|ESOCKETTIMEDOUT)$/, 'timeout'],
  [/CERT|^EPROTO$|^ERR_SSL_|^ERR_TLS_|^ERR_OSSL_|_SIGNATURE$|^HOSTNAME_MISMATCH$|^INVALID_CA$/, 'tls'],
  [/^HPE_/, 'protocol'],
  [/^ERR_(INVALID|UNESCAPED|HTTP)/, 'invalid'],
];

/** Any error of a socket or request, as an HttpError for `host`; what it said is dropped, its code is kept. */
export function httpError(error: unknown, host: string): HttpError {
  if (error instanceof HttpError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  // the proxy libraries have no codes, only these words
  const [, word = ''] = /^(?:connect|Bad response:) (E[A-Z]+|\d{3})\b/.exec(String(message)) ?? [];
  const known = typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : word;
  return new HttpError(reasons.find(([pattern]) => pattern.test(known))?.[1] ?? 'other', host, known);
}

/** A request ready to go; `timeoutMs` 0 means no deadline. */
export interface Exchange {
  readonly url: URL;
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string | undefined;
  readonly agent: Agent;
  /** Whether the agent goes through a proxy: then it is the proxy that could not be reached. */
  readonly proxied: boolean;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** The answer's text has one character for each byte. */
  readonly binary?: boolean;
  readonly signal: AbortSignal;
  readonly tls?: {
    readonly secureContext?: SecureContext;
    readonly rejectUnauthorized?: boolean;
    readonly servername?: string;
  };
}

/** Node's options for an exchange. */
export function requestOptions({
  url,
  method,
  headers,
  body,
  agent,
  timeoutMs,
  tls,
}: Exchange): RequestOptions {
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    method,
    host: bareHost(url),
    path: url.pathname + url.search,
    headers: { ...headers, ...length },
    agent,
    ...(url.port === '' ? {} : { port: url.port }),
    ...(user === ':' ? {} : { auth: user }),
    ...(timeoutMs > 0 ? { timeout: timeoutMs } : {}),
    ...(url.protocol === 'https:' ? tls : {}),
  };
}

/** Headers, each as one text. */
export function flat(headers: IncomingMessage['headers']): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Tells `done` the whole answer, or why there is none (too-large, truncated; the host is not known here). */
export function collect(
  response: IncomingMessage,
  {
    maxBytes,
    started,
    binary = false,
  }: { readonly maxBytes: number; readonly started: number; readonly binary?: boolean },
  done: (outcome: Answer | HttpError) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      chunks.length = 0;
      response.destroy();
      done(new HttpError('too-large', ''));
    } else chunks.push(chunk);
  });
  response.on('error', (error) => done(new HttpError('truncated', '', httpError(error, '').code)));
  response.on('end', () =>
    done({
      status: response.statusCode ?? 0,
      headers: flat(response.headers),
      text: Buffer.concat(chunks).toString(binary ? 'latin1' : 'utf8'),
      ms: Math.round(performance.now() - started),
    }),
  );
}

/** An error of the connection, with the host that was asked, laid at the proxy's door where there is one. */
export function placed(
  { reason, code }: HttpError,
  { url, proxied }: Pick<Exchange, 'url' | 'proxied'>,
): HttpError {
  const before = ['dns', 'refused', 'unreachable', 'other'].includes(reason);
  return new HttpError(proxied && before ? 'proxy' : reason, url.host, code);
}

/**
 * Something that is begun, ends once, and not later than its deadline or the signal.
 * @param begin begins it and gives what stops it, which is called when it ends with an error
 * @throws HttpError (invalid: `begin` threw); Failure interrupted when the signal is aborted
 */
export function bounded<T>(
  one: Pick<Exchange, 'url' | 'proxied' | 'signal' | 'timeoutMs'>,
  begin: (settle: (outcome: T | Error) => void) => () => void,
): Promise<T> {
  const { url, signal, timeoutMs } = one;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(interrupted());
    let end: () => void;
    let over = false;
    const settle = (outcome: T | Error): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      if (!(outcome instanceof Error)) return resolve(outcome);
      end();
      reject(outcome instanceof HttpError ? placed(outcome, one) : outcome);
    };
    const stop = (): void => settle(interrupted());
    const late = (): void => settle(new HttpError('timeout', url.host));
    try {
      end = begin(settle);
    } catch {
      return reject(new HttpError('invalid', url.host));
    }
    const timer = timeoutMs > 0 ? setTimeout(late, timeoutMs) : undefined;
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** Sends one request and has its whole answer. @throws HttpError; Failure interrupted when the signal is aborted */
export function exchange(one: Exchange): Promise<Answer> {
  const { url, maxBytes, binary = false } = one;
  return bounded(one, (settle) => {
    const started = performance.now();
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(requestOptions(one));
    request.on('error', (error) => settle(httpError(error, url.host)));
    request.on('close', () => setImmediate(settle, new HttpError('reset', url.host)));
    request.on('response', (response) => collect(response, { maxBytes, started, binary }, settle));
    request.end(one.body);
    return () => request.destroy();
  });
}

/** The most that is read of one answer. */
export const answerCap = 64 * 1024 * 1024;

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new HttpError('invalid', 'the URL');
  return url;
}

/**
 * HTTP to the sink, with the proxies of the environment. A GET whose connection was reset is asked once more: a
 * kept-alive connection may have been closed just then, and a GET has no effect.
 */
export function openHttp(
  options: Pick<WorldOptions, 'env' | 'signal'>,
): (request: HttpRequest) => Promise<Answer> {
  const agents = new Map<string, Promise<Agent>>();
  const agentOf = (url: URL, proxy: string | undefined): Promise<Agent> => {
    const key = `${url.protocol} ${proxy ?? ''}`;
    const agent = agents.get(key) ?? agentFor(url.protocol, proxy);
    agents.set(key, agent);
    return agent;
  };
  return async ({ method, url: text, headers = {}, body, timeoutMs = 30_000 }) => {
    const url = parseUrl(text);
    const proxy = proxyFor(url, options.env);
    const proxied = proxy !== undefined;
    const fixed = {
      url,
      proxied,
      method,
      headers,
      body,
      timeoutMs,
      maxBytes: answerCap,
      signal: options.signal,
    };
    try {
      const agent = await agentOf(url, proxy);
      const send = (): Promise<Answer> => exchange({ ...fixed, agent });
      return await send().catch((error: unknown) => {
        if (method === 'GET' && error instanceof HttpError && error.code === 'ECONNRESET') return send();
        throw error;
      });
    } catch (error) {
      throw error instanceof TypeError ? new HttpError('proxy', url.host) : error;
    }
  };
}
