// `policy explain` as a flow: requests in words and out of logs, and what cannot be meant.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { eventsIn } from '../../../src/audit/event/shapes.ts';
import type { Event } from '../../../src/audit/event/event.ts';
import { evaluate } from '../../../src/audit/policy/evaluate.ts';
import type { Policy } from '../../../src/audit/policy/policy.ts';
import type { PolicyExplainResult } from '../../../src/audit/policy/results.ts';
import { attributesOf } from '../../../src/audit/policy/request.ts';
import type { Failure } from '../../../src/errors.ts';
import { explainPolicy } from '../../../src/flows/policy/explain.ts';
import type { ExplainRequest } from '../../../src/flows/policy/explain.ts';
import { presetObject } from '../../../src/flows/policy/show.ts';
import { version } from '../../support/facts.ts';
import { bareWorld, file } from './world.ts';

const log = 'test/golden/tail/audit.log';
const policy = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  # people
  - level: None
    verbs: [list]

  - level: Metadata
    userGroups: ["system:nodes"]
`;
const ann = { as: 'ann', verb: 'get', resource: 'pods', namespace: 'n', name: 'p' };
const told: string[] = [];
const ask = (asked: Partial<ExplainRequest>, input = ''): Promise<PolicyExplainResult> => {
  told.length = 0;
  const nothing = {
    policy: 'recommended',
    version: undefined,
    form: {},
    event: undefined,
    auditId: undefined,
  };
  return explainPolicy(bareWorld(input), { ...nothing, ...asked }, (text) => told.push(text));
};
const refused = (
  asked: Partial<ExplainRequest>,
  message: RegExp,
  code = 'usage',
  input = '',
): Promise<void> =>
  assert.rejects(ask(asked, input), (error: Failure) => {
    assert.equal(error.code, code, String(error));
    assert.match([error.message, ...error.suggestions].join('\n'), message);
    return true;
  });

describe('policy explain', () => {
  it('has the lines of the rules', async () => {
    const result = await ask({ policy: '-', form: { ...ann, as: 'system:node:x' } }, policy);
    assert.deepEqual(
      [result.policy, result.rule, result.line, result.level],
      ['standard input', 1, 8, 'Metadata'],
    );
    assert.deepEqual(
      result.passed.map(({ line }) => line),
      [5],
    );
    assert.deepEqual(result.addedGroups, ['system:nodes', 'system:authenticated']);
    assert.equal(result.kubernetes, '1.37');
  });
  it('has no line where no rule decides', async () => {
    const result = await ask({ policy: file(policy), form: ann, version: version('v1.18.19') });
    assert.deepEqual(
      [result.rule, 'line' in result, result.level, result.kubernetes],
      [-1, false, 'None', '1.18'],
    );
    assert.equal(result.passed.length, 2);
  });
  it('has the notes about the words first, each once', async () => {
    const form = { ...ann, verb: 'create', resource: 'cm' };
    const { hints } = await ask({
      policy: file(
        `${policy}  - level: None\n    resources: [{resources: [configmaps], resourceNames: [a]}]\n`,
      ),
      form,
    });
    assert.deepEqual(hints, [
      'cm is taken for configmaps.',
      'The URL of a create has no name, so the policy sees none.',
    ]);
  });

  it('explains every event of a log as it was decided', async () => {
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    const events = lines.flatMap((line) => eventsIn(JSON.parse(line)) ?? []);
    const recommended = (await presetObject('recommended')) as Policy;
    const first = new Map<string, Event>();
    for (const event of events) if (!first.has(event.auditId)) first.set(event.auditId, event);
    for (const [auditId, event] of first) {
      const result = await ask({ event: log, auditId });
      const { level, rule } = evaluate(recommended, attributesOf(event), version('v1.37.0'));
      assert.deepEqual([result.event?.auditId, result.level, result.rule], [auditId, level, rule]);
      const unlike = result.hints.some((hint) =>
        hint.startsWith(`The event was recorded at ${event.level}:`),
      );
      assert.equal(unlike, level !== event.level);
    }
    assert.ok(first.size > 10);
  });
  it('takes the first event, and says that there are others', async () => {
    const text = readFileSync(log, 'utf8');
    const [first = ''] = text.split('\n');
    const { auditID } = JSON.parse(first) as { auditID: string };
    assert.equal((await ask({ event: log })).event?.auditId, auditID);
    assert.match(told.join(), /more than one request.*--audit-id/);
    assert.equal((await ask({ event: '-' }, `${first}\n`)).event?.auditId, auditID);
    assert.deepEqual(told, []);
  });
  it('takes the event of the ID, and none that only speaks of it', async () => {
    const event = (auditID: string, requestURI: string): object => ({
      ...{ auditID, requestURI, stage: 'ResponseComplete', level: 'None', verb: 'get' },
      user: { username: 'ann' },
    });
    const items = [event('a', '/b?id=b'), event('b', '/c')];
    const result = await ask({ event: '-', auditId: 'b' }, JSON.stringify({ kind: 'EventList', items }));
    assert.deepEqual([result.event?.auditId, result.request.path], ['b', '/c']);
  });
  it('sees who acted, and says so', async () => {
    const event = {
      ...{ kind: 'Event', auditID: 'a', stage: 'ResponseComplete', level: 'Metadata', verb: 'get' },
      ...{ requestURI: '/version', user: { username: 'ann' }, impersonatedUser: { username: 'bob' } },
    };
    const { request, hints } = await ask({ event: '-' }, JSON.stringify(event));
    assert.equal(request.user?.name, 'ann');
    assert.match(hints.join(), /sees ann, who sent it, and not bob/);
  });

  it('refuses what cannot be meant', async () => {
    await refused({ form: { ...ann, asGroups: [], url: '/' } }, /--resource and --url are both said/);
    await refused({ form: { ...ann, as: undefined } }, /--as; system:anonymous/);
    await refused({ form: ann, event: log }, /--event and --as are both said/);
    await refused({ form: { apiGroup: 'a' }, event: log }, /--event and --api-group/);
    await refused({ form: { unauthenticated: true }, event: log }, /--event and --unauthenticated/);
    await refused({ form: ann, auditId: 'a' }, /--audit-id/);
    await refused({ policy: '-', event: '-' }, /Standard input cannot be both/);
    await refused({ event: log, auditId: 'none' }, /There is no event none in test/);
    await refused({ event: '-' }, /There is no event in standard input/);
    await refused({ event: file('', 'gone') + 'x' }, /does not exist/);
    await refused({ policy: './recommended', form: ann }, /recommended does not exist/);
  });
  it('says why an API server would not take the policy, and where', async () => {
    const wrong = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n  - level: none\n  - users: [a]\n';
    await refused(
      { policy: '-', form: ann },
      /1\.37 would not start with standard input\.\nstandard input:4:5 rules\[0\]\.level: .*; write None\.\nstandard input:5:5 rules\[1\]\.level: Required value\.$/,
      'policy-invalid',
      wrong,
    );
    const many = `${wrong}${'  - users: [a]\n'.repeat(20)}`;
    await refused({ policy: '-', form: ann }, /\nand 12 more$/, 'policy-invalid', many);
    const old = file('apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [{level: None}]\n');
    await refused({ policy: old, form: ann }, /no kind "Policy" is registered/, 'policy-invalid');
    assert.equal((await ask({ policy: old, form: ann, version: version('v1.18.19') })).rule, 0);
  });
  it('tells what the API server reads otherwise than it is meant', async () => {
    await ask({ policy: '-', form: ann }, policy.replace('verbs', 'verb'));
    assert.match(told.join(), /^standard input:6:5 rules\[0\]\.verb: unknown field .*; it is ignored/);
  });
});
