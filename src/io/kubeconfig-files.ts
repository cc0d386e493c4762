// Kubeconfig files: found, read, and merged as kubectl merges them: the first file to name a context, cluster,
// user or current-context wins, and a later entry of the same name is not even looked at.
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import { Failure } from '../errors.ts';
import { readText, ReadError } from './read-file.ts';
import type { Connection, Env } from './world.ts';

/** One named entry as it stood in its file, and that file's folder: relative paths begin there. */
export interface Entry {
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly folder: string;
}

export interface Kubeconfig {
  /** Files that were read, for messages. */
  readonly files: readonly string[];
  readonly currentContext: string;
  readonly contexts: ReadonlyMap<string, Entry>;
  readonly clusters: ReadonlyMap<string, Entry>;
  readonly users: ReadonlyMap<string, Entry>;
}

/** A kubeconfig with every certificate of a fleet is some hundred KB. */
const maxBytes = 16 * 1024 * 1024;

/** A Failure kubeconfig-invalid. */
export function invalid(message: string, next: readonly string[] = []): Failure {
  return new Failure('kubeconfig-invalid', message, next);
}

/** Whether it is a mapping of names to values. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(text: string, path: string): Record<string, unknown> {
  let where = '';
  try {
    const document = parseDocument(text, { merge: true, uniqueKeys: false, logLevel: 'error' });
    const [error] = document.errors;
    // the parser's own message quotes the line, which may hold a token
    if (error !== undefined) where = ` (line ${error.linePos?.[0].line ?? '?'}: ${error.code})`;
    const value: unknown = error === undefined ? document.toJS({ maxAliasCount: 100 }) : undefined;
    if (isRecord(value) || value === null) return value ?? {};
  } catch {
    // an alias that leads nowhere, or too many of them
  }
  throw invalid(`The kubeconfig ${path} is not a kubeconfig: its YAML cannot be read${where}.`, [
    `See what kubectl makes of it: kubectl config view --kubeconfig ${path}`,
  ]);
}

function entries(list: unknown, kind: 'context' | 'cluster' | 'user', path: string): Map<string, Entry> {
  const found = new Map<string, Entry>();
  if (list === undefined || list === null) return found;
  if (!Array.isArray(list)) throw invalid(`In the kubeconfig ${path}, ${kind}s is not a list.`);
  for (const item of list as unknown[]) {
    const name = isRecord(item) ? item['name'] : undefined;
    if (!isRecord(item) || typeof name !== 'string')
      throw invalid(`In the kubeconfig ${path}, one of ${kind}s has no name.`);
    const fields = item[kind] ?? {};
    if (!isRecord(fields)) throw invalid(`In the kubeconfig ${path}, ${kind} "${name}" is not a mapping.`);
    if (!found.has(name)) found.set(name, { name, fields, folder: dirname(path) });
  }
  return found;
}

async function load(path: string): Promise<Kubeconfig> {
  const { text } = await readText(path, maxBytes);
  const value = parse(text, path);
  const kind = value['kind'] ?? 'Config';
  if (kind !== 'Config') throw invalid(`The kubeconfig ${path} is not a kubeconfig: its kind is not Config.`);
  const current = value['current-context'] ?? '';
  if (typeof current !== 'string') throw invalid(`In the kubeconfig ${path}, current-context is not a text.`);
  return {
    files: [path],
    currentContext: current,
    contexts: entries(value['contexts'], 'context', path),
    clusters: entries(value['clusters'], 'cluster', path),
    users: entries(value['users'], 'user', path),
  };
}

async function loadOrFail(path: string, mayBeMissing: boolean): Promise<Kubeconfig | undefined> {
  try {
    return await load(path);
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    if (mayBeMissing && error.code === 'ENOENT') return undefined;
    throw invalid(`The kubeconfig ${path} ${error.message}.`, [
      'Name the right file with --kubeconfig or KUBECONFIG.',
    ]);
  }
}

function merge(configs: readonly Kubeconfig[]): Kubeconfig {
  const first = (pick: (config: Kubeconfig) => ReadonlyMap<string, Entry>): Map<string, Entry> =>
    new Map(configs.toReversed().flatMap((config) => [...pick(config)]));
  return {
    files: configs.flatMap((config) => config.files),
    currentContext: configs.map((config) => config.currentContext).find((name) => name !== '') ?? '',
    contexts: first((config) => config.contexts),
    clusters: first((config) => config.clusters),
    users: first((config) => config.users),
  };
}

/**
 * The merged kubeconfig: --kubeconfig alone, else the files of KUBECONFIG, else ~/.kube/config; files of the last
 * two that do not exist are passed over, and with none left the result is empty.
 * @throws Failure kubeconfig-invalid
 */
export async function loadKubeconfig(connection: Connection, env: Env): Promise<Kubeconfig> {
  const home = env['HOME'] ?? env['USERPROFILE'] ?? homedir();
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  const explicit = connection.kubeconfig === '' ? undefined : connection.kubeconfig;
  const fallback = listed.length > 0 ? listed : [join(home, '.kube', 'config')];
  const paths = explicit === undefined ? fallback : [explicit];
  const loaded = await Promise.all(paths.map((path) => loadOrFail(path, explicit === undefined)));
  return merge(loaded.filter((config) => config !== undefined));
}
