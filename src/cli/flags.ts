// The flags that commands share, in groups to spread into a command's own: kubectl's connection flags, where the
// sink is, how the result is written. Values that
// may stand in the environment are looked up by the command, not here: defaults would be baked into the manifest.
import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { Failure } from '../errors.ts';
import { milliseconds } from './duration.ts';

const connection = { helpGroup: 'CLUSTER' };
const sink = { helpGroup: 'SINK' };
const output = { helpGroup: 'OUTPUT' };

/** A flag whose value is a duration like 90s or 2m; its value is milliseconds. */
export const durationFlag = Flags.custom<number>({
  parse: (text) => Promise.resolve(milliseconds(text)),
  helpValue: 'DURATION',
});

/** All of kubectl's flags that say which cluster is asked, and as whom; same names, same meaning. */
export const connectionFlags = {
  kubeconfig: Flags.string({ ...connection, helpValue: 'PATH', summary: 'kubeconfig file to use' }),
  context: Flags.string({ ...connection, helpValue: 'NAME', summary: 'context of the kubeconfig' }),
  cluster: Flags.string({ ...connection, helpValue: 'NAME', summary: 'cluster of the kubeconfig' }),
  user: Flags.string({ ...connection, helpValue: 'NAME', summary: 'user of the kubeconfig' }),
  namespace: Flags.string({
    ...connection,
    char: 'n',
    helpValue: 'NAME',
    summary: 'namespace of the request',
  }),
  as: Flags.string({ ...connection, helpValue: 'USER', summary: 'user to impersonate' }),
  'as-group': Flags.string({
    ...connection,
    helpValue: 'GROUP',
    summary: 'group to impersonate; may be repeated',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'as-uid': Flags.string({ ...connection, helpValue: 'UID', summary: 'UID to impersonate' }),
  server: Flags.string({ ...connection, char: 's', helpValue: 'URL', summary: 'address of the API server' }),
  token: Flags.string({
    ...connection,
    helpValue: 'TOKEN',
    summary: 'bearer token for the API server, not the Logs token',
  }),
  'certificate-authority': Flags.string({
    ...connection,
    helpValue: 'PATH',
    summary: 'CA of the API server',
  }),
  'client-certificate': Flags.string({ ...connection, helpValue: 'PATH', summary: 'client certificate' }),
  'client-key': Flags.string({ ...connection, helpValue: 'PATH', summary: 'key of the client certificate' }),
  'insecure-skip-tls-verify': Flags.boolean({
    ...connection,
    summary: "do not check the API server's certificate",
  }),
  'tls-server-name': Flags.string({
    ...connection,
    helpValue: 'NAME',
    summary: "name to expect in the API server's certificate",
  }),
  'request-timeout': durationFlag({ ...connection, summary: 'how long one request may take; 0 is for ever' }),
};

/** Files as arguments, any number of them. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- oclif's types are its inference
export const filesArg = (description: string) => Args.string({ description, multiple: true });

/** A region of Sematext. */
export type Region = 'us' | 'eu';

/**
 * The region that a word names, in any case.
 * @param from where the word stood, for the message
 * @throws Failure usage
 */
export function regionOf(text: string, from: string): Region {
  const region = text.toLowerCase();
  if (region === 'us' || region === 'eu') return region;
  throw new Failure('usage', `${from} is "${text}", which is neither us nor eu.`, [
    'Say --region us or --region eu.',
  ]);
}

/** Where events arrive and can be searched. The Logs token itself is never a flag: it would stand in `ps`. */
export const sinkFlags = {
  'logs-token-file': Flags.string({
    ...sink,
    helpValue: 'PATH|-',
    summary: 'file that holds the Logs token, - for stdin; else LOGS_TOKEN',
  }),
  'logs-token-secret': Flags.string({
    ...sink,
    helpValue: 'NAMESPACE/NAME[:KEY]',
    summary: 'existing Secret that holds the Logs token',
    exclusive: ['logs-token-file'],
  }),
  region: Flags.custom<Region>({
    ...sink,
    parse: (text) => Promise.resolve(regionOf(text, '--region')),
    helpValue: 'us|eu',
    summary: 'region of Sematext; else SEMATEXT_REGION, REGION',
  })(),
  'api-key-file': Flags.string({
    ...sink,
    helpValue: 'PATH',
    summary: 'file that holds the API key for searching; else SEMATEXT_API_KEY',
  }),
  'receiver-url': Flags.string({ ...sink, helpValue: 'URL', summary: 'receiver of your own' }),
  'search-url': Flags.string({ ...sink, helpValue: 'URL', summary: 'search of your own' }),
};

/** How long the whole command may take; the command gives the default in its own words. */
export const timeoutFlag = {
  timeout: durationFlag({ summary: 'how long to wait before giving up, like 90s or 2m' }),
};

/** What `-o` takes in every command. */
const everywhere = ['text', 'json', 'yaml'] as const;

/**
 * How the result is written.
 * @param formats what this command can write besides text, json and yaml
 */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- oclif's flag types are its inference
export function outputFlags<const T extends readonly string[]>(...formats: T) {
  return {
    output: Flags.option({
      ...output,
      char: 'o',
      options: [...everywhere, ...formats] as readonly ((typeof everywhere)[number] | T[number])[],
      default: 'text',
      summary: 'how to write the result',
    })(),
    'no-color': Flags.boolean({ ...output, summary: 'no colours; so does NO_COLOR' }),
    'no-input': Flags.boolean({ ...output, summary: 'never ask; fail where an answer is needed' }),
  };
}

const templates = ['jsonpath', 'template'] as const;

/** A format with a template for each event: `jsonpath={.verb}`. */
export type Templated = `${(typeof templates)[number]}=${string}`;
type EventFormat = (typeof everywhere)[number] | 'wide' | Templated;

/** Whether a value of `-o` is one with a template. */
export const isTemplated = (format: string): format is Templated =>
  templates.some((name) => format.startsWith(`${name}=`));

function eventFormat(text: string): EventFormat {
  const plain = [...everywhere, 'wide'] as const;
  const known = plain.find((one) => one === text) ?? (isTemplated(text) ? text : undefined);
  if (known !== undefined) return known;
  const bare = templates.find((name) => name === text.replace(/[ =].*/s, ''));
  throw new Failure('usage', `--output=${text} is no format.`, [
    bare === undefined
      ? `One of: ${[...plain, ...templates.map((name) => `${name}=TEMPLATE`)].join(', ')}`
      : `Write the template behind an equals sign, in quotes: -o ${bare}='…'`,
  ]);
}

/** As `outputFlags`, for events: also wide, and by a template. */
export const eventOutputFlags = {
  ...outputFlags(),
  output: Flags.custom<EventFormat>({
    ...output,
    char: 'o',
    parse: (text) => Promise.resolve(eventFormat(text)),
    default: 'text',
    helpValue: 'FORMAT',
    summary:
      'how to write events: text, wide, json, yaml, jsonpath=TEMPLATE as for kubectl, template=MUSTACHE',
  })(),
};
