// From kubeconfig and flags to one way in: where the API is, whom to trust, who we are. The precedence is
// kubectl's (client-go, tools/clientcmd/client_config.go), which is not that of client-node's KubeConfig: there the
// last current-context wins, files win over data, duplicates and missing files of KUBECONFIG are errors, and
// tokenFile, as-groups, as-uid and the exec plugin's cluster are not read.
import { isAbsolute, join } from 'node:path';
import { Failure } from '../errors.ts';
import { invalid, isRecord, loadKubeconfig, type Entry, type Kubeconfig } from './kubeconfig-files.ts';
import { readText, ReadError } from './read-file.ts';
import type { Connection, Env } from './world.ts';

/** What the cluster half of the kubeconfig comes to. */
export interface Server {
  readonly url: URL;
  /** PEM; absent: the public authorities. */
  readonly ca?: string;
  readonly insecure: boolean;
  readonly serverName?: string;
  readonly proxyUrl?: string;
  /** What the cluster's kubeconfig entry has for exec plugins. */
  readonly execConfig?: unknown;
}

/** What the user half comes to; the paths are absolute or relative to the working folder. */
export interface User {
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  /** PEM. */
  readonly certificate?: string;
  /** PEM. */
  readonly key?: string;
  readonly exec?: Readonly<Record<string, unknown>>;
  readonly authProvider?: Readonly<Record<string, unknown>>;
  /** The folder of the kubeconfig that names the exec plugin. */
  readonly folder: string;
  readonly as?: string;
  readonly asGroups: readonly string[];
  readonly asUid?: string;
  readonly asExtra: Readonly<Record<string, readonly string[]>>;
}

/** One way into one cluster. */
export interface Access {
  readonly context: string;
  readonly namespace: string;
  readonly server: Server;
  readonly user: User;
}

/** Where a pod finds its own credentials. */
const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';
const pemBytes = 4 * 1024 * 1024;

/** A field that must be text where it is there; an empty one counts as absent, as in kubectl. */
function text(entry: Entry | undefined, field: string): string | undefined {
  const value = entry?.fields[field] ?? '';
  if (typeof value !== 'string')
    throw invalid(`In the kubeconfig, ${field} of "${entry?.name}" is not a text.`);
  return value === '' ? undefined : value;
}

function texts(entry: Entry | undefined, field: string): readonly string[] {
  const value = entry?.fields[field] ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw invalid(`In the kubeconfig, ${field} of "${entry?.name}" is not a list of texts.`);
}

function record(entry: Entry | undefined, field: string): Readonly<Record<string, unknown>> | undefined {
  const value = entry?.fields[field] ?? undefined;
  if (value === undefined || isRecord(value)) return value;
  throw invalid(`In the kubeconfig, ${field} of "${entry?.name}" is not a mapping.`);
}

async function pemFile(path: string, what: string): Promise<string> {
  try {
    return (await readText(path, pemBytes)).text;
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    throw invalid(`The ${what} file ${path} ${error.message}.`);
  }
}

/** PEM from a flag's file, or the entry's NAME-data (which wins, as in kubectl), or the entry's file. */
async function pem(entry: Entry | undefined, name: string, flag?: string): Promise<string | undefined> {
  if (flag) return pemFile(flag, name);
  const data = text(entry, `${name}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('latin1');
  const path = text(entry, name);
  return path === undefined ? undefined : pemFile(resolve(entry, path), name);
}

function resolve(entry: Entry | undefined, path: string): string {
  return isAbsolute(path) || entry === undefined ? path : join(entry.folder, path);
}

/** The first names of a list, for messages. */
function names(from: ReadonlyMap<string, Entry>): string {
  return [...from.keys()].slice(0, 10).join(', ') || 'none';
}

function serverUrl(given: string, tls: boolean): URL {
  const whole = given.includes('://') ? given : `${tls ? 'https' : 'http'}://${given}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw invalid('The server of the kubeconfig is not an http or https URL.');
  return url;
}

/** Leaves out what is undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as never;
}

/** Whom to trust: a flag for it replaces all that the kubeconfig says about it. */
async function trustOf(
  entry: Entry | undefined,
  flags: Connection,
): Promise<{ ca?: string; insecure: boolean }> {
  const insecureFlag = flags.insecureSkipTlsVerify === true;
  const replaced = insecureFlag || Boolean(flags.certificateAuthority);
  const ca = await pem(replaced ? undefined : entry, 'certificate-authority', flags.certificateAuthority);
  const insecure = replaced ? insecureFlag : entry?.fields['insecure-skip-tls-verify'] === true;
  if (ca !== undefined && insecure)
    throw invalid('A certificate authority and insecure-skip-tls-verify exclude each other.');
  return { insecure, ...defined({ ca }) };
}

function execConfigOf(entry: Entry | undefined): unknown {
  const extensions: unknown = entry?.fields['extensions'];
  const list: readonly unknown[] = Array.isArray(extensions) ? extensions : [];
  const named = list.filter(isRecord).find((item) => item['name'] === 'client.authentication.k8s.io/exec');
  return named?.['extension'];
}

async function serverOf(entry: Entry | undefined, flags: Connection): Promise<Server> {
  const trust = await trustOf(entry, flags);
  const server = flags.server || text(entry, 'server');
  if (server === undefined)
    throw invalid(`The cluster "${entry?.name ?? ''}" of the kubeconfig has no server.`);
  return {
    url: serverUrl(server, trust.ca !== undefined || trust.insecure),
    ...trust,
    ...defined({
      // another server has another name
      serverName: flags.tlsServerName || (flags.server ? undefined : text(entry, 'tls-server-name')),
      proxyUrl: text(entry, 'proxy-url'),
      execConfig: execConfigOf(entry),
    }),
  };
}

function extraOf(entry: Entry | undefined): Record<string, readonly string[]> {
  const extra = record(entry, 'as-user-extra') ?? {};
  const of = entry === undefined ? undefined : { ...entry, fields: extra };
  return Object.fromEntries(Object.keys(extra).map((key) => [key, texts(of, key)]));
}

function impersonationOf(entry: Entry | undefined, flags: Connection): Omit<User, 'folder'> {
  const as = flags.as || text(entry, 'as');
  const asGroups = flags.asGroups?.length ? flags.asGroups : texts(entry, 'as-groups');
  const asUid = flags.asUid || text(entry, 'as-uid');
  const asExtra = extraOf(entry);
  if (as === undefined && (asGroups.length > 0 || asUid !== undefined || Object.keys(asExtra).length > 0))
    throw new Failure('usage', 'A group or uid to act as needs a user to act as.', ['Add --as USER.']);
  return { asGroups, asExtra, ...defined({ as, asUid }) };
}

async function userOf(entry: Entry | undefined, flags: Connection): Promise<User> {
  const tokenFile = text(entry, 'tokenFile');
  return {
    folder: entry?.folder ?? '.',
    ...impersonationOf(entry, flags),
    ...defined({
      token: flags.token || text(entry, 'token'),
      tokenFile: flags.token || tokenFile === undefined ? undefined : resolve(entry, tokenFile),
      username: text(entry, 'username'),
      password: text(entry, 'password'),
      certificate: await pem(entry, 'client-certificate', flags.clientCertificate),
      key: await pem(entry, 'client-key', flags.clientKey),
      exec: record(entry, 'exec'),
      authProvider: record(entry, 'auth-provider'),
    }),
  };
}

/** kubectl in a pod with no kubeconfig uses the pod's service account; so do we. */
async function inCluster(env: Env, folder: string): Promise<Kubeconfig | undefined> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  const [token, namespace] = await Promise.all(
    ['token', 'namespace'].map((name) => readText(join(folder, name), pemBytes).catch(() => undefined)),
  );
  if (!host || !port || token === undefined) return undefined;
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const entry = (fields: Record<string, unknown>): Map<string, Entry> =>
    new Map([['in-cluster', { name: 'in-cluster', fields, folder }]]);
  return {
    files: [],
    currentContext: 'in-cluster',
    contexts: entry({ cluster: 'in-cluster', user: 'in-cluster', namespace: namespace?.text.trim() }),
    clusters: entry({ server, 'certificate-authority': 'ca.crt' }),
    users: entry({ tokenFile: 'token' }),
  };
}

function noKubeconfig(flags: Connection): Failure {
  const where = flags.kubeconfig ? `The kubeconfig ${flags.kubeconfig} is empty.` : 'There is no kubeconfig.';
  return invalid(where, [
    'Name one with --kubeconfig or KUBECONFIG.',
    'See what kubectl has: kubectl config view',
  ]);
}

function contextOf(config: Kubeconfig, flags: Connection): Entry | undefined {
  const name = flags.context || config.currentContext;
  const enough = Boolean(flags.server || flags.cluster);
  const has = names(config.contexts);
  if (name === '' && !enough)
    throw invalid('The kubeconfig has no current context.', [
      `Name one with --context; it has: ${has}.`,
      'Or choose one for good: kubectl config use-context NAME',
    ]);
  const context = config.contexts.get(name);
  if (context === undefined && name !== '')
    throw invalid(`There is no context "${name}" in the kubeconfig.`, [`It has: ${has}.`]);
  return context;
}

/** What is there, or the pod's own when nothing is. */
async function configOf(flags: Connection, env: Env, podFolder: string): Promise<Kubeconfig> {
  const config = await loadKubeconfig(flags, env);
  const entries = config.contexts.size + config.clusters.size + config.users.size;
  if (entries > 0 || config.currentContext !== '') return config;
  const own = await inCluster(env, podFolder);
  if (own === undefined && !flags.server) throw noKubeconfig(flags);
  return own ?? config;
}

/** The entry that a flag or the context names; with `optional` the context may name one that is not there. */
function pick(
  from: ReadonlyMap<string, Entry>,
  kind: 'cluster' | 'user',
  { flag, named, optional }: { flag: string | undefined; named: string | undefined; optional: boolean },
): Entry | undefined {
  const name = flag || named || '';
  const entry = from.get(name);
  if (entry !== undefined || name === '' || (optional && !flag)) return entry;
  const because = flag ? '' : ', although its context names it';
  throw invalid(`There is no ${kind} "${name}" in the kubeconfig${because}.`, [`It has: ${names(from)}.`]);
}

/**
 * The way in that flags and kubeconfig describe. Reads files; asks nobody.
 * @param podFolder where a pod's own credentials are; only tests have another
 * @throws Failure kubeconfig-invalid | usage
 */
export async function findAccess(
  flags: Connection,
  env: Env,
  podFolder: string = serviceAccount,
): Promise<Access> {
  const config = await configOf(flags, env, podFolder);
  const context = contextOf(config, flags);
  const cluster = pick(config.clusters, 'cluster', {
    flag: flags.cluster,
    named: text(context, 'cluster'),
    optional: Boolean(flags.server),
  });
  const user = pick(config.users, 'user', {
    flag: flags.user,
    named: text(context, 'user'),
    optional: Boolean(flags.token || flags.clientCertificate),
  });
  return {
    context: context?.name ?? '',
    namespace: flags.namespace || text(context, 'namespace') || 'default',
    server: await serverOf(cluster, flags),
    user: await userOf(user, flags),
  };
}
