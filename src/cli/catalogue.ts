// Which commands there are, found by looking: every file under src/commands is one. The build puts a module of the
// same shape in this one's place, with the answers written out, so that the shipped program looks at nothing.
import { readdirSync, readFileSync } from 'node:fs';
import type { CommandClass, Package } from './oclif.ts';
import { manifestOf, type Classes, type Manifest } from './describe.ts';
import { helpOf } from './help.ts';

const folder = new URL('../commands/', import.meta.url);
const { name, version, description } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as Package & { description: string };

/** The package that this program is. */
export const about: Package = { name, version };

/** Ids of all commands: their path under src/commands, joined by colons. */
export const ids: readonly string[] = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.slice(0, -'.ts'.length).split(/[\\/]/).join(':'))
  .sort();

/** The class of a command, loaded now. */
export async function load(id: string): Promise<CommandClass> {
  const url = new URL(`${id.replaceAll(':', '/')}.ts`, folder);
  return ((await import(url.href)) as { default: CommandClass }).default;
}

async function classes(): Promise<Classes> {
  const loaded = await Promise.all(ids.map(async (id) => [id, await load(id)] as const));
  return Object.fromEntries(loaded) as unknown as Classes; // a class of ours has its flags, which oclif's type hides
}

/** Flags, arguments and summaries of all commands. */
export async function manifest(): Promise<Manifest> {
  return manifestOf(await classes());
}

/** All help texts, see help.ts. */
export async function help(): Promise<Readonly<Record<string, string>>> {
  return helpOf(await manifest(), description);
}
