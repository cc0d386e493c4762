// A container whose command is kube-apiserver: an embedded API server with the flags of that command and the files of
// that container, over the objects of the cluster. It ends as the real one does: its port closes at once, and it uses
// its grace up.
import { join } from 'node:path';
import type { Certificate } from '../../certificate.ts';
import type { Faults } from '../../faults.ts';
import { listen, type Listening, type Reply, type Request } from '../../http.ts';
import type { Release } from '../../kubernetes/kinds.ts';
import { handle, type Seen } from '../../kubernetes/pipeline.ts';
import { endProcess, startProcess, type Process, type Settings } from '../../kubernetes/process.ts';
import type { Flags } from '../../kubernetes/server-flags.ts';
import type { ObjectStore } from '../../kubernetes/store.ts';
import { endedBy, type Exit, type Launch, type Running } from '../container.ts';
import { fullName } from '../pod.ts';
import type { NodeProcess, Ports } from '../ports.ts';
import { checkFlags, Fatal, readArguments } from './command-line.ts';
import { openAuditLog, readIn, readRule, readWebhook, type AuditLog } from './files.ts';

/** What all API servers of a cluster have in common. */
export interface ControlPlane {
  readonly release: Release;
  readonly objects: ObjectStore;
  readonly tls: Certificate;
  readonly faults: Faults;
  readonly common: Omit<Settings, 'release' | 'auditSinks' | 'audit' | 'flags'>;
  readonly tell: (seen: Seen, server: ServerName) => void;
  /** Joins the addresses of the service kubernetes; the returned function leaves them. */
  readonly join: (address: string, port: number) => () => void;
}

/** Which API server of a cluster. */
export interface ServerName {
  readonly node: string;
  /** namespace/name of its pod. */
  readonly pod: string;
  readonly port: number;
}

/** The node that it runs on. */
export interface ServerPlace {
  readonly node: string;
  readonly ports: Ports;
  /** Folder for what containers write where nothing is mounted. */
  readonly layers: string;
  /** Real milliseconds of a second. */
  readonly second: number;
}

interface Loaded {
  readonly flags: Flags;
  readonly settings: Settings;
  readonly log: AuditLog | undefined;
}

const pki = [
  'client-ca-file',
  'tls-cert-file',
  'tls-private-key-file',
  'etcd-cafile',
  'service-account-key-file',
];

function wordsOf({ container: { command = [], args = [] } }: Launch): readonly string[] {
  return [...command, ...args];
}

function auditLog(path: string, { mounts, pod, log }: Launch, layers: string): AuditLog {
  if (path === '-') return { write: (line) => log(`${line}\n`, 'stdout'), close: () => undefined };
  return openAuditLog(mounts, path, join(layers, pod.metadata.uid ?? ''));
}

/** Reads what the command line names. @throws Fatal */
function load(cluster: ControlPlane, launch: Launch, layers: string): Loaded {
  const { release, common } = cluster;
  const { mounts } = launch;
  const flags = readArguments(wordsOf(launch).slice(1), release);
  const asked = checkFlags(flags, release);
  for (const name of pki) if (flags[name]) readIn(mounts, flags[name]);
  const policy = flags['audit-policy-file'];
  const rule = policy ? readRule(mounts, policy, release) : undefined;
  const path = flags['audit-log-path'];
  const log = path ? auditLog(path, launch, layers) : undefined;
  const kubeconfig = flags['audit-webhook-config-file'];
  const webhook = kubeconfig ? readWebhook(mounts, kubeconfig) : undefined;
  // backends without a policy get nothing
  const audit = rule && { rule, ...(webhook && { webhook }), ...(log && { log: log.write }) };
  return { flags, log, settings: { ...common, ...asked, release, audit, flags } };
}

/** The time as klog writes it. */
function stamp(): string {
  const now = new Date().toISOString();
  return `${now.slice(5, 7)}${now.slice(8, 10)} ${now.slice(11, 23)}000`;
}

/** What the last lines of the log say when it does not start. */
function lastWords({ message, inArguments }: Fatal, release: Release): string {
  if (release === '1.18.19')
    return (
      `Error: ${message}\nUsage:\n  kube-apiserver [flags]\n\n` +
      '      --vmodule moduleSpec               comma-separated list of pattern=N settings for file-filtered logging\n\n'
    );
  if (inArguments) return `Error: ${message}\n`;
  return `E${stamp()}       1 run.go:72] "command failed" err=${JSON.stringify(message)}\n`;
}

/** One run of an API server. */
class ApiServerContainer implements Running {
  readonly ended: Promise<Exit>;
  #end: (exit: Exit) => void = () => undefined;
  readonly #cluster: ControlPlane;
  readonly #place: ServerPlace;
  readonly #launch: Launch;
  readonly #process: NodeProcess;
  #timer: NodeJS.Timeout;
  #run: Process | undefined;
  #listening: Listening | undefined;
  #log: AuditLog | undefined;
  #leave: (() => void) | undefined;
  #stopping = false;
  #over = false;

  constructor(cluster: ControlPlane, place: ServerPlace, launch: Launch) {
    this.#cluster = cluster;
    this.#place = place;
    this.#launch = launch;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.#process = place.ports.begin(wordsOf(launch));
    void this.#process.killed.then(() => this.kill());
    // what it reads before it serves takes a real one about a second
    this.#timer = setTimeout(
      () => void this.#start().catch((error: unknown) => this.#die(error)),
      place.second,
    );
  }

  ready(): boolean {
    return this.#listening !== undefined && !this.#stopping && !this.#over;
  }

  stop(graceMs: number): void {
    this.#stopping = true;
    this.#close();
    if (!this.#listening) return this.kill();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.kill(), graceMs);
  }

  kill(why?: 'OOMKilled'): void {
    this.#finish(endedBy('SIGKILL', why));
  }

  async #start(): Promise<void> {
    const { flags, settings, log } = load(this.#cluster, this.#launch, this.#place.layers);
    this.#log = log;
    const { tls, faults, objects, tell, join: joins } = this.#cluster;
    const port = Number(flags['secure-port'] ?? 6443);
    const bind = flags['bind-address'] ?? '0.0.0.0';
    if (!this.#process.claim(port, bind))
      throw new Fatal(
        `failed to create listener: failed to listen on ${bind}:${port}: listen tcp ${bind}:${port}: bind: address already in use`,
      );
    const run = startProcess(settings, objects);
    this.#run = run;
    const server = { node: this.#place.node, pod: fullName(this.#launch.pod), port };
    const answer = (request: Request): Reply => handle(run, request, (seen) => tell(seen, server));
    const listening = await listen(answer, faults, { tls });
    if (this.#over || this.#stopping) return listening.stop();
    this.#listening = listening;
    this.#process.serve(listening.port);
    if (flags['endpoint-reconciler-type'] !== 'none')
      this.#leave = joins(flags['advertise-address'] ?? '127.0.0.1', port);
    this.#launch.log(`I${stamp()}       1 secure_serving.go:211] Serving securely on [::]:${port}\n`);
  }

  #close(): void {
    this.#process.close();
    this.#leave?.();
    this.#leave = undefined;
    this.#listening?.closePort();
  }

  #die(error: unknown): void {
    if (!(error instanceof Fatal)) throw error;
    if (this.#over) return;
    this.#launch.log(lastWords(error, this.#cluster.release));
    this.#finish({ exitCode: 1, reason: 'Error' });
  }

  #finish(exit: Exit): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#close();
    this.#process.end();
    if (this.#run) endProcess(this.#run);
    this.#log?.close();
    void this.#listening?.stop();
    this.#end(exit);
  }
}

/** Starts one. */
export function startApiServerContainer(cluster: ControlPlane, place: ServerPlace, launch: Launch): Running {
  return new ApiServerContainer(cluster, place, launch);
}
