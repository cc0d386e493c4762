// Texts kept as files; UPDATE_GOLDEN=1 writes them anew, and a person reads the difference.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const root = new URL('../../../', import.meta.url);

export function golden(path: string, text: string): void {
  const url = new URL(path, root);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(url.pathname), { recursive: true });
    writeFileSync(url, text);
  }
  assert.equal(text, readFileSync(url, 'utf8'), `${path} differs; UPDATE_GOLDEN=1 writes it anew`);
}

/** Puts a text between `<!-- begin NAME -->` and `<!-- end NAME -->` of a page, and compares with what is there. */
export function goldenPart(path: string, name: string, text: string): void {
  const page = readFileSync(new URL(path, root), 'utf8');
  const part = new RegExp(`(<!-- begin ${name} -->\n).*?(<!-- end ${name} -->)`, 's');
  assert.match(page, part, `${path} has no part ${name}`);
  golden(
    path,
    page.replace(part, (_all, begin: string, end: string) => `${begin}\n${text}\n\n${end}`),
  );
}

export function read(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}
