// What is found in a policy's text: id, place and words, on an old and on a recent API server.
import assert from 'node:assert/strict';
import { checkPolicy } from '../../../src/audit/policy/check.ts';
import type { PolicyProblem } from '../../../src/audit/policy/problem.ts';
import { version } from '../../support/facts.ts';
import { draws } from '../../support/draws.ts';
import { policyCases } from './cases.ts';

const recent = version('v1.37.2');
const old = version('v1.18.19');

const short = ({ id, severity, path, line, column }: PolicyProblem): string =>
  `${line}:${column} ${id}${severity === 'warning' ? '?' : ''} ${path}`;
const words = ({ path, message }: PolicyProblem): string => `${path}: ${message}`;

for (const [title, cases] of policyCases)
  describe(`a policy ${title}`, () => {
    for (const { what, text, found, found118 = found } of cases)
      it(what, () => {
        assert.deepEqual(checkPolicy(text, recent).map(short), found);
        assert.deepEqual(checkPolicy(text, old).map(short), found118, 'on 1.18');
      });
  });

const form =
  "must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const stageWords = 'allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic';
const levelWords = 'supported values: "None", "Metadata", "Request", "RequestResponse"';

/** Lines of a rule in a policy that is right else. */
const ruleOf = (...lines: string[]): string =>
  `apiVersion: audit.k8s.io/v1\nrules:\n${lines.map((line, i) => `${i === 0 ? '  - ' : '    '}${line}\n`).join('')}`;

describe('the words of the API server', () => {
  const spoken: readonly (readonly [text: string, minor: string, said: readonly string[]])[] = [
    [ruleOf('users: [a]'), 'v1.37.2', ['rules[0].level: Required value']],
    [ruleOf('level: All'), 'v1.18.19', [`rules[0].level: Unsupported value: "All": ${levelWords}`]],
    [ruleOf('level: "<&>"'), 'v1.33.0', [`rules[0].level: Unsupported value: "<&>": ${levelWords}`]],
    [
      ruleOf('level: "<&>"'),
      'v1.34.0',
      [`rules[0].level: Unsupported value: "\\u003c\\u0026\\u003e": ${levelWords}`],
    ],
    [
      ruleOf('level: "\\u2028\\a\\x7f\\u00ad"'),
      'v1.33.0',
      [`rules[0].level: Unsupported value: "\\u2028\\a\\x7f\\u00ad": ${levelWords}`],
    ],
    [ruleOf('level: "\\u2028"'), 'v1.37.2', [`rules[0].level: Unsupported value: "\\u2028": ${levelWords}`]],
    [
      ruleOf('level: None', 'omitStages: [x]'),
      'v1.37.2',
      [`rules[0].omitStages[0]: Invalid value: "x": ${stageWords}`],
    ],
    [
      ruleOf('level: None', 'nonResourceURLs: [x*y]', 'namespaces: [a, b]'),
      'v1.33.0',
      [
        'rules[0].nonResourceURLs: Invalid value: []string{"x*y"}: rules cannot apply to both regular resources and non-resource URLs',
        `rules[0].nonResourceURLs[0]: Invalid value: "x*y": non-resource URL rules must begin with a '/' character`,
        `rules[0].nonResourceURLs[0]: Invalid value: "x*y": non-resource URL wildcards '*' must be the final character of the rule`,
      ],
    ],
    [
      ruleOf('level: None', 'resources: [{group: A, resourceNames: [a, b]}]'),
      'v1.34.0',
      [
        `rules[0].resources.group: Invalid value: "A": a lowercase RFC 1123 subdomain ${form}`,
        'rules[0].resources.resourceNames: Invalid value: ["a","b"]: using resourceNames requires at least one resource',
      ],
    ],
    [
      ruleOf('level: None', `resources: [{group: A${'é'.repeat(126)}}]`),
      'v1.19.16',
      [`rules[0].resources.group: Invalid value: "A${'é'.repeat(126)}": a DNS-1123 subdomain ${form}`],
    ],
    [
      ruleOf('level: None', `resources: [{group: é${'é'.repeat(126)}}]`),
      'v1.20.0',
      [
        `rules[0].resources.group: Invalid value: "é${'é'.repeat(126)}": must be no more than 253 characters,a lowercase RFC 1123 subdomain ${form}`,
      ],
    ],
    [
      'kind: Policy\n',
      'v1.37.2',
      [
        'apiVersion: unknown group version field audit.k8s.io/__internal, Kind=Policy in policy',
        'rules: loaded illegal policy with 0 rules',
      ],
    ],
    [
      'apiVersion: audit.k8s.io/v1beta1\nrules: [{level: None}]\n',
      'v1.24.0',
      ['apiVersion: no kind "Policy" is registered for version "audit.k8s.io/v1beta1"'],
    ],
  ];
  for (const [text, server, said] of spoken)
    it(`${server}: ${text.replaceAll(/\s+/g, ' ').slice(0, 90)}`, () =>
      assert.deepEqual(checkPolicy(text, version(server)).map(words), said));
});

describe('the versions that a thing is in', () => {
  const since: readonly (readonly [what: string, text: string, last: string, first: string])[] = [
    ['v1beta1 goes', 'apiVersion: audit.k8s.io/v1beta1\nrules: [{level: None}]\n', 'v1.24.0', 'v1.23.17'],
    ['any group comes', ruleOf('level: None', 'resources: [{group: "*"}]'), 'v1.35.4', 'v1.36.0'],
    ['managed fields come', ruleOf('level: None', 'omitManagedFields: true'), 'v1.22.17', 'v1.23.0'],
  ];
  for (const [what, text, without, having] of since)
    it(`${what} between ${without} and ${having}`, () => {
      assert.equal(checkPolicy(text, version(without)).length, 1);
      assert.deepEqual(checkPolicy(text, version(having)), []);
    });
});

describe('a hint', () => {
  const hints: readonly (readonly [text: string, hint: RegExp])[] = [
    [ruleOf('level: NONE'), /write None/],
    [ruleOf('level: None', 'omitStages: [panic]'), /write Panic/],
    [ruleOf('level: None', 'nonresourceURLs: ["/x"]'), /write nonResourceURLs/],
    [ruleOf('level: None', 'group: apps'), /belongs to an entry of resources/],
    [ruleOf('level: None', 'resources: [{verbs: [get]}]'), /belongs to a rule/],
    [ruleOf('level: None', 'rules: []'), /belongs to the policy itself/],
    [ruleOf('level: None', 'users: [off]'), /takes it for false: put it in quotes/],
    [ruleOf('level: None', 'resources: [{group: apps/v1}]'), /without a version/],
    [ruleOf('level: None', 'nonResourceURLs: ["/x"]', 'namespaces: [a]'), /two rules/],
    ['rules: [{level: None}]\n', /apiVersion: audit\.k8s\.io\/v1/],
    [ruleOf('level: None', 'omitManagedFields: true'), /1\.23 is the first/],
  ];
  for (const [text, hint] of hints)
    it(String(hint), () =>
      assert.match(
        checkPolicy(text, old)
          .map(({ hint }) => hint)
          .join('\n'),
        hint,
      ),
    );
  it('for any group names the version that has it', () =>
    assert.match(
      checkPolicy(ruleOf('level: None', 'resources: [{group: "*"}]'), old)[0]?.hint ?? '',
      /1\.36/,
    ));
});

describe('whatever the text', () => {
  it('has a place in it for every problem, and no end without an answer', () => {
    const { below, pick } = draws(11);
    const pieces = policyCases.flatMap(([, cases]) => cases.map(({ text }) => text));
    const signs = ['[', '{', '"', "'", ': ', '- ', '\n', '\t', '*a', '&a ', '#', '|', '?', '!!int ', '<<: '];
    for (let i = 0; i < 300; i += 1) {
      const text = pick(...pieces);
      const at = below(text.length + 1);
      const changed = `${text.slice(0, at)}${pick(...signs)}${text.slice(at + below(3))}`;
      const lines = changed.split(/\r\n|\r|\n/);
      for (const { line, column, message } of checkPolicy(changed, recent)) {
        assert.ok(
          column >= 1 && column <= (lines[line - 1]?.length ?? -1) + 1,
          `${line}:${column} in ${changed}`,
        );
        assert.notEqual(message, '');
      }
    }
  });
  it('does not unfold aliases without end', () => {
    const levels = Array.from(
      { length: 30 },
      (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}, *a${i - 1}`}]`,
    );
    const [problem] = checkPolicy(`${ruleOf('level: None')}${levels.join('\n')}\n`, recent);
    assert.match(problem?.message ?? '', /excessive aliasing/);
  });
});
