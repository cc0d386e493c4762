// How findings are shown: the line with a caret under the right column, whatever is in it, and SARIF by its shape.
import assert from 'node:assert/strict';
import { catalogue, pageOf } from '../../../src/audit/policy/lint/catalogue.ts';
import { excerpt } from '../../../src/view/policy/excerpt.ts';
import { viewLint } from '../../../src/view/policy/lint.ts';
import type { LintView } from '../../../src/view/policy/lint.ts';
import { sarif } from '../../../src/view/policy/sarif.ts';

describe('an excerpt', () => {
  const cases: readonly (readonly [
    what: string,
    source: string,
    word: string,
    width: number,
    line: string,
    caret: string,
  ])[] = [
    ['plain', 'verbs: [GET]', 'GET', 40, 'verbs: [GET]', '        ^'],
    ['at its beginning', 'rules:', 'rules', 40, 'rules:', '^'],
    ['with wide characters', 'users: [日本, a]', 'a]', 40, 'users: [日本, a]', '              ^'],
    ['with an emoji of two units', '# 🙂 x', 'x', 40, '# 🙂 x', '     ^'],
    ['with a combining mark', 'e\u0301 x', 'x', 40, 'e\u0301 x', '  ^'],
    ['with tabs', '# a\tb\tc', 'c', 40, '# a     b       c', '                ^'],
    [
      'too long',
      `${'a'.repeat(50)}X${'b'.repeat(50)}`,
      'X',
      21,
      `…${'a'.repeat(9)}X${'b'.repeat(9)}…`,
      '          ^',
    ],
    ['too long, near its beginning', `aX${'b'.repeat(50)}`, 'X', 20, `aX${'b'.repeat(17)}…`, ' ^'],
    ['too long and wide', `${'日'.repeat(30)}X`, 'X', 20, '…日日日日X', '         ^'],
  ];
  for (const [what, source, word, width, line, caret] of cases)
    it(what, () => assert.deepEqual(excerpt(source, source.indexOf(word) + 1, width), { line, caret }));
});

const problem = {
  ...{ id: 'verb-case', severity: 'warning' as const, path: 'rules[0].verbs[0]', line: 5, column: 13 },
  ...{ message: '"GET" matches nothing', hint: 'write get', source: '    verbs: [GET]' },
  ...{ page: pageOf('verb-case'), fixable: true },
} as const;
const result: LintView = {
  kubernetes: { version: '1.37', from: 'assumed' },
  files: [
    {
      file: 'a b.yaml',
      problems: [problem, { ...problem, id: 'level', severity: 'error', path: '', fixable: false }],
      unjudged: [{ path: 'rules[1].resources[0].group', line: 7, column: 9, why: 'GET /apis/x/v1: 503' }],
      fixed: [
        {
          id: 'stage',
          path: 'omitStages[0]',
          line: 3,
          column: 14,
          what: 'wrote Panic for panic',
          less: true,
        },
      ],
    },
  ],
  counts: { errors: 1, warnings: 1, advice: 0 },
};

describe('findings for people', () => {
  it('each with its place, line, caret, hint and page', () =>
    assert.equal(
      viewLint(result, { colour: false, width: 100 }),
      `a b.yaml:3:14: ✔ wrote Panic for panic; less may be recorded than before: see that it is meant [stage]
a b.yaml:5:13: warning: rules[0].verbs[0]: "GET" matches nothing [verb-case]
    5 |     verbs: [GET]
      |             ^
    → write get
      ${pageOf('verb-case')}

a b.yaml:5:13: error: "GET" matches nothing [level]
    5 |     verbs: [GET]
      |             ^
    → write get
      ${pageOf('verb-case')}

a b.yaml:7:9: ? rules[1].resources[0].group could not be judged: GET /apis/x/v1: 503

1 error, 1 warning, 0 advice. 1 change can be made by --fix. For Kubernetes 1.37, the newest known;
--kubernetes-version or --cluster says another.
`,
    ));
  it('in colours where there are some, and nothing found in a line', () => {
    assert.match(viewLint(result, { colour: true, width: 100 }), /\u001b\[33mwarning\u001b\[39m/);
    const none = { ...result, files: [], counts: { errors: 0, warnings: 0, advice: 0 } };
    const flagged = { ...none, kubernetes: { version: '1.30', from: 'flag' as const } };
    assert.equal(viewLint(flagged, { colour: false, width: 100 }), 'Nothing found. For Kubernetes 1.30.\n');
  });
});

describe('findings as SARIF', () => {
  const rules = catalogue.map((rule) => ({ ...rule, page: pageOf(rule.id) }));
  interface Log {
    readonly $schema: string;
    readonly version: string;
    readonly runs: readonly {
      readonly tool: {
        readonly driver: {
          readonly name: string;
          readonly rules: readonly { id: string; helpUri: string; defaultConfiguration: { level: string } }[];
        };
      };
      readonly columnKind: string;
      readonly results: readonly {
        ruleId: string;
        ruleIndex: number;
        level: string;
        message: { text: string };
        locations: readonly { physicalLocation: { artifactLocation: { uri: string }; region: object } }[];
      }[];
    }[];
  }
  const log: Log = sarif(result, rules, '1.2.3') as Log;
  const [run] = log.runs;

  it('has one run of this version of the format, with every rule and its page', () => {
    assert.deepEqual([log.version, log.runs.length, run?.columnKind], ['2.1.0', 1, 'utf16CodeUnits']);
    assert.match(log.$schema, /sarif-2\.1\.0/);
    assert.deepEqual(
      run?.tool.driver.rules.map(({ id }) => id),
      catalogue.map(({ id }) => id),
    );
    const levels = { error: 'error', warning: 'warning', advice: 'note' };
    for (const [i, { id, severity }] of catalogue.entries()) {
      const rule: { helpUri: string; defaultConfiguration: { level: string } } | undefined =
        run?.tool.driver.rules[i];
      assert.deepEqual([rule?.helpUri, rule?.defaultConfiguration.level], [pageOf(id), levels[severity]]);
    }
  });

  it('has a result for each problem, which points to its rule and its place', () => {
    assert.deepEqual(
      run?.results.map(({ ruleId, level }) => [ruleId, level]),
      [
        ['verb-case', 'warning'],
        ['level', 'error'],
      ],
    );
    for (const { ruleId, ruleIndex, locations, message } of run?.results ?? []) {
      assert.equal(run?.tool.driver.rules[ruleIndex]?.id, ruleId);
      assert.deepEqual(locations[0]?.physicalLocation, {
        artifactLocation: { uri: 'a%20b.yaml' },
        region: { startLine: 5, startColumn: 13 },
      });
      assert.match(message.text, /"GET" matches nothing \(write get\)$/);
    }
  });

  it('names files as URIs', () => {
    const uri = (file: string): string | undefined =>
      (sarif({ files: [{ file, problems: [problem] }] }, rules, '1') as Log).runs[0]?.results[0]?.locations[0]
        ?.physicalLocation.artifactLocation.uri;
    assert.equal(uri('/etc/a#b.yaml'), 'file:///etc/a%23b.yaml');
    assert.equal(uri('C:\\p\\a.yaml'), 'file:///C:/p/a.yaml');
    assert.equal(uri('../p/a.yaml'), '../p/a.yaml');
  });
});
