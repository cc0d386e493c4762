// Knows how to run a real kube-apiserver, 1.18.19 or 1.37.2: TLS, RBAC, three users, any audit backend,
// alone or beside another one of the same control plane.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  apiServerFlags,
  type ApiServerVersion,
  type AuditSettings,
  type ServerPlace,
} from './api-server-flags.ts';
import type { Etcd } from './etcd.ts';
import { exchange, type Reply, type Sending } from './http.ts';
import { kubectl, type KubectlResult } from './kubectl.ts';
import { partPath } from './parts.ts';
import { makePki, type Pki } from './pki.ts';
import { folder, freePort, ready, run, type Running } from './running.ts';
import { makeUsers, writeKubeconfigs, type ApiUser, type MoreUsers, type Users } from './users.ts';

export { metadataPolicy, type ApiServerVersion, type AuditSettings } from './api-server-flags.ts';
export type { ApiUser } from './users.ts';

/** What to start. */
export interface ApiServerOptions extends AuditSettings {
  version: ApiServerVersion;
  etcd: Etcd;
  /** Default 127.0.0.1; 127.0.0.2 for one that has the same port as the one beside it. */
  address?: '127.0.0.1' | '127.0.0.2';
  port?: number;
  /** Another API server of the same control plane: same etcd, certificates and users. Stop this one first. */
  beside?: ApiServer;
  /** Users of this control plane besides those of every test. */
  users?: MoreUsers;
}

/** A running API server. */
export interface ApiServer {
  readonly version: ApiServerVersion;
  readonly url: string;
  readonly port: number;
  /** host:port as it stands in default/kubernetes; it leads nowhere. */
  readonly endpoint: string;
  /** PEM. */
  readonly ca: string;
  /** Its own temporary folder: audit-policy.yaml and audit-webhook.kubeconfig are in it. */
  readonly dir: string;
  readonly adminKubeconfig: string;
  kubeconfigFor(user: ApiUser): string;
  tokenOf(user: string): string;
  /** One HTTPS request to a path, as a user (default admin). */
  request(path: string, sending?: Omit<Sending, 'ca'> & { user?: ApiUser }): Promise<Reply>;
  /** kubectl as a user (default admin). */
  kubectl(args: readonly string[], run?: { user?: ApiUser; input?: string }): Promise<KubectlResult>;
  /** Applies a manifest and gives every ClusterRole and Role in it to the user auditor. */
  grantAuditor(manifest: string): Promise<void>;
  /** Ends it (SIGTERM, then SIGKILL after the grace) and removes its folder. */
  stop(graceMs?: number): Promise<void>;
  /** Ends it, without a grace as a crash does, and leaves its folder: only restart brings it back. */
  halt(graceMs?: number): Promise<void>;
  /** Ends it and starts it again on the same port, with these audit settings changed. */
  restart(changes?: AuditSettings): Promise<void>;
  /** What it wrote since its last start. */
  log(): string;
  /** How it ended, or undefined while it runs. */
  ended(): string | undefined;
  /** What it was started with. */
  flags(): readonly string[];
  /** @internal what a server started beside it shares. */
  readonly shared: { pki: Pki; users: Users; count: number };
}

/** Starts an API server and waits until /readyz says ok. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  partPath('kube-apiserver', 'kube-apiserver', options.version);
  const home = await folder('api-server');
  const shared = options.beside?.shared ?? (await control(home.path, options.users));
  shared.count += 1;
  const port = options.port ?? (await freePort());
  const place: ServerPlace = {
    version: options.version,
    dir: home.path,
    address: options.address ?? '127.0.0.1',
    port,
    etcdUrl: options.etcd.url,
    // Endpoints refuse loopback addresses; these are for documentation and lead nowhere.
    advertise: `192.0.2.${shared.count}`,
    pki: shared.pki,
    tokenFile: shared.users.tokenFile,
  };
  let audit: AuditSettings = options;
  let program = await launch(place, audit, shared.users);
  const server = { url: `https://${place.address}:${port}`, caFile: shared.pki.caFile };
  const kubeconfigFor = await writeKubeconfigs(join(home.path, 'kubeconfigs'), server, shared.users);
  return {
    ...place,
    ...clients(server.url, shared, kubeconfigFor),
    url: server.url,
    endpoint: `${place.advertise}:${port}`,
    ca: shared.pki.ca,
    adminKubeconfig: kubeconfigFor('admin'),
    kubeconfigFor,
    shared,
    log: () => program.log(),
    ended: () => program.ended(),
    flags: () => program.args,
    stop: async (graceMs) => {
      await program.stop(graceMs);
      await home.remove();
    },
    halt: (graceMs) => program.stop(graceMs),
    restart: async (changes) => {
      await program.stop();
      audit = { ...audit, ...changes };
      program = await launch(place, audit, shared.users);
    },
  };
}

async function control(dir: string, more?: MoreUsers): Promise<ApiServer['shared']> {
  const path = join(dir, 'pki');
  await mkdir(path);
  return { pki: await makePki(path), users: await makeUsers(path, more), count: 0 };
}

async function launch(place: ServerPlace, audit: AuditSettings, users: Users): Promise<Running> {
  const name = `kube-apiserver ${place.version}`;
  const command = partPath('kube-apiserver', 'kube-apiserver', place.version);
  const args = await apiServerFlags(place, audit);
  const program = await run({ name, command, args, cwd: place.dir });
  const headers = { authorization: `Bearer ${users.token('admin')}` };
  await ready(name, program, async () => {
    const reply = await exchange(`https://${place.address}:${place.port}/readyz`, {
      headers,
      ca: place.pki.ca,
    });
    if (reply.status !== 200) throw new Error(reply.body);
    return true;
  });
  return program;
}

type Clients = Pick<ApiServer, 'tokenOf' | 'request' | 'kubectl' | 'grantAuditor'>;

function clients(
  url: string,
  { pki, users }: ApiServer['shared'],
  kubeconfigFor: (user: ApiUser) => string,
): Clients {
  const request: Clients['request'] = (path, { user = 'admin', ...sending } = {}) => {
    const headers = { authorization: `Bearer ${users.token(user)}`, ...sending.headers };
    return exchange(`${url}${path}`, { ...sending, headers, ca: pki.ca });
  };
  const asUser: Clients['kubectl'] = (args, { user = 'admin', input } = {}) =>
    kubectl(kubeconfigFor(user), args, input);
  const mustDo = async (args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await asUser(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  };
  const grantAuditor = async (manifest: string): Promise<void> => {
    await mustDo(['apply', '-f', manifest]);
    const jsonpath = '{range .items[*]}{.kind} {.metadata.name} {.metadata.namespace}{"\\n"}{end}';
    const one = '{.kind} {.metadata.name} {.metadata.namespace}{"\\n"}';
    const get = (path: string): Promise<string> => mustDo(['get', '-f', manifest, '-o', `jsonpath=${path}`]);
    const listed = (await get(jsonpath)) || (await get(one));
    for (const line of listed.split('\n')) {
      const [kind, name, namespace] = line.split(' ');
      if (!name) continue;
      const to = ['--user=auditor', `--${kind?.toLowerCase()}=${name}`];
      if (kind === 'ClusterRole') await mustDo(['create', 'clusterrolebinding', `e2e-${name}`, ...to]);
      if (kind === 'Role')
        await mustDo(['create', 'rolebinding', `e2e-${name}`, '-n', namespace || 'default', ...to]);
    }
  };
  return { tokenOf: users.token, request, kubectl: asUser, grantAuditor };
}
