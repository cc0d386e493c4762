// The file and flags of the log backend, bounded on every version; stdout; and what is refused of its settings.
import assert from 'node:assert/strict';
import { defaultLogSettings, logChange, logProblems, stdoutLimits } from '../../../src/audit/backend/log.ts';
import type { LogSettings } from '../../../src/audit/backend/log.ts';
import { ownFlags } from '../../../src/audit/backend/own-flags.ts';
import type { Change } from '../../../src/audit/change.ts';
import { version } from '../../support/facts.ts';
import { flagOf, under } from './circumstances.ts';

const policy = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n';
const changeOf = (settings: Partial<LogSettings> = {}): Change => logChange(settings, policy, under());

describe('the change of the log backend', () => {
  it('has exactly these flags for a file', () => {
    const { flags, files, hash, writes } = changeOf();
    assert.deepEqual(files, [{ name: 'policy.yaml', content: policy }]);
    assert.equal(writes, '/var/log/kubernetes/audit');
    assert.deepEqual(flags, [
      ['audit-policy-file', `/etc/kubernetes/sematext-audit/${hash}/policy.yaml`],
      ['audit-log-path', '/var/log/kubernetes/audit/audit.log'],
      ['audit-log-format', 'json'],
      ['audit-log-version', 'audit.k8s.io/v1'],
      ['audit-log-mode', 'blocking'],
      ['audit-log-maxage', '30'],
      ['audit-log-maxbackup', '10'],
      ['audit-log-maxsize', '100'],
      ['audit-log-truncate-enabled', 'true'],
      ['audit-log-truncate-max-event-size', '61440'],
      ['audit-log-truncate-max-batch-size', '10485760'],
    ]);
  });

  it('has these for stdout: behind the request, no rotation, no folder', () => {
    const { flags, writes } = changeOf({ path: '-' });
    assert.equal(writes, undefined);
    assert.deepEqual(flags.slice(1), [
      ['audit-log-path', '-'],
      ['audit-log-format', 'json'],
      ['audit-log-version', 'audit.k8s.io/v1'],
      ['audit-log-mode', 'batch'],
      ['audit-log-batch-buffer-size', '10000'],
      ['audit-log-batch-max-size', '1'],
      ['audit-log-batch-throttle-enable', 'false'],
      ['audit-log-truncate-enabled', 'true'],
      ['audit-log-truncate-max-event-size', '61440'],
      ['audit-log-truncate-max-batch-size', '10485760'],
    ]);
  });

  it('is bounded whatever the version', () => {
    for (const minor of [13, 35, 36, 37]) {
      const { flags } = logChange({}, policy, under({ version: version(`v1.${minor}.0`) }));
      for (const name of ['audit-log-maxage', 'audit-log-maxbackup', 'audit-log-maxsize'])
        assert.ok(Number(flagOf(flags, name)) > 0, `${name} on 1.${minor}`);
    }
  });

  it('does what was chosen', () => {
    const chosen: LogSettings = {
      path: '/data/audit/k8s.log',
      mode: 'batch',
      days: 1,
      files: 2,
      mebibytes: 3,
      eventBytes: 5000,
    };
    const { flags, writes } = changeOf(chosen);
    assert.equal(writes, '/data/audit');
    const values = [
      'path',
      'mode',
      'maxage',
      'maxbackup',
      'maxsize',
      'truncate-max-event-size',
      'batch-max-size',
    ];
    assert.deepEqual(
      values.map((name) => flagOf(flags, `audit-log-${name}`)),
      ['/data/audit/k8s.log', 'batch', '1', '2', '3', '5000', '1'],
    );
    assert.equal(flagOf(changeOf({ path: '-', mode: 'blocking' }).flags, 'audit-log-mode'), 'blocking');
  });

  it('names each of its flags as its own, and never compresses', () => {
    const all = [changeOf(), changeOf({ path: '-' })].flatMap(({ flags }) => flags.map(([name]) => name));
    assert.deepEqual([...ownFlags['log-backend']].sort(), [...new Set(all)].sort());
    assert.ok(!ownFlags['log-backend'].includes('audit-log-compress'));
  });

  it('has another hash for another policy and for another token, not for another size', () => {
    const { hash } = changeOf();
    assert.match(hash ?? '', /^[0-9a-f]{12}$/);
    assert.notEqual(logChange({}, `${policy}#\n`, under()).hash, hash);
    assert.notEqual(logChange({}, policy, under({ fingerprint: 'ba9876543210' })).hash, hash);
    assert.equal(changeOf({ mebibytes: 10 }).hash, hash);
  });
});

const paths: readonly (readonly [path: string, said: RegExp | undefined])[] = [
  ['/var/log/kubernetes/audit/audit.log', undefined],
  ['/data/a', undefined],
  ['-', undefined],
  ['audit.log', /absolute/],
  ['/audit.log', /in a folder/],
  ['/var/log/', /absolute/],
  ['/var/log/../audit.log', /plain/],
  ['/var/./audit.log', /plain/],
  ['/var/log/a b.log', /plain/],
  ['', /absolute/],
  ['/dev/stdout', /not be in \/dev/],
  ['/proc/self/fd/1', /not be in \/proc/],
  ['/etc/kubernetes/manifests/audit.log', /not be in \/etc/],
];
const numbers: readonly (readonly [settings: Partial<LogSettings>, said: RegExp])[] = [
  [{ days: 0 }, /^days must be a whole number from 1/],
  [{ files: 0 }, /^files must be/],
  [{ mebibytes: 0 }, /^mebibytes must be/],
  [{ mebibytes: 0.5 }, /^mebibytes must be/],
  [{ eventBytes: 0 }, /^eventBytes must be/],
  [{ mebibytes: 1, eventBytes: 1_048_577 }, /^eventBytes must not be above mebibytes$/],
];

describe('logProblems', () => {
  for (const [path, said] of paths)
    it(`${said === undefined ? 'takes' : 'refuses'} the path "${path}"`, () => {
      const problems = logProblems({ path });
      if (said === undefined) assert.deepEqual(problems, []);
      else assert.match(problems.join('\n'), said);
    });
  for (const [settings, said] of numbers)
    it(`refuses ${JSON.stringify(settings)}`, () => assert.match(logProblems(settings).join('\n'), said));
  it('has nothing against the defaults', () => {
    assert.deepEqual(logProblems(defaultLogSettings), []);
    assert.deepEqual(logProblems({ mebibytes: 1, eventBytes: 1_048_576 }), []);
  });
});

describe('stdoutLimits', () => {
  for (const said of [/\{"kind":"Event"/, /16 KiB/, /rotates/, /10,000/])
    it(String(said), () => assert.match(stdoutLimits().join('\n'), said));
});
