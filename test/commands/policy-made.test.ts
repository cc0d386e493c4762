// policy init and policy apply as they are typed: what is on stdout, what is said, how it ends.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { policyFrom } from '../../src/audit/policy/init.ts';
import { usualAnswers } from '../../src/audit/policy/init-answers.ts';
import type { Answers } from '../../src/audit/policy/init-answers.ts';
import { names } from '../../src/audit/names.ts';
import { version } from '../support/facts.ts';
import { temporary } from '../support/secrets.ts';
import { valid } from './documents.ts';
import { openPlace } from './run.ts';
import type { Place } from './run.ts';

const usual = { ...usualAnswers.recommended, namespaces: [], ignoredUsers: [], omitManagedFields: true };
const newest = version('v1.37.0');

describe('policies that are made and applied', function () {
  this.timeout(60_000);
  let place: Place;
  before(async () => (place = await openPlace()));
  after(() => place.stop());

  it('init prints the policy and nothing else', async () => {
    for (const line of ['policy init', 'policy init -', 'policy init --no-input']) {
      const { exit, stdout, stderr } = await place.run(line);
      assert.deepEqual([exit, stdout, stderr], [0, policyFrom(usual, newest), '']);
    }
  });

  it('init takes every answer as a flag', async () => {
    const line =
      'policy init --preset minimal --reads people --bodies workloads --namespace shop --namespace pay --ignore-user jane --no-omit-managed-fields --kubernetes-version 1.30';
    const answers: Answers = {
      reads: 'people',
      bodies: 'workloads',
      namespaces: ['shop', 'pay'],
      ignoredUsers: ['jane'],
      omitManagedFields: false,
    };
    const expected = policyFrom(answers, version('v1.30.0'));
    const { stdout } = await place.run(line);
    assert.equal(stdout, expected);
    const read = parse(expected) as object;
    assert.deepEqual(JSON.parse((await place.run(`${line} -o json`)).stdout), read);
    assert.deepEqual(parse((await place.run(`${line} -o yaml`)).stdout), read);
  });

  it('init writes a file once, and again with --force alone', async () => {
    const file = join(temporary().path, 'policy.yaml');
    const first = await place.run(`policy init ${file}`);
    assert.deepEqual([first.exit, first.stdout], [0, '']);
    assert.match(first.stderr, /policy\.yaml holds a policy for Kubernetes 1\.37/);
    const written = readFileSync(file, 'utf8');
    assert.equal(written, policyFrom(usual, newest));
    const second = await place.run(`policy init ${file} --reads none -o json`);
    const { code, exit } = valid(second)['error'] as { code: string; exit: number };
    assert.deepEqual([second.exit, code, exit], [2, 'usage', 2]);
    assert.equal(readFileSync(file, 'utf8'), written);
    assert.equal((await place.run(`policy init ${file} --reads none --force`)).exit, 0);
    assert.notEqual(readFileSync(file, 'utf8'), written);
  });

  it('init says which word cannot be', async () => {
    for (const [line, words] of [
      ['--namespace Shop', /"Shop" cannot be the name of a namespace/],
      ['--reads some', /--reads=some/],
      ['--kubernetes-version 2', /2 is no version of Kubernetes/],
    ] as const) {
      const { exit, stdout, stderr } = await place.run(`policy init ${line}`);
      assert.deepEqual([exit, stdout], [2, '']);
      assert.match(stderr, words);
    }
  });

  it('apply without anything to replace, and where AuditSinks are', async () => {
    const none = await place.run('policy apply recommended -o json');
    assert.equal((valid(none)['error'] as { code: string }).code, 'usage');
    assert.equal(none.exit, 2);
    assert.match(none.stderr, /no run of enable is recorded/);
    await place.run('enable --dynamic --no-wait');
    const refused = async (): Promise<void> => {
      const sinks = await place.run('policy apply recommended -o json');
      assert.equal((valid(sinks)['error'] as { code: string }).code, 'target-unsupported');
      assert.equal(sinks.exit, 6);
      assert.match(sinks.stderr, /enable --dynamic --level/);
    };
    await refused();
    const record =
      place.api.objects
        .all()
        .find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === names.object) ??
      assert.fail('no record');
    place.api.objects.drop(record);
    await refused();
    place.api.objects.put(record);
    assert.equal((await place.run('policy apply nowhere.yaml')).exit, 2);
    await place.run('disable');
  });
});
