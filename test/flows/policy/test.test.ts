// `policy test` as a flow: the vectors of the API server's evaluator, the examples of the page, and what goes wrong.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Failure } from '../../../src/errors.ts';
import { testPolicy } from '../../../src/flows/policy/test.ts';
import type { PolicyTestRequest, PolicyTestRun } from '../../../src/flows/policy/test.ts';
import { checkPolicy } from '../../../src/audit/policy/check.ts';
import { version } from '../../support/facts.ts';
import { vectors } from '../../audit/policy/vectors.ts';
import { bareWorld, file } from './world.ts';

const run = (asked: Partial<PolicyTestRequest> & { cases: string }, input = ''): Promise<PolicyTestRun> =>
  testPolicy(bareWorld(input), { policy: 'recommended', version: undefined, ...asked }, () => undefined);
const head = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy' };

describe('policy test', () => {
  for (const server of ['v1.37.2', 'v1.18.19'] as const)
    it(`agrees with every vector on ${server}`, async () => {
      const [on, old] = [version(server), server === 'v1.18.19'];
      let [tried, invalid] = [0, 0];
      for (const [policy, group] of byPolicy()) {
        const some = group.filter(({ minMinor }) => minMinor === undefined || !old);
        if (some.length === 0) continue;
        const cases = some.map(({ desc, attributes, expect: { omitManagedFields, ...expect } }) => ({
          ...{ name: desc, attributes },
          expect: { ...expect, ...(!old && { omitManagedFields }) },
        }));
        // some vectors are of policies that no API server would start with
        const isInvalid = checkPolicy(policy, on).some(({ severity }) => severity === 'error');
        if (isInvalid) {
          invalid += some.length;
          await assert.rejects(
            run({ policy: file(policy), cases: '-', version: on }, JSON.stringify(cases)),
            { code: 'policy-invalid' },
          );
          continue;
        }
        const { result } = await run(
          { policy: file(policy), cases: '-', version: on },
          JSON.stringify(cases),
        );
        assert.deepEqual(result.failures, []);
        tried += result.passed;
      }
      assert.deepEqual([tried, invalid], old ? [124, 4] : [127, 4]);
    });

  it('agrees with the examples of its page', async () => {
    const [, examples = ''] = /```yaml\n([^]*?)```/.exec(readFileSync('docs/policy-cases.md', 'utf8')) ?? [];
    const { result } = await run({ cases: '-' }, examples);
    assert.deepEqual([result.passed, result.failures], [5, []]);
  });

  it('counts what does not agree, in its order', async () => {
    const request = { as: 'a', url: '/healthz' };
    const cases = ['None', 'Metadata', 'None', 'Request'].map((level, i) => ({
      name: `c${i}`,
      request,
      expect: { level },
    }));
    const { result, all } = await run({ cases: file(JSON.stringify(cases), 'cases.json') });
    const { passed, failed, failures, policy, kubernetes } = result;
    assert.deepEqual([passed, failed, policy, kubernetes], [2, 2, 'recommended', '1.37']);
    assert.deepEqual(
      failures.map(({ name }) => name),
      ['c1', 'c3'],
    );
    assert.deepEqual(all, ['c0', failures[0], 'c2', failures[1]]);
  });

  it('decides for the version that is named', async () => {
    const cases = JSON.stringify([
      { name: 'a', request: { as: 'a', url: '/x' }, expect: { omitManagedFields: false } },
    ]);
    assert.equal((await run({ cases: '-' }, cases)).result.failed, 1);
    assert.equal((await run({ cases: '-', version: version('v1.22.0') }, cases)).result.failed, 0);
  });

  it('says what is wrong, and where', async () => {
    const wrong = file('- name: a\n  expect: {}\n', 'cases.yaml');
    const refused = (message: RegExp, asked: Partial<PolicyTestRequest> & { cases: string }): Promise<void> =>
      assert.rejects(run(asked), (error: Failure) => error.code === 'usage' && message.test(error.message));
    await refused(/cases\.yaml:1:3: case 1: a case has either attributes or a request\.$/, { cases: wrong });
    await refused(/^standard input:1:1: a list of cases is wanted\.$/, { cases: '-' });
    await refused(/cannot be both the policy and the cases/, { cases: '-', policy: '-' });
    await refused(/does not exist/, { cases: `${wrong}x` });
  });
});

/** The vectors of each policy, by its text. */
function byPolicy(): ReadonlyMap<string, typeof vectors> {
  const groups = new Map<string, (typeof vectors)[number][]>();
  for (const vector of vectors) {
    const key = JSON.stringify({ ...head, ...vector.policy });
    groups.set(key, [...(groups.get(key) ?? []), vector]);
  }
  return groups;
}
