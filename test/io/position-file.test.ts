// The file that keeps positions: whole, private, and never written over when it is something else.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPositionFile } from '../../src/io/position-file.ts';
import { failure } from '../support/failure.ts';
import { temporary } from '../support/secrets.ts';

describe('the file of positions', () => {
  it('gives back what it was given, for its owner alone, and leaves nothing beside it', async () => {
    const folder = temporary().path;
    const path = join(folder, 'position');
    const file = openPositionFile(path);
    assert.deepEqual(await file.read(), {});
    await file.write({ a: { offset: 1 } });
    await file.write({ a: { offset: 2 }, b: { at: 'x' } });
    assert.deepEqual(await file.read(), { a: { offset: 2 }, b: { at: 'x' } });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ['position']);
  });

  it('begins anew with an empty one, as mktemp makes it', async () => {
    const path = join(temporary().path, 'position');
    writeFileSync(path, '');
    assert.deepEqual(await openPositionFile(path).read(), {});
  });

  it('takes no other file for one, and leaves it as it is', async () => {
    const path = join(temporary().path, 'notes');
    for (const text of ['my notes', '{}', '[]', 'null', '{"schema":"tail-position.v2","positions":{}}']) {
      writeFileSync(path, text);
      const { code, message } = await failure(() => openPositionFile(path).read());
      assert.deepEqual([code, message], ['usage', `${path} does not hold a position of tail.`]);
      assert.equal(readFileSync(path, 'utf8'), text);
    }
  });

  it('says why it cannot be had or written', async () => {
    const folder = temporary().path;
    mkdirSync(join(folder, 'taken'));
    assert.match(
      (await failure(() => openPositionFile(join(folder, 'taken')).read())).message,
      /is a folder\.$/,
    );
    const missing = openPositionFile(join(folder, 'none', 'position'));
    assert.match(
      (await failure(() => missing.write({}))).message,
      /^The position could not be kept: .*\/none\/position does not exist\.$/,
    );
  });
});
