// The Kubernetes API of one context, over requests of our own: raw paths, our own headers, one API server of
// several asked directly (`via`), deadlines and a cap. What fails is said in one sentence with what to do about it.
import type { Agent } from 'node:http';
import { createSecureContext, type SecureContext } from 'node:tls';
import { Failure } from '../errors.ts';
import { openCredentials, type Credential } from './credentials.ts';
import { answerCap, exchange, HttpError, type HttpReason } from './http.ts';
import { findAccess, type Access } from './kubeconfig.ts';
import { invalid } from './kubeconfig-files.ts';
import { agentFor, proxyFor } from './proxy.ts';
import type { Answer, ApiRequest, Cluster, WorldOptions } from './world.ts';

/** When neither the request nor --request-timeout names one. */
const defaultTimeoutMs = 30_000;

/** The name in every API server's own certificate, whatever address it is asked at. */
const inClusterName = 'kubernetes.default.svc';

const advice: Partial<Record<HttpReason, readonly string[]>> = {
  dns: ['Check the server in the kubeconfig, and whether a VPN is needed.'],
  refused: ['Check that the cluster is running and that the server in the kubeconfig is the right one.'],
  unreachable: ['Check the network and whether a VPN is needed.'],
  timeout: ['Check the network, the VPN and firewalls; give it longer with --request-timeout.'],
  tls: [
    'Check certificate-authority in the kubeconfig; --tls-server-name helps when only the name differs.',
    'Behind a company proxy that re-signs TLS, set NODE_EXTRA_CA_CERTS to its certificate.',
  ],
  proxy: ['Check proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY.'],
  reset: ['Try again; a proxy or load balancer in between may have closed the connection.'],
  protocol: ['Check the server in the kubeconfig: something other than an API server listens there.'],
};

const causes: Record<HttpReason, string> = {
  dns: 'its name cannot be resolved',
  refused: 'the connection was refused',
  unreachable: 'there is no route to it',
  reset: 'the connection broke off',
  timeout: 'it did not answer in time',
  tls: 'its TLS certificate cannot be trusted',
  proxy: 'the proxy did not let the connection through',
  protocol: 'what answers there does not speak HTTP',
  'too-large': 'its answer is too large',
  aborted: 'the request was interrupted',
  invalid: 'the request cannot be sent as it is',
  other: 'the connection failed',
};

function unreachable(error: HttpError): Failure {
  const code = error.code === '' ? '' : ` (${error.code})`;
  if (error.reason === 'too-large')
    return new Failure(
      'cluster-answer',
      `The API server ${error.host} answered with more than 64 MiB.`,
      [],
      error,
    );
  const message = `The cluster at ${error.host} cannot be reached: ${causes[error.reason]}${code}.`;
  return new Failure('cluster-unreachable', message, advice[error.reason] ?? [], error);
}

function secureContext({ server }: Access, { certificate, key }: Credential): SecureContext {
  if (server.ca !== undefined && !server.ca.includes('-----BEGIN '))
    throw invalid("The kubeconfig's certificate authority is not a PEM certificate.");
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

async function openAgent({ server }: Access, options: WorldOptions): Promise<Agent> {
  try {
    return await agentFor(server.url.protocol, server.proxyUrl ?? proxyFor(server.url, options.env));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw invalid('The proxy for the cluster is not a URL of http, https or socks5.', [
      'Check proxy-url in the kubeconfig and HTTPS_PROXY.',
    ]);
  }
}

function addressOf(server: URL, { path, via }: ApiRequest): URL {
  // several clusters behind one server are told apart by the server's path; one API server has none
  const base = via === undefined ? server.pathname.replace(/\/$/, '') : '';
  const origin = via === undefined ? server.origin : `${server.protocol}//${via}`;
  const text = `${origin}${base}${path}`;
  if (!path.startsWith('/') || !URL.canParse(text)) throw new Error('an API path begins with a slash');
  const url = new URL(text);
  url.username = via === undefined ? server.username : '';
  url.password = via === undefined ? server.password : '';
  return url;
}

function deadline(flag: number | undefined, own: number | undefined): number {
  const given = [flag, own].filter((ms) => ms !== undefined && ms > 0) as number[];
  return given.length === 0 ? (flag === 0 ? 0 : defaultTimeoutMs) : Math.min(...given);
}

function namesOf(access: Access, via: string | undefined): { servername?: string } {
  const name = access.server.serverName ?? (via === undefined ? undefined : inClusterName);
  return name === undefined ? {} : { servername: name };
}

/**
 * The cluster of these flags and this environment; nothing is sent yet.
 * @param known where the cluster's own secrets are added, so that they are masked
 * @throws Failure kubeconfig-invalid | usage
 */
export async function openCluster(options: WorldOptions, known: Set<string>): Promise<Cluster> {
  const access = await findAccess(options.connection, options.env);
  const { server, user } = access;
  for (const secret of [user.token, user.password]) if (secret !== undefined) known.add(secret);
  const credentials = openCredentials(access, options);
  let line: { credential: Credential; agent: Agent; context: SecureContext | undefined } | undefined;
  const connect = async (): Promise<NonNullable<typeof line>> => {
    const credential = await credentials.current();
    if (line?.credential === credential) return line;
    const context = server.url.protocol === 'https:' ? secureContext(access, credential) : undefined;
    const agent = await openAgent(access, options);
    return (line = { credential, agent, context });
  };
  const send = async (request: ApiRequest): Promise<Answer> => {
    const { credential, agent, context } = await connect();
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    return exchange({
      url: addressOf(server.url, request),
      method: request.method ?? 'GET',
      headers: {
        Accept: 'application/json',
        'User-Agent': 'kubectl-sematext_audit',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...request.headers,
        ...credential.headers,
      },
      body,
      agent,
      timeoutMs: deadline(options.connection.requestTimeoutMs, request.timeoutMs),
      maxBytes: answerCap,
      signal: request.uncancelled === true ? new AbortController().signal : options.signal,
      tls: {
        ...(context === undefined ? {} : { secureContext: context }),
        rejectUnauthorized: !server.insecure,
        ...namesOf(access, request.via),
      },
    });
  };
  return { host: server.url.host, known, request: (request) => asked(request, send, credentials) };
}

/** Sends, once more where that can help: a GET on a connection that was just closed, and after a plugin's stale 401. */
async function asked(
  request: ApiRequest,
  send: (request: ApiRequest) => Promise<Answer>,
  credentials: { forget(): boolean },
): Promise<Answer> {
  try {
    const answer = await send(request).catch((error: unknown) => {
      const again =
        (request.method ?? 'GET') === 'GET' && error instanceof HttpError && error.code === 'ECONNRESET';
      if (again) return send(request);
      throw error;
    });
    return answer.status === 401 && credentials.forget() ? await send(request) : answer;
  } catch (error) {
    throw error instanceof HttpError ? unreachable(error) : error;
  }
}
