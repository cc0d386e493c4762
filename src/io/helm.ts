// The user's own helm, 3 or 4, on the cluster that the user named to us. What differs between the two is not used.
// Its flags and environment: https://helm.sh/docs/helm/helm/
import { Failure } from '../errors.ts';
import { interrupted } from './clock.ts';
import { runProgram } from './program.ts';
import type { Ended } from './program.ts';
import { redact } from './redact.ts';
import type { Connection, WorldOptions } from './world.ts';

export interface HelmCall {
  /** Verb first; none that says which cluster. No secret: they stand in `ps`. */
  readonly args: readonly string[];
  /** For `--values -`. No secret: helm keeps them in the release. */
  readonly values?: Readonly<Record<string, unknown>>;
}

export interface Helm {
  /** Like v4.3.1. */
  readonly version: string;
  /**
   * @returns what it wrote to its standard output
   * @throws Failure helm-failed, with helm's own sentence | interrupted
   */
  run(call: HelmCall): Promise<string>;
}

/**
 * Finds helm on the PATH.
 * @throws Failure helm-missing (none, or neither 3 nor 4) | usage (a connection flag that helm lacks) | interrupted
 */
export async function openHelm(options: Pick<WorldOptions, 'connection' | 'env' | 'signal'>): Promise<Helm> {
  const { connection, signal } = options;
  const flags = flagsOf(connection);
  // helm's plugins are other people's programs: our secrets are not for them. A bearer token is not for `ps`.
  const env = {
    ...options.env,
    LOGS_TOKEN: undefined,
    SEMATEXT_API_KEY: undefined,
    ...(connection.token !== undefined && { HELM_KUBETOKEN: connection.token }),
  };
  const call = async (args: readonly string[], input?: string): Promise<Ended> => {
    if (signal.aborted) throw interrupted();
    const ended = await runProgram({
      file: 'helm',
      args,
      env,
      signal,
      ...(input !== undefined && { input }),
    });
    if (signal.aborted) throw interrupted();
    return ended;
  };
  const { stdout } = await call(['version', '--template', '{{.Version}}']).catch((error: unknown) => {
    if (error instanceof Failure) throw error;
    throw missing('helm is not on the PATH, or cannot be run.', error);
  });
  const version = /^v?\d+\.[\w.+-]+/.exec(stdout.trim())?.[0] ?? 'of an unknown version';
  if (!/^v?[34]\./.test(version)) throw missing(`The helm on the PATH is ${version}; 3 or 4 is needed.`);
  return {
    version,
    run: async ({ args, values }) => {
      const ended = await call([...args, ...flags], values && JSON.stringify(values));
      if (ended.exit !== 0) throw failed(args[0] ?? '', ended, connection);
      return ended.stdout;
    },
  };
}

function missing(message: string, cause?: unknown): Failure {
  const next = [
    'install helm 3 or 4: https://helm.sh/docs/intro/install/',
    'or let this tool set the agent up by itself: --agent logagent',
  ];
  return new Failure('helm-missing', message, next, cause);
}

/** helm's words for kubectl's flags. @throws Failure usage */
function flagsOf(connection: Connection): readonly string[] {
  const lacks = {
    '--cluster': connection.cluster,
    '--user': connection.user,
    '--as-uid': connection.asUid,
    '--client-certificate': connection.clientCertificate,
    '--client-key': connection.clientKey,
  };
  const [lacking] = Object.entries(lacks).find(([, value]) => value !== undefined) ?? [];
  if (lacking !== undefined)
    throw new Failure('usage', `helm has no ${lacking}, so --agent helm cannot be used with it.`, [
      'name a context of your kubeconfig instead: --context NAME',
      'or let this tool set the agent up by itself: --agent logagent',
    ]);
  const has = {
    '--kubeconfig': connection.kubeconfig,
    '--kube-context': connection.context,
    '--kube-as-user': connection.as,
    '--kube-apiserver': connection.server,
    '--kube-ca-file': connection.certificateAuthority,
    '--kube-tls-server-name': connection.tlsServerName,
  };
  return [
    ...Object.entries(has).flatMap(([flag, value]) => (value === undefined ? [] : [flag, value])),
    ...(connection.asGroups ?? []).flatMap((group) => ['--kube-as-group', group]),
    ...(connection.insecureSkipTlsVerify === true ? ['--kube-insecure-skip-tls-verify'] : []),
  ];
}

/** helm tells its failure in a line that begins with `Error:`; what a cluster said stands in it. */
function failed(verb: string, { exit, stderr }: Ended, { token }: Connection): Failure {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const told = lines.findLast((line) => line.startsWith('Error: ')) ?? lines.at(-1) ?? `exit ${exit}`;
  const sentence = redact(told.replace(/^Error: /, ''), token === undefined ? [] : [token]).slice(0, 500);
  return new Failure('helm-failed', `helm ${verb} failed: ${sentence}`, [
    'helm status sematext-audit-agent --namespace sematext-audit',
    'or let this tool set the agent up by itself: --agent logagent',
  ]);
}
