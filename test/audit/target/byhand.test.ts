import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { changeByHand, flagsNeeded } from '../../../src/audit/target/byhand.ts';
import type { ByHand } from '../../../src/audit/target/byhand.ts';
import { targetIds } from '../../../src/audit/target/target.ts';
import { change, heredocsOf, needs, typical } from './by-hand-cases.ts';
import { versionOf } from './clusters.ts';
import { golden } from './golden.ts';

function textOf({ summary, steps, warnings, page }: ByHand): string {
  const numbered = steps.map((step, i) => `${i + 1}. ${step}`);
  const careful = warnings.map((warning) => `! ${warning}`);
  return [summary, ...numbered, ...careful, `page: ${page}`].join('\n\n') + '\n';
}

describe('changeByHand', () => {
  for (const target of targetIds)
    for (const need of needs)
      it(`${target}, ${need} (golden)`, () => {
        golden(`test/golden/by-hand/${target}-${need}.txt`, textOf(change(target, need, typical[need])));
      });

  it('puts DynamicAuditing into the gates and groups that are set already', () => {
    const current = {
      seen: {
        'feature-gates': 'RotateX=true,DynamicAuditing=false',
        'runtime-config': 'batch/v2alpha1=true',
      },
    };
    const text = textOf(change('kubeadm', 'dynamic', 'v1.18.20', current));
    assert.match(text, /- --feature-gates=RotateX=true,DynamicAuditing=true$/m);
    assert.match(text, /- --runtime-config=batch\/v2alpha1=true,auditregistration.k8s.io\/v1alpha1=true$/m);
    assert.match(text, /replace the present --feature-gates and --runtime-config/);
    assert.match(
      textOf(change('minikube', 'dynamic', 'v1.18.20', current)),
      /--feature-gates=RotateX=true,Dyn/,
    );
  });

  it('says so when the present flags could not be seen, instead of taking them for none', () => {
    const hidden = { unseen: 'forbidden', why: 'pods may not be listed.' } as const;
    for (const target of ['kubeadm', 'k3s', 'unknown'] as const) {
      const { warnings } = change(target, 'dynamic', 'v1.18.20', hidden);
      assert.match(
        warnings[0] ?? '',
        /could not be seen \(pods may not be listed\).*keep other feature gates/,
      );
    }
  });

  it('asks only for what is missing', () => {
    const text = textOf(
      changeByHand('kubeadm', 'dynamic', {
        flagsMissing: ['--audit-dynamic-configuration=true'],
        currentFlags: { seen: {} },
        version: versionOf('v1.18.20'),
      }),
    );
    assert.match(text, /--audit-dynamic-configuration=true/);
    assert.doesNotMatch(text, /DynamicAuditing|auditregistration.k8s.io\/v1alpha1=true/);
  });

  it('has nothing to change where nothing is missing', () => {
    const situation = { flagsMissing: [], currentFlags: { seen: {} }, version: versionOf('v1.34.0') };
    const { summary, steps } = changeByHand('kops', 'webhook', situation);
    assert.deepEqual([summary, steps], ['Every flag is in place: nothing to change by hand.', []]);
    const log = { ...situation, currentFlags: { seen: { 'audit-log-path': '/var/log/k/a.log' } } };
    assert.match(
      changeByHand('kops', 'log-backend', log).steps.join(),
      /^Ship exactly \/var\/log\/k\/a\.log/,
    );
    const only = { ...situation, flagsMissing: ['audit-webhook-truncate-enabled'] };
    assert.deepEqual(changeByHand('kops', 'webhook', only).steps, [], 'kOps has no field for it');
  });

  it('never replaces the policy of the user', () => {
    const current = { seen: { 'audit-policy-file': '/etc/kubernetes/my-policy.yaml' } };
    for (const target of ['kubeadm', 'rke2', 'kops', 'k0s'] as const) {
      const text = textOf(change(target, 'webhook', 'v1.34.0', current));
      assert.doesNotMatch(text, /kind: Policy|audit-?policy-?file[:=]/i);
      assert.match(text, /The policy in \/etc\/kubernetes\/my-policy.yaml stays/);
    }
  });

  it('writes extraArgs as the kubeadm of that version stores them', () => {
    const form = (version: string): string | undefined =>
      /kubeadm\.k8s\.io\/(\w+)/.exec(textOf(change('kubeadm', 'webhook', version)))?.[1];
    const forms = ['v1.13.0', 'v1.15.0', 'v1.22.0', 'v1.30.0', 'v1.31.0'].map(form);
    assert.deepEqual(forms, ['v1beta1', 'v1beta2', 'v1beta3', 'v1beta3', 'v1beta4']);
  });

  it('knows which RKE2 takes a policy, which K3s reads a config file, which MicroK8s has kubelite', () => {
    const takes = (version: string): boolean => change('rke2', 'webhook', version).steps.length > 0;
    const rke2 = ['v1.20.15+rke2r2', 'v1.21.3+rke2r1', 'v1.21.3+rke2r2', 'v1.21.14+rke2r1', 'v1.34.0+rke2r1'];
    assert.deepEqual(rke2.map(takes), [false, false, true, true, true]);
    const k3s = (version: string): string => textOf(change('k3s', 'webhook', version));
    assert.match(k3s('v1.18.20+k3s1'), /--kube-apiserver-arg=audit-policy-file=/);
    assert.match(k3s('v1.20.4+k3s1'), /^ +kube-apiserver-arg:$/m);
    assert.match(k3s('v1.21.1+k3s1'), /^ +kube-apiserver-arg\+:$/m);
    const micro = (version: string): string => textOf(change('microk8s', 'webhook', version));
    assert.match(micro('v1.20.4'), /daemon-apiserver/);
    assert.match(micro('v1.21.1'), /daemon-kubelite/);
  });

  it('what it has people write is YAML, and the policy has rules', () => {
    for (const target of targetIds)
      for (const need of needs)
        for (const step of change(target, need, typical[need]).steps)
          for (const text of heredocsOf(step)) {
            const document = parse(text) as { kind?: string; rules?: unknown[] };
            assert.equal(typeof document, 'object', `${target} ${need}`);
            if (document.kind === 'Policy') assert.ok((document.rules ?? []).length > 0);
          }
  });

  it('holds a token nowhere, and says where it goes', () => {
    for (const target of targetIds) {
      const text = textOf(change(target, 'webhook', 'v1.34.0'));
      assert.doesNotMatch(text, /[0-9a-f]{8}-[0-9a-f]{4}-/i);
      if (text.includes('<LOGS_TOKEN>') && target !== 'managed-unknown')
        assert.match(text, /umask 077|0600/, target);
    }
  });

  it('flagsNeeded begins with the policy for every backend that needs one', () => {
    assert.equal(flagsNeeded.webhook[0], 'audit-policy-file');
    assert.equal(flagsNeeded['log-backend'][0], 'audit-policy-file');
  });
});
