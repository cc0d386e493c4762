// A control-plane node as far as the scripts can tell: a folder with manifests, /proc and logs, whose kubelet starts
// and ends the guard by its manifest. The scripts are the real ones.
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeScripts } from '../../../src/io/scripts.ts';
import { nodeLook, type NodeLook } from '../../../src/node/look.ts';
import {
  parseAnswer,
  phaseArguments,
  type Phase,
  type PhaseAnswer,
  type PhaseArguments,
} from '../../../src/node/protocol.ts';
import { witness } from '../../support/secrets.ts';
import { layShims } from './shims.ts';
import type { Shell } from './shells.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const manifests = '/etc/kubernetes/manifests';
export const manifestPath = `${manifests}/kube-apiserver.yaml`;
export const run = '0b5c1c5e-6d0f-4a55-9a3c-4f7c2b1d8e90';
/** Its text is the run that the guard is of. */
export const guardFile = `${manifests}/sematext-audit-guard.yaml`;
export const hash = 'abcdef012345';
export const oldManifest =
  'apiVersion: v1\nkind: Pod\nmetadata:\n  name: kube-apiserver\nspec: {hostNetwork: true}\n';
export const newManifest = `${oldManifest}# --audit-policy-file=/etc/kubernetes/sematext-audit/${hash}/policy.yaml\n`;

/** A process that serves a port. */
export interface Server {
  readonly port: number;
  readonly pid: number;
  /** Ticks since boot. */
  readonly started?: number;
  readonly command?: string;
}

interface Said {
  readonly code: number | null;
  readonly text: string;
  readonly stderr: string;
}

export interface Ended extends Said {
  readonly answer: PhaseAnswer;
}

export interface Options {
  readonly run?: string;
  /** The change to the disk before which the script and all its children are killed. */
  readonly killAt?: number;
  /** Nothing can be written to files, though they can be made, renamed and removed. */
  readonly fullDisk?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** A limit that every write runs into, as on a full disk; the clock of the imitation, a file too, may go past it. */
const full = ['dash', '-c', 'trap "" XFSZ; ulimit -S -f 0; exec "$@"', 'full'] as const;

export interface RunningGuard {
  readonly ended: Promise<Said>;
  kill(): void;
}

/** Whatever of all nodes still runs: none outlives the tests, however these end. */
const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach(killGroup));

export class ImitatedNode {
  readonly root: string;
  readonly shell: Shell;
  readonly #home: string;
  readonly #sent: string;
  readonly #running = new Set<ChildProcess>();
  #servers: Server[] = [];
  #guards = 0;
  #guardSaid = '';

  private constructor(shell: Shell, home: string) {
    this.shell = shell;
    this.#home = home;
    this.root = join(home, 'root');
    this.#sent = join(home, 'sent');
  }

  static async start(shell: Shell): Promise<ImitatedNode> {
    const node = new ImitatedNode(shell, mkdtempSync(join(tmpdir(), 'imitated-node-')));
    layShims(join(node.#home, 'shims'));
    mkdirSync(node.#sent);
    for (const folder of [manifests, '/proc/net', '/proc/sys/kernel/random', '/var/log/pods', '/var/lib'])
      mkdirSync(node.path(folder), { recursive: true });
    node.write(manifestPath, oldManifest);
    node.boot('first-boot');
    node.write('/proc/uptime', '1000 0\n');
    node.serve({ port: 6443, pid: 4321, command: 'old' });
    const scripts = await nodeScripts();
    node.send({
      'transaction.sh': shell.prelude + scripts['transaction.sh'],
      'guard.sh': shell.prelude + scripts['guard.sh'],
      'guard.yaml': run,
    });
    return node;
  }

  /** Another node in the same state, on which nothing runs. */
  clone(): ImitatedNode {
    const home = mkdtempSync(join(tmpdir(), 'imitated-node-'));
    cpSync(this.#home, home, { recursive: true, verbatimSymlinks: true });
    const node = new ImitatedNode(this.shell, home);
    node.#servers = [...this.#servers];
    return node;
  }

  path(path: string): string {
    return join(this.root, path);
  }
  /** Undefined where there is no such file. */
  read(path: string): string | undefined {
    return textOf(this.path(path));
  }
  /** In one step, for the scripts may read it at any moment. */
  write(path: string, text: string): void {
    writeFileSync(`${this.#home}/writing`, text);
    renameSync(`${this.#home}/writing`, this.path(path));
  }
  makeFolder(path: string): void {
    mkdirSync(this.path(path), { recursive: true });
  }
  remove(path: string): void {
    rmSync(this.path(path), { recursive: true, force: true });
  }
  list(path: string): readonly string[] {
    return existsSync(this.path(path)) ? readdirSync(this.path(path)).sort() : [];
  }
  shim(name: string): string {
    return join(this.#home, 'shims', name);
  }
  /** A file of the shims': `calls` are those that were made to the programs that they stand for. */
  readShim(name: string): string {
    return textOf(this.shim(name)) ?? '';
  }

  setShim(name: string, text: string): void {
    writeFileSync(this.shim(name), text);
  }
  /** As a reboot does. */
  clearRedirects(): void {
    for (const name of ['table-ip', 'table-ip6', 'iptables', 'ip6tables'])
      rmSync(this.shim(name), { force: true });
  }
  /** What the guards have said so far. */
  guardSaid(): string {
    return this.#guardSaid;
  }

  boot(id: string): void {
    this.write('/proc/sys/kernel/random/boot_id', `${id}\n`);
  }
  /** Lets time pass: at once, or at the guard's next tick. */
  pass(seconds: number): void {
    if (this.#guards > 0) return writeFileSync(this.shim('jump'), String(seconds));
    const now = Number(this.read('/proc/uptime')?.split(' ')[0]);
    this.write('/proc/uptime', `${now + seconds} 0\n`);
  }
  send(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.#sent, name), text);
  }

  /** The log of the API server's n-th restart. */
  podLog(uid: string, restart: number, text: string): void {
    const folder = `/var/log/pods/kube-system_kube-apiserver-control-1_${uid}/kube-apiserver`;
    mkdirSync(this.path(folder), { recursive: true });
    this.write(`${folder}/${restart}.log`, text === '' ? '' : `${text}\n`);
  }

  /** A process listens; one that listened there before does no longer. */
  serve(server: Server): void {
    this.silence(server.port);
    this.#servers.push(server);
    const { pid, started = pid, command = 'new' } = server;
    const proc = `/proc/${pid}`;
    mkdirSync(this.path(`${proc}/fd`), { recursive: true });
    this.write(`${proc}/cmdline`, `kube-apiserver\0--mode=${command}\0`);
    this.write(`${proc}/stat`, `${pid} (kube (api) server) S ${'0 '.repeat(18)}${started} 0 0\n`);
    symlinkSync(`socket:[${pid}00]`, this.path(`${proc}/fd/7`));
    this.#showSockets();
  }
  /** Nobody listens there any more; the process may still be there. */
  silence(port: number): void {
    for (const { pid } of this.#servers.filter((one) => one.port === port)) this.remove(`/proc/${pid}/fd`);
    this.#servers = this.#servers.filter((one) => one.port !== port);
    this.#showSockets();
  }
  #showSockets(): void {
    const lines = this.#servers.map(({ port, pid }, index) => {
      const hex = port.toString(16).toUpperCase().padStart(4, '0');
      return `   ${index}: 00000000000000000000000000000000:${hex} 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 ${pid}00 1 0 100 0 0 10 0`;
    });
    this.write('/proc/net/tcp', '  sl  local_address rem_address   st\n');
    this.write('/proc/net/tcp6', `  sl  local_address rem_address   st\n${lines.join('\n')}\n`);
  }

  /** Runs a phase to its end. */
  async phase<P extends Phase>(phase: P, args: PhaseArguments[P], options: Options = {}): Promise<Ended> {
    const words = phaseArguments(phase, options.run ?? run, args);
    const script = join(this.#sent, 'transaction.sh');
    const ended = await this.#end(this.#start([script, ...words, `files=${this.#sent}`], options));
    return { ...ended, answer: parseAnswer(ended.text) };
  }

  /** Starts the guard that lies on the node, as the kubelet does. */
  guard(options: Options = {}): RunningGuard {
    const script = this.path('/var/lib/sematext-audit/guard.sh');
    const words = [script, `run=${this.read(guardFile)}`, `folder=${manifests}`];
    const child = this.#start(words, { ...options, env: { TICKS: '1', ...options.env } });
    this.#guards += 1;
    child.stdout?.on('data', (text: string) => (this.#guardSaid += text));
    const ended = this.#end(child).finally(() => (this.#guards -= 1));
    return { ended, kill: () => killGroup(child) };
  }

  #start(words: readonly string[], { killAt, fullDisk = false, env = {} }: Options): ChildProcess {
    const [program, ...args] = fullDisk ? [...full, ...this.shell.command] : this.shell.command;
    const shims = [...(killAt === undefined ? [] : ['mortal']), 'usual'].map((kind) => this.shim(kind));
    rmSync(this.shim('count'), { force: true });
    const real = [this.shim('usual'), ...this.shell.path].join(':');
    const child = spawn(program, [...args, ...words, `root=${this.root}`], {
      detached: true, // a group of its own, to be killed whole
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: [...shims, ...this.shell.path].join(':'),
        REAL_PATH: real,
        SHIMS: this.shim('.'),
        NODE: this.root,
        ...(killAt === undefined ? {} : { KILL_AT: String(killAt) }),
        ...env,
      },
    });
    this.#running.add(child);
    running.add(child);
    return child;
  }

  async #end(child: ChildProcess): Promise<Said> {
    const said = { text: '', stderr: '' };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (said.text += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    this.#running.delete(child);
    running.delete(child);
    witness(said.text);
    witness(said.stderr);
    return { code, ...said };
  }

  async look(): Promise<NodeLook> {
    const { text, stderr, answer } = await this.phase('look', {
      folder: manifests,
      log: '/var/log/kubernetes/audit',
    });
    const look = nodeLook(answer);
    if (look === undefined) throw new Error(`look: ${text}${stderr}`);
    return look;
  }

  stop(): void {
    for (const child of this.#running) killGroup(child);
    rmSync(this.#home, { recursive: true, force: true });
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (/^(ENOENT|EISDIR|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
