// Everything outside the process, behind our own words, opened lazily: a command that needs no cluster loads no
// cluster client. Tests hand in their own world.

/** One HTTP answer as it came; a status is never an exception. */
export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** From the first byte asked to the last byte had, milliseconds. */
  readonly ms: number;
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
  readonly timeoutMs?: number;
}

/** The Kubernetes API of the chosen context. */
export interface Cluster {
  /** The kubeconfig's server, host only: for messages. */
  readonly host: string;
  /** @throws Failure cluster-unreachable | cluster-unauthorized | kubeconfig-invalid | interrupted */
  request(request: ApiRequest): Promise<Answer>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
}

export interface Clock {
  now(): Date;
  /** Resolves after `ms`, or rejects with Failure interrupted when the run is cancelled. */
  sleep(ms: number): Promise<void>;
}

export interface World {
  cluster(): Promise<Cluster>;
  /** Plain HTTP to the sink; redirects are never followed. @throws Failure from `unreachable` of the caller's choosing is not made here: network errors are thrown as HttpError. */
  http(request: HttpRequest): Promise<Answer>;
  readonly clock: Clock;
  uuid(): string;
  sha256(text: string): string;
}
