// Who we are to the API server: headers and a client certificate out of a kubeconfig's user. Exec plugins run here.
// The old "oidc" auth provider is refreshed by @kubernetes/client-node, the only part of it that we need, loaded
// only for those who have it.
import type { OutgoingHttpHeaders } from 'node:http';
import { Failure } from '../errors.ts';
import { runExecPlugin, type ExecCredential } from './exec-plugin.ts';
import { invalid, isRecord } from './kubeconfig-files.ts';
import type { Access, User } from './kubeconfig.ts';
import { readText, ReadError } from './read-file.ts';
import type { WorldOptions } from './world.ts';

/** What a request must carry. */
export interface Credential {
  readonly headers: OutgoingHttpHeaders;
  /** PEM of the client certificate and its key. */
  readonly certificate?: string;
  readonly key?: string;
}

export interface Credentials {
  /** What to carry now; the same object as before as long as it is still good. @throws Failure cluster-unauthorized | kubeconfig-invalid */
  current(): Promise<Credential>;
  /** Forgets what a plugin gave, after a 401; false when there is nothing that could come out otherwise. */
  forget(): boolean;
}

/** client-go reads a token file again after a minute: tokens of service accounts rotate. */
const tokenFileMs = 60_000;

function impersonation({ as, asGroups, asUid, asExtra }: User): OutgoingHttpHeaders {
  if (as === undefined) return {};
  const extra = Object.entries(asExtra).map(([key, values]) => [
    `Impersonate-Extra-${encodeURIComponent(key)}`,
    [...values],
  ]);
  return {
    'Impersonate-User': as,
    ...(asGroups.length > 0 ? { 'Impersonate-Group': [...asGroups] } : {}),
    ...(asUid === undefined ? {} : { 'Impersonate-Uid': asUid }),
    ...(Object.fromEntries(extra) as OutgoingHttpHeaders),
  };
}

async function tokenFrom(file: string): Promise<string> {
  try {
    return (await readText(file, 1024 * 1024)).text.trim();
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    throw invalid(`The token file ${file} of the kubeconfig's user ${error.message}.`);
  }
}

async function oidcToken(provider: Readonly<Record<string, unknown>>): Promise<string> {
  const config = isRecord(provider['config']) ? provider['config'] : {};
  try {
    const { OpenIDConnectAuth } = await import('@kubernetes/client-node/dist/oidc_auth.js');
    const options = { headers: {} as Record<string, string> };
    const user = { name: 'oidc', authProvider: { name: 'oidc', config: { ...config } } };
    await new OpenIDConnectAuth().applyAuthentication(user, options);
    const header = options.headers['Authorization'];
    if (header !== undefined) return header.replace(/^Bearer /, '');
  } catch {
    // what it says may quote the identity provider's answer, which holds tokens
  }
  throw new Failure(
    'cluster-unauthorized',
    "The identity token of the kubeconfig's oidc user could not be renewed.",
    ['Log in again with the tool that wrote this kubeconfig.'],
  );
}

function bearer(token: string): OutgoingHttpHeaders {
  // anything else would be refused by Node with an error of its own
  if (!/^[\x21-\x7e]+$/.test(token))
    throw invalid('The bearer token for the cluster is empty or holds characters that no token has.');
  return { Authorization: `Bearer ${token}` };
}

/** A credential and when it stops being good, epoch milliseconds. */
interface Timed {
  readonly credential: Credential;
  readonly until: number;
}
type Source = () => Promise<Timed>;

function execSource(access: Access, options: WorldOptions): Source {
  return async () => {
    const had: ExecCredential = await runExecPlugin(access, options);
    return {
      credential: {
        headers: had.token === undefined ? {} : bearer(had.token),
        ...(had.certificate === undefined ? {} : { certificate: had.certificate, key: had.key ?? '' }),
      },
      until: had.until,
    };
  };
}

/** What stands in the kubeconfig or a flag itself: a token, basic auth, a certificate; undefined: none of them. */
function fixed({ token, username, password, certificate }: User): OutgoingHttpHeaders | undefined {
  if (token !== undefined) return bearer(token);
  if (username !== undefined || password !== undefined) {
    const basic = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64');
    return { Authorization: `Basic ${basic}` };
  }
  return certificate === undefined ? undefined : {};
}

/** A source that always gives the same. */
function always(headers: OutgoingHttpHeaders, pair: Omit<Credential, 'headers'> = {}): Source {
  return async () => ({ credential: { headers, ...pair }, until: Infinity });
}

function providerSource(provider: Readonly<Record<string, unknown>>): Source {
  const name = provider['name'];
  if (name === 'oidc') return async () => always(bearer(await oidcToken(provider)))();
  const called = typeof name === 'string' ? `"${name}" ` : '';
  throw invalid(`The auth-provider ${called}of the kubeconfig's user was removed from Kubernetes.`, [
    'Let the provider’s command write a kubeconfig with an exec plugin.',
  ]);
}

/** kubectl's order: a token, basic auth or a certificate in the user keep the plugin from being run at all. */
function sourceOf(access: Access, options: WorldOptions): { source: Source; renewable: boolean } {
  const { tokenFile, certificate, key, exec, authProvider } = access.user;
  const pair = {
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
  };
  if (tokenFile !== undefined) {
    const read = async (): Promise<Timed> => ({
      credential: { headers: bearer(await tokenFrom(tokenFile)), ...pair },
      until: Date.now() + tokenFileMs,
    });
    return { source: read, renewable: true };
  }
  const headers = fixed(access.user);
  if (headers !== undefined) return { source: always(headers, pair), renewable: false };
  if (exec !== undefined) return { source: execSource(access, options), renewable: true };
  if (authProvider !== undefined) return { source: providerSource(authProvider), renewable: true };
  return { source: always({}), renewable: false };
}

/** The credentials of one way in. Over plain http none are sent, as in kubectl, but for whom to act as. */
export function openCredentials(access: Access, options: WorldOptions): Credentials {
  const as = impersonation(access.user);
  const { source, renewable } =
    access.server.url.protocol === 'https:'
      ? sourceOf(access, options)
      : { source: always({}), renewable: false };
  let had: Promise<Timed> | undefined;
  let until = Infinity;
  const fetch = async (): Promise<Timed> => {
    const { credential, until } = await source();
    return { credential: { ...credential, headers: { ...credential.headers, ...as } }, until };
  };
  return {
    current: async () => {
      if (Date.now() >= until) had = undefined;
      const { credential, until: next } = await (had ??= fetch());
      until = next;
      return credential;
    },
    forget: () => {
      const forgettable = renewable && had !== undefined;
      had = undefined;
      return forgettable;
    },
  };
}
