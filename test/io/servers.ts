// Loopback servers, certificates made by the openssl program, and a world that points at them.
import { execFileSync } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough, type Duplex } from 'node:stream';
import { witness } from '../support/secrets.ts';
import { openCluster } from '../../src/io/cluster.ts';
import type { Connection, Env, StreamingCluster, WorldOptions } from '../../src/io/world.ts';

const open = new Set<{ close(): void }>();

/** Closes every server that a test opened; call it in afterEach. */
export function closeServers(): void {
  for (const server of open) server.close();
  open.clear();
}

async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  open.add({
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  });
  return (server.address() as AddressInfo).port;
}

/** A plain server; gives its host:port. */
export async function httpServer(handler: RequestListener): Promise<string> {
  return `127.0.0.1:${await listen(createServer(handler))}`;
}

/** A TLS server; gives its host:port. With `onUpgrade` it is given the connections that are to be something else. */
export async function httpsServer(
  options: ServerOptions,
  handler: RequestListener,
  onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
): Promise<string> {
  const server = createTlsServer(options, handler);
  const upgraded = new Set<Duplex>();
  if (onUpgrade)
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      upgraded.add(socket);
      onUpgrade(request, socket, head);
    });
  open.add({
    close: () => {
      for (const socket of upgraded) socket.destroy();
    },
  });
  return `127.0.0.1:${await listen(server)}`;
}

/** A server of bytes: `talk` is given each connection. */
export async function tcpServer(talk: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    talk(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.add({
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A port of this machine where nobody listens. */
export async function deadPort(): Promise<string> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `127.0.0.1:${port}`;
}

/** A certificate authority in `folder`; `issue` makes a key pair signed by it, as PEM texts and files. */
export function authority(folder: string): {
  ca: string;
  issue(name: string, altNames: string, days?: number): { cert: string; key: string };
} {
  const run = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  };
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  run('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=test-ca');
  return {
    ca: join(folder, 'ca.crt'),
    issue: (name, altNames, days = 2) => {
      writeFileSync(join(folder, `${name}.ext`), altNames === '' ? '' : `subjectAltName=${altNames}\n`);
      run(
        'req',
        '-new',
        ...ec,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
        '-subj',
        `/CN=${name}/O=test`,
      );
      run(
        ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
        ...['-days', String(days), '-extfile', `${name}.ext`, '-out', `${name}.crt`],
      );
      return { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
    },
  };
}

/** Fake terminal or pipe: what is written to `stderr` is kept and searched for secrets. */
export function console(terminal: boolean): {
  stdin: PassThrough & { isTTY: boolean; setRawMode(on: boolean): void };
  stderr: PassThrough & { isTTY: boolean };
  said(): string;
} {
  let said = '';
  const stdin = Object.assign(new PassThrough(), { isTTY: terminal, setRawMode: () => undefined });
  const stderr = Object.assign(new PassThrough(), { isTTY: terminal });
  stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    witness(chunk.toString());
  });
  return { stdin, stderr, said: () => said };
}

/** Options of a world with nothing of this machine in it but PATH and what is given. */
export function options({
  connection = {},
  env = {},
  signal = new AbortController().signal,
  terminal = console(false),
  noInput = false,
}: {
  connection?: Connection;
  env?: Env;
  signal?: AbortSignal;
  terminal?: Pick<ReturnType<typeof console>, 'stdin' | 'stderr'>;
  noInput?: boolean;
} = {}): WorldOptions {
  setMaxListeners(0, signal); // as the program does: each request under way listens
  const { stdin, stderr } = terminal;
  const own = { HOME: '/nonexistent', PATH: process.env['PATH'], ...env };
  return { connection, signal, stdin, stderr, noInput, env: own };
}

/** The cluster of this kubeconfig or these flags. */
export function cluster(
  connection: Connection,
  more: Parameters<typeof options>[0] = {},
): Promise<StreamingCluster> {
  return openCluster(options({ connection, ...more }), new Set());
}

/** Writes a kubeconfig (JSON is YAML) with one context "test" of these two entries; gives its path. */
export function kubeconfig(folder: string, cluster: object, user: object = {}, name = 'config'): string {
  const path = join(folder, name);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user }],
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}
