// GET pods/portforward: who may have a tunnel to a port of a pod (kubernetes pkg/registry/core/pod/rest/subresources.go
// and pkg/kubelet/server/server.go), and the websocket that carries its bytes (k8s.io/cri-streaming
// pkg/streaming/portforward/websocket.go): the first byte of a message is its channel, 0 data, 1 error; each begins with
// the port, 2 bytes little-endian. One port for each websocket; SPDY is not spoken.
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Request } from '../http.ts';
import { decide, type User } from './access.ts';
import type { Kubelets } from './kubelets.ts';
import { isRecord, type KubeObject } from './object.ts';
import type { Answer } from './plain-paths.ts';
import type { RequestInfo } from './request-info.ts';
import { Refusal, badRequest } from './status.ts';

const protocol = 'v4.channel.k8s.io';
const dataChannel = 0;
const errorChannel = 1;

const sockets = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  handleProtocols: () => protocol,
});

/**
 * From 1.35 on a websocket, which is a GET, must also be allowed as create.
 * @throws Refusal 403, without a reason as in the real one
 */
export function refuseUpgrade(user: User, info: RequestInfo, minor: number): void {
  if (minor < 35 || decide(user, { ...info, verb: 'create' }).allowed) return;
  const { name, resource: kind } = info;
  throw new Refusal(403, 'Forbidden', `${kind} "${name}" is forbidden: `, { name, kind });
}

/** The port that is asked for; undefined when none is. @throws Refusal 400 */
export function portOf(query: URLSearchParams): number | undefined {
  const asked = query.getAll('ports');
  const strange = asked.find((text) => !/^\d+$/.test(text));
  const wrong = (text: string, why: string): Refusal =>
    badRequest(`cannot convert to []int32: strconv.ParseUint: parsing "${text}": ${why}`);
  if (strange !== undefined) throw wrong(strange, 'invalid syntax');
  const large = asked.find((text) => Number(text) > 65535);
  if (large !== undefined) throw wrong(large, 'value out of range');
  if (asked.length > 1) throw badRequest('the embedded API server forwards one port at a time');
  return asked[0] === undefined ? undefined : Number(asked[0]);
}

const plain = { 'content-type': 'text/plain; charset=utf-8' };

/** What the kubelet answers before it forwards anything, if it does not forward. */
function kubeletRefusal({ headers }: Request, port: number | undefined): Answer | undefined {
  if (!/\*\/\*|^$/.test(headers['accept'] ?? ''))
    return { status: 406, headers: plain, body: '406: Not Acceptable\n\nAvailable representations: ' };
  if (port === undefined) return { status: 400, headers: plain, body: 'query parameter "port" is required' };
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
  return offered.includes(protocol) ? undefined : { status: 403 };
}

/**
 * Answers it for a pod that exists.
 * @param kubelets undefined where no node runs anything
 * @throws Refusal
 */
export function answerPortForward(
  pod: KubeObject,
  request: Request,
  port: number | undefined,
  kubelets: Kubelets | undefined,
): Answer {
  const spec = isRecord(pod['spec']) ? pod['spec'] : {};
  const { name } = pod.metadata;
  if (!spec['nodeName']) throw badRequest(`pod ${name} does not have a host assigned`);
  if (request.headers['upgrade']?.toLowerCase() !== 'websocket') throw badRequest('Upgrade request required');
  if (!kubelets)
    throw new Refusal(
      500,
      '',
      'error dialing backend: dial tcp 127.0.0.1:10250: connect: connection refused',
    );
  const refusal = kubeletRefusal(request, port);
  if (refusal || port === undefined) return refusal ?? { status: 400 };
  const dial = (): Promise<Duplex> => kubelets.dial(pod, port);
  const upgrade = (incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> =>
    new Promise((resolve) => {
      if (socket.destroyed) return resolve();
      socket.once('close', () => resolve());
      return sockets.handleUpgrade(incoming, socket, head, (webSocket) => {
        void forward(webSocket, port, { dial, sandbox: sandboxOf(pod) });
      });
    });
  return { status: 101, upgrade };
}

function sandboxOf({ metadata }: KubeObject): string {
  return createHash('sha256').update(`${metadata.namespace}/${metadata.name}`).digest('hex');
}

/** What containerd says when nobody listens. */
function refused(port: number, sandbox: string): string {
  const at = (family: string, address: string): string =>
    `dial ${family} ${address}:${port}: connect: connection refused`;
  return (
    `error forwarding port ${port} to pod ${sandbox}, uid : failed to execute portforward in network namespace ` +
    `"host": failed to connect to localhost:${port} inside namespace "${sandbox}", ` +
    `IPv4: ${at('tcp4', '127.0.0.1')} IPv6 ${at('tcp6', '[::1]')} `
  );
}

/** Carries bytes both ways until one side has had enough. */
async function forward(
  socket: WebSocket,
  port: number,
  { dial, sandbox }: { dial: () => Promise<Duplex>; sandbox: string },
): Promise<void> {
  const send = (channel: number, bytes: Buffer): void =>
    socket.send(Buffer.concat([Buffer.of(channel), bytes]), () => undefined);
  socket.on('error', () => socket.terminate());
  socket.pause(); // nothing may be missed before there is somebody to give it to
  for (const channel of [dataChannel, errorChannel]) send(channel, Buffer.of(port & 0xff, port >> 8));
  let target: Duplex;
  try {
    target = await dial();
  } catch {
    send(errorChannel, Buffer.from(refused(port, sandbox)));
    socket.resume();
    return socket.close(1000);
  }
  target.on('data', (bytes: Buffer) => send(dataChannel, bytes));
  target.on('error', () => target.destroy());
  for (const over of ['end', 'close']) target.on(over, () => socket.close(1000));
  socket.on('message', (message: Buffer) => {
    if (message[0] === dataChannel) target.write(message.subarray(1));
  });
  socket.on('close', () => target.destroy());
  socket.resume();
}
