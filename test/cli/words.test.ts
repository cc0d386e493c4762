// What a command line asks for, before any command is loaded: one line per case.
import assert from 'node:assert/strict';
import { milliseconds } from '../../src/cli/duration.ts';
import { regionOf } from '../../src/cli/flags.ts';
import { formatOf, nearest, wish } from '../../src/cli/words.ts';
import { failure } from '../support/failure.ts';

const ids = ['status', 'enable', 'policy:lint', 'policy:explain', 'test-event'];
const takesValue = (flag: string): boolean => ['-n', '--context'].includes(flag);
const asked = (line: string): unknown => wish(line.split(' ').filter(Boolean), ids, takesValue);

describe('a command line', () => {
  for (const [line, meant] of [
    ['', { help: '' }],
    ['--help', { help: '' }],
    ['-h', { help: '' }],
    ['help', { help: '' }],
    ['help status', { help: 'status' }],
    ['status --help', { help: 'status' }],
    ['--help status', { help: 'status' }],
    ['-n x status -h', { help: 'status' }],
    ['policy --help', { help: 'policy' }],
    ['help policy', { help: 'policy' }],
    ['policy lint --help', { help: 'policy:lint' }],
    ['--version', { version: true }],
    ['status', { id: 'status', argv: [] }],
    ['status -o json x', { id: 'status', argv: ['-o', 'json', 'x'] }],
    ['policy lint file -v', { id: 'policy:lint', argv: ['file', '-v'] }],
    ['-n status enable', { id: 'enable', argv: ['-n', 'status'] }],
    ['-n=x -v enable --yes', { id: 'enable', argv: ['-n=x', '-v', '--yes'] }],
    ['status -- --help', { id: 'status', argv: ['--', '--help'] }],
    ['status --version', { id: 'status', argv: ['--version'] }],
  ] as const)
    it(`"${line}" is understood`, () => assert.deepEqual(asked(line), meant));

  for (const [line, message, first] of [
    ['statsu', 'There is no command "statsu".', 'Did you mean: kubectl sematext-audit status'],
    ['stat', 'There is no command "stat".', 'Did you mean: kubectl sematext-audit status'],
    ['policy lnt', 'There is no command "policy lnt".', 'Did you mean: kubectl sematext-audit policy lint'],
    ['zebra', 'There is no command "zebra".', 'See what there is: kubectl sematext-audit --help'],
    ['-v', 'A command is missing.', 'See what there is: kubectl sematext-audit --help'],
    [
      'policy',
      '"policy" is the first word of several commands.',
      'Say which: kubectl sematext-audit policy lint, kubectl sematext-audit policy explain.',
    ],
  ] as const)
    it(`"${line}" is refused with a way out`, async () => {
      const { code, message: said, suggestions } = await failure(() => asked(line));
      assert.deepEqual([code, said, suggestions[0]], ['usage', message, first]);
    });
});

describe('the output format', () => {
  for (const [line, format] of [
    ['status', 'text'],
    ['status -o json', 'json'],
    ['status -oyaml', 'yaml'],
    ['status -o=json', 'json'],
    ['-o json status', 'json'],
    ['status --output yaml', 'yaml'],
    ['status --output=json', 'json'],
    ['status -- -o json', 'text'],
    ['status -o', 'text'],
  ] as const)
    it(`of "${line}" is ${format}`, () => assert.equal(formatOf(line.split(' ')), format));
});

describe('a mistyped word', () => {
  for (const [word, meant] of [
    ['enabel', 'enable'],
    ['enble', 'enable'],
    ['eanble', 'enable'],
    ['test_event', 'test-event'],
    ['disable', undefined],
    ['x', undefined],
  ] as const)
    it(`"${word}" is near to ${String(meant)}`, () => assert.equal(nearest(word, ids), meant));
});

describe('a duration', () => {
  for (const [text, ms] of [
    ['90s', 90_000],
    ['2m', 120_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['2d', 172_800_000],
    ['250ms', 250],
    ['30', 30_000],
    ['0', 0],
  ] as const)
    it(`${text} is ${ms} ms`, () => assert.equal(milliseconds(text), ms));

  for (const text of ['', '-1s', '1w', 's', '1 s', '1s2', '1e3s', '٣s'])
    it(`"${text}" is none`, async () => {
      const { code, suggestions } = await failure(() => milliseconds(text));
      assert.deepEqual([code, suggestions], ['usage', ['Write it like 90s, 2m or 1h30m.']]);
    });
});

describe('a region', () => {
  for (const [text, region] of [
    ['us', 'us'],
    ['EU', 'eu'],
    ['Us', 'us'],
  ] as const)
    it(`${text} is ${region}`, () => assert.equal(regionOf(text, '--region'), region));

  it('is refused by the name of where it stood', async () => {
    const { message } = await failure(() => regionOf('eu-west-1', 'REGION'));
    assert.equal(message, 'REGION is "eu-west-1", which is neither us nor eu.');
  });
});
