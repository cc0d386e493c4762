// Runs one command under oclif: a plugin that exists in memory only, its commands loaded when they are run. oclif
// itself stays out of everything that does not run a command (--version, --help, a mistyped word).
import { Config } from '@oclif/core/config';
import { Command } from '../command.ts';
import { bin } from './words.ts';

/** What is known of the package without reading its package.json. */
export interface Package {
  readonly name: string;
  readonly version: string;
}

/**
 * oclif's configuration of our plugin. It is made, not loaded: loading looks for plugins, themes and the name of
 * the shell on the disk, none of which matter here, and doubles the time that a short command takes.
 */
export function configure({ name, version }: Package): Config {
  const pjson = { name, version, oclif: { bin, topicSeparator: ' ' } };
  const root = { name, version, root: '', hooks: {}, commands: [], topics: [], pjson };
  const { platform, arch } = process;
  return Object.assign(new Config({ root: '' }), {
    ...{ name, version, bin, platform, arch, pjson, topicSeparator: ' ' as const },
    ...{ userAgent: `${name}/${version}`, valid: true, rootPlugin: root, plugins: new Map([[name, root]]) },
  }) as unknown as Config; // the parts that commands read; the rest is for plugins, of which there are none
}

/** The class of a command; `streams`: under -o json it writes one object a line, and no error among them. */
export type CommandClass = (new (argv: string[], config: Config) => Command) & {
  id: string;
  readonly streams?: boolean;
};

/** Runs a command that is loaded. */
export async function runCommand(
  command: CommandClass,
  argv: readonly string[],
  about: Package,
): Promise<void> {
  // The value of Command is used on purpose: it keeps oclif in one chunk, the one that every command shares.
  await Command.start.call(command, [...argv], configure(about));
}
