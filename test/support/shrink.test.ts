// A case that fails is made as small as it can be while it fails, whatever it is made of.
import assert from 'node:assert/strict';
import { evaluate } from '../../src/audit/policy/evaluate.ts';
import type { Attributes, Policy, PolicyRule } from '../../src/audit/policy/policy.ts';
import { drawPolicy, drawRequest } from '../audit/policy/drawn/policies.ts';
import { draws } from './draws.ts';
import { version } from './facts.ts';
import { shrink } from './shrink.ts';
import type { Json } from './shrink.ts';

describe('shrink', () => {
  const cases: readonly (readonly [what: string, failing: Json, fails: (other: Json) => boolean, Json])[] = [
    ['a list', [1, 2, 3, 4, 5], (list) => (list as number[]).includes(4), [4]],
    ['two of a list', [1, 2, 3, 4, 5], (list) => [2, 5].every((n) => (list as number[]).includes(n)), [2, 5]],
    ['a text', 'level: None\nusers: [a]\n', (text) => String(text).includes('user'), 'user'],
    ['nothing, of what always fails', { a: [{ b: 'c' }] }, () => true, {}],
    [
      'what is inside',
      { a: [{ b: 'xyz' }, 5] },
      (value) => JSON.stringify(value).includes('y'),
      { a: [{ b: 'y' }] },
    ],
    ['a key', { xyz: 1, a: 2 }, (value) => 'xyz' in (value as object), { xyz: 1 }],
    ['what cannot be less', 'a', (text) => text === 'a', 'a'],
  ];
  for (const [what, failing, fails, smallest] of cases)
    it(`leaves ${what}`, async () => assert.deepEqual(await shrink(failing, fails), smallest));

  it('shows a mistake of an evaluator small', async () => {
    const on = version('v1.37.2');
    // a verb that is not listed would do
    const wrong = (policy: Policy, request: Attributes): number =>
      evaluate(
        { ...policy, rules: policy.rules.map(({ verbs: _, ...rule }): PolicyRule => rule) },
        request,
        on,
      ).rule;
    const fails = (value: Json): boolean => {
      const { policy, request } = value as unknown as { policy?: Policy; request?: Attributes };
      if (policy?.rules === undefined || request?.verb === undefined) return false;
      return evaluate(policy, request, on).rule !== wrong(policy, request);
    };
    const chance = draws(5);
    const drawn = (): Json => {
      const policy = drawPolicy(chance, { invalid: false, anyGroup: true });
      return {
        policy: JSON.parse(JSON.stringify(policy).replaceAll('null', '[]')) as Json,
        request: drawRequest(chance) as unknown as Json,
      };
    };
    let failing = drawn();
    while (!fails(failing)) failing = drawn();
    const small = await shrink(failing, fails);
    assert.match(
      JSON.stringify(small),
      /^\{"policy":\{"rules":\[\{"verbs":\[""\]\}\]\},"request":\{.*"verb":"\w+".*\}\}$/,
    );
  });
});
