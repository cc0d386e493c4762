// Knows how to lead to addresses that lead nowhere: an HTTP proxy (CONNECT) that takes each of them to a real one.
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

/** A proxy as a kubeconfig's proxy-url names it. */
export interface Relay {
  readonly url: string;
  /** The addresses that were asked for, host:port, in order. */
  asked(): readonly string[];
  stop(): Promise<void>;
}

/** Starts a proxy; an address that is not in the table is taken as it is. */
export async function startRelay(table: Readonly<Record<string, string>>): Promise<Relay> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const server = createServer((_request, response) => void response.writeHead(405).end());
  server.on('connection', keep);
  server.on('connect', ({ url = '' }, client: Socket) => {
    asked.push(url);
    const [host = '', port] = (table[url] ?? url).split(':');
    const there = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(there).pipe(client);
    });
    keep(there);
    there.once('close', () => client.destroy());
    client.once('close', () => there.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
