// `tail` as the shipped program: on files, packed and not, and standard input, in every output.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseAllDocuments } from 'yaml';
import { temporary } from '../support/secrets.ts';

const log = 'test/golden/tail/audit.log';
const text = readFileSync(log, 'utf8');
const events = text
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as { auditID: string; stage: string; verb: string });
const requests = new Set(events.map(({ auditID }) => auditID)).size;

interface Ran {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function tail(
  argv: readonly string[],
  stdin = '',
  act: (end: () => void) => void = () => undefined,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['bin/kubectl-sematext_audit.cjs', 'tail', ...argv]);
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (data: Buffer) => (said.stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (said.stderr += data.toString()));
    child.once('error', reject);
    child.once('close', (exit) => resolve({ exit, ...said }));
    act(() => child.kill('SIGINT'));
    child.stdin.on('error', () => undefined); // it may end before it has read everything
    if (stdin !== '') child.stdin.end(stdin);
  });
}

const count = (stdout: string): number => stdout.split('\n').length - 1;

describe('tail', () => {
  it('shows every request of a file once, packed or not, and the same from standard input', async () => {
    const packed = join(temporary().path, 'audit.log.gz');
    writeFileSync(packed, gzipSync(text));
    const [plain, gzip, piped] = await Promise.all([tail([log]), tail([packed]), tail(['-'], text)]);
    assert.equal(plain.exit, 0, plain.stderr);
    assert.equal(count(plain.stdout), requests);
    assert.deepEqual([gzip, piped], [plain, plain]);
  });

  it('reads files one after the other, and folds across them', async () => {
    const folder = temporary().path;
    const [first, second] = [join(folder, '1'), join(folder, '2')];
    const half = text.indexOf('\n', text.length / 2) + 1;
    writeFileSync(first, text.slice(0, half));
    writeFileSync(second, text.slice(half));
    const [both, whole] = await Promise.all([tail([first, second]), tail([log])]);
    const lines = ({ stdout }: Ran): string[] => stdout.split('\n').sort(); // what never ended comes with its block
    assert.deepEqual(lines(both), lines(whole));
  });

  it('gives each event as it was recorded under -o json and yaml', async () => {
    const { stdout } = await tail([log, '--all-stages', '-o', 'json']);
    const shown = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as (typeof events)[number]);
    assert.deepEqual(
      shown.map(({ auditID, stage }) => [auditID, stage]),
      events.map(({ auditID, stage }) => [auditID, stage]),
    );
    const yaml = await tail([log, '--all-stages', '-o', 'yaml']);
    assert.deepEqual(
      parseAllDocuments(yaml.stdout).map((one) => one.toJS() as unknown),
      shown,
    );
  });

  it('selects by the filters, the negated ones and the limit', async () => {
    const { stdout } = await tail([log, '--all-stages', '-o', 'json', '--not', 'verb=get,list,watch']);
    const wanted = events.filter(({ verb }) => !['get', 'list', 'watch'].includes(verb));
    assert.ok(wanted.length > 0 && wanted.length < events.length);
    assert.equal(count(stdout), wanted.length);
    assert.equal(count((await tail([log, '--limit', '2'])).stdout), 2);
    assert.equal((await tail([log, '--by', 'nobody-at-all'])).stdout, '');
  });

  it('counts with --summary', async () => {
    const { stdout } = await tail([log, '--summary', '-o', 'json']);
    const summary = JSON.parse(stdout) as { schema: string; events: number; who: { count: number }[] };
    assert.equal(summary.schema, 'tail-summary.v1');
    assert.equal(summary.events, requests);
    assert.equal(
      summary.who.reduce((all, { count: n }) => all + n, 0),
      requests,
    );
    assert.match((await tail([log, '--summary'])).stdout, /Per minute\n.* █/);
  });

  it('counts bad lines, names the first, and exits well', async () => {
    const { exit, stdout, stderr } = await tail(['-'], `{"torn\n${text}what\n`);
    assert.equal(exit, 0);
    assert.equal(count(stdout), requests);
    assert.match(
      stderr,
      /^standard input: line 1 could not be read: it is no whole JSON\.\nstandard input: 2 lines could not be read\.\n$/,
    );
    const filtered = await tail(['-', '--by', 'nobody-at-all'], `${text}{"torn\n`);
    assert.match(filtered.stderr, new RegExp(`: line ${events.length + 1} could not be read:`));
  });

  it('masks secrets unless asked, and never lets an event steer the terminal', async () => {
    const user = { username: 'a\u001b[2Jb\nc' };
    const event = {
      auditID: 'x',
      stage: 'ResponseComplete',
      verb: 'get',
      requestURI: '/x?token=hunter2',
      user,
    };
    const line = JSON.stringify(event);
    assert.ok(!(await tail(['-', '-o', 'json'], line)).stdout.includes('hunter2'));
    assert.ok((await tail(['-', '-o', 'json', '--show-secrets'], line)).stdout.includes('hunter2'));
    for (const output of ['text', 'wide']) {
      const { stdout } = await tail(['-', '-o', output], line);
      assert.ok(stdout.includes('a?[2Jb?c'), stdout);
      assert.equal(count(stdout), 1);
      assert.ok(!stdout.includes('hunter2'));
    }
  });

  it('writes events and the summary by templates, their secrets masked before', async () => {
    const line = JSON.stringify({
      auditID: 'x',
      stage: 'ResponseComplete',
      verb: 'get',
      requestURI: '/x?token=hunter2',
      user: { username: 'a\u001b[2Jb' },
    });
    for (const output of [
      'jsonpath={.verb} {.requestURI} {.user.username}',
      'template={{.verb}} {{requestURI}} {{user.username}}',
    ]) {
      assert.equal((await tail(['-', '-o', output], line)).stdout, 'get /x?token=*** a?[2Jb\n');
      assert.match((await tail(['-', '-o', output, '--show-secrets'], line)).stdout, /hunter2/);
    }
    const lines = await tail([log, '--all-stages', `--output=jsonpath={.auditID}{"\\t"}{.stage}`]);
    assert.equal(lines.stdout, events.map(({ auditID, stage }) => `${auditID}\t${stage}\n`).join(''));
    assert.equal((await tail([log, '--summary', '-o', 'jsonpath={.events}'])).stdout, `${requests}\n`);
  });

  it('escapes in JSON and YAML what would steer a terminal, and changes no value', async () => {
    const userAgent = '\u009b2J\u202eabc\u007f';
    const line = JSON.stringify({ auditID: 'x', stage: 'Panic', userAgent, user: { [userAgent]: 'x' } });
    for (const output of ['json', 'yaml']) {
      const { stdout } = await tail(['-', '-o', output], line);
      assert.doesNotMatch(stdout, /[\u007f-\u009f\u202e]/);
      const [document] = parseAllDocuments(stdout);
      assert.deepEqual(document?.toJS(), JSON.parse(line));
    }
  });

  it('says what is wrong with what it was given', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[join(temporary().path, 'none')], /does not exist\./],
      [[log, '--not', 'verbs=get'], /names no filter and pattern\.\n.*Did you mean: --not verb=…/],
      [[log, '-o', 'jsonpath={.verb'], /not closed with }, at character 1 of {\.verb/],
      [[log, '-o', 'template={{verb'], /unclosed tag, at character/],
      [[log, '-o', 'jsonpath'], /is no format\.\n.*-o jsonpath='…'/],
      [[log, '-o', 'jsno'], /is no format\.\n.*One of: text, json/],
      [[log, '--since', '2026-13-01T00:00:00Z'], /is not a time\./],
    ];
    for (const [argv, message] of cases) {
      const { exit, stderr } = await tail(argv);
      assert.equal(exit, 2);
      assert.match(stderr, message);
    }
    const damaged = join(temporary().path, 'audit.log.gz');
    writeFileSync(damaged, gzipSync(text).subarray(0, 900));
    const { exit, stderr } = await tail([damaged]);
    assert.equal(exit, 2);
    assert.match(stderr, /is damaged gzip\./);
  });

  it('ends with 130 when it waits for standard input and is interrupted', async () => {
    const { exit } = await tail(['-'], '', (end) => setTimeout(end, 1500));
    assert.equal(exit, 130);
  });

  it('ends quietly when its reader has gone', async () => {
    const big = join(temporary().path, 'big.log');
    writeFileSync(big, text.repeat(1500));
    const exit = await new Promise<number | null>((resolve) => {
      const child = spawn(process.execPath, ['bin/kubectl-sematext_audit.cjs', 'tail', big, '--all-stages']);
      child.stdout.once('data', () => child.stdout.destroy());
      child.once('exit', resolve);
    });
    assert.equal(exit, 0);
  });
});
