// What people read, to the letter: each result at 80 columns without colour, one narrow, one coloured.
// UPDATE_GOLDEN=1 rewrites test/golden/view; a person reads the difference.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { answerAll } from '../../src/audit/check/check.ts';
import { policyAccepted } from '../../src/audit/check/nodes.ts';
import { ask } from '../../src/audit/check/state.ts';
import type { EnableResult, StatusResult, TestEventResult } from '../../src/audit/results.ts';
import { auditSink, defaultSettings } from '../../src/audit/backend/dynamic.ts';
import { summarise } from '../../src/audit/event/proof.ts';
import type { Hop } from '../../src/audit/event/proof.ts';
import { sinkOf } from '../../src/audit/sink/sematext.ts';
import { undoRecord } from '../../src/audit/plan/record.ts';
import { changeByHand } from '../../src/audit/target/byhand.ts';
import { recognise } from '../../src/audit/target/recognise.ts';
import type { Facts } from '../../src/audit/facts.ts';
import { viewDemo } from '../../src/view/demo.ts';
import { viewDisable, viewEnable } from '../../src/view/enable.ts';
import { viewApply } from '../../src/view/policy/apply.ts';
import { viewJunit, viewStatus } from '../../src/view/status.ts';
import { viewTestEvent } from '../../src/view/test-event.ts';
import { facts } from '../support/facts.ts';

const plain = { colour: false, width: 80 };
const golden = (name: string, text: string): void => {
  const file = `test/golden/view/${name}.txt`;
  if (process.env['UPDATE_GOLDEN']) {
    mkdirSync('test/golden/view', { recursive: true });
    writeFileSync(file, text);
  }
  assert.ok(existsSync(file), `${file} is not there: UPDATE_GOLDEN=1 writes it`);
  assert.equal(text, readFileSync(file, 'utf8'));
};

const sink = sinkOf('eu');
function statusOf(some: Facts): StatusResult {
  const { state, findings } = ask({ facts: some, sink }, []);
  return {
    at: some.at,
    state,
    healthy: state === 'delivering',
    server: some.version.gitVersion,
    controlPlane: recognise(some),
    apiServers: some.apiServers.map(({ name, flagsFrom }) => ({ name, flagsFrom, backends: ['webhook'] })),
    checks: findings,
  };
}

const blind = {
  unseen: 'forbidden',
  why: 'GET /metrics: 403 you may not\u0007 look <here> & "there"',
} as const;
const well = facts({});
const unwell = facts({
  delivery: { seen: { events: 0, window: 900 } },
  receiver: { unseen: 'failed', why: 'receiver.example: there was no answer in time' },
});
const hidden = facts({ apiServers: [{ name: 'api', flags: blind, flagsFrom: 'none', metrics: blind }] });

const hops: readonly Hop[] = [
  { hop: 'api-server', result: 'passed', evidence: 'answered HTTP 404', afterMs: 12 },
  { hop: 'audit', result: 'passed', evidence: '2 events counted meanwhile' },
  {
    hop: 'delivery',
    result: 'unknown',
    evidence: '0 batches accepted by receiver.example, 0 refused, 0 events given up',
  },
];
const event = { auditID: 'a', stage: 'ResponseComplete', stageTimestamp: '2026-01-02T03:04:05.000000Z' };
const sent = { title: 'get the absent ConfigMap default/sematext-audit-probe', via: undefined, auditId: 'a' };
const test = (found: boolean, searched = true): TestEventResult => ({
  verdict: found ? 'delivered' : searched ? 'not-delivered' : 'not-verified',
  probes: [
    summarise({
      sent,
      events: found ? [event, event] : [],
      foundAfterMs: found ? 12_345 : undefined,
      searched,
      before: hops,
    }),
  ],
  notes: searched ? [] : ['Not verified: no API key was given (SEMATEXT_API_KEY or --api-key-file).'],
});

const undo = {
  do: 'delete',
  path: '/apis/auditregistration.k8s.io/v1alpha1/auditsinks/sematext-audit',
} as const;
const plan = undoRecord({
  version: 1,
  state: 'done',
  run: 'r',
  at: '2026-01-02T03:04:05Z',
  tool: 't',
  backend: 'dynamic',
  receiver: sink.receiver,
  token: '0123456789ab',
  objects: [{ kind: 'AuditSink', name: 'sematext-audit', undo }],
});
const enabled: EnableResult = {
  outcome: 'enabled',
  backend: { name: 'dynamic', why: 'as you asked' },
  controlPlane: recognise(well),
  server: 'v1.18.19',
  checks: [],
  plan: {
    steps: [],
    notes: ['AuditSink other sends to a Sematext receiver too: its events are billed again.'],
  },
  auditSink: auditSink(defaultSettings, sink),
  notes: [],
};
const refused: EnableResult = {
  ...enabled,
  outcome: 'refused',
  backend: { name: 'webhook', why: 'API servers here can be started with an audit webhook.' },
  byHand: changeByHand('kubeadm', 'dynamic', {
    flagsMissing: ['--audit-dynamic-configuration=true'],
    currentFlags: { seen: {} },
    version: { gitVersion: 'v1.18.19', major: 1, minor: 18 },
  }),
};

const applied: EnableResult = {
  ...enabled,
  backend: { name: 'webhook', why: 'as you asked' },
  checks: answerAll([policyAccepted], {
    facts: well,
    sink,
    policy: { name: 'preset minimal', problems: [], recorded: 1 },
  }),
  plan: enabled.plan,
};

describe('what people read', () => {
  const cases: Record<string, string> = {
    'status-well': viewStatus(statusOf(well), plain),
    'status-well-wide': viewStatus(statusOf(well), plain, true),
    'status-unwell': viewStatus(statusOf(unwell), plain),
    'status-blind': viewStatus(statusOf(hidden), plain),
    'status-blind-narrow': viewStatus(statusOf(hidden), { colour: false, width: 40 }),
    'status-unwell-coloured': viewStatus(statusOf(unwell), { colour: true, width: 80 }),
    'test-event-delivered-twice': viewTestEvent(test(true), plain),
    'test-event-not-delivered': viewTestEvent(test(false), plain),
    'test-event-not-verified': viewTestEvent(test(false, false), plain),
    'enable-enabled': viewEnable({ ...enabled, proof: test(true) }, plain),
    'enable-unchanged': viewEnable({ ...enabled, outcome: 'unchanged' }, plain),
    'enable-planned': viewEnable({ ...enabled, outcome: 'planned', plan }, plain),
    'enable-refused': viewEnable(refused, plain),
    'apply-enabled': viewApply(applied, plain),
    'apply-unchanged': viewApply({ ...applied, outcome: 'unchanged' }, plain),
    'disable-disabled': viewDisable({ outcome: 'disabled', plan }, plain),
    'disable-planned': viewDisable({ outcome: 'planned', plan }, plain),
    'disable-nothing': viewDisable({ outcome: 'nothing-to-do', plan: { steps: [], notes: [] } }, plain),
    'demo-as-expected': viewDemo({ parts: 'p', steps: [], seconds: 8.04, asExpected: true }, plain),
    'demo-not': viewDemo(
      {
        parts: 'p',
        seconds: 1,
        asExpected: false,
        steps: [{ command: 'c', exit: 3, expected: 0, ms: 1, output: '' }],
      },
      plain,
    ),
    junit: viewJunit(statusOf(hidden)),
  };
  for (const [name, text] of Object.entries(cases)) it(name, () => golden(name, text));

  it('folds what is prose, and never code', () => {
    const long = cases['enable-refused']?.split('\n').filter((line) => line.length > 80) ?? [];
    assert.ok(
      long.every((line) => line.startsWith('    ')),
      long.join('\n'),
    );
  });

  it('marks with colours only where they are wanted', () => {
    assert.ok(cases['status-unwell-coloured']?.includes('\u001b[31m'));
    const others = Object.entries(cases).filter(
      ([name, text]) => name !== 'status-unwell-coloured' && text.includes('\u001b'),
    );
    assert.deepEqual(others, []);
  });

  it('lets no control character through to the terminal', () => {
    const steering = Object.entries(cases).filter(([, text]) => text.includes('\u0007'));
    assert.deepEqual(steering, []);
  });

  it('writes XML that has no character XML forbids', () => {
    const xml = cases['junit'] ?? '';
    assert.ok(xml.includes('&lt;here&gt; &amp; &quot;there&quot;'));
    assert.doesNotMatch(xml, /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
  });
});
