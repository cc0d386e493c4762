// Which probes a policy records: those that the evaluator lets through at a stage that a plain request has.
import assert from 'node:assert/strict';
import { recordedProbes } from '../../../src/audit/policy/recorded.ts';
import { version } from '../../support/facts.ts';

const policy = (...lines: readonly string[]): string =>
  ['apiVersion: audit.k8s.io/v1', 'kind: Policy', ...lines, ''].join('\n');
const dropping = (...matching: readonly string[]): string =>
  policy('rules:', '  - level: None', ...matching.map((line) => `    ${line}`), '  - level: Metadata');

const cases: readonly (readonly [what: string, policy: string, recorded: readonly string[]])[] = [
  ['everything', policy('rules: [{level: Metadata}]'), ['POST', 'GET']],
  ['nothing', policy('rules: [{level: None}]'), []],
  ['no rule that matches', policy('rules: [{level: Metadata, users: [somebody]}]'), []],
  ['writes', dropping('verbs: [get, list, watch]'), ['POST']],
  ['reads', dropping('verbs: [create]'), ['GET']],
  ['other namespaces', dropping('namespaces: [default]'), []],
  ['another namespace', dropping('namespaces: [kube-system]'), ['POST', 'GET']],
  ['other resources', dropping('resources: [{group: "", resources: [configmaps]}]'), []],
  ['other groups', dropping('resources: [{group: apps}]'), ['POST', 'GET']],
  [
    'other names',
    dropping('resources: [{group: "", resources: [configmaps], resourceNames: [sematext-audit-probe]}]'),
    ['POST'],
  ],
  ['other people', dropping('userGroups: ["system:masters"]'), []],
  ['what is no resource', dropping('nonResourceURLs: ["*"]'), ['POST', 'GET']],
  [
    'the end of requests',
    policy('omitStages: [RequestReceived]', 'rules: [{level: Metadata}]'),
    ['POST', 'GET'],
  ],
  ['their beginning', policy('rules: [{level: Metadata, omitStages: [ResponseComplete]}]'), ['POST', 'GET']],
  [
    'stages that they do not have',
    policy('omitStages: [RequestReceived]', 'rules: [{level: Metadata, omitStages: [ResponseComplete]}]'),
    [],
  ],
  ['what the API server refuses', policy('rules: [{level: metadata}]'), []],
  ['what is no policy', 'rules', []],
];

describe('recordedProbes', () => {
  for (const [what, text, recorded] of cases)
    it(`of a policy that records ${what}: ${recorded.join() || 'none'}`, () =>
      assert.deepEqual(
        recordedProbes(text, version('v1.37.2')).map(({ method }) => method),
        recorded,
      ));
  it('of the version at hand', () => {
    const text = policy('rules: [{level: Metadata, resources: [{group: "*"}]}]');
    const count = (server: string): number => recordedProbes(text, version(server)).length;
    assert.deepEqual([count('v1.35.4'), count('v1.36.0')], [0, 2]);
  });
  it('of the user at hand', () => {
    const text = dropping('users: [operator]');
    const user = { name: 'operator', groups: ['system:authenticated'] };
    assert.deepEqual(recordedProbes(text, version('v1.37.2'), user), []);
    assert.equal(recordedProbes(text, version('v1.37.2')).length, 2);
  });
});
