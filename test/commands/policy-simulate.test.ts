// `policy simulate` as the shipped program: from files, packed and not, standard input and the search, in every output.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parse } from 'yaml';
import type { Simulated } from '../../src/audit/policy/simulate/report.ts';
import { secrets, temporary, witness } from '../support/secrets.ts';
import { holds, valid } from './documents.ts';
import type { Document } from './documents.ts';
import { openPlace } from './run.ts';
import type { Ran } from './run.ts';

const log = 'test/golden/tail/audit.log';
const text = readFileSync(log, 'utf8');
const lines = text.trimEnd().split('\n');

function simulate(argv: readonly string[], stdin = ''): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const all = ['bin/kubectl-sematext_audit.cjs', 'policy', 'simulate', ...argv];
    const child = spawn(process.execPath, all);
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (data: Buffer) => (said.stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (said.stderr += data.toString()));
    child.once('error', reject);
    child.once('close', (exit) => resolve({ exit, ...said }));
    child.stdin.end(stdin);
  });
}

// `valid` holds it against its schema
const resultOf = (ran: Ran): Simulated => valid(ran, 'policy-simulate.v1') as unknown as Simulated;

function fileWith(name: string, content: string | Uint8Array): string {
  const path = join(temporary().path, name);
  writeFileSync(path, content);
  return path;
}

describe('policy simulate', function () {
  this.timeout(60_000);

  it('counts the same of a file, a packed one, and standard input', async () => {
    const packed = fileWith('audit.log.gz', gzipSync(text));
    const runs = await Promise.all(
      [log, packed, '-'].map((name) => simulate(['recommended', '--log', name, '-o', 'json'], text)),
    );
    const [plain, ...others] = runs.map(resultOf);
    assert.deepEqual([plain?.log.events, plain?.log.bytes], [lines.length, text.length]);
    for (const other of others) assert.deepEqual({ ...other, logs: [log] }, plain);
    assert.deepEqual(
      runs.map(({ exit, stderr }) => [exit, stderr]),
      runs.map(() => [0, '']),
    );
  });

  it('reads several logs, and compares with another policy', async () => {
    const policy = fileWith(
      'policy.yaml',
      'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n  - level: None\n    verbs: [get]\n\n  - level: Metadata\n',
    );
    const argv = [policy, '--log', log, '--log', log, '--against', 'vendor', '--top', '1'];
    const result = resultOf(await simulate([...argv, '-o', 'json']));
    assert.equal(result.log.events, 2 * lines.length);
    const gets = lines.filter((line) => line.includes('"verb":"get"')).length;
    assert.deepEqual(
      result.rules.map(({ line, level, decided }) => [line, level, decided]),
      [
        [4, 'None', 2 * gets],
        [7, 'Metadata', 2 * (lines.length - gets)],
      ],
    );
    assert.equal(result.verbs.at(-1)?.name, '(others)');
    assert.equal(result.against?.policy, 'vendor');
    const yaml = await simulate([...argv, '-o', 'yaml']);
    assert.deepEqual(
      parse(yaml.stdout),
      JSON.parse(JSON.stringify({ schema: 'policy-simulate.v1', ...result })),
    );
    holds(parse(yaml.stdout) as Document);
    const shown = await simulate(argv);
    assert.match(shown.stdout, /Against vendor\n[^]*What this log cannot say\n/);
  });

  it('counts lines that are no events, and goes on', async () => {
    const broken = fileWith('audit.log', `${text}oops\n${text}{"a":\n`);
    const ran = await simulate(['minimal', '--log', broken, '-o', 'json']);
    const result = resultOf(ran);
    assert.deepEqual([ran.exit, result.unread, result.log.events], [0, 2, 2 * lines.length]);
    assert.match(ran.stderr, new RegExp(`audit.log: line ${lines.length + 1} could not be read`));
    assert.ok(result.unknowns.some(({ id }) => id === 'unread-lines'));
  });

  it('takes events of a time', async () => {
    const times = lines.map((line) => (JSON.parse(line) as { stageTimestamp: string }).stageTimestamp).sort();
    const middle = times[10] ?? '';
    for (const [flag, fits] of [
      ['--since', (time: string) => time >= middle],
      ['--until', (time: string) => time < middle],
    ] as const) {
      const { log: counted } = resultOf(
        await simulate(['minimal', '--log', log, flag, middle, '-o', 'json']),
      );
      assert.equal(counted.events, times.filter(fits).length);
    }
  });

  it('decides as the Kubernetes that is named', async () => {
    const anyGroup = 'rules: [{level: Metadata, resources: [{group: "*", resources: [leases]}]}]';
    const policy = fileWith('policy.yaml', `apiVersion: audit.k8s.io/v1\nkind: Policy\n${anyGroup}\n`);
    const run = (version: string): Promise<Ran> =>
      simulate([policy, '--log', log, '--kubernetes-version', version, '-o', 'json']);
    const newer = resultOf(await run('1.37'));
    const leases = lines.filter((line) => line.includes('"resource":"leases"')).length;
    assert.deepEqual([newer.kubernetes, newer.recorded.events], ['1.37.0', leases]);
    const older = await run('1.30');
    assert.equal(older.exit, 2, 'it knows no such group');
    assert.match(older.stdout, /policy-invalid/);
  });

  const wrong = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n  - level: Everything\n';
  const refusals: readonly (readonly [string, () => readonly string[], string, number, string, RegExp])[] = [
    [
      'a policy with an error',
      () => ['-', '--log', log],
      wrong,
      2,
      'policy-invalid',
      /standard input:4:5 rules\[0\]\.level: /,
    ],
    [
      'another with an error',
      () => ['minimal', '--against', '-', '--log', log],
      wrong,
      2,
      'policy-invalid',
      /standard input:4:/,
    ],
    ['standard input twice', () => ['-', '--log', '-'], text, 2, 'usage', /one policy or one log/],
    ['a log that is not there', () => ['minimal', '--log', 'nowhere.log'], '', 2, 'usage', /nowhere\.log/],
    ['no log', () => ['minimal'], '', 2, 'usage', /flag log/],
    ['an empty log', () => ['minimal', '--log', '-'], '', 3, 'no-events', /no audit event in standard input/],
    ['no event in it', () => ['minimal', '--log', '-'], 'oops\n', 3, 'no-events', /1 line could not be read/],
    [
      'none of that time',
      () => ['minimal', '--log', log, '--since', '2030-01-01T00:00:00Z'],
      '',
      3,
      'no-events',
      /of that time/,
    ],
  ];
  for (const [what, argv, stdin, exit, code, says] of refusals)
    it(`refuses ${what}`, async () => {
      const ran = await simulate([...argv(), '-o', 'json'], stdin);
      const { error } = valid(ran) as unknown as { error: { code: string } }; // as its schema says
      assert.deepEqual([ran.exit, error.code], [exit, code], ran.stderr);
      assert.match(ran.stdout, says);
    });

  it('reads the search, and says that sizes are those of what is stored', async () => {
    const place = await openPlace();
    try {
      const sent = lines.map((line) => ({ ...(JSON.parse(line) as object) }));
      const url = `${place.sematext.receiverUrl}/${secrets.token}/`;
      const body = JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: sent });
      const answer = await fetch(url, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      });
      assert.equal(answer.status, 200);
      const search = `--search-url ${place.sematext.searchUrl} --receiver-url ${place.sematext.receiverUrl}`;
      const line = `policy simulate recommended --log sematext --since 2026-11-01T00:00:00Z ${search}`;
      const ran = await place.run(`${line} -o json`);
      const result = resultOf(ran);
      witness(ran.stdout);
      const once = fileWith('audit.log', `${[...new Set(lines)].join('\n')}\n`); // as the search gives them
      const fromFile = resultOf(await simulate(['recommended', '--log', once, '-o', 'json']));
      const decided = ({ rules }: Simulated): readonly number[] => rules.map((rule) => rule.decided);
      assert.deepEqual(decided(result), decided(fromFile));
      assert.ok(result.unknowns.some(({ id }) => id === 'stored-sizes'));
      assert.ok(result.log.bytes > text.length / 2);
    } finally {
      await place.stop();
    }
  });
});
