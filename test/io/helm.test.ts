import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { openHelm, type Helm } from '../../src/io/helm.ts';
import type { Connection } from '../../src/io/world.ts';
import type { Code, Failure } from '../../src/errors.ts';
import { failure } from '../support/failure.ts';
import { secrets, temporary } from '../support/secrets.ts';

/** A helm that answers `version` with this, and for the rest runs these lines of shell; what it was told is kept. */
function helmThat(version: string, lines = 'exit 0'): { path: string; told: (what: string) => string } {
  const { path, secretFile } = temporary();
  const helm = secretFile('helm');
  secretFile('env'); // a bearer token belongs there
  const script = [
    '#!/bin/sh',
    'umask 077',
    `[ "$1" = version ] && { printf '%s' '${version}'; exit 0; }`,
    `printf '%s\\n' "$@" > ${path}/args`,
    `env > ${path}/env`,
    `cat > ${path}/stdin`,
    lines,
  ];
  writeFileSync(helm, `${script.join('\n')}\n`);
  chmodSync(helm, 0o700);
  return { path, told: (what) => readFileSync(join(path, what), 'utf8') };
}

function open(
  path: string,
  connection: Connection = {},
  signal = new AbortController().signal,
): Promise<Helm> {
  const env = { PATH: `${path}:/usr/bin:/bin`, LOGS_TOKEN: secrets.token, SEMATEXT_API_KEY: secrets.apiKey };
  return openHelm({ connection, env, signal });
}

async function assertFailure(run: Promise<unknown>, code: Code, message: RegExp): Promise<Failure> {
  const thrown = await failure(() => run);
  assert.equal(thrown.code, code);
  assert.match(thrown.message, message);
  return thrown;
}

describe("the user's helm", () => {
  for (const version of ['v3.22.0', 'v4.3.1', '3.17.3+g1'])
    it(`is taken as ${version}`, async () => {
      assert.equal((await open(helmThat(version).path)).version, version);
    });

  for (const version of ['v2.17.0', 'v5.0.0', 'nonsense'])
    it(`is not taken as ${version}`, async () => {
      await assertFailure(open(helmThat(version).path), 'helm-missing', /3 or 4 is needed/);
    });

  it('is missed when it is not on the PATH, with the way around', async () => {
    const thrown = await assertFailure(open(temporary().path), 'helm-missing', /not on the PATH/);
    assert.ok(thrown.suggestions.some((next) => next.includes('--agent logagent')));
    assert.equal(thrown.exitCode, 2);
  });

  it('is told of the cluster in its own words, after what is to be done', async () => {
    const { path, told } = helmThat('v4.3.1');
    const helm = await open(path, {
      kubeconfig: '/k',
      context: 'c',
      as: 'someone',
      asGroups: ['a', 'b'],
      server: 'https://api:6443',
      certificateAuthority: '/ca',
      tlsServerName: 'api',
      insecureSkipTlsVerify: true,
      namespace: 'not ours',
      requestTimeoutMs: 5,
    });
    await helm.run({ args: ['uninstall', 'x'] });
    assert.deepEqual(told('args').trimEnd().split('\n'), [
      ...['uninstall', 'x', '--kubeconfig', '/k', '--kube-context', 'c', '--kube-as-user', 'someone'],
      ...['--kube-apiserver', 'https://api:6443', '--kube-ca-file', '/ca', '--kube-tls-server-name', 'api'],
      ...['--kube-as-group', 'a', '--kube-as-group', 'b', '--kube-insecure-skip-tls-verify'],
    ]);
  });

  const lacking: Connection[] = [
    { cluster: 'x' },
    { user: 'x' },
    { asUid: 'x' },
    { clientCertificate: 'x' },
    { clientKey: 'x' },
  ];
  for (const connection of lacking)
    it(`refuses ${Object.keys(connection).join()}, which helm cannot be told`, async () => {
      await assertFailure(open(helmThat('v3.22.0').path, connection), 'usage', /helm has no --/);
    });

  it('reads its values on standard input, and no secret stands in its arguments', async () => {
    const { path, told } = helmThat('v3.22.0', 'echo made');
    const helm = await open(path, { token: secrets.otherToken });
    assert.equal(await helm.run({ args: ['upgrade', '--values', '-'], values: { region: 'EU' } }), 'made\n');
    assert.deepEqual(JSON.parse(told('stdin')), { region: 'EU' });
    assert.ok(!told('args').includes(secrets.otherToken));
    const env = told('env');
    assert.ok(env.includes(`HELM_KUBETOKEN=${secrets.otherToken}\n`));
    assert.ok(!env.includes(secrets.token) && !env.includes(secrets.apiKey), 'our secrets are not for helm');
  });

  it('fails with its own sentence, without secrets', async () => {
    const said = `Error: UPGRADE FAILED: https://someone:pass@host/${secrets.token} is forbidden to ${secrets.otherToken}`;
    const { path } = helmThat(
      'v4.3.1',
      `echo 'level=WARN other' >&2; echo '${said}' >&2; echo hint >&2; exit 1`,
    );
    const helm = await open(path, { token: secrets.otherToken });
    const thrown = await assertFailure(
      helm.run({ args: ['upgrade'] }),
      'helm-failed',
      /^helm upgrade failed: UPGRADE FAILED/,
    );
    assert.equal(thrown.exitCode, 7);
    assert.match(thrown.message, /https:\/\/\*\*\*@host\/\*\*\* is forbidden to \*\*\*$/);
  });

  it('fails with its last line, or its exit, when it does not say Error', async () => {
    const lines = await open(helmThat('v3.22.0', 'echo one >&2; echo two >&2; exit 3').path);
    await assertFailure(lines.run({ args: ['upgrade'] }), 'helm-failed', /failed: two$/);
    const nothing = await open(helmThat('v3.22.0', 'exit 3').path);
    await assertFailure(nothing.run({ args: ['upgrade'] }), 'helm-failed', /failed: exit 3$/);
  });

  it('is ended when the run is cancelled, and not begun after', async () => {
    const folder = temporary().path;
    const mark = join(folder, 'mark');
    const { path } = helmThat(
      'v3.22.0',
      `trap 'echo ended > ${mark}; exit 1' INT; echo begun > ${mark}; while :; do sleep 0.1; done`,
    );
    const cancel = new AbortController();
    const helm = await open(path, {}, cancel.signal);
    const running = assertFailure(helm.run({ args: ['upgrade'] }), 'interrupted', /./);
    while (!existsSync(mark)) await sleep(10);
    cancel.abort();
    await running;
    assert.equal(readFileSync(mark, 'utf8'), 'ended\n');
    writeFileSync(mark, '');
    await assertFailure(helm.run({ args: ['upgrade'] }), 'interrupted', /./);
    assert.equal(readFileSync(mark, 'utf8'), '');
  });
});
