// Commands → the manifest: what is known of them without running them. Made when the bundle is built and when the
// sources are run directly; the shipped program carries only the outcome.
import type { Command } from '@oclif/core/command';

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
  readonly allowNo?: true;
  readonly exclusive?: readonly string[];
  readonly dependsOn?: readonly string[];
  /** The word for its value in the help. */
  readonly value?: string;
  /** Heading under which the help lists it. */
  readonly group?: string;
}

/** An argument as the manifest has it. */
export interface ArgManifest {
  readonly description: string;
  readonly required: boolean;
  /** Whether it may be given several times. */
  readonly multiple?: boolean;
  readonly options?: readonly string[];
}

/** A command as the manifest has it. */
export interface CommandManifest {
  readonly summary: string;
  readonly description?: string;
  readonly hidden: boolean;
  readonly examples: readonly { readonly description: string; readonly command: string }[];
  readonly args: Readonly<Record<string, ArgManifest>>;
  readonly flags: Readonly<Record<string, FlagManifest>>;
}

/** All commands by id, their words joined by colons. */
export type Manifest = Readonly<Record<string, CommandManifest>>;

/** Command classes by id. */
export type Classes = Readonly<Record<string, typeof Command>>;

function defined(values: object): object {
  return Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined && v !== false));
}

function flagManifest(name: string, flag: Command.Flag): FlagManifest {
  if (typeof flag.default === 'function')
    throw new Error(`--${name} computes its default, which the manifest would freeze`);
  const { type, summary, char, required, hidden, exclusive, dependsOn, helpGroup } = flag;
  if (summary === undefined) throw new Error(`--${name} has no summary`);
  const option =
    flag.type === 'option' ? { options: flag.options, multiple: flag.multiple, value: flag.helpValue } : {};
  const toggle = flag.type === 'boolean' ? { allowNo: flag.allowNo } : {};
  const told = { type, summary, char, required, hidden, exclusive, dependsOn, group: helpGroup };
  return defined({ ...told, default: flag.default as unknown, ...option, ...toggle }) as FlagManifest;
}

function argManifest({ description = '', required = false, multiple, options }: Command.Arg): ArgManifest {
  return {
    description,
    required,
    ...(multiple === true && { multiple }),
    ...(options === undefined ? {} : { options: options as string[] }),
  };
}

function example(one: Command.Example): CommandManifest['examples'][number] {
  if (typeof one === 'string') throw new Error(`an example without a description: ${one}`);
  return one;
}

function mapped<T, U>(record: Record<string, T>, make: (value: T, key: string) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, make(value, key)]));
}

function commandManifest({
  summary,
  description,
  hidden,
  examples,
  args,
  flags,
}: typeof Command): CommandManifest {
  if (summary === undefined) throw new Error('no summary');
  return {
    summary,
    ...(description === undefined ? {} : { description }),
    hidden: hidden === true,
    examples: (examples ?? []).map(example),
    args: mapped(args, argManifest),
    flags: mapped(flags, (flag, name) => flagManifest(name, flag)),
  };
}

/**
 * The manifest of commands, in the order of their ids.
 * @throws Error when a command or a flag lacks its summary
 */
export function manifestOf(classes: Classes): Manifest {
  const sorted = Object.entries(classes).sort(([a], [b]) => (a < b ? -1 : 1));
  return mapped(Object.fromEntries(sorted), (command, id) => {
    try {
      return commandManifest(command);
    } catch (error) {
      throw new Error(`src/commands/${id.replaceAll(':', '/')}.ts`, { cause: error });
    }
  });
}
