// A TCP port that stands for an address of the cluster: each new connection is sent to whoever answers for it at that
// moment, and refused where nobody does.
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A port of this machine's loopback; `filtered`: its packets are dropped, and sent again; undefined: it is closed. */
export type Destination = number | 'filtered' | undefined;

/** Where a new connection gets to now. */
export type Target = () => Destination;

/** Until a packet that was not answered is sent again; Linux waits a second first. */
const againMs = 50;

/** One relayed port. */
export class Relay {
  readonly address: string;
  readonly port: number;
  readonly #target: Target;
  readonly #isOpen: () => boolean;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  #lost = false;

  /** @param isOpen whether there is a target at all, where to ask for one has an effect of its own */
  constructor(address: string, port: number, target: Target, isOpen = () => target() !== undefined) {
    this.address = address;
    this.port = port;
    this.#target = target;
    this.#isOpen = isOpen;
  }

  /** Opens or closes the port, as the target is there or not. */
  update(): void {
    const open = !this.#lost && this.#isOpen();
    if (open && !this.#server) {
      const server = createServer((socket) => this.#pass(socket));
      // nobody else uses this address, so that the port is free again as soon as it is closed
      server.listen(this.port, this.address, 512).on('error', (error) => {
        throw error;
      });
      this.#server = server;
    } else if (!open) this.#close();
  }

  /** No connection lives or comes through for so long. */
  async lose(ms: number): Promise<void> {
    this.#lost = true;
    this.#end();
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.#lost = false;
    this.update();
  }

  stop(): void {
    this.#lost = true;
    this.#end();
  }

  #end(): void {
    this.#close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #close(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  #again(from: Socket): void {
    const timer = setTimeout(() => {
      from.off('close', stop).off('error', stop);
      this.#pass(from);
    }, againMs);
    const stop = (): void => clearTimeout(timer);
    from.on('close', stop).on('error', stop);
  }

  #pass(from: Socket): void {
    const port = this.#target();
    if (port === undefined) return void from.resetAndDestroy();
    if (port === 'filtered') return this.#again(from);
    const to = connect({ port, host: '127.0.0.1' });
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => other.resetAndDestroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroySoon();
      });
      one.pipe(other);
    }
  }
}
