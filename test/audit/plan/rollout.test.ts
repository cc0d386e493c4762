// The plan that brings a change to every API server: what differs and nothing else, the record around it, and what was
// there before in the record.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Change } from '../../../src/audit/change.ts';
import type { Facts } from '../../../src/audit/facts.ts';
import type { AuditRecord, RecordedChange } from '../../../src/audit/plan/record.ts';
import { planRollout, planWithdrawal, recordedChange } from '../../../src/audit/plan/rollout.ts';
import type { Ground } from '../../../src/audit/plan/turns.ts';
import { isTurn } from '../../../src/audit/plan/step.ts';
import type { Plan, Turn } from '../../../src/audit/plan/step.ts';
import { applyChange } from '../../../src/audit/target/manifest.ts';
import type { SeenNode } from '../../../src/audit/target/control-plane-node.ts';
import { absent, facts, recordOf } from '../../support/facts.ts';
import { manifest } from '../target/manifests.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const before = manifest('kubeadm-1.37.yaml');

const hash = '0123456789ab';
const change: Change = {
  flags: [['audit-policy-file', `/etc/kubernetes/sematext-audit/${hash}/policy.yaml`]],
  files: [{ name: 'policy.yaml', content: 'kind: Policy\n' }],
  hash,
  writes: undefined,
};
const after = applyChange(before, change, []);

interface Seen {
  readonly text?: string;
  readonly original?: string;
  readonly applied?: string;
  readonly listening?: readonly number[];
  readonly carry?: 'nft' | 'none';
  readonly serviceProxy?: SeenNode['look']['serviceProxy'];
}

const node = (
  name: string,
  { text = before, original, applied, listening = [], carry = 'nft', serviceProxy = 'iptables' }: Seen = {},
): SeenNode => ({
  name,
  arch: 'amd64',
  address: '10.0.0.1',
  pod: `kube-apiserver-${name}`,
  image: 'registry.k8s.io/kube-apiserver:v1.37.2',
  ready: true,
  look: {
    manifest: { path: '/etc/kubernetes/manifests/kube-apiserver.yaml', sha256: sha(text), text },
    others: [],
    original: original === undefined ? undefined : { sha256: sha(original), text: original },
    applied: applied === undefined ? undefined : sha(applied),
    open: undefined,
    last: undefined,
    files: [],
    free: { etc: 1e6, var: 1e6, log: 1e6 },
    carry,
    serviceProxy,
    carried: false,
    guard: { armed: false, alive: false },
    listening,
    arch: 'amd64',
  },
});

const kubeadm = (extraArgs: string): Ground['kubeadm'] => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kubeadm-config', resourceVersion: '7' },
  data: {
    ClusterConfiguration: `apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\napiServer:\n  extraArgs:\n${extraArgs}`,
  },
});

const ground = (nodes: readonly SeenNode[], more: Partial<Ground> = {}): Ground => ({
  nodes,
  all: nodes.map(({ name }) => name),
  service: '10.96.0.1:443',
  noTwin: undefined,
  kubeadm: undefined,
  ...more,
});

const record = (
  its: Partial<RecordedChange> = {},
  state: AuditRecord['state'] = 'done',
): AuditRecord & { change: RecordedChange } => ({
  ...recordOf({ backend: 'webhook', objects: [], state }),
  change: { hash, flags: ['audit-policy-file'], previous: {}, nodes: ['one'], kubeadm: false, ...its },
});

const planned = (on: Ground, known: Facts['record'] = absent): Plan =>
  planRollout({
    facts: facts({ record: known }),
    ground: on,
    changeFor: () => change,
    record: record(),
    agent: [],
  });
const turns = ({ steps }: Plan): readonly Turn[] => steps.filter(isTurn).map(({ action }) => action.turn);
const doings = ({ steps }: Plan): readonly string[] => steps.map(({ action }) => action.do);

describe('planRollout', () => {
  it('changes one node after the other between an open record and a done one', () => {
    const plan = planned(ground([node('one'), node('two')], { kubeadm: kubeadm('    v: "3"\n') }));
    assert.deepEqual(doings(plan), ['create', 'claim', 'turn', 'turn', 'replace', 'replace']);
    const [turn] = turns(plan);
    assert.equal(turn?.after, after);
    assert.deepEqual(turn?.carry, { address: '10.0.0.1', service: '10.96.0.1:443' });
    assert.deepEqual([turn?.twin, turn?.outage, turn?.hash], [7443, 'none', hash]);
  });

  it('has nothing to do where all is as asked', () => {
    const known = { seen: { record: record(), resourceVersion: '1' } };
    assert.deepEqual(planned(ground([node('one', { text: after })]), known).steps, []);
  });

  it('touches only the node that differs, and tidies afterwards', () => {
    const known = { seen: { record: record({ nodes: ['one', 'two'] }), resourceVersion: '1' } };
    const plan = planned(ground([node('one', { text: after }), node('two')]), known);
    assert.deepEqual(doings(plan), ['replace', 'turn', 'tidy', 'replace']);
    assert.equal(turns(plan)[0]?.node, 'two');
  });

  it('leaves kubeadm-config alone until every node has the files that it would name', () => {
    const all = { kubeadm: kubeadm('    v: "3"\n'), all: ['one', 'two'] };
    assert.deepEqual(doings(planned(ground([node('one')], all))), ['create', 'claim', 'turn', 'replace']);
  });

  for (const [what, seen, more, twin] of [
    ['no twin can run', {}, { noTwin: 'a policy forbids it' }, undefined],
    ['nothing can carry', { carry: 'none' }, {}, 7443],
    ['every port is taken', { listening: [7443, 17443, 27443, 37443] }, {}, undefined],
  ] as const)
    it(`says that an outage will be felt where ${what}`, () => {
      const [turn] = turns(planned(ground([node('one', seen)], more)));
      assert.equal(turn?.outage === 'none' ? 0 : turn?.outage.seconds, 13);
      assert.deepEqual([turn?.carry, turn?.twin], [undefined, twin]);
    });

  it('says what "no outage" was not tried with', () => {
    const names = ['iptables', 'nftables', 'ipvs', 'other'] as const;
    const nodes = names.map((serviceProxy) => node(serviceProxy, { serviceProxy }));
    assert.match(planned(ground(nodes)).notes.join(), /^Whether pods .* is not known on ipvs, other: /);
    assert.deepEqual(planned(ground(nodes.slice(0, 2))).notes, []);
    assert.deepEqual(planned(ground([node('ipvs', { serviceProxy: 'ipvs', carry: 'none' })])).notes, []);
  });
});

describe('planWithdrawal', () => {
  const withdrawn = (on: Ground, its: Partial<RecordedChange> = {}): Plan =>
    planWithdrawal({ record: record(its), version: '1', ground: on, agent: [] });

  it('puts the original back where nobody has changed what we put', () => {
    const original = `${before}# theirs\n`;
    const [turn] = turns(withdrawn(ground([node('one', { text: after, original, applied: after })])));
    assert.equal(turn?.after, original);
  });

  it('takes only ours out where somebody has', () => {
    const text = after.replace('image:', '# theirs\n    image:');
    const [turn] = turns(withdrawn(ground([node('one', { text, original: before, applied: after })])));
    assert.ok(
      turn !== undefined && !turn.after.includes('audit-policy-file') && turn.after.includes('# theirs'),
    );
  });

  it("gives kubeadm-config its own value back, which need not be the manifest's", () => {
    const on = ground([node('one')], {
      kubeadm: kubeadm(`    audit-policy-file: /etc/kubernetes/sematext-audit/${hash}/policy.yaml\n`),
    });
    const plan = withdrawn(on, {
      kubeadm: true,
      previous: { 'audit-policy-file': '/of/the/manifest' },
      kubeadmPrevious: { 'audit-policy-file': '/of/kubeadm' },
    });
    assert.match(JSON.stringify(plan.steps[1]), /audit-policy-file: \/of\/kubeadm/);
  });

  it('says in the record that a run is at work, before anything else', () => {
    const [begin] = withdrawn(ground([node('one', { text: after })])).steps;
    assert.match(JSON.stringify(begin), /configmaps\/sematext-audit.*\\"state\\": \\"open\\"/);
    assert.equal(begin?.undo.do, 'previous');
  });
});

describe('recordedChange', () => {
  const theirs = before.replace(
    '    - kube-apiserver\n',
    '    - kube-apiserver\n    - --audit-policy-file=/theirs\n',
  );

  it('keeps what users had set themselves, of the manifest and of kubeadm-config', () => {
    const on = ground([node('one', { text: theirs })], {
      kubeadm: kubeadm('    audit-policy-file: /other\n'),
    });
    const { previous, kubeadmPrevious, nodes, flags } = recordedChange(change, on, undefined);
    assert.deepEqual(previous, { 'audit-policy-file': '/theirs' });
    assert.deepEqual(kubeadmPrevious, { 'audit-policy-file': '/other' });
    assert.deepEqual([nodes, flags], [['one'], ['audit-policy-file']]);
  });

  it('does not take for theirs what an earlier run of ours has set', () => {
    const earlier = record({ previous: { 'audit-policy-file': '/first' }, nodes: ['zero'] }).change;
    const { previous, nodes } = recordedChange(change, ground([node('one', { text: after })]), earlier);
    assert.deepEqual([previous, nodes], [{ 'audit-policy-file': '/first' }, ['zero', 'one']]);
  });
});
