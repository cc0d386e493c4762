// Commands → what is known of them without running them: the manifest and the help texts. Used when the bundle is
// built and when the sources are run directly; the shipped program carries only the outcome.
import { CommandHelp } from '@oclif/core/help';
import type { Command as OclifCommand } from '@oclif/core/command';
import type { Config } from '@oclif/core/config';
import { bin } from './words.ts';

/** A flag as the manifest has it. */
export interface FlagManifest {
  readonly type: 'boolean' | 'option';
  readonly summary: string;
  readonly char?: string;
  readonly options?: readonly string[];
  readonly default?: unknown;
  readonly multiple?: true;
  readonly required?: true;
  readonly hidden?: true;
}

/** An argument as the manifest has it. */
export interface ArgManifest {
  readonly description: string;
  readonly required: boolean;
  readonly options?: readonly string[];
}

/** A command as the manifest has it. */
export interface CommandManifest {
  readonly summary: string;
  readonly hidden: boolean;
  readonly examples: readonly OclifCommand.Example[];
  readonly args: Readonly<Record<string, ArgManifest>>;
  readonly flags: Readonly<Record<string, FlagManifest>>;
}

/** All commands by id, their words joined by colons. */
export type Manifest = Readonly<Record<string, CommandManifest>>;

/** Command classes by id. */
export type Classes = Readonly<Record<string, typeof OclifCommand>>;

const width = 80;

function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined && v !== false)) as T;
}

function flagManifest(id: string, name: string, flag: OclifCommand.Flag): FlagManifest {
  if (typeof flag.default === 'function')
    throw new Error(`--${name} of ${id} computes its default, which the manifest would freeze`);
  if (flag.summary === undefined) throw new Error(`--${name} of ${id} has no summary`);
  const { type, summary, char, required, hidden } = flag;
  const value = flag.type === 'option' ? { options: flag.options, multiple: flag.multiple } : {};
  return defined({ type, summary, char, default: flag.default, required, hidden, ...value }) as FlagManifest;
}

function commandManifest(id: string, command: typeof OclifCommand): CommandManifest {
  if (command.summary === undefined) throw new Error(`${id} has no summary`);
  const flags = Object.entries(command.flags).map(
    ([name, flag]) => [name, flagManifest(id, name, flag)] as const,
  );
  const args = Object.entries(command.args).map(([name, { description = '', required = false, options }]) => [
    name,
    { description, required, ...(options === undefined ? {} : { options: options as readonly string[] }) },
  ]);
  return {
    summary: command.summary,
    hidden: command.hidden === true,
    examples: command.examples ?? [],
    args: Object.fromEntries(args) as Record<string, ArgManifest>,
    flags: Object.fromEntries(flags),
  };
}

/** The manifest of commands, in the order of their ids. */
export function manifestOf(classes: Classes): Manifest {
  const ids = Object.keys(classes).sort();
  return Object.fromEntries(ids.map((id) => [id, commandManifest(id, classes[id] as typeof OclifCommand)]));
}

function commandList(manifest: Manifest, ids: readonly string[]): string {
  const shown = ids.filter((id) => manifest[id]?.hidden === false);
  const names = shown.map((id) => id.replaceAll(':', ' '));
  const column = Math.max(0, ...names.map((name) => name.length));
  return shown.map((id, i) => `  ${names[i]?.padEnd(column)}  ${manifest[id]?.summary}\n`).join('');
}

function rootHelp(manifest: Manifest, description: string): string {
  return [
    `${description}\n`,
    `USAGE\n  $ ${bin} COMMAND [FLAGS]\n`,
    `COMMANDS\n${commandList(manifest, Object.keys(manifest))}`,
    `More about a command: ${bin} COMMAND --help\n`,
  ].join('\n');
}

function topicHelp(manifest: Manifest, topic: string): string {
  const ids = Object.keys(manifest).filter((id) => id.startsWith(`${topic}:`));
  return `USAGE\n  $ ${bin} ${topic} COMMAND [FLAGS]\n\nCOMMANDS\n${commandList(manifest, ids)}`;
}

function commandHelp(id: string, command: typeof OclifCommand, config: Config): string {
  const spaced = { ...command, ...statics(command), id: id.replaceAll(':', ' ') };
  const help = new CommandHelp(spaced as unknown as OclifCommand.Loadable, config, {
    maxWidth: width,
    stripAnsi: true,
    flagSortOrder: 'none',
  });
  return `${command.summary}\n\n${help.generate()}\n`;
}

/** What help reads of a class; spreading one loses what it inherits. */
function statics({
  summary,
  description,
  examples,
  args,
  flags,
  usage,
  aliases,
}: typeof OclifCommand): object {
  return { summary, description, examples, args, flags, usage, aliases, strict: true };
}

/** All help texts: of each command by its id, of each topic by its word, of the program by the empty word. */
export function helpOf(
  classes: Classes,
  config: Config,
  description: string,
): Readonly<Record<string, string>> {
  const manifest = manifestOf(classes);
  const ids = Object.keys(manifest);
  const topics = ids.filter((id) => id.includes(':')).map((id) => id.split(':')[0] ?? '');
  return {
    '': rootHelp(manifest, description),
    ...Object.fromEntries(topics.map((topic) => [topic, topicHelp(manifest, topic)])),
    ...Object.fromEntries(ids.map((id) => [id, commandHelp(id, classes[id] as typeof OclifCommand, config)])),
  };
}
