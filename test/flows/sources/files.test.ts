// A file as a source: read once or followed, from its beginning or from where an earlier run ended.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, copyFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { fileSource } from '../../../src/flows/sources/files.ts';
import type { FileWish } from '../../../src/flows/sources/files.ts';
import { failure } from '../../support/failure.ts';
import { temporary } from '../../support/secrets.ts';
import { eventLine, eventLines, nothing, read, until, world, type Got } from './events.ts';

const once: FileWish = { follow: false, literals: [], whole: false };
const resumable = { ...once, resumable: true };
const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

function logWith(text: string | Uint8Array): string {
  const path = join(temporary().path, 'audit.log');
  writeFileSync(path, text);
  return path;
}

/** Follows a file while `work` is done, and ends by a cancellation. */
async function following(
  path: string,
  work: (got: Got) => Promise<void>,
  more: Partial<FileWish> = {},
): Promise<Got> {
  const cancel = new AbortController();
  const got = nothing();
  const ended = failure(() =>
    read(fileSource(world({ signal: cancel.signal }), path, { ...once, follow: true, ...more }), got),
  );
  await work(got);
  const cancelled = Date.now();
  cancel.abort();
  assert.equal((await ended).code, 'interrupted');
  assert.ok(Date.now() - cancelled < 100, 'the wait ends at once');
  return got;
}

describe('a file', function () {
  this.timeout(30_000);

  it('is read to its end, whether it can be gone on with or not', async () => {
    for (const wish of [once, resumable]) {
      const got = await read(fileSource(world(), logWith(eventLines([1, 2, 3])), wish));
      assert.deepEqual([got.ids, got.notes], [['1', '2', '3'], []]);
      assert.equal(got.position !== undefined, wish === resumable);
    }
  });

  it('goes on where the last run ended, under whatever name', async () => {
    const path = logWith(eventLines([1, 2]));
    const first = await read(fileSource(world(), path, resumable));
    appendFileSync(path, eventLines([3]));
    renameSync(path, path.replace('.log', '-2026-11-30T10-00-00.000.log'));
    writeFileSync(path, eventLines([4]));
    const again = { ...once, position: JSON.parse(JSON.stringify(first.position)) as unknown };
    const second = await read(fileSource(world(), path, again));
    assert.deepEqual([second.ids, second.notes], [['3', '4'], []]);
    const third = await read(fileSource(world(), path, { ...once, position: second.position }));
    assert.deepEqual([third.ids, third.notes], [[], []]);
  });

  it('counts its last line without a newline, and a later run goes on behind it', async () => {
    const path = logWith(eventLines([1]) + eventLine(2));
    const first = await read(fileSource(world(), path, resumable));
    appendFileSync(path, `\n${eventLines([3])}`);
    const second = await read(fileSource(world(), path, { ...once, position: first.position }));
    assert.deepEqual([first.ids, second.ids, second.notes], [['1', '2'], ['3'], []]);
  });

  it('leaves a half line to a later run', async () => {
    const path = logWith(eventLines([1]) + eventLine(2).slice(0, 60));
    const first = await read(fileSource(world(), path, { ...resumable, literals: ['nowhere', '"1"'] }));
    appendFileSync(path, `${eventLine(2).slice(60)}\n`);
    const second = await read(fileSource(world(), path, { ...once, position: first.position }));
    assert.deepEqual([first.ids, second.ids, second.notes], [['1'], ['2'], []]);
    assert.match(first.notes.join(), /audit\.log: line 2 could not be read: it is no whole JSON/);
  });

  it('leaves an event over many lines whole to a later run', async () => {
    const many = JSON.stringify(JSON.parse(eventLine(2)), undefined, 2);
    const path = logWith(`${eventLines([1])}${many.slice(0, many.indexOf('"stage"'))}`);
    const first = await read(fileSource(world(), path, resumable));
    writeFileSync(path, `${eventLines([1])}${many}\n`);
    const second = await read(fileSource(world(), path, { ...once, position: first.position }));
    assert.deepEqual([first.ids, second.ids, second.notes], [['1'], ['2'], []]);
  });

  it('goes on behind a packed file that is damaged, and says so', async () => {
    const path = logWith(eventLines([1]));
    const first = await read(fileSource(world(), path, resumable));
    const packed = gzipSync(eventLines([1, 2]));
    writeFileSync(`${path}.2.gz`, packed.subarray(0, packed.length - 20));
    writeFileSync(`${path}.1`, eventLines([3]));
    writeFileSync(path, eventLines([4]));
    const second = await read(fileSource(world(), path, { ...once, position: first.position }));
    assert.deepEqual(second.ids, ['3', '4']);
    assert.match(second.notes.join('\n'), /audit\.log\.2\.gz is damaged gzip: .*cannot be known/);
    assert.match(second.notes.join('\n'), /audit\.log was rotated and what was read last is gone/);
  });

  it('is read as far as it can be where it is damaged later', async () => {
    const path = logWith(eventLines([0]));
    const first = await read(fileSource(world(), path, resumable));
    // each of another text, or packing would leave too little
    const text = range(0, 9999).map((id) => eventLines([id], createHash('sha512').update(id).digest('hex')));
    const packed = gzipSync([eventLines([0]), ...text.slice(1)].join(''));
    writeFileSync(`${path}.2.gz`, packed.subarray(0, packed.length - 1000));
    writeFileSync(`${path}.1`, eventLines(['next']));
    writeFileSync(path, eventLines(['last']));
    const { ids, notes } = await read(fileSource(world(), path, { ...once, position: first.position }));
    assert.deepEqual(ids.slice(-2), ['next', 'last']);
    assert.deepEqual(ids.slice(0, -2), range(1, ids.length - 2));
    assert.ok(ids.length > 4000);
    assert.equal(notes.filter((note) => note.includes('audit.log.2.gz is damaged gzip')).length, 1);
    // that is all that is lost
    assert.deepEqual(
      notes.filter((note) => note.startsWith('audit.log was')),
      [],
    );
  });

  it('has holes of zeros where it was emptied under a writer that does not append', async () => {
    const hole = Buffer.alloc(3 * 1024 * 1024);
    const path = logWith(Buffer.concat([hole, Buffer.from(eventLines([1, 2]))]));
    const { ids, notes, position } = await read(fileSource(world(), path, resumable));
    assert.deepEqual([ids, notes], [['1', '2'], []]);
    appendFileSync(path, eventLines([3]));
    const later = await read(fileSource(world(), path, { ...once, position }));
    assert.deepEqual([later.ids, later.notes], [['3'], []]);
  });

  it('tells of bad lines by their numbers, in a later run too', async () => {
    const path = logWith(`${eventLines([1])}bad\n`);
    const first = await read(fileSource(world(), path, resumable));
    appendFileSync(path, `${eventLines([2])}worse\nworst\n`);
    const second = await read(fileSource(world(), path, { ...once, position: first.position }));
    assert.match(first.notes.join(), /audit\.log: line 2 could not/);
    assert.match(second.notes.join(), /audit\.log: line 4 could not.*2 lines could not/);
    assert.deepEqual(second.ids, ['2']);
  });

  it('is an error of the user where it is missing, a folder, or the position is none', async () => {
    const path = logWith('');
    const bad = [null, {}, 7, 'x', { offset: -1 }, { offset: 0, head: 'x', tail: 'y', line: 1 }];
    for (const position of bad) {
      const thrown = await failure(() => read(fileSource(world(), path, { ...once, position })));
      assert.deepEqual([thrown.code, thrown.message.includes(path)], ['usage', true]);
    }
    rmSync(path);
    for (const wish of [once, { ...once, follow: true }, resumable]) {
      const thrown = await failure(() => read(fileSource(world(), path, wish)));
      assert.equal(`${thrown.code}: ${thrown.message}`, `usage: ${path} does not exist.`);
    }
    for (const wish of [once, { ...once, follow: true }])
      assert.equal((await failure(() => read(fileSource(world(), temporary().path, wish)))).code, 'usage');
  });

  it('is read to its end and without a position where it cannot grow', async () => {
    const packed = logWith(gzipSync(eventLines([1, 2])));
    const stdin = Readable.from([Buffer.from(eventLines([1, 2]))]);
    for (const path of [packed, '-']) {
      const source = fileSource(world({ stdin }), path, { ...once, follow: true });
      const { ids, position } = await read(source);
      assert.deepEqual(
        [source.name, ids, position],
        [path === '-' ? 'standard input' : path, ['1', '2'], undefined],
      );
    }
  });
});

describe('a file that is followed', function () {
  this.timeout(30_000);

  it('comes as it grows, through renaming, packing and a half line', async () => {
    const path = logWith(eventLines([1]));
    const older = path.replace('.log', '-2026-11-30T10-00-00.000.log');
    const got = await following(path, async (got) => {
      await until(() => got.ids.length === 1);
      appendFileSync(path, eventLine(2).slice(0, 50));
      const { batches } = got;
      await until(() => got.batches > batches + 2);
      appendFileSync(path, `${eventLine(2).slice(50)}\n${eventLines([3])}`);
      await until(() => got.ids.length === 3);
      appendFileSync(path, eventLines([4]));
      renameSync(path, older);
      writeFileSync(`${older}.gz`, gzipSync(eventLines([1, 2, 3, 4])));
      rmSync(older);
      writeFileSync(path, eventLines([5]));
      await until(() => got.ids.length === 5);
    });
    assert.deepEqual([got.ids, got.notes], [['1', '2', '3', '4', '5'], []]);
  });

  it('says what must be lost when it is emptied, and goes on', async () => {
    const path = logWith(eventLines([1, 2]));
    const got = await following(path, async (got) => {
      await until(() => got.batches > 3);
      appendFileSync(path, eventLine('never').slice(0, 50));
      const { batches } = got;
      await until(() => got.batches > batches + 2);
      writeFileSync(path, eventLines([3]));
      await until(() => got.ids.length === 3);
    });
    assert.deepEqual([got.ids, got.notes.length], [['1', '2', '3'], 1]);
    assert.match(
      got.notes.join(),
      /^audit\.log was emptied or replaced: events .* after 20\d\d-.*cannot be known/,
    );
  });

  it('loses nothing and says nothing when it is copied before it is emptied', async () => {
    const path = logWith(eventLines([1]));
    const got = await following(path, async (got) => {
      await until(() => got.ids.length === 1);
      appendFileSync(path, eventLines([2]));
      copyFileSync(path, `${path}.1`);
      truncateSync(path);
      appendFileSync(path, eventLines([3]));
      await until(() => got.ids.length === 3);
    });
    assert.deepEqual([got.ids, got.notes], [['1', '2', '3'], []]);
  });

  it('is waited for when it is gone', async () => {
    const path = logWith(eventLines([1]));
    const got = await following(path, async (got) => {
      await until(() => got.ids.length === 1);
      renameSync(path, `${path}.1`);
      const { batches } = got;
      await until(() => got.batches > batches + 2);
      writeFileSync(path, eventLines([2]));
      await until(() => got.ids.length === 2);
    });
    assert.deepEqual([got.ids, got.notes], [['1', '2'], []]);
  });

  it('has lines of 10 MB, and leaves out what is not wanted', async () => {
    const long = 'x'.repeat(10 * 1024 * 1024);
    const path = logWith(
      eventLines(['a', 'want-1'], long) + eventLines(range(1, 5000)) + eventLines(['want-2'], long),
    );
    const wanted = await following(path, (got) => until(() => got.ids.includes('want-2')), {
      literals: ['want-'],
    });
    assert.deepEqual(wanted.ids, ['want-1', 'want-2']);
    const all = await following(path, (got) => until(() => got.ids.includes('want-2')));
    assert.deepEqual(all.ids, ['a', 'want-1', ...range(1, 5000), 'want-2']);
  });
});
