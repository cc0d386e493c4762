// Knows how to be the load balancer before several API servers: TCP connections, each to the next server in turn. The
// tests say which servers there are; there is no health check but theirs.
import { connect, createServer, type Socket } from 'node:net';

/** A load balancer. */
export interface Balancer {
  readonly address: string;
  readonly port: number;
  /** New connections go to these from now on, host:port; old ones stay where they are. */
  use(servers: readonly string[]): void;
  stop(): Promise<void>;
}

/** Starts one on an address of the tests' own. */
export async function startBalancer(address: string, port: number): Promise<Balancer> {
  let servers: readonly string[] = [];
  let turn = 0;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket, other: () => Socket): void => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      other().destroy();
    });
    socket.on('error', () => socket.destroy());
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const next = servers[turn % servers.length];
    turn += 1;
    if (next === undefined) return void client.resetAndDestroy();
    const [host = '', to] = next.split(':');
    const there = connect({ host, port: Number(to), allowHalfOpen: true, noDelay: true });
    keep(client, () => there);
    keep(there, () => client);
    client.pipe(there).pipe(client);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  return {
    address,
    port,
    use: (those) => (servers = those),
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
