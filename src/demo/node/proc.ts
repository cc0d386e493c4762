// The part of /proc that the node script reads (src/node/*.sh): time since boot, boot id, sockets that listen, and the
// processes that hold them (proc(5)). The time is the node's own: it goes faster than the real one.
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Listed } from './ports.ts';

const header =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

function hex(number: number, digits: number): string {
  return number.toString(16).toUpperCase().padStart(digits, '0');
}

/** An IPv4 address as proc(5) shows it: the four bytes back to front. */
function address(text: string): string {
  return text
    .split('.')
    .reverse()
    .map((part) => hex(Number(part), 2))
    .join('');
}

type Open = Listed & { readonly socket: NonNullable<Listed['socket']> };

function line({ socket: { port, inode } }: Open, i: number, local: string): string {
  const remote = `${'0'.repeat(local.length)}:0000`;
  const rest = '00000000:00000000 00:00000000 00000000     0        0';
  return `${String(i).padStart(4)}: ${local}:${hex(port, 4)} ${remote} 0A ${rest} ${inode} 1 0000000000000000 100 0 0 10 0\n`;
}

/** Writes a node's /proc. */
export class Proc {
  readonly #folder: string;
  readonly #second: number;
  readonly #known = new Map<number, string>();
  #file: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #booted = Date.now();
  /** Seconds that were skipped. */
  #ahead = 5000;
  #ticks = 100_000;

  /** @param second real milliseconds of a second of this node's clock */
  constructor(root: string, second: number) {
    this.#folder = join(root, 'proc');
    this.#second = second;
    mkdirSync(join(this.#folder, 'net'), { recursive: true });
    mkdirSync(join(this.#folder, 'sys/kernel/random'), { recursive: true });
    this.#file = openSync(join(this.#folder, 'uptime'), 'w');
    this.#boot();
    this.#timer = setInterval(() => this.#tick(), Math.max(2, second / 4));
    this.sockets([]);
  }

  /** Seconds since boot. */
  get uptime(): number {
    return this.#ahead + (Date.now() - this.#booted) / this.#second;
  }

  /** Moves this node's clock on. */
  advance(seconds: number): void {
    this.#ahead += seconds;
    this.#tick();
  }

  /** A new boot: another id, and time from zero. */
  reboot(): void {
    this.#booted = Date.now();
    this.#ahead = 3;
    this.#boot();
  }

  /** Shows these processes and what they listen on. */
  sockets(all: readonly Listed[]): void {
    for (const pid of this.#known.keys()) if (!all.some((one) => one.pid === pid)) this.#forget(pid);
    for (const one of all) this.#show(one);
    const open = all.filter((one): one is Open => one.socket?.inner !== undefined);
    // Go listens on all addresses by one socket of IPv6
    const [wide, narrow] = [
      open.filter(({ socket }) => socket.bind === '0.0.0.0'),
      open.filter(({ socket }) => socket.bind !== '0.0.0.0'),
    ];
    this.#write('net/tcp6', header + wide.map((one, i) => line(one, i, '0'.repeat(32))).join(''));
    this.#write('net/tcp', header + narrow.map((one, i) => line(one, i, address(one.socket.bind))).join(''));
  }

  close(): void {
    clearInterval(this.#timer);
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #boot(): void {
    this.#write('sys/kernel/random/boot_id', `${randomUUID()}\n`);
    this.#tick();
  }

  /** One write over the old text of the same length: a reader sees one or the other. */
  #tick(): void {
    if (this.#file !== undefined)
      writeSync(this.#file, `${this.uptime.toFixed(2)} 0.00`.padEnd(31).concat('\n'), 0);
  }

  #write(name: string, text: string): void {
    const file = join(this.#folder, name);
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }

  #show({ pid, command, socket }: Listed): void {
    const now = `${socket?.inode ?? ''}`;
    if (this.#known.get(pid) === now) return;
    const folder = join(this.#folder, String(pid));
    if (!this.#known.has(pid)) {
      this.#ticks += 7;
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'cmdline'), `${command.join('\0')}\0`);
      // the 22nd field is when it was started
      writeFileSync(join(folder, 'stat'), `${pid} (kube-apiserver) S 1${' 0'.repeat(17)} ${this.#ticks} 0\n`);
    }
    this.#known.set(pid, now);
    rmSync(join(folder, 'fd'), { recursive: true, force: true });
    mkdirSync(join(folder, 'fd'));
    if (socket) symlinkSync(`socket:[${socket.inode}]`, join(folder, 'fd/7'));
  }

  #forget(pid: number): void {
    this.#known.delete(pid);
    rmSync(join(this.#folder, String(pid)), { recursive: true, force: true });
  }
}
