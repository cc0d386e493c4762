// The user's secrets: read from where they were named, checked, and never shown. A Failure of this file says how
// long a value is and what is wrong with it, not what it is.
import { Failure } from '../errors.ts';
import { look } from './api.ts';
import { askHidden, canAsk } from './prompt.ts';
import { readInput, readText, ReadError } from './read-file.ts';
import type { Cluster, Secret, Secrets, TokenSource, WorldOptions } from './world.ts';

/** A token is 36 bytes; anything much longer is the wrong file. */
const maxBytes = 64 * 1024;
const tokenPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const ways = [
  'Give it with --logs-token-file PATH (or "-" for standard input), or in the environment as LOGS_TOKEN.',
  'Or name a Kubernetes Secret that has it: --logs-token-secret NAMESPACE/NAME[:KEY].',
  'The Logs token is in the Sematext UI: your Logs App, Settings, Tokens.',
];

interface Raw {
  readonly text: string;
  readonly from: string;
  readonly notes: readonly string[];
}

function missing(message: string, next: readonly string[] = ways): Failure {
  return new Failure('token-missing', message, next);
}

async function fromFile(path: string, what: string): Promise<Raw> {
  try {
    const { text, mode } = await readText(path, maxBytes);
    // Windows has no such bits
    const open = process.platform !== 'win32' && (mode & 0o077) !== 0;
    const notes = open ? [`${path} can be read by others; keep it to yourself: chmod 600 ${path}`] : [];
    return { text, from: path, notes };
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    throw missing(`The ${what} file ${path} ${error.message}.`, []);
  }
}

async function fromStdin(options: WorldOptions): Promise<Raw> {
  try {
    return { text: await readInput(options, maxBytes), from: 'standard input', notes: [] };
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
    throw missing(`What came on standard input ${error.message}.`, []);
  }
}

async function fromPrompt(options: WorldOptions): Promise<Raw> {
  const text = await askHidden('Sematext Logs token (not shown): ', options);
  return { text, from: 'the prompt', notes: [] };
}

function dataOf(secret: unknown): Readonly<Record<string, string>> {
  const data = (secret as { data?: unknown } | null)?.data ?? {};
  if (typeof data !== 'object' || data === null || !Object.values(data).every((v) => typeof v === 'string'))
    throw new Error('it is not a Secret');
  return data as Record<string, string>;
}

async function fromKubernetes(name: string, openCluster: () => Promise<Cluster>): Promise<Raw> {
  const named = /^([a-z0-9-]+)\/([a-z0-9.-]+)(?::([-._a-zA-Z0-9]+))?$/.exec(name);
  if (named === null)
    throw new Failure('usage', 'A Secret is named as NAMESPACE/NAME or NAMESPACE/NAME:KEY.', [
      'For example: --logs-token-secret sematext-audit/sematext-audit:logs-token',
    ]);
  const [, namespace, secret, key = 'logs-token'] = named;
  const found = await look(await openCluster(), `/api/v1/namespaces/${namespace}/secrets/${secret}`, dataOf);
  if ('unseen' in found) {
    if (found.unseen === 'absent') throw missing(`There is no Secret ${namespace}/${secret}.`);
    const code = found.unseen === 'forbidden' ? 'cluster-forbidden' : 'cluster-answer';
    throw new Failure(code, `The Secret ${namespace}/${secret} could not be read: ${found.why}`);
  }
  const data = Object.hasOwn(found.seen, key) ? found.seen[key] : undefined;
  if (data === undefined) {
    const has = Object.keys(found.seen).join(', ') || 'none';
    throw missing(`The Secret ${namespace}/${secret} has no key ${key}.`, [`Its keys: ${has}.`]);
  }
  const text = Buffer.from(data, 'base64').toString('utf8');
  return { text, from: `Secret ${namespace}/${secret}`, notes: [] };
}

async function findToken(
  source: TokenSource,
  options: WorldOptions,
  cluster: () => Promise<Cluster>,
): Promise<Raw> {
  const { file, secret } = source;
  if (file !== undefined && secret !== undefined)
    throw new Failure('usage', 'Give one of --logs-token-file and --logs-token-secret, not both.');
  if (secret !== undefined) return fromKubernetes(secret, cluster);
  if (file !== undefined && file !== '-') return fromFile(file, 'Logs token');
  // "-" on a terminal would show what is typed
  if (file === '-' && options.stdin.isTTY !== true) return fromStdin(options);
  const value = file === '-' ? undefined : options.env['LOGS_TOKEN']?.trim();
  if (value) return { text: value, from: 'LOGS_TOKEN', notes: [] };
  if (canAsk(options)) return fromPrompt(options);
  throw missing('The Sematext Logs token was not given.');
}

/** Trimmed of whitespace, line ends and a BOM. */
function trimmed(text: string): string {
  return text.replace(/^\uFEFF/, '').trim();
}

/** What is wrong with something that is not a token, in words that do not repeat it. */
function fault(value: string): string {
  if (/^[a-z]+:\/\//i.test(value)) return 'it looks like a URL; only the token itself is needed';
  if (/^["'].*["']$/.test(value)) return 'it stands in quotes';
  if (/\s/.test(value)) return 'there is white space inside it';
  if (value.length !== 36) return 'a token has 36';
  const at = [...value].findIndex((c, i) => ![8, 13, 18, 23].includes(i) && !/[0-9a-f]/i.test(c)) + 1;
  return at > 0 ? `character ${at} is not one of 0-9 and a-f` : 'its dashes are not where they should be';
}

function checkedToken({ text, from, notes }: Raw): Secret {
  const given = trimmed(text);
  if (given === '') throw missing(`The Logs token from ${from} is empty.`);
  const value = given.toLowerCase();
  if (!tokenPattern.test(value))
    throw new Failure(
      'token-malformed',
      `What came from ${from} is not a Logs token: it has ${given.length} characters; ${fault(given)}.`,
      [
        'A Logs token looks like 01234567-89ab-cdef-0123-456789abcdef; it is in your Logs App, Settings, Tokens.',
      ],
    );
  const lowered =
    value === given
      ? []
      : ['The Logs token was in upper case; Sematext wants it in lower case, so it is used that way.'];
  return { value, from, notes: [...notes, ...lowered] };
}

function checkedKey({ text, from, notes }: Raw): Secret {
  const value = trimmed(text);
  if (value === '') throw missing(`The API key from ${from} is empty.`, []);
  if (!/^[\x21-\x7e]{8,256}$/.test(value))
    throw new Failure(
      'token-malformed',
      `What came from ${from} is not an API key: it has ${value.length} characters; a key is one word of 8 to 256 plain characters.`,
      ['The API key is in the Sematext UI: Settings, API.'],
    );
  return { value, from, notes };
}

/**
 * The secrets of one run. Each secret that is read is added to `known`, so that it is masked elsewhere.
 */
export function openSecrets(
  options: WorldOptions,
  { cluster, known }: { cluster: () => Promise<Cluster>; known: Set<string> },
): Secrets {
  const remember = (secret: Secret): Secret => {
    known.add(secret.value);
    return secret;
  };
  const logsToken = async (source: TokenSource): Promise<Secret> =>
    remember(checkedToken(await findToken(source, options, cluster)));
  const given = ({ file, secret }: TokenSource): boolean =>
    file !== undefined || secret !== undefined || Boolean(options.env['LOGS_TOKEN']?.trim());
  return {
    logsToken,
    logsTokenIfGiven: async (source) => (given(source) ? logsToken(source) : undefined),
    apiKey: async ({ file }) => {
      const value = options.env['SEMATEXT_API_KEY']?.trim();
      if (file !== undefined) return remember(checkedKey(await fromFile(file, 'API key')));
      return value ? remember(checkedKey({ text: value, from: 'SEMATEXT_API_KEY', notes: [] })) : undefined;
    },
  };
}
