import assert from 'node:assert/strict';
import { seen } from '../../../src/audit/facts.ts';
import type { Signs } from '../../../src/audit/facts.ts';
import { both, either } from '../../../src/audit/target/finding.ts';
import { recognise } from '../../../src/audit/target/recognise.ts';
import { rows } from '../../../src/audit/target/rows.ts';
import { targetIds } from '../../../src/audit/target/target.ts';
import type { TargetId } from '../../../src/audit/target/target.ts';
import { clusters, withNothing, withoutNodes } from './clusters.ts';
import type { ClusterName } from './clusters.ts';

const expected: Record<ClusterName, readonly [TargetId, 'certain' | 'high' | 'medium' | 'none']> = {
  'OpenShift 4.14': ['openshift', 'certain'],
  MicroShift: ['unknown', 'none'],
  AKS: ['aks', 'certain'],
  'kubeadm on Azure': ['kubeadm', 'high'],
  GKE: ['gke', 'certain'],
  'GKE on-prem': ['static-pod', 'medium'],
  EKS: ['eks', 'certain'],
  'EKS with self-managed nodes': ['eks', 'certain'],
  'EKS Fargate': ['eks', 'certain'],
  'EKS Anywhere': ['capi-kubeadm', 'certain'],
  'EKS-D by kubeadm': ['kubeadm', 'high'],
  RKE2: ['rke2', 'certain'],
  K3s: ['k3s', 'certain'],
  'K3s of a distributor with its own version': ['k3s', 'certain'],
  'k0s, controllers are no nodes': ['k0s', 'certain'],
  MicroK8s: ['microk8s', 'certain'],
  Talos: ['talos', 'certain'],
  'Talos by Cluster API': ['talos', 'certain'],
  'kOps on AWS': ['kops', 'certain'],
  'kOps 1.18': ['kops', 'certain'],
  kind: ['kind', 'certain'],
  minikube: ['minikube', 'certain'],
  'Docker Desktop': ['docker-desktop', 'high'],
  'Cluster API on AWS': ['capi-kubeadm', 'certain'],
  kubeadm: ['kubeadm', 'high'],
  'kubeadm 1.18 on AWS': ['kubeadm', 'high'],
  'static pods by scripts': ['static-pod', 'medium'],
  'Kamaji management cluster': ['self-hosted', 'medium'],
  DOKS: ['managed-unknown', 'medium'],
  'services on the host': ['unknown', 'none'],
};

const names = Object.keys(clusters) as ClusterName[];

/** Every row that says yes, not only the first. */
const yesRows = (signs: Signs): readonly string[] =>
  rows.filter((row) => 'yes' in row.test(signs)).map(({ id }) => id);

describe('recognise', () => {
  for (const name of names)
    it(`${name}: ${expected[name].join(', ')}`, () => {
      const { target, confidence, unseen, evidence } = recognise(clusters[name]);
      assert.deepEqual([target, confidence, unseen], [...expected[name], []]);
      assert.match(evidence, /^[A-Z].*\.$/);
    });

  it('every target has a cluster', () => {
    assert.deepEqual(
      new Set(Object.values(expected).map(([target]) => target)),
      new Set<TargetId>(targetIds),
    );
  });

  it('a cluster that fits several rows is kubeadm or a static pod inside, nothing else', () => {
    for (const name of names) {
      const [first, ...others] = yesRows(clusters[name]);
      assert.equal(first ?? 'unknown', expected[name][0], name);
      const inner = others.filter(
        (id) => !['kubeadm', 'static-pod', 'managed-unknown', 'capi-kubeadm'].includes(id),
      );
      assert.deepEqual(inner, [], name);
    }
  });

  it('a providerID of a cloud alone proves nothing', () => {
    const bare = seen(clusters.DOKS.anyNode);
    assert.ok(bare);
    for (const providerId of ['azure:///subscriptions/0', 'gce://p/z/n', 'aws:///eu-west-1a/i-0abc']) {
      const signs: Signs = { ...clusters.DOKS, anyNode: { seen: { ...bare, providerId } } };
      assert.equal(recognise(signs).target, 'managed-unknown');
    }
  });

  it('an absent ConfigMap is an answer: no doubt remains', () => {
    assert.deepEqual(recognise(clusters.DOKS).unseen, []);
  });

  it('the evidence names what was seen', () => {
    assert.equal(
      recognise(clusters.kind).evidence,
      'Node kind-control-plane has providerID kind://docker/kind/kind-control-plane.',
    );
  });
});

describe('recognise, when it could not look', () => {
  it('nothing to be seen: unknown, and every kind is open', () => {
    const { target, confidence, unseen, evidence } = recognise(withNothing(clusters.kubeadm));
    assert.deepEqual([target, confidence], ['unknown', 'none']);
    assert.deepEqual(unseen, targetIds.slice(0, -1));
    assert.match(evidence, /nodes may not be listed; /);
  });

  it('EKS without a look at nodes is not taken for EKS: EKS-D says the same', () => {
    const { target, unseen } = recognise(withoutNodes(clusters['EKS with self-managed nodes']));
    assert.equal(target, 'unknown');
    assert.ok(unseen.includes('eks') && unseen.includes('managed-unknown'));
  });

  it('no nodes to be seen is not a managed control plane', () => {
    assert.equal(recognise(withoutNodes(clusters.DOKS)).target, 'unknown');
  });

  it('K3s by its version alone: found, one step less sure, the open rows named', () => {
    const { target, confidence, unseen, evidence } = recognise(withoutNodes(clusters.K3s));
    assert.deepEqual([target, confidence, unseen], ['k3s', 'high', ['aks', 'gke', 'eks', 'rke2']]);
    assert.match(evidence, /not certain, since aks, gke, eks, rke2 could not be ruled out: nodes may not/);
  });

  it('kubeadm without a look at nodes: medium, since it may be kind or kOps', () => {
    const { target, confidence, unseen } = recognise(withoutNodes(clusters.kubeadm));
    assert.deepEqual([target, confidence], ['kubeadm', 'medium']);
    for (const id of ['kind', 'minikube', 'kops', 'capi-kubeadm', 'talos'] as const)
      assert.ok(unseen.includes(id), id);
  });

  it('half of it seen is enough for yes, not for no', () => {
    const why = 'ConfigMaps may not be read.';
    const kops = { ...clusters['kOps on AWS'], kopsController: { unseen: 'forbidden', why } } as const;
    assert.deepEqual(recognise(kops), recognise(clusters['kOps on AWS']));
    const kind = { ...clusters.kind, kopsController: { unseen: 'failed', why } } as const;
    const { target, confidence, unseen } = recognise(kind);
    assert.deepEqual([target, confidence, unseen], ['kind', 'high', ['kops']]);
  });

  it('whatever is hidden, an answer is never wrong and certain at once', () => {
    const parts = [
      'groups',
      'controlPlaneNodes',
      'anyNode',
      'apiServerPods',
      'kubeadmConfig',
      'kopsController',
    ] as const;
    for (const name of names)
      for (let mask = 0; mask < 2 ** parts.length; mask++) {
        const hidden = parts.filter((_, i) => mask & (2 ** i));
        const blind = withNothing(clusters[name]);
        const signs = hidden.reduce<Signs>((all, part) => ({ ...all, [part]: blind[part] }), clusters[name]);
        const { target, confidence } = recognise(signs);
        if (confidence === 'certain')
          assert.equal(target, expected[name][0], `${name} without ${hidden.join()}`);
      }
  });
});

describe('findings in three values', () => {
  const yes = { yes: 'seen' };
  const no = { no: true } as const;
  const blind = { blind: ['hidden'] };
  const cases = [
    [yes, yes, yes, { yes: 'seen and seen' }],
    [yes, no, yes, no],
    [yes, blind, yes, blind],
    [no, no, no, no],
    [no, blind, blind, no],
    [blind, blind, blind, blind],
  ] as const;
  for (const [a, b, or, and] of cases)
    it(`${Object.keys(a)[0]} with ${Object.keys(b)[0]}`, () => {
      assert.deepEqual([either(a, b), either(b, a)], [or, or]);
      assert.deepEqual([both(a, b), both(b, a)], [and, and]);
    });
});
