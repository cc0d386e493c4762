// What --fix writes: only what is meant, every other byte as it was, and nothing that was accepted is refused after it.
import assert from 'node:assert/strict';
import { checkPolicy } from '../../../../src/audit/policy/check.ts';
import { fixPolicy } from '../../../../src/audit/policy/lint/fix.ts';
import { lintPolicy } from '../../../../src/audit/policy/lint/lint.ts';
import { draws } from '../../../support/draws.ts';
import { version } from '../../../support/facts.ts';
import { policyCases } from '../cases.ts';
import { head, lintCases } from './cases.ts';

const server = version('v1.37.0');
const fix = (text: string): string => fixPolicy(text, server).text;
const rule = (...lines: readonly string[]): string =>
  `${head}rules:\n  - level: Metadata # all\n${lines.map((line) => `    ${line}\n`).join('')}`;

const mended: readonly (readonly [what: string, before: string, after: string])[] = [
  ['a level', rule('verbs: [get]').replace('Metadata', 'METADATA'), rule('verbs: [get]')],
  ['a stage in quotes', rule("omitStages: ['panic'] # c"), rule("omitStages: ['Panic'] # c")],
  ['the name of a field', rule('nonresourceurls: ["/x"]'), rule('nonResourceURLs: ["/x"]')],
  ['the name of a field in quotes', rule('"Verbs": [get]'), rule('"verbs": [get]')],
  ['a verb', rule('verbs: [ GET,  "List" ]'), rule('verbs: [ get,  "list" ]')],
  ['a verb, and then the same twice', rule('verbs: [GET, get, GET]'), rule('verbs: [get]')],
  ['the core group', rule('resources:', '  - group: core # c'), rule('resources:', '  - group: "" # c')],
  ['the core group in quotes', rule("resources: [{group: 'v1'}]"), rule("resources: [{group: ''}]")],
  ['a word of YAML 1.1', rule('users: [no, y, 12, 0x1f]'), rule('users: ["no", "y", "12", "0x1f"]')],
  ['a group that is a word', rule('resources: [{group: off}]'), rule('resources: [{group: "off"}]')],
  [
    'a kind',
    rule('resources: [{resources: [Pod/log, deploy], group: apps}]'),
    rule('resources: [{resources: [Pod/log, deployments], group: apps}]'),
  ],
  ['a short name', rule('resources: [{resources: [po/log]}]'), rule('resources: [{resources: [pods/log]}]')],
  ['a star, the whole line of it', rule('verbs: ["*"]', 'users: [a]'), rule('users: [a]')],
  ['a star, where a comment stands', rule("verbs: ['*'] # any"), rule('verbs: [] # any')],
  ['a star in two lines', rule('verbs:', '  - "*"', 'users: [a]'), rule('users: [a]')],
  [
    'a star for a first field',
    rule('resources:', '  - resourceNames: ["*"]', '    resources: [pods]'),
    rule('resources:', '  - resourceNames: []', '    resources: [pods]'),
  ],
  [
    'a namespace star beside resources',
    rule('namespaces: ["*"]', 'resources: [{group: ""}]'),
    rule('resources: [{group: ""}]'),
  ],
  ['an item twice in brackets', rule('users: [a, b,', '  a, c]'), rule('users: [a, b, c]')],
  [
    'an item twice in lines',
    rule('users:', '  - a', '  - b', '  - "a"', '  - c # c'),
    rule('users:', '  - a', '  - b', '  - c # c'),
  ],
  [
    'with carriage returns',
    rule('verbs: ["*"]', 'users:', '- A', '- A').replaceAll('\n', '\r\n'),
    rule('users:', '- A').replaceAll('\n', '\r\n'),
  ],
  [
    'JSON',
    '{"apiVersion":"audit.k8s.io/v1","Rules":[{"level":"none","verbs":["GET","*"]}]}',
    '{"apiVersion":"audit.k8s.io/v1","rules":[{"level":"None","verbs":["get","*"]}]}',
  ],
];

/** Their meaning is not sure, or the text is not plain enough. */
const left: readonly (readonly [what: string, text: string])[] = [
  ['a star beside others', rule('verbs: [get, "*"]')],
  ['a namespace star without resources: it would be about everything', rule('namespaces: ["*"]')],
  ['part of a name', rule('users: ["system:*"]')],
  ['a field that is there in both cases', rule('Verbs: [get]', 'verbs: [list]')],
  ['a field whose value would be refused', rule('Users: [[a]]')],
  ['a level that is a boolean', rule('verbs: [get]').replace('Metadata', 'no')],
  [
    'a value behind an alias',
    `${head}omitStages: [RequestReceived]\nrules:\n  - {level: Metadata, users: &a [a, b], verbs: [get]}\n  - {level: None, userGroups: *a, verbs: [get, "*"]}\n`,
  ],
  ['an item twice with a comment', rule('users:', '  - a', '  - a # why')],
  ['a resource of another group', rule('resources: [{resources: [deployments]}]')],
];

describe('--fix', () => {
  for (const [what, before, after] of mended)
    it(`mends ${what}`, () => {
      assert.equal(fix(before), after);
      assert.notEqual(before, after);
      assert.deepEqual(fixPolicy(after, server).fixed, []);
    });
  for (const [what, text] of left) it(`leaves ${what}`, () => assert.equal(fix(text), text));

  it('leaves nothing that it calls fixable, refuses nothing that was taken, and ends', () => {
    const { below, pick } = draws(3);
    const texts = [
      ...policyCases.flatMap(([, cases]) => cases.map(({ text }) => text)),
      ...lintCases.map(({ bad }) => `${head}${bad}`),
      ...mended.map(([, before]) => before),
    ];
    const junk = [
      'GET',
      '"*"',
      'core',
      'no',
      'Verbs: [Get]',
      ', get',
      'panic',
      'Pod',
      '*a',
      '&a ',
      '!!str ',
      '# ',
      ' ',
      '\n',
    ];
    const errors = (text: string): number =>
      checkPolicy(text, server).filter(({ severity }) => severity === 'error').length;
    let changed = 0;
    for (let i = 0; i < 750; i += 1) {
      const text = pick(...texts);
      const at = below(text.length + 1);
      const torn =
        i < texts.length
          ? (texts[i] ?? '')
          : `${text.slice(0, at)}${pick(...junk)}${text.slice(at + below(4))}`;
      const { text: after, fixed } = fixPolicy(torn, server);
      assert.equal(after === torn, fixed.length === 0, torn);
      assert.ok(errors(after) <= errors(torn), `${torn}\n----\n${after}`);
      changed += fixed.length;
      const rest = lintPolicy(after, server).problems.filter(({ edit }) => edit !== undefined);
      // what would be refused once it counts is left
      if (rest.length > 0)
        assert.ok(
          rest.every(({ id }) => id === 'unknown-field'),
          `${after}\n${rest.map(({ id }) => id).join()}`,
        );
    }
    assert.ok(changed > 100, String(changed));
  });

  it('says where less may be recorded, and only there', () => {
    const less = (text: string): boolean[] => fixPolicy(text, server).fixed.map((one) => one.less);
    const two = (first: string, second: string): string => `${head}rules:\n  - {${first}}\n  - {${second}}\n`;
    assert.deepEqual(less(two('level: None, verbs: [GET]', 'level: Metadata')), [true]);
    assert.deepEqual(less(two('level: Metadata, verbs: [GET]', 'level: Request')), [true]);
    assert.deepEqual(less(two('level: Metadata, verbs: [GET]', 'level: Metadata')), [false]);
    assert.deepEqual(less(two('level: Metadata, verbs: [GET], omitStages: [Panic]', 'level: Metadata')), [
      true,
    ]);
    assert.deepEqual(less(two('level: Request, Verbs: [get]', 'level: Metadata')), [true]);
    assert.deepEqual(less(two('level: None, Verbs: [get]', 'level: Metadata')), [false]);
    assert.deepEqual(less(two('Level: None, verbs: [get]', 'level: Metadata')), [false]);
    assert.deepEqual(less(`${head}omitstages: [Panic]\nrules:\n  - level: Metadata\n`), [true]);
    assert.deepEqual(less(rule('users: [a, a]')), [false]);
    assert.deepEqual(less(two('level: None, users: ["*"]', 'level: Metadata')), [true]);
    assert.deepEqual(less(two('level: None, resources: [{group: core}]', 'level: Metadata')), [true]);
  });
});
