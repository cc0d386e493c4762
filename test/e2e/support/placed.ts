// Knows how a change gets onto this machine instead of a node: its files into a folder of the test's, the token in
// place of its slot, and its flags with the paths in that folder.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configRoot, logFolder } from '../../../src/audit/change.ts';
import type { Change } from '../../../src/audit/change.ts';
import { tokenSlot } from '../../../src/audit/sink/sematext.ts';

/** Where the audit log of a change is, in a folder. */
export const logIn = (dir: string): string => join(dir, 'log');

/** Writes the files of a change and returns its flags, as an API server takes them. */
export async function place(change: Change, dir: string, token: string): Promise<string[]> {
  const config = join(dir, 'config');
  const home = join(config, change.hash ?? '');
  await mkdir(home, { recursive: true, mode: 0o700 });
  for (const { name, content } of change.files)
    await writeFile(join(home, name), content.replaceAll(tokenSlot, token), { mode: 0o600 });
  if (change.writes !== undefined) await mkdir(logIn(dir), { recursive: true });
  return change.flags.map(
    ([name, value]) => `--${name}=${value.replace(configRoot, config).replace(logFolder, logIn(dir))}`,
  );
}
