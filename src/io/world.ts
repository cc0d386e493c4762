// Everything outside the process, behind our own words, opened lazily: a command that needs no cluster loads no
// cluster client. Tests hand in their own world.
import { openClock } from './clock.ts';
import type { Block } from './line-block.ts';
import type { Piece } from './log/lines.ts';
import type { LogAsked, LogPlace } from './log/open.ts';
import type { Helm } from './helm.ts';

/** One HTTP answer as it came; a status is never an exception. */
export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** From the first byte asked to the last byte had, milliseconds. */
  readonly ms: number;
}

/** An answer that is taken as it comes; `text` is that of an answer other than 200. */
export interface Streamed extends Answer {
  /** What comes of a 200, until it ends, or is silent for a minute. @throws Failure cluster-answer when it breaks off | interrupted */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** A host-network pod, and a port of its node: the kubelet dials the port on the node's own loopback address. */
export interface Through {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path with query, beginning with a slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** host:port of one API server to ask directly instead of the kubeconfig's address. */
  readonly via?: string;
  /** A port of a control-plane node, reached by port-forward through a pod in that node's network. */
  readonly through?: Through;
  /** Over a connection of its own, and not again when that breaks: whether connections come through is what is asked. */
  readonly fresh?: boolean;
  /** The answer's text has one character for each byte (Latin-1) instead of being UTF-8. */
  readonly binary?: boolean;
  /** Sent even when the run was cancelled: what was done must be undone. */
  readonly uncancelled?: boolean;
  /** For the whole exchange; the smaller of this and --request-timeout counts; 30 s when neither is given. */
  readonly timeoutMs?: number;
}

/** The Kubernetes API of the chosen context. */
export interface Cluster {
  /** The kubeconfig's server, host (and port) only: for messages. */
  readonly host: string;
  /** Secrets this run knows; `look` and `write` mask them in sentences that came from the API. */
  readonly known?: ReadonlySet<string>;
  /**
   * @throws Failure cluster-unreachable | cluster-unauthorized (exec plugin) | cluster-answer (no whole answer)
   *   | kubeconfig-invalid | interrupted; of a request `through` a pod also Refused (src/io/api.ts): there is no tunnel,
   *   since the pod does not exist (404), pods/portforward is forbidden (403), its kubelet cannot be asked (500)
   */
  request(request: ApiRequest): Promise<Answer>;
}

/** The same, also asked for what has no end. */
export interface StreamingCluster extends Cluster {
  /** As `request`; its deadline is for the beginning of the answer alone. @throws as `request` */
  stream(request: ApiRequest): Promise<Streamed>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole exchange; 30 s when not given. */
  readonly timeoutMs?: number;
}

export interface Clock {
  now(): Date;
  /** Resolves after `ms`, or rejects with Failure interrupted when the run is cancelled. */
  sleep(ms: number): Promise<void>;
  /** Resolves after `ms`, cancelled or not: for taking back. */
  rest(ms: number): Promise<void>;
}

/** kubectl's connection flags, by their names; a flag not given is absent. */
export interface Connection {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
  readonly as?: string;
  readonly asGroups?: readonly string[];
  readonly asUid?: string;
  readonly server?: string;
  readonly token?: string;
  readonly certificateAuthority?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly tlsServerName?: string;
  readonly requestTimeoutMs?: number;
}

/** A secret that was read, and what the user should know about how it was had. */
export interface Secret {
  readonly value: string;
  /** Where it came from, for messages: "LOGS_TOKEN", a path, "standard input", …; never the value. */
  readonly from: string;
  /** Sentences for stderr, such as that its file can be read by others. */
  readonly notes: readonly string[];
}

/** Where the Logs token is to be had; with neither, LOGS_TOKEN and then a prompt. */
export interface TokenSource {
  /** --logs-token-file: a path, or "-" for standard input. */
  readonly file?: string;
  /** --logs-token-secret: NAMESPACE/NAME[:KEY]. */
  readonly secret?: string;
}

export interface Secrets {
  /** @throws Failure token-missing | token-malformed | usage | interrupted, and those of reading a Secret */
  logsToken(source: TokenSource): Promise<Secret>;
  /** The same where it is given or stands in LOGS_TOKEN; undefined, and nobody asked, where it is not. */
  logsTokenIfGiven(source: TokenSource): Promise<Secret | undefined>;
  /** --api-key-file or SEMATEXT_API_KEY; undefined when there is neither. @throws Failure token-missing | token-malformed */
  apiKey(source: { readonly file?: string }): Promise<Secret | undefined>;
}

/** Streams of prompts; a terminal is recognised by `isTTY`. */
export type Input = NodeJS.ReadableStream & {
  readonly isTTY?: boolean;
  readonly fd?: number;
  setRawMode?(on: boolean): unknown;
};
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean };

export type Env = Readonly<Record<string, string | undefined>>;

export interface WorldOptions {
  readonly connection: Connection;
  /** Aborted when the run is cancelled; every wait and request ends with it. */
  readonly signal: AbortSignal;
  readonly stdin: Input;
  readonly stderr: Output;
  /** --no-input: nothing may be asked. */
  readonly noInput: boolean;
  readonly env: Env;
}

/** Where each source was read to, by its name; what comes out of a file is not looked at yet. */
export type Positions = Readonly<Record<string, unknown>>;

export interface PositionFile {
  /** Nothing where there is no such file yet, or an empty one. @throws Failure usage when it holds something else */
  read(): Promise<Positions>;
  /** In one step. @throws Failure usage when it cannot be written */
  write(positions: Positions): Promise<void>;
}

export interface World {
  /** The same cluster each time. @throws Failure kubeconfig-invalid | cluster-unauthorized */
  cluster(): Promise<StreamingCluster>;
  /** Plain HTTP to the sink; redirects are never followed. @throws HttpError (src/io/http.ts), never a Failure except interrupted */
  http(request: HttpRequest): Promise<Answer>;
  readonly clock: Clock;
  /** A fresh random UUID, lower case. */
  uuid(): string;
  /** SHA-256 of a UTF-8 text as lower-case hex. */
  hasher(): Promise<(text: string) => string>;
  readonly secrets: Secrets;
  /** The user's own helm. @throws Failure helm-missing | usage */
  helm(): Promise<Helm>;
  /** A file that the user named, `-` for standard input, as text; at most 1 MiB where nothing else is said. @throws Failure usage | interrupted */
  read(path: string, maxBytes?: number): Promise<string>;
  /**
   * Puts a text in the place of the one that was read of a file (src/io/rewrite-file.ts).
   * @throws Failure usage when it cannot, or the file was changed meanwhile
   */
  rewrite(path: string, before: string, after: string): Promise<void>;
  /**
   * Lines of a file that the user named, or of standard input (`-`); packed or not (src/io/event-lines.ts).
   * @param literals a JSON object in one line that holds none of these is left out; with none given, no line is
   * @throws Failure usage when it cannot be read | interrupted
   */
  lines(path: string, literals: readonly string[]): AsyncIterable<Block>;
  /** The file that keeps positions (src/io/position-file.ts). */
  positions(path: string): Promise<PositionFile>;
  /**
   * A log that grows and is rotated, of this machine or of a node, from a place on (src/io/log/follow.ts). The first piece
   * has no lines: it says that the log can be read.
   * @throws Failure usage when a file of this machine cannot be read; cluster-forbidden, cluster-unauthorized,
   *   cluster-refused, cluster-answer, cluster-unreachable when one of a node cannot | interrupted
   */
  log(place: LogPlace, asked: LogAsked): AsyncIterable<Piece>;
  /** Whether a path of this machine is a file that can be followed (src/io/log/open.ts). */
  canGrow(path: string): Promise<boolean>;
  /**
   * A file to be written that the user named, looked at now; with `over`, in the place of one that is there.
   * @returns what writes it, whole or not at all (src/io/new-file.ts)
   * @throws Failure usage when it may not be there or cannot be written, now or then
   */
  newFile(path: string, over: boolean): Promise<(text: string) => Promise<void>>;
  /** A question on stderr that is answered by a line; the usual answer when nobody can be asked, or for an empty one. @throws Failure interrupted */
  answer(question: string, usual: string): Promise<string>;
  /** A yes/no question on stderr; anything but y or yes is no. @throws Failure confirmation-needed | interrupted */
  ask(question: string): Promise<boolean>;
  readonly signal: AbortSignal;
}

/** Computes once, on first use. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** The real world. Opening it does nothing: each part is loaded when it is first used. */
export function openWorld(options: WorldOptions): World {
  const known = new Set<string>();
  const cluster = once(async () => (await import('./cluster.ts')).openCluster(options, known));
  const http = once(async () => (await import('./http.ts')).openHttp(options));
  const clock = openClock(options.signal);
  const secrets = once(async () => (await import('./secrets.ts')).openSecrets(options, { cluster, known }));
  return {
    cluster,
    http: async (request) => (await http())(request),
    clock,
    uuid: () => crypto.randomUUID(),
    hasher: async () => {
      const { createHash } = await import('node:crypto'); // most runs need none of it
      return (text) => createHash('sha256').update(text, 'utf8').digest('hex');
    },
    secrets: {
      logsToken: async (source) => (await secrets()).logsToken(source),
      logsTokenIfGiven: async (source) => (await secrets()).logsTokenIfGiven(source),
      apiKey: async (source) => (await secrets()).apiKey(source),
    },
    helm: once(async () => (await import('./helm.ts')).openHelm(options)),
    read: async (path, maxBytes) => (await import('./read-file.ts')).readNamed(path, options, maxBytes),
    rewrite: async (path, before, after) =>
      (await import('./rewrite-file.ts')).rewriteNamed(path, before, after),
    lines: async function* (path, literals) {
      yield* (await import('./event-lines.ts')).blocks(path, literals, options);
    },
    positions: async (path) => (await import('./position-file.ts')).openPositionFile(path),
    log: async function* (place, asked) {
      const { openLog } = await import('./log/open.ts');
      yield* openLog(place, asked, { cluster, clock, signal: options.signal });
    },
    canGrow: async (path) => (await import('./log/open.ts')).canGrow(path),
    newFile: async (path, over) => (await import('./new-file.ts')).openNewFile(path, over),
    answer: async (question, usual) => (await import('./prompt.ts')).askText(question, usual, options),
    ask: async (question) => (await import('./prompt.ts')).ask(question, options),
    signal: options.signal,
  };
}
