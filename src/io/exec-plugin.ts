// A kubeconfig's exec plugin: run as kubectl runs it (client-go, plugin/pkg/client/auth/exec), its answer read.
import { spawn } from 'node:child_process';
import { isAbsolute, join } from 'node:path';
import { Failure } from '../errors.ts';
import { interrupted } from './clock.ts';
import { invalid, isRecord } from './kubeconfig-files.ts';
import type { Access, Server, User } from './kubeconfig.ts';
import { redact } from './redact.ts';
import type { WorldOptions } from './world.ts';

/** What a plugin gave; `until` is epoch milliseconds, Infinity when it does not say. */
export interface ExecCredential {
  readonly token?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly until: number;
}

interface Plugin {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly interactive: boolean;
  readonly installHint: string;
}

const outputCap = 1024 * 1024;

function strings(value: unknown, what: string): readonly string[] {
  const list = value ?? [];
  if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  throw invalid(`The exec plugin's ${what} in the kubeconfig are not a list of texts.`);
}

function environment(value: unknown): Record<string, string> {
  const list: unknown = value ?? [];
  const named = (item: unknown): item is { name: string; value: string } =>
    isRecord(item) && typeof item['name'] === 'string' && typeof item['value'] === 'string';
  if (Array.isArray(list) && list.every(named))
    return Object.fromEntries(list.map((item) => [item.name, item.value]));
  throw invalid("The exec plugin's env in the kubeconfig is not a list of names and values.");
}

function clusterInfo(server: Server): object {
  return {
    server: server.url.href.replace(/\/$/, ''),
    ...(server.serverName === undefined ? {} : { 'tls-server-name': server.serverName }),
    ...(server.insecure ? { 'insecure-skip-tls-verify': true } : {}),
    ...(server.ca === undefined
      ? {}
      : { 'certificate-authority-data': Buffer.from(server.ca, 'latin1').toString('base64') }),
    ...(server.proxyUrl === undefined ? {} : { 'proxy-url': server.proxyUrl }),
    ...(server.execConfig === undefined ? {} : { config: server.execConfig }),
  };
}

/** Whether it may ask on the terminal. @throws Failure cluster-unauthorized when it must and cannot */
function interactivity(mode: unknown, command: string, { stdin, noInput }: WorldOptions): boolean {
  const terminal = stdin.isTTY === true && !noInput;
  if (mode !== 'Always' || terminal) return terminal && mode !== 'Never';
  throw new Failure('cluster-unauthorized', `The exec plugin ${command} needs a terminal to ask on.`, [
    'Run it from a terminal, without --no-input.',
  ]);
}

function commandOf({ exec = {}, folder }: User): string {
  const { command } = exec;
  if (typeof command !== 'string' || command === '' || command.includes('\0'))
    throw invalid("The exec plugin in the kubeconfig's user has no command.");
  // a bare name is looked up in PATH, a relative path begins at the kubeconfig
  return /[\\/]/.test(command) && !isAbsolute(command) ? join(folder, command) : command;
}

function pluginOf({ user, server }: Access, options: WorldOptions): Plugin {
  const exec = user.exec ?? {};
  const command = commandOf(user);
  const { apiVersion, installHint } = exec;
  if (typeof apiVersion !== 'string' || !/^client\.authentication\.k8s\.io\/v1(beta1)?$/.test(apiVersion))
    throw invalid("The exec plugin's apiVersion in the kubeconfig is not one that Kubernetes has today.", [
      'Let the provider’s command write the kubeconfig anew.',
    ]);
  const interactive = interactivity(exec['interactiveMode'], command, options);
  const cluster = exec['provideClusterInfo'] === true ? { cluster: clusterInfo(server) } : {};
  const info = { kind: 'ExecCredential', apiVersion, spec: { interactive, ...cluster } };
  return {
    command,
    args: strings(exec['args'], 'args'),
    env: { ...options.env, ...environment(exec['env']), KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    interactive,
    installHint: typeof installHint === 'string' ? installHint : '',
  };
}

function refused(message: string, plugin: Plugin): Failure {
  const hint = plugin.installHint === '' ? [] : [plugin.installHint];
  return new Failure('cluster-unauthorized', message, [
    ...hint,
    `Try the plugin by itself: ${plugin.command}`,
  ]);
}

function lastLine(text: string): string {
  return redact(text.trim().split('\n').at(-1)?.trim() ?? '').slice(0, 300);
}

/** Its whole stdout; its stderr is shown as it comes, since it may ask for something there. */
function run(plugin: Plugin, options: WorldOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    if (options.signal.aborted) return reject(interrupted());
    const stdin = plugin.interactive && options.stdin.fd !== undefined ? options.stdin.fd : 'ignore';
    const child = spawn(plugin.command, plugin.args, { env: plugin.env, stdio: [stdin, 'pipe', 'pipe'] });
    const stop = (): boolean => child.kill();
    const said = { out: '', err: '' };
    options.signal.addEventListener('abort', stop, { once: true });
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      said.out += chunk;
      if (said.out.length > outputCap) stop();
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      options.stderr.write(chunk);
      said.err = (said.err + chunk).slice(-4096);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'ENOENT' ? 'was not found' : `could not be started (${error.code ?? 'unknown'})`;
      reject(refused(`The exec plugin ${plugin.command} of the kubeconfig ${why}.`, plugin));
    });
    child.on('close', (code, signal) => {
      options.signal.removeEventListener('abort', stop);
      if (options.signal.aborted) return reject(interrupted());
      if (code === 0) return resolve(said.out);
      const how = code === null ? `was ended by ${signal}` : `failed with exit code ${code}`;
      const line = lastLine(said.err);
      const last = line === '' ? '' : `: ${line}`;
      reject(refused(`The exec plugin ${plugin.command} of the kubeconfig ${how}${last}`, plugin));
    });
  });
}

function parse(text: string): ExecCredential | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const status = isRecord(value) && value['kind'] === 'ExecCredential' ? value['status'] : undefined;
    if (!isRecord(status)) return undefined;
    const { token, clientCertificateData: certificate, clientKeyData: key, expirationTimestamp } = status;
    const until = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Infinity;
    return {
      until: Number.isNaN(until) ? Infinity : until,
      ...(typeof token === 'string' && token !== '' ? { token } : {}),
      ...(typeof certificate === 'string' && typeof key === 'string' ? { certificate, key } : {}),
    };
  } catch {
    return undefined;
  }
}

/** Runs the plugin of this way in. @throws Failure cluster-unauthorized | kubeconfig-invalid | interrupted */
export async function runExecPlugin(access: Access, options: WorldOptions): Promise<ExecCredential> {
  const plugin = pluginOf(access, options);
  const credential = parse(await run(plugin, options));
  if (credential === undefined || (credential.token ?? credential.certificate) === undefined)
    throw refused(`The exec plugin ${plugin.command} of the kubeconfig gave no credential.`, plugin);
  return credential;
}
