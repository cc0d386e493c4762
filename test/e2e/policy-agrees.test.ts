// The evaluator decides as the API server's own code does, in each version that differs: on the vectors of the unit
// tests, and on a million policies and requests by chance.
import assert from 'node:assert/strict';
import { evaluate } from '../../src/audit/policy/evaluate.ts';
import { readPolicy } from '../../src/audit/policy/read.ts';
import type { Policy, PolicyRule } from '../../src/audit/policy/policy.ts';
import { drawPolicy, drawRequest } from '../audit/policy/drawn/policies.ts';
import { drawText } from '../audit/policy/drawn/yaml.ts';
import { vectors } from '../audit/policy/vectors.ts';
import { version } from '../support/facts.ts';
import { draws } from '../support/draws.ts';
import { hunt } from './support/policy-hunt.ts';
import type { Hunt } from './support/policy-hunt.ts';
import type { Question } from './support/policy-agreement.ts';
import { cover, formsOn } from './support/policy-coverage.ts';
import type { Coverage } from './support/policy-coverage.ts';
import { versionsOf } from './support/parts.ts';
import { seed, share } from './support/seeds.ts';

const servers = versionsOf('policy-oracle');
const requestsEach = 100;
const policies = (share * 1_000_000) / requestsEach / servers.length;

function* questions(server: string, from: number, count: number): Generator<Question> {
  const chance = draws(from);
  const anyGroup = server.startsWith('1.37.');
  for (let i = 0; i < count; i += 1) {
    // what a version refuses is evaluated without its validation
    const lenient = chance.next() < 0.1;
    const document = drawPolicy(chance, { invalid: lenient, anyGroup: anyGroup || lenient });
    const requests = Array.from({ length: requestsEach }, () => drawRequest(chance));
    yield { policy: drawText(chance, document), requests, lenient };
  }
}

async function assertAgreement(asked: Hunt): Promise<void> {
  const found = await hunt(asked);
  assert.ok(found.length === 0, `on ${asked.server}, SEED=${seed}:\n\n${found.join('\n\n')}\n`);
}

for (const server of servers)
  describe(`the evaluator and the one of ${server}`, function () {
    this.timeout(600_000);

    it('agree on the vectors', async () => {
      const all = vectors.map(({ policy, attributes: { user, ...request } }) => ({
        policy: JSON.stringify(policy),
        requests: [{ ...request, ...(user && { user }) }],
        lenient: true,
      }));
      let told = 0;
      await assertAgreement({ server, questions: all, told: () => (told += 1) });
      assert.equal(told, 131);
    });

    it(`agree on ${policies * requestsEach} pairs by chance, SEED=${seed}`, async () => {
      const coverage: Coverage = new Map();
      let pairs = 0;
      const told: Hunt['told'] = ({ policy, requests }, answer) => {
        assert.equal(answer.error, undefined, policy);
        const verdicts = answer.verdicts ?? [];
        pairs += verdicts.length;
        if (pairs % (4 * requestsEach) !== 0) return; // one of four is enough to know what was met
        const read = readPolicy(policy, version(`v${server}`)).policy as Policy;
        requests.forEach((request, k) => cover(coverage, read, request, verdicts[k], server));
      };
      await assertAgreement({ server, questions: questions(server, seed, policies), told });
      assert.equal(pairs, policies * requestsEach);
      const rare = formsOn(server).filter((form) => (coverage.get(form) ?? 0) < 40 * share);
      assert.deepEqual(rare, [], `forms that were hardly met: ${JSON.stringify([...coverage])}`);
    });
  });

describe('an evaluator that is wrong', function () {
  this.timeout(120_000);

  it('is found, and what it is wrong about is shown small', async () => {
    // `pods/*` is for the subresources only, as one might think
    const decides: typeof evaluate = (policy, request, on) => {
      const isWrong = ({ resources }: PolicyRule): boolean =>
        request.subresource === '' && JSON.stringify(resources ?? '').includes('/*"');
      const rules = policy.rules.map((rule) => (isWrong(rule) ? { ...rule, users: ['nobody'] } : rule));
      return evaluate({ ...policy, rules }, request, on);
    };
    const [shown = '', ...more] = await hunt({
      server: '1.37.2',
      questions: questions('1.37.2', 1, 200),
      decides,
    });
    assert.equal(more.length, 2); // and no more are shown
    assert.match(
      shown,
      /^\{"apiVersion":"audit.k8s.io\/v1","rules":\[\{[^{}]*"resources":\[\{"resources":\["[^"]*\/\*"\]\}\]\}\]\}\n/,
    );
    assert.match(shown, /\nAPI server: \w+ by rule 0 .*\nthis code: {2}None by rule -1 /);
  });
});
