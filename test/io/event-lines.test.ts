// Lines in blocks: whatever the blocks cut, each line comes once, whole, and with its number.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { blocks } from '../../src/io/event-lines.ts';
import { rareEnd } from '../../src/io/line-block.ts';
import { temporary } from '../support/secrets.ts';

const surroundings = { stdin: Readable.from([]), signal: new AbortController().signal };

async function read(
  path: string,
  literals: readonly string[] = [],
  given = surroundings,
): Promise<[number, string][]> {
  const all: [number, string][] = [];
  for await (const { text, numbers } of blocks(path, literals, given))
    if (text !== '')
      all.push(
        ...text
          .slice(0, -1)
          .split('\n')
          .map((line, i): [number, string] => [numbers(i), line]),
      );
  return all;
}

/** 5 MB: lines of all lengths up to 3 MB, every tenth with a mark, every hundredth no object. */
const lines = Array.from({ length: 3000 }, (_, i) => {
  const text = 'ä'.repeat(i === 1500 ? 1_500_000 : (i * 37) % 500);
  return i % 100 === 7 ? `no object ${text}` : `{"n":${i}${i % 10 === 0 ? ',"mark-1"' : ''},"x":"${text}"}`;
});
const numbered = lines.map((line, i): [number, string] => [i + 1, line]);

function file(bytes: Uint8Array | string): string {
  const path = join(temporary().path, 'events.log');
  writeFileSync(path, bytes);
  return path;
}

describe('lines of events', () => {
  it('come once, whole and numbered, with and without a newline at the end, packed or not', async () => {
    const text = `${lines.join('\n')}\n`;
    for (const bytes of [text, text.slice(0, -1), gzipSync(text)])
      assert.deepEqual(await read(file(bytes)), numbered);
  });

  it('come from standard input however it is cut', async () => {
    const bytes = Buffer.from(lines.join('\n'));
    const parts = Array.from({ length: 801 }, (_, i) => bytes.subarray(i * 7919, (i + 1) * 7919));
    const stdin = Readable.from(parts.filter(({ length }) => length > 0));
    assert.ok(801 * 7919 > bytes.length);
    assert.deepEqual(await read('-', [], { ...surroundings, stdin }), numbered);
  });

  it('are left out where they hold none of the texts, unless they are no object in one line', async () => {
    const path = file(lines.join('\n'));
    const wanted = numbered.filter(([, line]) => line.includes('mark-1') || line.startsWith('no'));
    assert.deepEqual(await read(path, ['mark-1']), wanted);
    assert.deepEqual(await read(path, ['nowhere', 'mark-1']), wanted);
  });

  it("are never left out in Docker's wrapping, which may hold a part of a line", async () => {
    const part = '{"log":"{\\"kind\\"","stream":"stdout","time":"x"}';
    assert.deepEqual(await read(file(`${part}\n`), ['mark-1']), [[1, part]]);
  });

  it('of nothing are none', async () => {
    assert.deepEqual(await read(file('')), []);
    assert.deepEqual(await read(file(gzipSync(''))), []);
  });

  it('are no longer waited for after a cancellation', async () => {
    const cancel = new AbortController();
    const waiting = read('-', [], {
      stdin: new Readable({ read: () => undefined }) as never,
      signal: cancel.signal,
    });
    cancel.abort();
    await assert.rejects(waiting, { code: 'interrupted' });
  });

  it('looks for the end of a text that begins with its rarest character', () => {
    const cases = {
      'person@example': '@example',
      admin: 'min',
      abc: 'abc',
      ab: 'ab',
      'x@y': 'x@y',
      nodes_Q: 'des_Q',
    };
    for (const [text, end] of Object.entries(cases)) assert.equal(rareEnd(text), end);
  });
});
