// The Kubernetes API of one context, over requests of our own: raw paths, our own headers, one API server of
// several asked directly (`via`), deadlines and a cap. What fails is said in one sentence with what to do about it.
import type { Agent, OutgoingHttpHeaders } from 'node:http';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Failure } from '../errors.ts';
import { refusal } from './api.ts';
import { openClock } from './clock.ts';
import { openCredentials, type Credential, type Credentials } from './credentials.ts';
import { answerCap, exchange, HttpError, type Exchange } from './http.ts';
import { findAccess, type Access } from './kubeconfig.ts';
import { invalid } from './kubeconfig-files.ts';
import { agentFor, proxyFor } from './proxy.ts';
import { unreachable } from './unreachable.ts';
import type { Opening } from './tunnel.ts';
import type {
  Answer,
  ApiRequest,
  Clock,
  Cluster,
  Streamed,
  StreamingCluster,
  WorldOptions,
} from './world.ts';

/** When neither the request nor --request-timeout names one. */
const defaultTimeoutMs = 30_000;

/** The name in every API server's own certificate, whatever address it is asked at. */
const inClusterName = 'kubernetes.default.svc';

const noAuthority = (): Failure =>
  invalid("The kubeconfig's certificate authority is not a PEM certificate.");

/** Node takes an authority that is none in silence, and then trusts nobody; looked at when that has happened. */
async function isCertificate(pem: string): Promise<boolean> {
  const { X509Certificate } = await import('node:crypto');
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

function secureContext({ server }: Access, { certificate, key }: Credential): SecureContext {
  if (server.ca !== undefined && !server.ca.includes('-----BEGIN ')) throw noAuthority();
  if ((certificate === undefined) !== (key === undefined))
    throw invalid("The kubeconfig's client certificate and client key must be given together.");
  try {
    return createSecureContext({
      ...(server.ca === undefined ? {} : { ca: server.ca }),
      ...(certificate === undefined ? {} : { cert: certificate, key: key ?? '' }),
    });
  } catch {
    // OpenSSL's words are no help, and the sentence must not quote a key
    throw invalid(
      "The kubeconfig's certificate authority, client certificate or client key cannot be used.",
      ['Log in again, or let the provider’s command write the kubeconfig anew.'],
    );
  }
}

async function openAgent({ server }: Access, proxy: string | undefined): Promise<Agent> {
  try {
    return await agentFor(server.url.protocol, proxy);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw invalid('The proxy for the cluster is not a URL of http, https or socks5.', [
      'Check proxy-url in the kubeconfig and HTTPS_PROXY.',
    ]);
  }
}

/** Origin of the one API server that is asked past the kubeconfig's own server. */
function oneServer(server: URL, { via, through }: ApiRequest): string | undefined {
  if (through !== undefined) return `https://${inClusterName}:${through.port}`;
  return via === undefined ? undefined : `${server.protocol}//${via}`;
}

function addressOf(server: URL, request: ApiRequest): URL {
  const one = oneServer(server, request);
  // several clusters behind one server are told apart by the server's path; one API server has none
  const text = `${one ?? `${server.origin}${server.pathname.replace(/\/$/, '')}`}${request.path}`;
  if (!request.path.startsWith('/') || !URL.canParse(text))
    throw new Error('an API path begins with a slash');
  const url = new URL(text);
  url.username = one === undefined ? server.username : '';
  url.password = one === undefined ? server.password : '';
  return url;
}

function deadline(flag: number | undefined, own: number | undefined): number {
  const given = [flag, own].filter((ms) => ms !== undefined && ms > 0) as number[];
  return given.length === 0 ? (flag === 0 ? 0 : defaultTimeoutMs) : Math.min(...given);
}

function namesOf({ server }: Access, { via, through }: ApiRequest): { servername?: string } {
  // the kubeconfig's name may be that of a proxy, and a tunnel leads past every proxy
  if (through !== undefined) return { servername: inClusterName };
  const name = server.serverName ?? (via === undefined ? undefined : inClusterName);
  return name === undefined ? {} : { servername: name };
}

/** What requests go over; made anew only when the credential is another one. */
interface Line {
  readonly credential: Credential;
  readonly agent: Agent;
  readonly context: SecureContext | undefined;
}

function openLine(access: Access, credentials: Credentials, proxy: string | undefined): () => Promise<Line> {
  const open = async (credential: Credential): Promise<Line> => {
    const secure = access.server.url.protocol === 'https:';
    const context = secure ? secureContext(access, credential) : undefined;
    return { credential, agent: await openAgent(access, proxy), context };
  };
  let had: Credential | undefined;
  let line: Promise<Line> | undefined;
  return async () => {
    const credential = await credentials.current();
    // the promise is kept, not its value: a dozen questions are asked at once and must share one set of connections
    if (line === undefined || had !== credential) [had, line] = [credential, open(credential)];
    return line;
  };
}

function headersOf({ body, headers }: ApiRequest, credential: Credential): OutgoingHttpHeaders {
  return {
    Accept: 'application/json',
    'User-Agent': 'kubectl-sematext_audit',
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...headers,
    ...credential.headers,
  };
}

/** Makes a request ready to go. */
type Prepared = (request: ApiRequest) => Promise<Exchange>;

/** What it takes to send again. */
interface More {
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly ca: string | undefined;
}

/**
 * The cluster of these flags and this environment; nothing is sent yet.
 * @param known where the cluster's own secrets are added, so that they are masked
 * @throws Failure kubeconfig-invalid | usage
 */
export async function openCluster(options: WorldOptions, known: Set<string>): Promise<StreamingCluster> {
  const access = await findAccess(options.connection, options.env);
  const { server, user } = access;
  for (const secret of [user.token, user.password]) if (secret !== undefined) known.add(secret);
  const proxy = server.proxyUrl ?? proxyFor(server.url, options.env);
  const credentials = openCredentials(access, options);
  const line = openLine(access, credentials, proxy);
  const more = { ca: server.ca, credentials, clock: openClock(options.signal) };
  const prepared: Prepared = async (request) => {
    const { credential, agent, context } = await line();
    const fresh = request.fresh === true;
    return {
      url: addressOf(server.url, request),
      method: request.method ?? 'GET',
      headers: { ...headersOf(request, credential), ...(fresh ? { Connection: 'close' } : {}) },
      body: request.body === undefined ? undefined : JSON.stringify(request.body),
      agent: fresh ? await openAgent(access, proxy) : agent,
      proxied: proxy !== undefined,
      timeoutMs: deadline(options.connection.requestTimeoutMs, request.timeoutMs),
      maxBytes: answerCap,
      binary: request.binary === true,
      signal: request.uncancelled === true ? new AbortController().signal : options.signal,
      tls: {
        ...(context === undefined ? {} : { secureContext: context }),
        rejectUnauthorized: !server.insecure,
        ...namesOf(access, request),
      },
    };
  };
  const cluster = { host: server.url.host, known };
  const direct = async (request: ApiRequest): Promise<Answer> => exchange(await prepared(request));
  const tunnelled = (request: ApiRequest): Promise<Answer> =>
    sentThrough(request, { prepared, more, cluster });
  return {
    ...cluster,
    request: (request) => asked(request, request.through === undefined ? direct : tunnelled, more),
    stream: (request) => asStream(request, prepared, more),
  };
}

async function asStream(request: ApiRequest, prepared: Prepared, more: More): Promise<Streamed> {
  const { streamed } = await import('./streaming.ts');
  const answer = await asked(request, async (one) => streamed(await prepared(one)), more);
  return { ...answer, chunks: understood(answer.chunks) };
}

async function* understood(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw error instanceof HttpError ? unreachable(error) : error;
  }
}

/** One request in a tunnel of its own. @throws Refused when there is to be no tunnel, and those of tunnel.ts */
async function sentThrough(
  request: ApiRequest,
  { prepared, more, cluster }: { prepared: Prepared; more: More; cluster: Pick<Cluster, 'host' | 'known'> },
): Promise<Answer> {
  const { through, via, body: _body, ...rest } = request;
  if (through === undefined || via !== undefined) throw new Error('a request goes either via or through');
  const { askThrough, noTunnel, openTunnel, tunnelPath } = await import('./tunnel.ts');
  // the kubelet has no JSON to give here, and answers 406 to those who want it
  const headers = { Accept: '*/*' };
  const wish: ApiRequest = { ...rest, method: 'GET', path: tunnelPath(through), headers };
  const open = async (wish: ApiRequest): Promise<Opening> => openTunnel(await prepared(wish), through.port);
  const { tunnel, ...answer } = await asked(wish, open, more);
  if (tunnel === undefined) throw noTunnel(refusal(cluster, wish, answer));
  try {
    const one = await prepared(request);
    const timeoutMs = one.timeoutMs === 0 ? 0 : Math.max(1, one.timeoutMs - answer.ms);
    return await askThrough(tunnel, through, { one: { ...one, timeoutMs }, known: cluster.known });
  } finally {
    tunnel.destroy();
  }
}

/** A GET on a kept connection that was closed just then is asked once more: it has no effect. */
async function sent<T extends Answer>(
  request: ApiRequest,
  send: (request: ApiRequest) => Promise<T>,
): Promise<T> {
  try {
    return await send(request);
  } catch (error) {
    const { method = 'GET', fresh = false } = request;
    if (fresh || method !== 'GET' || !(error instanceof HttpError) || error.code !== 'ECONNRESET')
      throw error;
    return send(request);
  }
}

/** How long an overloaded API server asks to wait, ms; it has not looked at the request yet. */
function askedToWait({ status, headers }: Answer): number | undefined {
  const after = headers['retry-after'] ?? '';
  return status === 429 && /^\d{1,2}$/.test(after) && Number(after) <= 10 ? Number(after) * 1000 : undefined;
}

/** Sends, again where that can help: after a stale credential's 401, and when an overloaded server asks for it. */
async function asked<T extends Answer>(
  request: ApiRequest,
  send: (request: ApiRequest) => Promise<T>,
  { credentials, clock, ca }: More,
): Promise<T> {
  try {
    let answer = await sent(request, send);
    if (answer.status === 401 && credentials.forget()) answer = await sent(request, send);
    for (let tries = 0; tries < 3; tries++) {
      const wait = askedToWait(answer);
      if (wait === undefined) break;
      await clock.sleep(wait);
      answer = await sent(request, send);
    }
    return answer;
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    if (error.reason === 'tls' && ca !== undefined && !(await isCertificate(ca))) throw noAuthority();
    throw unreachable(error);
  }
}
