// The ports of an imitated node and the processes that listen on them: where a port really is on this machine, and a
// real process that stands for each, so that whoever kills it from a shell ends the embedded one too.
import { spawn, type ChildProcess } from 'node:child_process';

/** One port that is taken. */
export interface Socket {
  readonly port: number;
  /** 0.0.0.0, or one address alone. */
  readonly bind: string;
  readonly inode: number;
  /** The port of this machine's loopback that answers for it; undefined while nobody listens yet. */
  readonly inner: number | undefined;
}

/** A process of the node. */
export interface NodeProcess {
  readonly pid: number;
  readonly command: readonly string[];
  /** Ends when somebody has killed it from outside. */
  readonly killed: Promise<void>;
  /** Takes a port for itself; false when somebody else has it. */
  claim(port: number, bind: string): boolean;
  /** From now on connections to that port get to this one of the machine. */
  serve(inner: number): void;
  /** Closes the port. */
  close(): void;
  end(): void;
}

/** A process with its port, for whoever lists them. */
export interface Listed {
  readonly pid: number;
  readonly command: readonly string[];
  readonly socket: Socket | undefined;
}

/** `cat` waits for input that never comes, and ends with this program even when that is killed. */
function standIn(): ChildProcess {
  return spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
}

/** The ports and processes of one node. */
export class Ports {
  readonly #processes = new Map<NodeProcess, Socket | undefined>();
  readonly #changed: () => void;
  #inode = 30_000;

  /** @param changed told of every change */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get processes(): readonly Listed[] {
    return [...this.#processes].map(([{ pid, command }, socket]) => ({ pid, command, socket }));
  }

  /** Where connections to a port of the node's own address lead on this machine; undefined: refused. */
  outside(port: number): number | undefined {
    const socket = this.#at(port);
    return socket && ['127.0.0.1', 'localhost', '::1'].includes(socket.bind) ? undefined : socket?.inner;
  }

  /** The same for connections of the node itself to localhost. */
  inside(port: number): number | undefined {
    return this.#at(port)?.inner;
  }

  /** Begins a process. */
  begin(command: readonly string[]): NodeProcess {
    const child = standIn();
    const killed = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const set = (socket: Socket | undefined): void => {
      this.#processes.set(process, socket);
      this.#changed();
    };
    const process: NodeProcess = {
      pid: child.pid ?? 0,
      command,
      killed,
      claim: (port, bind) => {
        if (this.#at(port)) return false;
        this.#inode += 1;
        set({ port, bind, inode: this.#inode, inner: undefined });
        return true;
      },
      serve: (inner) => {
        const socket = this.#processes.get(process);
        if (socket) set({ ...socket, inner });
      },
      close: () => {
        if (this.#processes.get(process)) set(undefined);
      },
      end: () => {
        if (!this.#processes.delete(process)) return;
        this.#changed();
        child.kill('SIGKILL');
      },
    };
    set(undefined);
    return process;
  }

  #at(port: number): Socket | undefined {
    return [...this.#processes.values()].find((socket) => socket?.port === port);
  }
}
