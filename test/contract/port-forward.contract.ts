// Requests through a pod, and the websocket under them: who gets one, what it says, how a port is refused. The same for
// the embedded API server and for real ones with a real kubelet.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import { failure } from '../support/failure.ts';
import { Refused } from '../../src/io/api.ts';
import { HttpError } from '../../src/io/http.ts';
import type { Answer, Cluster, Through } from '../../src/io/world.ts';
import { cluster } from '../io/servers.ts';
import { fresh } from './subject.ts';

/** An API server, and a pod in the network of a node. */
export interface PortForwardSubject {
  readonly version: string;
  /** Path of an administrator's, who may impersonate. */
  readonly kubeconfig: string;
  readonly pod: Omit<Through, 'port'>;
  /** Where an API server listens on the pod's node. */
  readonly port: number;
  /** Where nobody listens there. */
  readonly deadPort: number;
  stop(): Promise<void>;
}

/** What the subject's users may do with pods/portforward, and nothing else but what the API server behind lets them. */
export const tunnelUsers = {
  nobody: [],
  getter: ['get'],
  creator: ['create'],
  both: ['get', 'create'],
} as const;

/** An object without which a tunnel is asked for in vain: no node has it. */
export const unscheduled = { namespace: 'default', pod: 'unscheduled' };

/** States it of the subject that `start` starts. */
export function portForwardContract(name: string, start: () => Promise<PortForwardSubject>): void {
  describe(`${name}: through a pod`, function () {
    this.timeout(60_000);
    let subject: PortForwardSubject;
    before(async function () {
      this.timeout(180_000);
      subject = await start();
    });
    after(async () => subject?.stop());
    requests(() => subject);
    permissions(() => subject);
    websocket(() => subject);
  });
}

const as = (subject: PortForwardSubject, user?: keyof typeof tunnelUsers): Promise<Cluster> =>
  cluster({ kubeconfig: subject.kubeconfig, ...(user && { as: user }) });
const through = ({ pod, port }: PortForwardSubject): Through => ({ ...pod, port });

function requests(subject: () => PortForwardSubject): void {
  it('asks the API server on the node', async () => {
    const open = await as(subject());
    const answer = await open.request({ path: '/readyz', through: through(subject()) });
    assert.deepEqual([answer.status, answer.text], [200, 'ok']);
    const version = await open.request({ path: '/version', through: through(subject()) });
    assert.equal((JSON.parse(version.text) as { gitVersion: string }).gitVersion, `v${subject().version}`);
  });

  it('brings megabytes, in both directions', async () => {
    const open = await as(subject());
    const path = '/api/v1/namespaces/default/configmaps';
    const label = fresh('large');
    const size = 900 * 1024;
    for (const n of [1, 2, 3, 4]) {
      const metadata = { name: `${label}-${n}`, labels: { large: label } };
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { x: 'x'.repeat(size) } };
      const made = await open.request({ method: 'POST', path, body, through: through(subject()) });
      assert.equal(made.status, 201, made.text.slice(0, 500));
    }
    const { text } = await open.request({
      path: `${path}?labelSelector=large%3D${label}`,
      through: through(subject()),
    });
    const { items } = JSON.parse(text) as { items: { data: { x: string } }[] };
    assert.deepEqual(
      items.map(({ data }) => data.x.length),
      [size, size, size, size],
    );
    for (const n of [1, 2, 3, 4]) await open.request({ method: 'DELETE', path: `${path}/${label}-${n}` });
  });

  it('opens thirty tunnels at once', async () => {
    const open = await as(subject());
    const ask = (n: number): Promise<Answer> =>
      open.request({ path: `/api/v1/namespaces/default/configmaps/none-${n}`, through: through(subject()) });
    const answers = await Promise.all(Array.from({ length: 30 }, (_, n) => ask(n)));
    answers.forEach(({ status, text }, n) => {
      assert.equal(status, 404);
      assert.match(text, new RegExp(`"configmaps \\\\"none-${n}\\\\" not found"`));
    });
  });

  it('says that nothing listens on a port', async () => {
    const { pod, deadPort: port } = subject();
    const open = await as(subject());
    const error = await failure(() => open.request({ path: '/', through: { ...pod, port } }));
    assert.equal(error.code, 'cluster-unreachable', error.message);
    assert.match(error.message, /^Nothing listens on port /);
    assert.ok(error.cause instanceof HttpError && error.cause.reason === 'refused');
  });

  const absent: [string, (at: PortForwardSubject) => Through, number, RegExp][] = [
    ['a pod', (at) => ({ ...through(at), pod: 'none' }), 404, /: pods "none" not found$/],
    ['a namespace', (at) => ({ ...through(at), namespace: 'none' }), 404, /: pods ".+" not found$/],
    [
      'a node of the pod',
      (at) => ({ ...through(at), ...unscheduled }),
      400,
      /: pod unscheduled does not have a host assigned$/,
    ],
  ];
  for (const [what, where, status, said] of absent)
    it(`says that there is not ${what}`, async () => {
      const open = await as(subject());
      const error = await failure(() => open.request({ path: '/', through: where(subject()) }));
      assert.ok(error instanceof Refused && error.status === status, error.message);
      assert.match(error.message, said);
    });
}

const minor = ({ version }: PortForwardSubject): number => Number(version.split('.')[1]);

function permissions(subject: () => PortForwardSubject): void {
  const asked = async (user: keyof typeof tunnelUsers): Promise<Answer> =>
    (await as(subject(), user)).request({ path: '/version', through: through(subject()) });

  for (const user of ['nobody', 'creator'] as const)
    it(`is forbidden without get: ${user}`, async () => {
      const error = await failure(() => asked(user));
      assert.equal(error.code, 'cluster-forbidden', error.message);
      const { namespace, pod } = subject().pod;
      const said =
        `: pods "${pod}" is forbidden: User "${user}" cannot get resource "pods/portforward" in API group "" ` +
        `in the namespace "${namespace}"; a tunnel needs `;
      assert.ok(error.message.includes(said), error.message);
    });

  it('is forbidden without create too, from 1.35 on', async () => {
    if (minor(subject()) < 35) return assert.equal((await asked('getter')).status, 200);
    const error = await failure(() => asked('getter'));
    assert.equal(error.code, 'cluster-forbidden', error.message);
    assert.ok(
      error.message.includes(`: pods "${subject().pod.pod}" is forbidden; a tunnel needs `),
      error.message,
    );
  });

  it('is allowed with both', async () => assert.equal((await asked('both')).status, 200));
}

/** What came of a wish for a websocket: the refusal, or what was said on it until it was closed. */
interface Outcome {
  readonly status: number;
  readonly text: string;
  readonly messages: readonly Buffer[];
  readonly closed: number;
}

interface Wish {
  readonly query?: string;
  readonly protocol?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function wish(
  subject: PortForwardSubject,
  { query, protocol = 'v4.channel.k8s.io', headers = {} }: Wish,
): Promise<Outcome> {
  const config = parse(readFileSync(subject.kubeconfig, 'utf8')) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const server = config.clusters[0]?.cluster ?? {};
  const user = config.users[0]?.user ?? {};
  const pem = (data = ''): Buffer | undefined => (data === '' ? undefined : Buffer.from(data, 'base64'));
  const { namespace, pod } = subject.pod;
  const url = `${server['server']}/api/v1/namespaces/${namespace}/pods/${pod}/portforward${query ?? ''}`;
  const socket = new WebSocket(url, protocol, {
    perMessageDeflate: false,
    headers: { ...(user['token'] && { authorization: `Bearer ${user['token']}` }), ...headers },
    ca: pem(server['certificate-authority-data']),
    cert: pem(user['client-certificate-data']),
    key: pem(user['client-key-data']),
  });
  const messages: Buffer[] = [];
  socket.on('message', (message: Buffer) => messages.push(message));
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (closed) => resolve({ status: 101, text: '', messages, closed }));
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, messages, closed: 0 }));
    });
  });
}

function websocket(subject: () => PortForwardSubject): void {
  it('begins both channels with the port, says on the second what went wrong, and closes', async () => {
    const port = subject().deadPort;
    const { status, messages, closed } = await wish(subject(), { query: `?ports=${port}` });
    assert.deepEqual([status, closed], [101, 1000]);
    const [data, error, ...said] = messages;
    const bytes = [port & 0xff, port >> 8];
    assert.deepEqual([...(data ?? [])], [0, ...bytes]);
    assert.deepEqual([...(error ?? [])], [1, ...bytes]);
    assert.equal(said.length, 1);
    const sandbox = /to pod ([0-9a-f]{64}),/.exec(String(said[0]))?.[1] ?? 'none';
    assert.equal(
      String(said[0]).replaceAll(sandbox, 'SANDBOX').slice(1),
      `error forwarding port ${port} to pod SANDBOX, uid : failed to execute portforward in network namespace "host": ` +
        `failed to connect to localhost:${port} inside namespace "SANDBOX", ` +
        `IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused ` +
        `IPv6 dial tcp6 [::1]:${port}: connect: connection refused `,
    );
  });

  const refusals: [string, Wish, number, RegExp][] = [
    ['no port', {}, 400, /^query parameter "port" is required$/],
    ['a port that is none', { query: '?ports=x' }, 400, /parsing \\"x\\": invalid syntax"/],
    ['another protocol', { query: '?ports=1', protocol: 'v9.channel.k8s.io' }, 403, /^$/],
    [
      'JSON',
      { query: '?ports=1', headers: { accept: 'application/json' } },
      406,
      /^406: Not Acceptable\n\nAvailable representations: $/,
    ],
  ];
  for (const [what, asked, status, said] of refusals)
    it(`refuses a websocket: ${what}`, async () => {
      const outcome = await wish(subject(), asked);
      assert.equal(outcome.status, status, outcome.text);
      assert.match(outcome.text, said);
    });

  it('wants a websocket', async () => {
    const { namespace, pod } = subject().pod;
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/portforward?ports=1`;
    const { status, text } = await (await as(subject())).request({ path });
    assert.equal(status, 400);
    assert.match(text, /"Upgrade request required"/);
  });
}
