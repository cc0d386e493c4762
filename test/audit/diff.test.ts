// Unified diffs, as --dry-run shows them: what patch(1) would take.
import assert from 'node:assert/strict';
import { diff } from '../../src/audit/diff.ts';
import { draws } from '../support/draws.ts';

const path = '/etc/kubernetes/manifests/kube-apiserver.yaml';
const lines = (...these: readonly string[]): string => these.map((line) => `${line}\n`).join('');
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String(from + i));

/** What a unified diff makes of a text: the hunks' own words, and nothing else, decide. */
function patched(text: string, patch: string): string {
  const before = text === '' ? [] : text.split(/(?<=\n)/);
  const after: string[] = [];
  let at = 0;
  for (const hunk of patch.split(/^(?=@@)/m).slice(1)) {
    const [head = '', ...body] = hunk.split(/(?<=\n)/);
    const [, start = '', count = '1'] = /^@@ -(\d+)(?:,(\d+))? /.exec(head) ?? [];
    const first = count === '0' ? Number(start) : Number(start) - 1;
    after.push(...before.slice(at, first));
    at = first;
    body.forEach((line, i) => {
      if (line.startsWith('\\')) return;
      const words = body[i + 1]?.startsWith('\\') ? line.slice(1, -1) : line.slice(1);
      if (!line.startsWith('+')) assert.equal(before[at++], words);
      if (!line.startsWith('-')) after.push(words);
    });
  }
  return [...after, ...before.slice(at)].join('');
}

describe('diff', () => {
  it('shows a change with three lines around it', () => {
    const after = lines(...numbers(1, 9), 'new', ...numbers(10, 20));
    assert.equal(
      diff(lines(...numbers(1, 20)), after, path),
      lines(`--- ${path}`, `+++ ${path}`, '@@ -7,6 +7,7 @@', ' 7', ' 8', ' 9', '+new', ' 10', ' 11', ' 12'),
    );
  });

  it('shows changes that are far apart each by itself', () => {
    const after = lines('0', ...numbers(2, 19), 'end');
    const heads = diff(lines(...numbers(1, 20)), after, path).match(/^@@.*$/gm);
    assert.deepEqual(heads, ['@@ -1,4 +1,4 @@', '@@ -17,4 +17,4 @@']);
  });

  it('says where the last line has no end', () => {
    assert.equal(
      diff('a', 'a\n', 'f'),
      lines('--- f', '+++ f', '@@ -1,1 +1,1 @@', '-a', '\\ No newline at end of file', '+a'),
    );
  });

  it('is nothing where nothing changes', () => assert.equal(diff('a\n', 'a\n', path), ''));

  it('turns the one text into the other, whatever they are', () => {
    for (let seed = 0; seed < 300; seed++) {
      const draw = draws(seed);
      const text = (): string =>
        Array.from({ length: draw.below(30) }, () => draw.pick('a', 'b', 'c', '', '--- x', '@@ y')).join(
          draw.pick('\n', '\r\n'),
        );
      const [before, after] = [text(), text()];
      assert.equal(patched(before, diff(before, after, path)), after, `seed ${seed}`);
    }
  });
});
