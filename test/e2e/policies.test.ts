// Real API servers, old and new, take or refuse each policy of the unit tests as `checkPolicy` says, in its words.
import assert from 'node:assert/strict';
import { checkPolicy } from '../../src/audit/policy/check.ts';
import { policyCases } from '../audit/policy/cases.ts';
import { version } from '../support/facts.ts';
import { sentences } from './support/policy-agreement.ts';
import { loadPolicies, type Loading } from './support/policy-loading.ts';

const cases = policyCases.flatMap(([, all]) => all);

for (const server of ['1.37.2', '1.18.19'] as const)
  describe(`kube-apiserver ${server} loads a policy as it is said to`, function () {
    this.timeout(600_000);
    let loadings: readonly Loading[];

    before(async () => {
      loadings = await loadPolicies(
        server,
        cases.map(({ text }) => text),
      );
    });

    cases.forEach(({ what, text }, i) =>
      it(what, () => {
        const problems = checkPolicy(text, version(`v${server}`));
        const errors = problems.filter(({ severity }) => severity === 'error');
        const refused = loadings[i];
        assert.equal(refused !== undefined, errors.length > 0, refused ?? 'it was taken');
        if (refused === undefined || !/^\[?(?:rules\[|omitStages\[)/.test(refused)) return;
        const said = errors.map(({ path, message }) => `${path}: ${message}`);
        assert.deepEqual(sentences(refused), said.sort());
      }),
    );
  });
