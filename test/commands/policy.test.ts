// `policy explain` and `policy test` as the shipped program: documents, exits, and that no cluster is needed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporary, witness } from '../support/secrets.ts';
import { valid } from './documents.ts';
import type { Ran } from './run.ts';

function run(argv: readonly string[], stdin = ''): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, KUBECONFIG: '/nonexistent/config' };
    const child = spawn(process.execPath, ['bin/kubectl-sematext_audit.cjs', 'policy', ...argv], { env });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text;
        witness(text);
      });
    child.once('error', reject);
    child.once('close', (exit) => resolve({ exit, ...said }));
    child.stdin.end(stdin);
  });
}

const request = { as: 'ann', verb: 'get', resource: 'pods/exec', namespace: 'n', name: 'p' };
const words = Object.entries(request).flatMap(([name, value]) => [`--${name}`, value]);
const cases = (level: string): string => JSON.stringify([{ name: 'a', request, expect: { level } }]);
const wrong = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: []\n';

describe('policy explain', function () {
  this.timeout(60_000);

  it('prints a document by its schema, of a request in words and of one in a log', async () => {
    for (const asked of [
      words,
      ['--event', 'test/golden/tail/audit.log'],
      ['--unauthenticated', '--url', '/x'],
    ]) {
      const ran = await run(['explain', 'recommended', ...asked, '-o', 'json']);
      assert.equal(ran.exit, 0, ran.stderr);
      assert.equal(valid(ran, 'policy-explain.v1')['policy'], 'recommended');
    }
  });
  it('takes -n, groups and a version', async () => {
    const more = ['-n', 'm', '--as-group', 'a', '--as-group', 'b', '--kubernetes-version', '1.18'];
    const ran = await run([
      'explain',
      'minimal',
      '--as',
      'x',
      '--verb',
      'create',
      '--resource',
      'pods',
      ...more,
      '-o',
      'json',
    ]);
    // `valid` holds it against its schema
    const { kubernetes, request: asked } = valid(ran) as unknown as {
      kubernetes: string;
      request: { namespace: string; user: { groups: string[] } };
    };
    assert.deepEqual(
      [kubernetes, asked.namespace, asked.user.groups],
      ['1.18', 'm', ['a', 'b', 'system:authenticated']],
    );
  });
  it('shows no control characters of a log', async () => {
    const event = {
      auditID: 'a',
      stage: 'Panic',
      level: 'None',
      verb: 'get',
      requestURI: '/a\u001b[31m',
      user: { username: 'e\u009b' },
    };
    const { exit, stdout } = await run(['explain', 'recommended', '--event', '-'], JSON.stringify(event));
    assert.equal(exit, 0);
    assert.match(stdout, /^get \/a\?\[31m\n {2}user +e\?\n/);
  });
  it('ends with 2 where the words or the policy are wrong', async () => {
    const none = await run(['explain', 'recommended', '--verb', 'get']);
    assert.equal(none.exit, 2);
    assert.match(none.stderr, /Nobody is named/);
    const refused = await run(['explain', '-', ...words, '-o', 'json'], wrong);
    const { error } = valid(refused, 'error.v1') as unknown as { error: { code: string } };
    assert.deepEqual([refused.exit, error.code], [2, 'policy-invalid']);
  });
});

describe('policy test', function () {
  this.timeout(60_000);

  it('ends with 0 when all agree, 3 when one does not, 2 when the file is wrong', async () => {
    const ends = async (text: string): Promise<number | null> =>
      (await run(['test', 'recommended', '--cases', '-'], text)).exit;
    assert.deepEqual([await ends(cases('Metadata')), await ends(cases('None')), await ends('[]')], [0, 3, 2]);
    assert.equal((await run(['test', 'recommended'])).exit, 2);
    assert.equal((await run(['test', '-', '--cases', 'package.json'], wrong)).exit, 2);
  });
  it('prints a document by its schema, with the code of its exit', async () => {
    const ran = await run(['test', 'recommended', '--cases', '-', '-o', 'json'], cases('None'));
    const { passed, failed, failures } = valid(ran, 'policy-test.v1');
    assert.deepEqual([ran.exit, passed, failed, (failures as unknown[]).length], [3, 0, 1, 1]);
    const yaml = await run(['test', 'recommended', '--cases', '-', '-o', 'yaml'], cases('Metadata'));
    assert.match(yaml.stdout, /^schema: policy-test\.v1\npolicy: recommended\ncases: standard input\n/);
  });
  it('prints JUnit, and the answer is no all the same', async () => {
    const path = join(temporary().path, 'cases.json');
    writeFileSync(path, cases('None'));
    const { exit, stdout } = await run(['test', 'recommended', '--cases', path, '-o', 'junit']);
    assert.equal(exit, 3);
    assert.match(
      stdout,
      /^<\?xml [^]*<testsuite name="sematext-audit policy test recommended" tests="1" failures="1"[^]*<\/testsuites>\n$/,
    );
  });
});
