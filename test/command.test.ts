// How a command ends: what the user reads, what a script reads, and the exit number; by failure, by bug, by Ctrl-C,
// by a reader who goes away.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { node, root, type Ended } from './launcher/launch.ts';

const folder = mkdtempSync(join(tmpdir(), 'sematext-audit-commands-'));
const program = join(folder, 'commands.cjs');
let bundled: Promise<unknown> | undefined;

/** Started from their sources, the sample commands would take a second each time. */
const bundle = (): Promise<unknown> =>
  build({
    entryPoints: [join(root, 'test', 'launcher', 'commands.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    external: ['typescript'],
    logLevel: 'error',
  });

async function sample(
  argv: readonly string[],
  during?: (child: ChildProcess) => void,
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  await (bundled ??= bundle());
  return node([program, ...argv], env, during);
}

after(() => rmSync(folder, { recursive: true }));

/** Does something once the command says that it runs. */
const whenReady =
  (act: (child: ChildProcess) => void) =>
  (child: ChildProcess): void => {
    child.stderr?.once('data', () => act(child));
  };
const interrupt = whenReady((child) => child.kill('SIGINT'));

describe('a command that fails', function () {
  this.timeout(20_000);

  it('says one sentence, what to do next and its page, and exits by its class', async () => {
    assert.deepEqual(await sample(['fails']), {
      code: 5,
      stdout: '',
      stderr: `ready text
Error: The receiver refused the token.
  → Check it.
  → Or the region.
  More: https://github.com/sematext/kubectl-sematext-audit/blob/main/docs/errors/token-refused.md
`,
    });
  });

  it('says it to scripts as well, on stdout, as JSON or YAML', async () => {
    const error = {
      code: 'token-refused',
      message: 'The receiver refused the token.',
      next: ['Check it.', 'Or the region.'],
      exit: 5,
    };
    for (const argv of [['-o', 'json'], ['-ojson'], ['--output=json']]) {
      const { code, stdout, stderr } = await sample(['fails', ...argv]);
      assert.equal(code, 5);
      assert.deepEqual(JSON.parse(stdout), { schema: 'error.v1', error });
      assert.match(stderr, /^Error: The receiver refused the token\.$/m);
    }
    const { parse } = await import('yaml');
    assert.deepEqual(parse((await sample(['fails', '-o', 'yaml'])).stdout), { schema: 'error.v1', error });
  });

  it('shows our bugs with their stack and where to report them, and exits 1', async () => {
    const { code, stdout, stderr } = await sample(['bug', '-o', 'json']);
    assert.equal(code, 1);
    assert.match(stderr, /^This is a bug in kubectl sematext-audit 9\.9\.9:$/m);
    assert.match(stderr, /TypeError: undefined is not a function\n {4}at Bug\.run/);
    assert.match(
      stderr,
      /report it: https:\/\/github\.com\/sematext\/kubectl-sematext-audit\/issues\/new\n$/,
    );
    assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'bug');
  });

  it('catches what is thrown outside of any promise', async () => {
    const { code, stderr } = await sample(['later']);
    assert.equal(code, 1);
    assert.match(stderr, /This is a bug .*\nRangeError: thrown from a timer/);
  });

  it('has one document on stdout when its answer is no, and does not wait for a forgotten timer', async () => {
    const { code, stdout } = await sample(['no', '-o', 'json']);
    assert.equal(code, 3);
    assert.deepEqual(JSON.parse(stdout), { schema: 'sample.v1', healthy: false });
    assert.equal((await sample(['no'])).stdout, 'not healthy\n');
  });
});

describe('a mistyped command line', function () {
  this.timeout(20_000);
  const cases: readonly (readonly [string, RegExp, RegExp])[] = [
    ['fails --slwo', /^Error: There is no flag "--slwo" in this command\.$/m, /→ Did you mean: --slow$/m],
    ['fails -x', /^Error: There is no flag "-x" in this command\.$/m, /→ See its flags: .* fails --help$/m],
    ['fails extra', /^Error: Unexpected argument "extra"\.$/m, /fails --help$/m],
    ['fails -o', /^Error: --output expects one of these values: text, json, yaml\.$/m, /fails --help$/m],
    ['fails -o xml', /^Error: Expected --output=xml to be one of: text, json, yaml\.$/m, /fails --help$/m],
    ['fials', /^Error: There is no command "fials"\.$/m, /→ Did you mean: kubectl sematext-audit fails$/m],
    ['--frobnicate', /^Error: A command is missing\.$/m, /→ See what there is: .* --help$/m],
  ];
  for (const [line, sentence, hint] of cases)
    it(`exits 2 and helps: ${line}`, async () => {
      const { code, stdout, stderr } = await sample(line.split(' '));
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, sentence);
      assert.match(stderr, hint);
      assert.doesNotMatch(stderr, /ready|^ {4}at /m);
    });
});

describe('an interrupted command', function () {
  this.timeout(20_000);

  it('exits 130 when it stops because it was asked to', async () => {
    const { code, stderr } = await sample(['waits'], interrupt);
    assert.equal(code, 130);
    assert.match(stderr, /^Error: Interrupted\.$/m);
  });

  it('exits 130 when it ends in good order', async () => {
    const { code, stderr } = await sample(['lines'], interrupt);
    assert.equal(code, 130);
    assert.match(stderr, /stopped true/);
    assert.doesNotMatch(stderr, /Error/);
  });

  it('keeps the exit number of what it had to say', async () => {
    assert.equal((await sample(['rolls'], interrupt)).code, 7);
  });

  it('ends at once at the second Ctrl-C', async () => {
    const { code, stderr } = await sample(['stubborn'], (child) => {
      child.stderr?.on('data', () => child.kill('SIGINT'));
    });
    assert.equal(code, 130);
    assert.match(stderr, /asked to stop/);
  });

  it('is stopped by SIGTERM as well', async () => {
    assert.equal(
      (
        await sample(
          ['waits'],
          whenReady((child) => child.kill('SIGTERM')),
        )
      ).code,
      130,
    );
  });
});

describe('a reader who goes away', function () {
  this.timeout(20_000);
  const close = whenReady((child) => child.stdout?.destroy());

  it('ends the command without a word, as `| head` expects', async () => {
    const { code, stderr } = await sample(['lines'], close);
    assert.equal(code, 0);
    assert.equal(stderr, 'ready text\nstopped true\n');
  });
});

describe('what the user says about the sink', function () {
  this.timeout(20_000);
  const said = async (line: string, env: NodeJS.ProcessEnv = {}): Promise<unknown> =>
    JSON.parse((await sample(line.split(' '), undefined, env)).stdout);
  const nothing = { token: {}, apiKey: {} };

  it('is what the flags say', async () => {
    const line =
      'sink --logs-token-file - --region EU --api-key-file key --receiver-url http://r --search-url http://s';
    assert.deepEqual(await said(line), {
      token: { file: '-' },
      apiKey: { file: 'key' },
      region: 'eu',
      receiverUrl: 'http://r',
      searchUrl: 'http://s',
    });
    assert.deepEqual(await said('sink --logs-token-secret ns/name'), {
      ...nothing,
      token: { secret: 'ns/name' },
    });
  });

  it('has its region from the flag, SEMATEXT_REGION, REGION, in this order', async () => {
    assert.deepEqual(await said('sink'), nothing);
    assert.deepEqual(await said('sink', { REGION: 'EU' }), { ...nothing, region: 'eu' });
    const both = { SEMATEXT_REGION: 'us', REGION: 'eu' };
    assert.deepEqual(await said('sink', both), { ...nothing, region: 'us' });
    assert.deepEqual(await said('sink --region eu', both), { ...nothing, region: 'eu' });
    assert.deepEqual(await said('sink', { SEMATEXT_REGION: '', REGION: 'eu' }), { ...nothing, region: 'eu' });
  });

  it('is refused when the environment names a region that is none: a guess would send elsewhere', async () => {
    const { code, stderr } = await sample(['sink'], undefined, { REGION: 'eu-west-1' });
    assert.equal(code, 2);
    assert.match(stderr, /^Error: REGION is "eu-west-1", which is neither us nor eu\.$/m);
  });

  it('is one token, not two', async () => {
    const { code, stderr } = await sample(['sink', '--logs-token-file=-', '--logs-token-secret=a/b']);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^Error: --logs-token-file=- cannot also be provided when using --logs-token-secret\.$/m,
    );
  });
});

describe('the terminal', function () {
  this.timeout(20_000);

  it('has no colours and 80 columns where it is none', async () => {
    assert.deepEqual(JSON.parse((await sample(['painted'])).stdout), { colour: false, width: 80 });
  });
});
