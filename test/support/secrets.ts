// The tokens that tests use, and the search for them in everything a test printed or wrote.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Every Logs token and API key that a test may use; anything else would not be looked for. */
export const secrets = {
  token: '5ec7e700-70ce-4000-8000-00000000a0d1',
  otherToken: '5ec7e700-70ce-4000-8000-00000000a0d2',
  apiKey: '5ec7e700-4b1e-4000-8000-0000000000e1',
} as const;

const said: string[] = [];
const folders: { path: string; may: Set<string> }[] = [];

/** Remembers output of a program under test, to be searched when the test ends. */
export function witness(text: string): void {
  said.push(text);
}

/** A temporary folder whose files are searched for secrets, then removed, when the test ends. */
export function temporary(): { path: string; secretFile(name: string): string } {
  const folder = { path: mkdtempSync(join(tmpdir(), 'sematext-audit-test-')), may: new Set<string>() };
  folders.push(folder);
  const secretFile = (name: string): string => {
    const path = join(folder.path, name);
    folder.may.add(path);
    return path;
  };
  return { path: folder.path, secretFile };
}

function filesUnder(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesUnder(join(path, name)));
}

/** Fails when a secret stands in anything witnessed or written since the last call; then forgets it all. */
export function assertNoSecretLeaked(): void {
  const texts = said.splice(0).map((text, i) => ({ where: `output ${i + 1}`, text }));
  for (const { path, may } of folders.splice(0)) {
    for (const file of filesUnder(path)) {
      if (may.has(file))
        assert.equal(statSync(file).mode & 0o077, 0, `${file} holds a secret and is not 0600`);
      else if (statSync(file, { throwIfNoEntry: false })?.isFile())
        texts.push({ where: file, text: readFileSync(file, 'utf8') });
    }
    rmSync(path, { recursive: true, force: true });
  }
  for (const { where, text } of texts)
    for (const [name, secret] of Object.entries(secrets))
      assert.ok(
        !text.toLowerCase().includes(secret),
        `the ${name} stands in ${where}: ${text.slice(0, 2000)}`,
      );
}
