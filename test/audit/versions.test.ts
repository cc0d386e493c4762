// What answers to /version.
import assert from 'node:assert/strict';
import { gitVersionIn } from '../../src/audit/versions.ts';

const cases: readonly (readonly [what: string, text: string, version: string | undefined])[] = [
  ['an API server', '{"major":"1","minor":"18+","gitVersion":"v1.18.19-eks-1"}', 'v1.18.19-eks-1'],
  ['a version that is no text', '{"gitVersion":18}', undefined],
  ['another object', '{"kind":"Status"}', undefined],
  ['null', 'null', undefined],
  ['a number', '1', undefined],
  ['JSON that broke off', '{"gitVersion":"v1.1', undefined],
  ['a web page', '<html></html>', undefined],
  ['nothing', '', undefined],
];

describe('gitVersionIn', () => {
  for (const [what, text, version] of cases) it(what, () => assert.equal(gitVersionIn(text), version));
});
