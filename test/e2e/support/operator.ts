// Knows how an operator uses the program on one cluster and one sink: each command with the flags and the user that
// belong to them, its result as a document.
import type { ApiServer, ApiUser } from './api-server.ts';
import {
  resultOf,
  startCli,
  type CliRun,
  type End,
  type Invocation,
  type Results,
  type Told,
} from './cli.ts';

/** Where events go and are searched. */
export interface SinkUrls {
  readonly receiverUrl: string;
  readonly searchUrl?: string;
}

/** How a command is run beside its flags. */
export interface Circumstances extends Omit<Invocation, 'kubeconfig'> {
  /** Default auditor: the one who has the permissions that the docs name. */
  user?: ApiUser;
  sink?: SinkUrls;
}

/** A command that was started, its document awaited. */
export type Started<K extends keyof Results> = CliRun & { told(): Promise<Told<Results[K]>> };

/** The commands of one cluster and one sink. */
export interface Operator {
  /** Starts a command with `-o json`. */
  start<K extends keyof Results>(
    command: K,
    flags?: readonly string[],
    how?: Circumstances,
  ): Promise<Started<K>>;
  /** Runs a command to its end; its document is the result. */
  run<K extends keyof Results>(
    command: K,
    flags?: readonly string[],
    how?: Circumstances,
  ): Promise<Told<Results[K]>>;
  /** Runs a command to its end, without `-o json` and without judging what it printed. */
  plain(command: keyof Results, flags?: readonly string[], how?: Circumstances): Promise<End>;
}

const sinkless: readonly string[] = ['disable'];

/** The operator of a cluster. */
export function operatorOf(api: ApiServer, sink: SinkUrls): Operator {
  const begin = (command: string, flags: readonly string[], how: Circumstances): Promise<CliRun> => {
    const { user = 'auditor', sink: { receiverUrl, searchUrl } = sink, ...rest } = how;
    const search = searchUrl === undefined ? [] : [`--search-url=${searchUrl}`];
    const urls = sinkless.includes(command) ? [] : [`--receiver-url=${receiverUrl}`, ...search];
    return startCli([command, '--no-input', ...urls, ...flags], {
      ...rest,
      kubeconfig: api.kubeconfigFor(user),
    });
  };
  const start: Operator['start'] = async (command, flags = [], how = {}) => {
    const run = await begin(command, ['-o', 'json', ...flags], how);
    return { ...run, told: async () => resultOf(command, await run.ended) };
  };
  return {
    start,
    run: async (command, flags, how) => (await start(command, flags, how)).told(),
    plain: async (command, flags = [], how = {}) => (await begin(command, flags, how)).ended,
  };
}
