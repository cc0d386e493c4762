// The API server of KUBEBUILDER_ASSETS (envtest's convention: a folder with kube-apiserver and etcd), run on loopback
// for the demo with whichever audit backend its version has.
import { spawn, execFile } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { request } from 'node:https';
import { access, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A running API server that somebody else built. */
export interface RealApiServer {
  readonly version: string;
  /** Whether its version has AuditSinks; otherwise a static webhook posts to the receiver. */
  readonly auditSinks: boolean;
  /** YAML, for an administrator. */
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

const adminToken = 'demo-admin';
const readyMs = 30_000;

/** Whether the folder holds both programs. */
export async function hasAssets(folder: string): Promise<boolean> {
  const both = [join(folder, 'kube-apiserver'), join(folder, 'etcd')];
  return Promise.all(both.map((file) => access(file))).then(
    () => true,
    () => false,
  );
}

/**
 * Starts etcd and kube-apiserver.
 * @param receiver the URL that a static webhook posts to, token included
 * @param scratch an empty folder of the caller's, who removes it
 * @throws Error with the end of the server's own log when it does not become ready
 */
export async function startAssets(folder: string, receiver: string, scratch: string): Promise<RealApiServer> {
  const version = await versionOf(join(folder, 'kube-apiserver'));
  const minor = Number(/^v1\.(\d+)/.exec(version)?.[1]);
  const auditSinks = minor >= 13 && minor <= 18;
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
  const etcd = start(join(folder, 'etcd'), etcdFlags(scratch, client, peer));
  const files = await writeFiles(scratch, receiver);
  const server = start(join(folder, 'kube-apiserver'), [
    ...serverFlags(scratch, files, client, port),
    ...(auditSinks ? sinkFlags : webhookFlags(files)),
  ]);
  const stop = async (): Promise<void> => {
    await server.stop();
    await etcd.stop();
  };
  try {
    await ready(port, server);
  } catch (error) {
    await stop();
    throw error;
  }
  const ca = await readFile(join(scratch, 'apiserver.crt'));
  return { version, auditSinks, kubeconfig: kubeconfig(port, ca), stop };
}

async function versionOf(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, ['--version']);
  return stdout.trim().replace(/^Kubernetes /, '');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

interface Started {
  readonly log: () => string;
  readonly ended: () => boolean;
  stop(): Promise<void>;
}

function start(program: string, args: readonly string[]): Started {
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-4000)));
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.once('error', (error) => (log += error.message));
  return {
    log: () => log,
    ended: () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined,
    stop: async () => {
      if (child.pid === undefined) return;
      child.kill('SIGKILL'); // a demo's data is worth nothing, and a graceful stop takes half a minute
      await gone;
    },
  };
}

function etcdFlags(scratch: string, client: number, peer: number): readonly string[] {
  const [clients, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  return [
    `--data-dir=${join(scratch, 'etcd')}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${clients}`,
    `--advertise-client-urls=${clients}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=default=${peers}`,
  ];
}

interface Files {
  readonly tokens: string;
  readonly key: string;
  readonly policy: string;
  readonly webhook: string;
}

async function writeFiles(scratch: string, receiver: string): Promise<Files> {
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(scratch, name), text, { mode: 0o600 });
    return join(scratch, name);
  };
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const webhook = {
    clusters: [{ name: 'sematext', cluster: { server: receiver } }],
    contexts: [{ name: 'sematext', context: { cluster: 'sematext' } }],
  };
  return {
    tokens: await file('tokens.csv', `${adminToken},kubernetes-admin,1,system:masters\n`),
    key: await file('service-account.key', privateKey),
    policy: await file(
      'policy.yaml',
      'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n',
    ),
    webhook: await file(
      'webhook.yaml',
      JSON.stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'sematext', ...webhook }),
    ),
  };
}

function serverFlags(scratch: string, { tokens, key }: Files, etcd: number, port: number): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcd}`,
    `--cert-dir=${scratch}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=192.0.2.1', // Endpoints take no loopback address; nobody dials this one (RFC 5737)
    '--service-cluster-ip-range=10.0.0.0/24',
    '--authorization-mode=RBAC',
    `--token-auth-file=${tokens}`,
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--disable-admission-plugins=ServiceAccount',
  ];
}

const sinkFlags = [
  '--insecure-port=0',
  '--feature-gates=DynamicAuditing=true',
  '--audit-dynamic-configuration=true',
  '--runtime-config=auditregistration.k8s.io/v1alpha1=true',
];

function webhookFlags({ policy, webhook }: Files): readonly string[] {
  return [
    `--audit-policy-file=${policy}`,
    `--audit-webhook-config-file=${webhook}`,
    '--audit-webhook-batch-max-wait=1s',
  ];
}

async function ready(port: number, server: Started): Promise<void> {
  const until = Date.now() + readyMs;
  while (!(await answers(port))) {
    if (server.ended() || Date.now() > until)
      throw new Error(`kube-apiserver did not become ready:\n${server.log()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function answers(port: number): Promise<boolean> {
  const headers = { authorization: `Bearer ${adminToken}` };
  return new Promise((resolve) => {
    // its certificate is made at its start: whether it is up is asked before that can be known
    const asked = request(
      { host: '127.0.0.1', port, path: '/readyz', headers, rejectUnauthorized: false },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      },
    );
    asked.on('error', () => resolve(false)).end();
  });
}

function kubeconfig(port: number, ca: Buffer): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'demo',
    clusters: [
      {
        name: 'demo',
        cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': ca.toString('base64') },
      },
    ],
    users: [{ name: 'demo', user: { token: adminToken } }],
    contexts: [{ name: 'demo', context: { cluster: 'demo', user: 'demo' } }],
  });
}
