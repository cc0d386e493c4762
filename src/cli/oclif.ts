// Runs one command under oclif: a plugin that exists in memory only, its commands loaded when they are run. oclif
// itself stays out of everything that does not run a command (--version, --help, a mistyped word).
import { Config } from '@oclif/core/config';
import type { Interfaces } from '@oclif/core';
import { Command } from '../command.ts';
import { bin } from './words.ts';

/** What is known of the package without reading its package.json. */
export interface Package {
  readonly name: string;
  readonly version: string;
}

/** oclif's configuration of our plugin, without a look at the disk for commands. */
export async function configure({ name, version }: Package): Promise<Config> {
  const pjson = { name, version, oclif: { bin, topicSeparator: ' ' as const } };
  const plugin = {
    ...{ _base: '', alias: name, name, version, root: '', type: 'core', valid: true, isRoot: true },
    ...{ commandIDs: [], commands: [], commandsDir: undefined, topics: [], hooks: {}, hasManifest: true },
    ...{ moduleType: 'commonjs' as const, options: { root: '' }, pjson },
    load: () => Promise.resolve(),
    findCommand: () => undefined,
  } as unknown as Interfaces.Plugin;
  return Config.load({ root: '', pjson, version, plugins: new Map([[name, plugin]]) });
}

/** The class of a command. */
export type CommandClass = (new (argv: string[], config: Config) => Command) & { id: string };

/** Runs a command that is loaded. */
export async function runCommand(
  command: CommandClass,
  argv: readonly string[],
  about: Package,
): Promise<void> {
  // The value of Command is used on purpose: it keeps oclif in one chunk, the one that every command shares.
  await Command.start.call(command, [...argv], await configure(about));
}
