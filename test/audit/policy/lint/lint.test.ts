// Each rule of lint finds what it is for, where it is, and nothing in the policy beside it; all presets are clean; and
// what an API server refuses is told as `checkPolicy` tells it.
import assert from 'node:assert/strict';
import { checkPolicy } from '../../../../src/audit/policy/check.ts';
import { catalogue } from '../../../../src/audit/policy/lint/catalogue.ts';
import { lintPolicy, lintRules } from '../../../../src/audit/policy/lint/lint.ts';
import type { LintProblem } from '../../../../src/audit/policy/lint/lint.ts';
import { preset, presetNames } from '../../../../src/audit/policy/presets.ts';
import { version } from '../../../support/facts.ts';
import { policyCases } from '../cases.ts';
import { head, lintCases } from './cases.ts';

const of = (minor: number): ReturnType<typeof version> => version(`v1.${minor}.0`);
const found = (id: string, text: string, minor = 37): string[] =>
  lintPolicy(`${head}${text}`, of(minor))
    .problems.filter((problem) => problem.id === id)
    .map(({ line, column, path }) => `${line}:${column} ${path}`);

describe('a rule of lint', () => {
  for (const { id, bad, at, good, minor } of lintCases)
    it(`${id}: ${bad.replaceAll(/\s+/g, ' ').slice(0, 80)}`, () => {
      assert.deepEqual(found(id, bad, minor), at);
      assert.deepEqual(found(id, good, minor), []);
    });

  it('has a case, and an id of its own', () => {
    const ids = catalogue.map(({ id }) => id);
    assert.deepEqual(ids, [...new Set(ids)]);
    const tried = new Set(lintCases.map(({ id }) => id));
    // asks a cluster: flows/policy/lint.test.ts
    const untried = lintRules.filter(({ id }) => !tried.has(id)).map(({ id }) => id);
    assert.deepEqual(untried, ['not-served']);
  });

  it('has a title and says what to do', () => {
    for (const { id, title } of catalogue) assert.match(title, /^[A-Z].{8,}[^.]$/, id);
    for (const { id, bad, minor } of lintCases)
      for (const { hint, message } of lintPolicy(`${head}${bad}`, of(minor ?? 37)).problems)
        assert.ok(message.length > 10 && (hint ?? '').length > 3, `${id}: ${message}`);
  });
});

describe('the presets', () => {
  // what the vendor's example is there to show
  const meant = { recommended: [], minimal: [], vendor: ['configmap-bodies'] } as const;
  for (const name of presetNames)
    it(`${name} is clean for every version`, () => {
      for (let minor = 13; minor <= 38; minor += 1) {
        const { problems } = lintPolicy(preset(name, of(minor)), of(minor));
        assert.deepEqual(
          problems.map(({ id }) => id),
          meant[name],
          `1.${minor}`,
        );
        assert.ok(problems.every(({ severity }) => severity === 'advice'));
      }
    });
});

describe('what an API server says', () => {
  const own = new Set(lintRules.map(({ id }) => id));
  const bare = ({ edit: _edit, less: _less, ...problem }: LintProblem): object => problem;
  for (const [title, cases] of policyCases)
    it(`is told as it is of a policy ${title}`, () => {
      for (const { what, text } of cases)
        for (const minor of [18, 37]) {
          const all = lintPolicy(text, of(minor)).problems;
          assert.deepEqual(
            all.filter(({ id }) => !own.has(id)).map(bare),
            checkPolicy(text, of(minor)),
            what,
          );
        }
    });

  it('is in the catalogue, with its severity', () => {
    const known = new Map(catalogue.map(({ id, severity }) => [id, severity]));
    for (const [, cases] of policyCases)
      for (const { text } of cases)
        for (const { id, severity } of checkPolicy(text, of(37))) assert.equal(known.get(id), severity, id);
  });
});

it('a rule that is ignored is silent, and no other', () => {
  const text = `${head}rules: [{level: Metadata, verbs: [GET]}]\n`;
  const ids = (ignore: readonly string[]): string[] =>
    lintPolicy(text, of(37), { ignore }).problems.map(({ id }) => id);
  const all = ids([]);
  assert.ok(all.includes('verb-case') && all.includes('matches-nothing'));
  assert.deepEqual(
    ids(['verb-case']),
    all.filter((id) => id !== 'verb-case'),
  );
});
