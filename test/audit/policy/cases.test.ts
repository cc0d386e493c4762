// A file of cases is read as it is meant, or is said to be wrong, and where.
import assert from 'node:assert/strict';
import { stringify } from 'yaml';
import type { PolicyCase } from '../../../src/audit/policy/cases.ts';
import { NoCases, readCases } from '../../../src/audit/policy/cases-text.ts';
import { judge } from '../../../src/audit/policy/judge.ts';
import type { Policy } from '../../../src/audit/policy/policy.ts';
import { version } from '../../support/facts.ts';

const recent = version('v1.37.2');
const read = (text: string): readonly PolicyCase[] => [...readCases(text, recent)];
const attributes = { user: null, verb: 'get', resource: 'pods' };
const one = { name: 'x', attributes, expect: { rule: 0 } };

const inForm = 'request: { as: a, verb: get, resource: pods, name: p, namespace: n }';
const faults: readonly (readonly [what: string, text: string, message: RegExp, place?: string])[] = [
  ['nothing', '', /^a list of cases is wanted$/, '1:1'],
  ['no list', 'name: x\n', /a list of cases is wanted/, '1:1'],
  ['an empty list', '[]', /no case in it/, '1:1'],
  ['a text', '- a\n', /case 1: a mapping with name/, '1:3'],
  ['no YAML', '- a: [\n', /Flow sequence/, '2:1'],
  ['a key twice', '- name: a\n  name: b\n', /Map keys must be unique/, '2:3'],
  ['two documents', `- a\n---\n- b\n`, /more than one YAML document/, '2:1'],
  ['an alias of nothing', '- *a\n', /alias/],
  ['no name', `- ${inForm}\n  expect: {rule: 0}\n`, /case 1: a case needs a name/, '1:3'],
  ['an empty name', `- name: ""\n  ${inForm}\n`, /needs a name/, '1:3'],
  [
    'another key',
    `- name: a\n  expects: {}\n`,
    /expects is none of name, attributes, request, expect/,
    '2:3',
  ],
  [
    'neither request nor attributes',
    '- name: a\n  expect: {rule: 0}\n',
    /either attributes or a request/,
    '1:3',
  ],
  ['both', `- name: a\n  ${inForm}\n  attributes: {}\n`, /either attributes or a request/, '1:3'],
  ['no user', '- name: a\n  attributes: {verb: get}\n', /a user is wanted/, '2:3'],
  ['a user in a word', '- name: a\n  attributes: {user: ann}\n', /a mapping with name, groups/, '2:16'],
  ['a group in a word', '- name: a\n  attributes: {user: {name: a, groups: b}}\n', /a list of texts/, '2:32'],
  [
    'a number for a group',
    '- name: a\n  attributes: {user: {name: a, groups: [b, 1]}}\n',
    /a text is wanted/,
    '2:44',
  ],
  ['another attribute', '- name: a\n  attributes: {user: null, uri: b}\n', /uri is none of user/, '2:28'],
  ['a number for a verb', '- name: a\n  attributes: {user: null, verb: 1}\n', /a text is wanted/, '2:28'],
  [
    'a text for true',
    '- name: a\n  attributes: {user: null, resourceRequest: "yes"}\n',
    /true or false/,
    '2:28',
  ],
  [
    'words that make no request',
    '- name: a\n  request: {as: a, verb: use, resource: b}\n',
    /use is the verb of no request.*Say verb with/,
    '2:3',
  ],
  ['another word', '- name: a\n  request: {as: a, group: b}\n', /group is none of as/, '2:20'],
  ['a number in words', '- name: a\n  request: {as: 1}\n', /a text is wanted/, '2:13'],
  ['a group in words', '- name: a\n  request: {as: a, asGroups: b}\n', /a list of texts/, '2:20'],
  ['a text for unauthenticated', '- name: a\n  request: {unauthenticated: "no"}\n', /true or false/, '2:13'],
  ['no expectation', `- name: a\n  ${inForm}\n`, /a mapping with level/, '1:3'],
  ['an empty expectation', `- name: a\n  ${inForm}\n  expect: {}\n`, /nothing is tested/, '3:3'],
  [
    'another expectation',
    `- name: a\n  ${inForm}\n  expect: {line: 3}\n`,
    /line is none of level, rule/,
    '3:12',
  ],
  [
    'a level that is none',
    `- name: a\n  ${inForm}\n  expect: {level: metadata}\n`,
    /one of None, Metadata/,
    '3:12',
  ],
  ['a rule that cannot be', `- name: a\n  ${inForm}\n  expect: {rule: -2}\n`, /a rule's index/, '3:12'],
  ['half a rule', `- name: a\n  ${inForm}\n  expect: {rule: 0.5}\n`, /a rule's index/, '3:12'],
  [
    'a stage that is none',
    `- name: a\n  ${inForm}\n  expect: {stages: [Panic, All]}\n`,
    /one of RequestReceived/,
    '3:28',
  ],
  ['one stage', `- name: a\n  ${inForm}\n  expect: {omitStages: Panic}\n`, /a list of texts/, '3:12'],
  ['a word for true', `- name: a\n  ${inForm}\n  expect: {omitManagedFields: 1}\n`, /true or false/, '3:12'],
  ['the second of two', `${stringify([one])}- name: b\n`, /^case 2: a case has either/, '8:3'],
  ['JSON', '[\n  {"name": "a", "expect": 1}]', /case 1: a case has either/, '2:3'],
  ['no JSON', '[{"name": "a"', /Flow/, '1:14'],
];

describe('readCases', () => {
  for (const [what, text, message, place] of faults)
    it(`refuses ${what}`, () =>
      assert.throws(
        () => read(text),
        (error) => {
          assert.ok(error instanceof NoCases, String(error));
          assert.match(error.message, message);
          assert.equal(error.place && `${error.place.line}:${error.place.column}`, place);
          return true;
        },
      ));

  it('reads JSON and YAML alike, with anchors and merges', () => {
    const all = [one, { ...one, name: 'no' }];
    assert.deepEqual(read(JSON.stringify(all)), read(stringify(all)));
    const [, merged] = read(
      '- &one {name: a, attributes: {user: null}, expect: {rule: 0}}\n- {<<: *one, name: no}\n',
    );
    assert.equal(merged?.name, 'no');
  });
  it('fills in what attributes leave out', () => {
    const [pods, url] = read(
      JSON.stringify([
        { ...one, attributes: { ...attributes, user: { name: 'a' }, apiVersion: 'v1' } },
        { ...one, attributes: { user: null, path: '/a' } },
      ]),
    );
    const empty = { apiGroup: '', namespace: '', subresource: '', name: '' };
    const user = { name: 'a', groups: [] };
    assert.deepEqual(pods?.attributes, {
      ...empty,
      user,
      verb: 'get',
      resource: 'pods',
      resourceRequest: true,
      path: '',
    });
    assert.deepEqual(url?.attributes, {
      ...empty,
      verb: '',
      resource: '',
      resourceRequest: false,
      path: '/a',
    });
  });
  it('says no place in long JSON, but the case', () => {
    const long = JSON.stringify([...Array<typeof one>(40_000).fill(one), { ...one, expect: {} }]);
    assert.throws(() => read(long), {
      message: 'case 40001: nothing is expected, so nothing is tested',
      place: undefined,
    });
    assert.throws(
      () => read(long.slice(0, -1)),
      (error) => error instanceof NoCases && error.place === undefined,
    );
  });
});

const policy: Policy = {
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', verbs: ['create'] },
    { level: 'Request', users: ['a'], omitStages: ['Panic'], omitManagedFields: true },
    { level: 'Metadata', users: ['a'] },
  ],
};
const judged = (
  expect: object,
  request: object = { as: 'a', verb: 'get', resource: 'pods/exec', namespace: 'n', name: 'p' },
) => {
  const [only] = read(JSON.stringify([{ name: 'x', request, expect }]));
  return judge(only ?? assert.fail(), { policy, version: recent, lineOf: (rule) => rule * 10 });
};

const agreeing: readonly object[] = [
  { level: 'Request' },
  { rule: 1 },
  { omitStages: ['Panic', 'RequestReceived'] },
  { stages: ['ResponseComplete', 'ResponseStarted'] },
  { omitManagedFields: true },
];
const differing: readonly (readonly [expect: object, fields: readonly string[]])[] = [
  [{ level: 'None' }, ['level']],
  [{ rule: -1 }, ['rule']],
  [{ rule: 7 }, ['rule']],
  [{ omitStages: ['RequestReceived'] }, ['omitStages']],
  [{ omitStages: [] }, ['omitStages']],
  [{ omitStages: ['RequestReceived', 'Panic', 'ResponseStarted'] }, ['omitStages']],
  [{ stages: ['ResponseComplete'] }, ['stages']],
  [{ omitManagedFields: false, level: 'Request' }, ['omitManagedFields']],
  [{ level: 'Metadata', rule: 2 }, ['level', 'rule']],
];

describe('judge', () => {
  for (const expect of agreeing)
    it(`agrees with ${JSON.stringify(expect)}`, () => assert.equal(judged(expect), undefined));
  for (const [expect, fields] of differing)
    it(`does not agree with ${JSON.stringify(expect)}`, () =>
      assert.deepEqual(
        judged(expect)?.differs.map(({ field }) => field),
        fields,
      ));

  it('says which rule decided, and why the expected one did not', () => {
    const decided = 'rules[1], line 10, decides: Request';
    assert.deepEqual(judged({ level: 'None' })?.why, [decided]);
    assert.deepEqual(judged({ rule: 0 })?.why, [
      decided,
      'rules[0], line 0, does not match: verbs: wants create; this is get',
    ]);
    assert.deepEqual(judged({ rule: 2 })?.why, [decided, 'rules[2], line 20, comes after it']);
    assert.deepEqual(judged({ rule: 2 }, { as: 'b', url: '/' }), {
      name: 'x',
      request: {
        user: { name: 'b', groups: ['system:authenticated'] },
        ...{ apiGroup: '', namespace: '', resource: '', subresource: '', name: '' },
        ...{ resourceRequest: false, path: '/', verb: 'get' },
      },
      differs: [{ field: 'rule', expected: 2, got: -1 }],
      rule: -1,
      why: [
        'no rule matches, so the level is None',
        'rules[2], line 20, does not match: users: wants a; this is by b',
      ],
    });
  });
});
