// What people read of `policy explain` and `policy test`, to the letter, and never wider than 80 columns.
// UPDATE_GOLDEN=1 rewrites test/golden/view; a person reads the difference.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { explainPolicy } from '../../src/flows/policy/explain.ts';
import type { ExplainRequest } from '../../src/flows/policy/explain.ts';
import { testPolicy } from '../../src/flows/policy/test.ts';
import { viewPolicyExplain } from '../../src/view/policy/explain.ts';
import { viewPolicyTest, viewPolicyTestJunit } from '../../src/view/policy/test.ts';
import { bareWorld, file } from '../flows/policy/world.ts';

const plain = { colour: false, width: 80 };
const policy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
  - level: None
    users: [ann, bob, "system:serviceaccount:a-long-namespace:robot"]
  - level: RequestResponse
    verbs: [create]
    resources: [{group: "", resources: [pods/exec]}]
  - level: None
    resources: [{group: "", resources: [pods]}, {group: apps}]
  - level: Request
    namespaces: [kube-system]
    omitStages: [ResponseStarted]
`;

function golden(name: string, text: string): void {
  const path = `test/golden/view/${name}.txt`;
  if (process.env['UPDATE_GOLDEN']) writeFileSync(path, text);
  assert.ok(existsSync(path), `${path} is not there: UPDATE_GOLDEN=1 writes it`);
  assert.equal(text, readFileSync(path, 'utf8'));
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
}

const exec = { verb: 'get', resource: 'pods/exec', namespace: 'kube-system', name: 'p' };
const event = {
  ...{
    auditID: '2b7c62d1-8f5a-4d0e-9a3c-0c8a1f2e3d4b',
    stage: 'ResponseComplete',
    level: 'Metadata',
    verb: 'update',
  },
  ...{
    requestURI: '/api/v1/namespaces/kube-system/configmaps/c',
    user: { username: 'eve', groups: ['devs'] },
  },
  impersonatedUser: { username: 'ann' },
};
const asked: readonly (readonly [name: string, request: Partial<ExplainRequest>])[] = [
  ['policy-explain', { form: { as: 'system:node:x', ...exec } }],
  ['policy-explain-by-default', { form: { unauthenticated: true, url: '/livez?verbose' } }],
  ['policy-explain-none', { form: { as: 'bob', ...exec } }],
];

describe('the views of policies', () => {
  for (const [name, request] of asked)
    it(`${name}.txt`, async () => {
      const nothing = { policy: '-', version: undefined, form: {}, event: undefined, auditId: undefined };
      const result = await explainPolicy(bareWorld(policy), { ...nothing, ...request }, () => undefined);
      golden(name, viewPolicyExplain({ ...result, policy: 'policy.yaml' }, plain));
    });

  it('policy-explain-event.txt', async () => {
    const request = { policy: 'recommended', version: undefined, form: {}, event: '-', auditId: undefined };
    const result = await explainPolicy(bareWorld(JSON.stringify(event)), request, () => undefined);
    golden('policy-explain-event', viewPolicyExplain(result, plain));
  });

  const cases = [
    {
      name: 'a shell is recorded',
      request: { as: 'ann', ...exec },
      expect: { level: 'Metadata', rule: 3, stages: ['ResponseComplete'] },
    },
    {
      name: 'health checks are noise',
      request: { as: 'system:anonymous', url: '/healthz' },
      expect: { level: 'None' },
    },
    {
      name: 'failed <logins>\u001b[31m & "more"',
      request: { unauthenticated: true, url: '/' },
      expect: { rule: 0, omitStages: [] },
    },
  ];
  const ran = () =>
    testPolicy(bareWorld(policy), { policy: '-', cases: casesFile(), version: undefined }, () => undefined);
  const casesFile = (): string => file(JSON.stringify(cases), 'cases.json');

  it('policy-test.txt', async () => golden('policy-test', viewPolicyTest((await ran()).result, plain)));
  it('policy-test-junit.txt: each case, well-formed', async () => {
    const { result, all } = await ran();
    const xml = viewPolicyTestJunit(result, all);
    assert.match(xml, /tests="3" failures="2" errors="0" skipped="0"/);
    assert.equal(xml.match(/<testcase /g)?.length, 3);
    assert.match(xml, /<testcase classname="sematext-audit" name="health checks are noise"\/>/);
    assert.match(xml, /name="failed &lt;logins&gt;\?\[31m &amp; &quot;more&quot;"/);
    assert.match(xml, /<failure message="level: expected Metadata, got None; rule: /);
  });
  it('says that all passed', async () => {
    const { result } = await ran();
    assert.match(
      viewPolicyTest({ ...result, passed: 3, failed: 0, failures: [] }, plain),
      /^✔ 3 passed, 0 failed\n$/,
    );
  });
});
