// A file that the user has made: whole or not at all, and never over another by accident.
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { openNewFile } from '../../src/io/new-file.ts';
import { failure } from '../support/failure.ts';
import { temporary } from '../support/secrets.ts';

describe('a new file', () => {
  const refused = async (path: string, over: boolean, words: RegExp): Promise<void> => {
    const error = await failure(() => openNewFile(path, over));
    assert.deepEqual([error.code, error.exitCode], ['usage', 2]);
    assert.match(error.message, words);
    assert.ok(error.suggestions.length > 0);
  };

  it('is there once it is written, and nothing else is', async () => {
    const { path } = temporary();
    const write = await openNewFile(join(path, 'a.yaml'), false);
    assert.deepEqual(readdirSync(path), []);
    await write('a: ü\n');
    assert.deepEqual(readdirSync(path), ['a.yaml']);
    assert.equal(readFileSync(join(path, 'a.yaml'), 'utf8'), 'a: ü\n');
    assert.equal(statSync(join(path, 'a.yaml')).mode & 0o777, 0o666 & ~process.umask());
  });

  it('does not take the place of another', async () => {
    const { path } = temporary();
    const file = join(path, 'a.yaml');
    writeFileSync(file, 'theirs');
    await refused(file, false, /a\.yaml is there already, and stays as it is\.$/);
    assert.equal(readFileSync(file, 'utf8'), 'theirs');
  });

  it('nor of one that came after it was looked for', async () => {
    const { path } = temporary();
    const file = join(path, 'a.yaml');
    const write = await openNewFile(file, false);
    writeFileSync(file, 'theirs');
    const error = await failure(() => write('ours'));
    assert.match(error.message, /is there already/);
    assert.equal(readFileSync(file, 'utf8'), 'theirs');
    assert.deepEqual(readdirSync(path), ['a.yaml']);
  });

  it('takes it where that is wanted, with its mode, and where a link leads', async () => {
    const { path } = temporary();
    const file = join(path, 'a.yaml');
    writeFileSync(file, 'theirs');
    chmodSync(file, 0o600);
    symlinkSync('a.yaml', join(path, 'link'));
    await (
      await openNewFile(join(path, 'link'), true)
    )('ours');
    assert.equal(readFileSync(file, 'utf8'), 'ours');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(path), ['a.yaml', 'link']);
    await (
      await openNewFile(join(path, 'b.yaml'), true)
    )('new');
    assert.equal(readFileSync(join(path, 'b.yaml'), 'utf8'), 'new');
  });

  it('is no device and no folder, wanted or not', async () => {
    const { path } = temporary();
    mkdirSync(join(path, 'folder'));
    for (const over of [true, false]) {
      await refused('/dev/null', over, /^\/dev\/null is there and is no file\.$/);
      await refused(join(path, 'folder'), over, /folder is there and is no file\.$/);
      await refused(join(path, 'none', 'a.yaml'), over, /none does not exist\.$/);
    }
    assert.ok(statSync('/dev/null').isCharacterDevice());
  });

  it('leaves nothing behind when it cannot be written', async () => {
    const { path } = temporary();
    const file = join(path, 'a.yaml');
    const write = await openNewFile(file, true);
    mkdirSync(file); // a rename over a folder fails
    const error = await failure(() => write('ours'));
    assert.match(error.message, /^The file could not be written: .*a\.yaml /);
    assert.deepEqual(readdirSync(path), ['a.yaml']);
  });
});
