// Plans that change API servers are a contract too: every kind of step, for every backend, is held against its schema
// as -o json prints it, and a token in it would be refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chartValues, helmArgs, chartSecret } from '../../src/audit/agent/chart.ts';
import { logagentObjects } from '../../src/audit/agent/logagent.ts';
import { collectionOf } from '../../src/audit/agent/places.ts';
import { logChange } from '../../src/audit/backend/log.ts';
import { dynamicSwitchesChange } from '../../src/audit/backend/switches.ts';
import { webhookChange } from '../../src/audit/backend/webhook.ts';
import type { Change } from '../../src/audit/change.ts';
import type { Facts } from '../../src/audit/facts.ts';
import { planRollout, planWithdrawal, recordedChange } from '../../src/audit/plan/rollout.ts';
import type { Ground } from '../../src/audit/plan/turns.ts';
import type { AuditRecord } from '../../src/audit/plan/record.ts';
import { isTurn } from '../../src/audit/plan/step.ts';
import type { HelmStep, KubeObject, ObjectStep, Plan } from '../../src/audit/plan/step.ts';
import { sinkOf } from '../../src/audit/sink/sematext.ts';
import { secrets } from '../support/secrets.ts';
import { schemas, holds } from './documents.ts';

const manifest = readFileSync('test/audit/target/manifests/kubeadm-1.37.yaml', 'utf8');
const digest = (text: string): string => text.length.toString(16).padStart(64, 'a');
const sink = sinkOf('eu');
const version = { major: 1, minor: 37, gitVersion: 'v1.37.2' };
const old = { major: 1, minor: 18, gitVersion: 'v1.18.19' };
const fingerprint = 'abcdef012345';
const run = '0b5c1c5e-6d0f-4a55-9a3c-4f7c2b1d8e90';
const circumstances = { digest, fingerprint, version };
const policy = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n';
const logPath = '/var/log/kubernetes/audit/audit.log';

/** One node of kubeadm; its carry is what decides whether an outage is told. */
const ground = (carry: 'nft' | 'none'): Ground => ({
  nodes: [
    {
      name: 'control-1',
      arch: 'amd64',
      address: '10.99.0.2',
      pod: 'kube-apiserver-control-1',
      image: 'registry.k8s.io/kube-apiserver:v1.37.2',
      ready: true,
      look: {
        manifest: {
          path: '/etc/kubernetes/manifests/kube-apiserver.yaml',
          sha256: digest(manifest),
          text: manifest,
        },
        others: [],
        original: undefined,
        applied: undefined,
        open: undefined,
        last: undefined,
        files: [],
        free: { etc: 1e6, var: 1e6, log: 1e6 },
        carry,
        serviceProxy: 'iptables',
        carried: false,
        guard: { armed: false, alive: false },
        listening: [6443],
        arch: 'amd64',
      },
    },
  ],
  all: ['control-1'],
  service: '10.96.0.1:443',
  noTwin: undefined,
  kubeadm: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kubeadm-config', namespace: 'kube-system', resourceVersion: '7' },
    data: {
      ClusterConfiguration:
        'apiServer:\n  extraArgs: []\napiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n',
    },
  },
});

const recordOf = (
  backend: AuditRecord['backend'],
  change: Change,
  on: Ground,
): AuditRecord & { change: NonNullable<AuditRecord['change']> } => ({
  version: 1,
  state: 'open',
  run,
  at: '2026-01-01T00:00:00.000Z',
  tool: 'test/0',
  backend,
  receiver: sink.receiver,
  token: fingerprint,
  objects: [],
  change: recordedChange(change, on, undefined),
});

const scripts = { 'audit-files.cjs': '', 'audit-bulk.cjs': '', 'audit-cri.cjs': '' } as const;

const stepFor = (object: KubeObject): ObjectStep => ({
  title: `Create ${object.kind}`,
  action: { do: 'create', collection: collectionOf(object), object },
  undo: { do: 'delete', path: `${collectionOf(object)}/${object.metadata.name}` },
});

const logagent = logagentObjects({ sink, logPath, run, fingerprint, digest, scripts }).map(stepFor);
const chart: readonly (ObjectStep | HelmStep)[] = [
  stepFor(chartSecret(run, fingerprint)),
  {
    title: 'Install the chart',
    action: {
      do: 'helm',
      args: helmArgs('install'),
      values: chartValues({ sink, logPath, fingerprint, scripts }),
    },
    undo: { do: 'helm', args: helmArgs('uninstall') },
  },
];

const facts = { record: { unseen: 'absent', why: '' } } as Partial<Facts> as Facts;

function enablePlan(backend: AuditRecord['backend'], change: Change, agent = [] as typeof chart): Plan {
  const on = ground(agent.length === 0 ? 'nft' : 'none');
  const record = recordOf(backend, change, on);
  return planRollout({ facts, ground: on, changeFor: () => change, record, agent });
}

const cases: readonly [what: string, backend: AuditRecord['backend'], plan: () => Plan][] = [
  ['webhook', 'webhook', () => enablePlan('webhook', webhookChange({}, sink, policy, circumstances))],
  [
    'log file and Logagent',
    'log-backend',
    () => enablePlan('log-backend', logChange({ path: logPath }, policy, circumstances), logagent),
  ],
  [
    'log file and the chart',
    'log-backend',
    () => enablePlan('log-backend', logChange({ path: logPath }, policy, circumstances), chart),
  ],
  ['switches of AuditSinks', 'dynamic', () => enablePlan('dynamic', dynamicSwitchesChange({}, old))],
];

const enableDocument = (plan: Plan, backend: string, outcome = 'planned'): string =>
  JSON.stringify({
    schema: 'enable.v1',
    outcome,
    backend: { name: backend, why: 'as you asked' },
    controlPlane: { target: 'kubeadm', name: 'kubeadm', evidence: 'a sign', confidence: 'high', unseen: [] },
    server: 'v1.37.2',
    checks: [],
    plan,
    notes: [],
  });

describe('plans that change API servers', () => {
  for (const [what, backend, plan] of cases)
    it(`${what}: what enable would do is as its schema says`, () => {
      const text = enableDocument(plan(), backend);
      holds(JSON.parse(text));
      assert.equal(plan().steps.filter(isTurn).length, 1);
      assert.ok(!text.includes(secrets.token));
    });

  it('what disable would do is as its schema says, with and without other nodes left', () => {
    const change = webhookChange({}, sink, policy, circumstances);
    const on = ground('nft');
    const record = recordOf('webhook', change, on);
    const applied = enablePlan('webhook', change).steps.find(isTurn)?.action.turn.after ?? assert.fail();
    const [node] = on.nodes;
    assert.ok(node?.look.manifest !== undefined);
    const changed = { ...node, look: { ...node.look, manifest: { ...node.look.manifest, text: applied } } };
    for (const all of [['control-1'], ['control-1', 'control-2']]) {
      const withAll = { ...record, change: { ...record.change, nodes: all } };
      const plan = planWithdrawal({
        record: withAll,
        version: '9',
        ground: { ...on, nodes: [changed], all },
        agent: [],
      });
      assert.ok(plan.steps.some(isTurn));
      holds(JSON.parse(JSON.stringify({ schema: 'disable.v1', outcome: 'planned', plan, record: withAll })));
    }
  });

  it('a rehearsal is an outcome', () => {
    const [[, backend, plan]] = cases as [(typeof cases)[0]];
    holds(JSON.parse(enableDocument(plan(), backend, 'rehearsed')));
    assert.throws(() => holds(JSON.parse(enableDocument(plan(), backend, 'guessed'))));
  });

  it('a token instead of its slot is refused, in files and in Secrets', () => {
    for (const index of [0, 1]) {
      const [, backend, plan] = cases[index] ?? assert.fail();
      const text = enableDocument(plan(), backend);
      assert.ok(text.includes('${LOGS_TOKEN}'));
      assert.throws(() => holds(JSON.parse(text.replaceAll('${LOGS_TOKEN}', secrets.token))), /must/);
    }
  });

  it('a field that the schema does not name is refused', () => {
    const [[, backend, plan]] = cases as [(typeof cases)[0]];
    const text = enableDocument(plan(), backend).replace('"port":6443', '"port":6443,"more":1');
    assert.throws(() => holds(JSON.parse(text)), /must/);
  });

  it('the schema knows every kind of step', () => {
    const kinds = new Set(cases.flatMap(([, , plan]) => plan().steps.map(({ action }) => action.do)));
    for (const kind of ['create', 'replace', 'turn', 'claim', 'helm'])
      assert.ok(kinds.has(kind as never), kind);
    assert.ok('common.v1' in schemas);
  });
});
