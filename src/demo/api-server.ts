// The embedded Kubernetes API server: starts, stops and restarts it on a loopback port, over TLS. Answers the part
// of the API that this tool uses as the real releases do, and audits every request as they do.
import { makeCertificate } from './certificate.ts';
import type { Level } from '../audit/backend/audit-sink.ts';
import { Faults } from './faults.ts';
import { listen, type Listening } from './http.ts';
import type { User } from './kubernetes/access.ts';
import { always } from './kubernetes/audit-trail.ts';
import { apiServerPod, kubeadmCluster, type Scene } from './kubernetes/cluster.ts';
import { kindsOf, type Release } from './kubernetes/kinds.ts';
import type { Kubelets } from './kubernetes/kubelets.ts';
import type { KubeObject } from './kubernetes/object.ts';
import { handle, type Seen } from './kubernetes/pipeline.ts';
import { drainProcess, endProcess, startProcess, type Settings } from './kubernetes/process.ts';
import { argv, kubeadmFlags } from './kubernetes/server-flags.ts';
import { ObjectStore } from './kubernetes/store.ts';

/** How to start one; everything has a default. */
export interface ApiServerOptions {
  /** Default 1.37.2. */
  readonly version?: Release;
  /** Whether AuditSinks can be made, and whether they do anything; only 1.18.19 has them. Default: neither. */
  readonly auditSinks?: { readonly served: boolean; readonly honoured: boolean };
  /** By bearer token; default: one administrator, `adminToken`. */
  readonly users?: Readonly<Record<string, User>>;
  /** The static webhook backend, with one level for every request. */
  readonly webhook?: { readonly url: string; readonly policyLevel: Level };
  /** The longest an event waits for others; default 300. */
  readonly batchMs?: number;
  /** The first pause before a failed batch is sent again; default 100. */
  readonly retryMs?: number;
  /** Flags that the mirror pod and /flagz show beside those that follow from the options; they have no effect. */
  readonly flags?: Readonly<Record<string, string>>;
  /** Behind the nodes; default: no node runs anything. */
  readonly kubelets?: Kubelets;
  /** The objects to begin with, instead of those of a kubeadm cluster. */
  readonly objects?: readonly KubeObject[];
}

/** A running one. */
export interface ApiServer {
  readonly url: string;
  /** PEM of the authority that signed its certificate. */
  readonly ca: string;
  /** A kubeconfig for one user, as YAML; without a token the first user's. */
  kubeconfig(userToken?: string): string;
  /** Ends at once; events that have not been delivered are lost. */
  stop(): Promise<void>;
  /** Same port and objects, counters from zero, a later start; with other settings where some are given. */
  restart(changed?: Omit<ApiServerOptions, 'objects' | 'version'>): Promise<void>;
  /** Sends the events that wait, and ends when they have arrived or are lost. */
  drain(): Promise<void>;
  /** What was asked, oldest first. */
  readonly requests: readonly Seen[];
  readonly faults: Faults;
  /** The cluster's objects, to look at and to change past all checks. */
  readonly objects: ObjectStore;
}

/** Bearer token of the user who is there when no others are named. */
export const adminToken = 'demo-admin';
/** That user. */
export const admin: User = { name: 'kubernetes-admin', groups: ['system:masters'] };

function settingsOf(options: ApiServerOptions): Settings {
  const { webhook } = options;
  const auditSinks = options.auditSinks ?? { served: false, honoured: false };
  return {
    release: options.version ?? '1.37.2',
    auditSinks,
    users: new Map(Object.entries(options.users ?? { [adminToken]: admin })),
    audit: webhook && { rule: always(webhook.policyLevel), webhook },
    pace: { batchMs: options.batchMs ?? 300, retryMs: options.retryMs ?? 100 },
    flags: kubeadmFlags({ auditSinks, webhook: webhook !== undefined, extra: options.flags ?? {} }),
    ...(options.kubelets && { kubelets: options.kubelets }),
  };
}

function refuseImpossible({ release, auditSinks }: Settings): void {
  if (release !== '1.18.19' && (auditSinks.served || auditSinks.honoured))
    throw new Error(`${release} has no AuditSinks: unknown flag: --audit-dynamic-configuration`);
}

/** A kubeconfig for the bearer of a token. */
export function kubeconfigText(url: string, ca: string, token: string): string {
  return [
    'apiVersion: v1',
    'kind: Config',
    'current-context: demo',
    'clusters:',
    `- {name: demo, cluster: {server: '${url}', certificate-authority-data: '${Buffer.from(ca).toString('base64')}'}}`,
    'users:',
    `- {name: demo, user: {token: '${token}'}}`,
    'contexts:',
    '- {name: demo, context: {cluster: demo, user: demo}}',
    '',
  ].join('\n');
}

/** Starts one and resolves when it answers. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  let settings = settingsOf(options);
  refuseImpossible(settings);
  const store = new ObjectStore(kindsOf(settings.release, settings.release === '1.18.19'));
  const requests: Seen[] = [];
  const faults = new Faults();
  let run = startProcess(settings, store);
  const tls = await makeCertificate();
  const begin = (port: number): Promise<Listening> =>
    listen((request) => handle(run, request, (seen) => requests.push(seen)), faults, { port, tls });
  let listening = await begin(0);
  const { port } = listening;
  const url = `https://127.0.0.1:${port}`;
  const scene = (): Scene => ({ release: settings.release, argv: argv(settings.flags), port });
  for (const object of options.objects ?? kubeadmCluster(scene())) store.put(object);
  const stop = async (): Promise<void> => {
    endProcess(run);
    await listening.stop();
  };
  return {
    url,
    ca: tls.cert,
    kubeconfig: (token) => kubeconfigText(url, tls.cert, token ?? [...settings.users.keys()][0] ?? ''),
    stop,
    restart: async (changed = {}) => {
      await stop();
      settings = settingsOf({ ...options, ...changed });
      refuseImpossible(settings);
      run = startProcess(settings, store);
      // what the kubelet does once the new manifest runs; a scene of a test's own is left as it is
      if (!options.objects) store.put(apiServerPod(scene()));
      listening = await begin(port);
    },
    drain: () => drainProcess(run),
    requests,
    faults,
    objects: store,
  };
}
