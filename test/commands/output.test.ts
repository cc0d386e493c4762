// Standard output as people direct it: full devices, closed ends, readers who leave or never read.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporary } from '../support/secrets.ts';

const log = 'test/golden/tail/audit.log';
const program = 'bin/kubectl-sematext_audit.cjs';

/** More than any pipe holds. */
function bigLog(): string {
  const path = join(temporary().path, 'big.log');
  writeFileSync(path, readFileSync(log, 'utf8').repeat(1500));
  return path;
}

interface Ran {
  readonly exit: number | null;
  readonly stderr: string;
}

/** Runs a line of shell in which `tail` stands for the program, and gives how the program ended, not its readers. */
async function shell(line: string): Promise<Ran> {
  const exit = join(temporary().path, 'exit');
  const script = `tail() { "${process.execPath}" ${program} tail "$@"; echo $? >"${exit}"; }; ${line}`;
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  await once(child, 'close');
  return { exit: Number(readFileSync(exit, 'utf8')), stderr };
}

/** Starts `tail` whose output fills its pipe and is never read. */
async function unreadTail(...argv: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, 'tail', bigLog(), '--all-stages', ...argv]);
  await once(child.stdout, 'readable');
  return child;
}

/** Milliseconds until a process ends, and its exit. */
async function ending(child: ChildProcess): Promise<{ ms: number; ended: unknown[] }> {
  const started = performance.now();
  const ended = await once(child, 'exit');
  return { ms: performance.now() - started, ended };
}

describe('standard output', function () {
  before(function () {
    if (process.platform === 'win32') this.skip();
  });

  for (const argv of [[], ['-o', 'json'], ['--summary'], ['--summary', '-o', 'yaml'], ['--help']])
    it(`that is full is said in a sentence: tail ${argv.join(' ')}`, async function () {
      if (!existsSync('/dev/full')) this.skip(); // macOS has none
      const { exit, stderr } = await shell(`tail ${log} ${argv.join(' ')} > /dev/full`);
      assert.equal(exit, 2);
      assert.match(
        stderr,
        /^Error: Standard output could not be written: no space left on the device\.\n {2}→ /,
      );
      assert.doesNotMatch(stderr, /bug|\n {4}at /);
    });

  it('may be closed, and so may standard error', async () => {
    assert.deepEqual(await shell(`tail ${log} >&-`), { exit: 0, stderr: '' });
    assert.deepEqual(await shell(`tail ${log} 2>&- | cat`), { exit: 0, stderr: '' });
  });

  it('may be left by its reader after a line', async () => {
    const big = bigLog();
    for (const options of ['', '-o json', "-o 'jsonpath={.verb}'", '-o wide'])
      assert.deepEqual(await shell(`tail ${big} ${options} | head -n 1`), { exit: 0, stderr: '' }, options);
  });

  it('may stand still: Ctrl-C ends the run within a second all the same', async () => {
    for (const argv of [[], ['-o', 'json'], ['-o', 'yaml']]) {
      const child = await unreadTail(...argv);
      child.kill('SIGINT');
      const { ms, ended } = await ending(child);
      assert.deepEqual(ended, [130, null]);
      assert.ok(ms < 1000, `${ms} ms`);
    }
  });

  it('may stand still: a second Ctrl-C ends the run as well', async () => {
    const child = await unreadTail();
    child.kill('SIGINT');
    setTimeout(() => child.kill('SIGINT'), 50);
    const { ms, ended } = await ending(child);
    assert.ok(ended[0] === 130 || ended[1] === 'SIGINT', String(ended));
    assert.ok(ms < 1000, `${ms} ms`);
  });

  it('gets all of it when its reader is slow', async () => {
    const child = await unreadTail();
    let lines = 0;
    await new Promise((resolve) => setTimeout(resolve, 700)); // longer than the patience with an interrupted run
    child.stdout?.on('data', (data: Buffer) => (lines += data.toString().split('\n').length - 1));
    const [exit] = (await once(child, 'close')) as [number];
    assert.equal(exit, 0);
    assert.equal(lines, 21 * 1500);
  });
});
