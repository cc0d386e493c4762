// A port of a node, asked through a host-network pod on it: a websocket to the API server, in it the kubelet's
// port-forward, in that TLS to the API server behind the port, in that one HTTP request.
//
// The websocket is the container runtime's (k8s.io/cri-streaming pkg/streaming/portforward/websocket.go, in 1.18
// k8s.io/kubernetes pkg/kubelet/server/portforward), the same from 1.18 to 1.37; API servers hand its bytes on and
// translate only SPDY/3.1+portforward.k8s.io. Subprotocol v4.channel.k8s.io: the first byte of a message is its channel,
// 0 data in both directions, 1 what went wrong, as text to us; each begins with the port, 2 bytes little-endian. There
// is no half-close: the end of the websocket is the end of both directions.
//
// Permissions: get on pods/portforward, since a websocket begins with a GET; from 1.35 on create as well (feature gate
// AuthorizePodWebsocketUpgradeCreatePermission, on by default; k8s.io/kubernetes pkg/registry/core/pod/rest/
// subresources.go), so that whoever may only get pods/* may not.
import { Agent } from 'node:https';
import { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { WebSocket } from 'ws';
import { Failure } from '../errors.ts';
import { Refused } from './api.ts';
import { bounded, collect, exchange, HttpError, httpError, type Exchange } from './http.ts';
import { redact } from './redact.ts';
import type { Answer, Through } from './world.ts';

const subprotocol = 'v4.channel.k8s.io';
const dataChannel = 0;
const errorChannel = 1;

/** What a kubelet said, fit to stand in a sentence. */
const words = (bytes: Buffer): string =>
  bytes
    .toString('utf8')
    .replace(/[\0-\x1f\x7f]+/g, ' ')
    .trim()
    .slice(0, 500);

/** Path and query by which the API is asked for a tunnel. */
export function tunnelPath({ namespace, pod, port }: Through): string {
  const path = ['namespaces', namespace, 'pods', pod, 'portforward'].map(encodeURIComponent).join('/');
  return `/api/v1/${path}?ports=${port}`;
}

/** The bytes of one forwarded port; destroying it ends the websocket. A tunnel that breaks does not err, it ends. */
export class Tunnel extends Duplex {
  readonly #socket: WebSocket;
  readonly #port: number;
  readonly #begun = new Set<number>();
  #said = '';
  #over = false;

  constructor(socket: WebSocket, port: number) {
    super();
    this.#socket = socket;
    this.#port = port;
    socket.on('message', (message) => this.#hear(message as Buffer));
    socket.on('close', () => this.#end());
  }

  /** Why the port could not be forwarded, in the kubelet's words; empty while it has said nothing. */
  get said(): string {
    return this.#said;
  }

  #hear(message: Buffer): void {
    const [channel] = message;
    if (this.#over || (channel !== dataChannel && channel !== errorChannel)) return;
    let bytes = message.subarray(1);
    if (!this.#begun.has(channel)) {
      this.#begun.add(channel);
      if (bytes.length < 2 || bytes.readUInt16LE(0) !== this.#port) return this.#end();
      bytes = bytes.subarray(2);
    }
    if (bytes.length === 0) return;
    if (channel === errorChannel) {
      this.#said = words(bytes);
      // it is the kubelet's last word, and all that was forwarded came before it
      this.#end();
    } else this.push(bytes);
  }

  #end(): void {
    this.#over = true;
    this.push(null);
  }

  override _read(): void {
    // no brake: who asks reads what comes at once, and no more than the cap
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // that it could not be sent is told by the end of the other direction
    this.#socket.send(Buffer.concat([Buffer.of(dataChannel), bytes]), () => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#over = true;
    this.#socket.terminate();
    done(error);
  }
}

function noWebsocket(host: string): Failure {
  return new Failure('cluster-answer', `The API server ${host} did not open a websocket for port-forward.`, [
    'Let websockets pass through what stands before the API server: a proxy or a load balancer.',
  ]);
}

/** What the API server answered to the wish for a tunnel: 101 and the tunnel, or its refusal. */
export interface Opening extends Answer {
  readonly tunnel?: Tunnel;
}

/**
 * Asks for a tunnel; who gets it must destroy it.
 * @param one the request for `tunnelPath`
 * @throws HttpError; Failure cluster-answer (no websocket came of it) | interrupted
 */
export function openTunnel(one: Exchange, port: number): Promise<Opening> {
  const { url, headers, agent, maxBytes, tls } = one;
  return bounded<Opening>(one, (settle) => {
    const started = performance.now();
    const socket = new WebSocket(url, subprotocol, {
      ...tls,
      headers: headers as Record<string, string>,
      agent,
      perMessageDeflate: false,
      maxPayload: maxBytes,
    });
    const tunnel = new Tunnel(socket, port);
    let switched = false;
    socket.on('upgrade', () => (switched = true));
    socket.on('error', (error) => settle(switched ? noWebsocket(url.host) : httpError(error, url.host)));
    socket.on('unexpected-response', (_request, response) =>
      collect(response, { maxBytes, started }, (outcome) => {
        const refused = outcome instanceof Error || outcome.status >= 400;
        settle(refused ? outcome : noWebsocket(url.host));
      }),
    );
    socket.on('open', () => {
      const ms = Math.round(performance.now() - started);
      settle({ status: 101, headers: {}, text: '', ms, tunnel });
    });
    return () => tunnel.destroy();
  });
}

/** What to throw instead of `refusal` when there is to be no tunnel: it says which permissions it takes. */
export function noTunnel(refusal: Failure): Failure {
  if (!(refusal instanceof Refused) || refusal.status !== 403) return refusal;
  // where only create is missing the API server gives no reason at all
  const said = refusal.message.replace(/:\s*$/, '');
  const needs = 'a tunnel needs the verbs get and create on pods/portforward';
  return new Refused(403, refusal.reason, `${said}; ${needs}`);
}

const tlsNext = [
  'Check that certificate-authority in the kubeconfig is the cluster’s own, not that of a proxy before it.',
];

/** Why there is no answer, in one sentence; `cause` is an HttpError that tells reasons apart. */
function unanswered({ namespace, pod, port }: Through, { reason, code }: HttpError, said: string): Failure {
  const place = `port ${port} of the node of pod ${namespace}/${pod}`;
  const nobody = /connection refused/i.test(said);
  const cause = new HttpError(nobody ? 'refused' : reason, `${namespace}/${pod}:${port}`, nobody ? '' : code);
  if (nobody) {
    const next = [`Look at what should listen there: kubectl -n ${namespace} describe pod ${pod}`];
    return new Failure('cluster-unreachable', `Nothing listens on ${place}.`, next, cause);
  }
  if (said !== '') {
    return new Failure('cluster-unreachable', `The kubelet does not forward ${place}: ${said}`, [], cause);
  }
  if (reason === 'too-large')
    return new Failure('cluster-answer', `${upper(place)} answered with more than 64 MiB.`, [], cause);
  if (reason === 'tls' || reason === 'protocol' || reason === 'timeout') {
    const next = reason === 'tls' ? tlsNext : [];
    return new Failure('cluster-unreachable', `${upper(place)} cannot be asked: ${cause.why}.`, next, cause);
  }
  return new Failure('cluster-answer', `The answer of ${place} broke off.`, ['Try again.'], cause);
}

const upper = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

/**
 * Sends one request through a tunnel and has its whole answer; the tunnel is of no use afterwards.
 * @param one the request; its `agent` is not used
 * @param known secrets, masked in what the kubelet says
 * @throws HttpError invalid; Failure cluster-unreachable (nothing listens, not to be forwarded, TLS, no HTTP, too late)
 *   | cluster-answer (broke off, too large) | interrupted
 */
export async function askThrough(
  tunnel: Tunnel,
  through: Through,
  { one, known }: { one: Exchange; known: ReadonlySet<string> | undefined },
): Promise<Answer> {
  const createConnection = (): Duplex => connect({ ...one.tls, socket: tunnel });
  try {
    return await exchange({ ...one, agent: Object.assign(new Agent(), { createConnection }) });
  } catch (error) {
    if (!(error instanceof HttpError) || error.reason === 'invalid') throw error;
    throw unanswered(through, error, redact(tunnel.said, known));
  }
}
