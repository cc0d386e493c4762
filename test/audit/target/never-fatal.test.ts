// No step, in no version, on no kind of control plane, may name something that keeps the API server from starting.
import assert from 'node:assert/strict';
import { targetIds } from '../../../src/audit/target/target.ts';
import type { TargetId } from '../../../src/audit/target/target.ts';
import type { ByHand } from '../../../src/audit/target/byhand.ts';
import { change, codeOf, needs } from './by-hand-cases.ts';

/** Source: apiserver pkg/server/options/audit.go at each minor; [first, last] minor that knows the flag. */
const auditFlags: Readonly<Record<string, readonly [number, number]>> = {
  'audit-policy-file': [13, 99],
  'audit-dynamic-configuration': [13, 18],
  'audit-log-path': [13, 99],
  'audit-log-maxage': [13, 99],
  'audit-log-maxbackup': [13, 99],
  'audit-log-maxsize': [13, 99],
  'audit-log-compress': [20, 99],
  'audit-webhook-config-file': [13, 99],
  'audit-webhook-truncate-enabled': [13, 99],
};

interface Rule {
  readonly name: string;
  readonly broken: (code: string, minor: number, target: TargetId) => boolean;
}

const rules: readonly Rule[] = [
  {
    name: 'switches of AuditSinks outside 1.13 to 1.18',
    broken: (code, minor) =>
      (minor < 13 || minor > 18) &&
      /audit-dynamic-configuration|auditDynamicConfiguration|DynamicAuditing|auditregistration/.test(code),
  },
  {
    name: 'a flag that this version does not know',
    broken: (code, minor) =>
      [...code.matchAll(/(?<!\w)(?<!\w-)(audit-(?:policy|log|webhook|dynamic)-[a-z-]+)(?=[:=,])/g)].some(
        ([, flag = '']) => {
          const [first, last] = auditFlags[flag] ?? [1, 0];
          return minor < first || minor > last;
        },
      ),
  },
  {
    name: 'a policy version other than v1',
    broken: (code) => /audit\.k8s\.io\/v1(alpha|beta)/.test(code),
  },
  {
    name: 'a mount that makes up what is missing',
    broken: (code) =>
      /FileOrCreate/.test(code) ||
      (/sematext-audit-config/.test(code) && /config[^\n]*DirectoryOrCreate/.test(code)),
  },
  {
    name: 'a file in the manifests folder that the kubelet takes for a pod',
    broken: (code) =>
      [...code.matchAll(/\/etc\/kubernetes\/manifests\/(\S+?)(?=[\s"':]|$)/g)].some(
        ([, name = '']) => !name.startsWith('.') && name !== 'kube-apiserver.yaml',
      ),
  },
  {
    name: 'the role ControlPlane, which kOps before 1.26 does not know',
    broken: (code) => /roles: \[[^\]]*ControlPlane/.test(code),
  },
  {
    name: 'a kOps path that some releases do not mount',
    broken: (code, _minor, target) => target === 'kops' && /(?<!\/srv)\/etc\/kubernetes\/audit/.test(code),
  },
  { name: 'a bare dash for stdout in YAML', broken: (code) => /^\s*[A-Za-z-]+: -\s*$/m.test(code) },
  {
    name: 'a mode in which the receiver can hold up the API',
    broken: (code) => /mode[=:]\s*"?blocking/.test(code),
  },
  { name: 'negative rotation', broken: (code) => /max(?:age|backups?|size)[=:,].*-\d/i.test(code) },
  {
    name: 'extraArgs in a form that this kubeadm does not read',
    broken: (code, minor, target) => {
      if (target !== 'kubeadm' || !code.includes('extraArgs')) return false;
      return minor >= 31 ? /^\s+[a-z-]+: "/m.test(code) : code.includes('- {name: audit');
    },
  },
];

/** Throws with the rule's name when a step would keep the API server from starting. */
function assertNeverFatal({ steps, summary }: ByHand, target: TargetId, minor: number): void {
  const where = `${target} 1.${minor}`;
  for (const { name, broken } of rules)
    for (const step of [summary, ...steps])
      assert.equal(broken(codeOf(step) || step, minor, target), false, `${where}: ${name}\n${step}`);
  const names = steps.findIndex((step) => /audit-policy-file[=:,]|auditPolicyFile/.test(step));
  const writes = steps.findIndex((step) => /kind: Policy/.test(step));
  if (names !== -1)
    assert.ok(writes !== -1 && writes <= names, `${where}: the policy is named before it is written`);
}

const minors = Array.from({ length: 25 }, (_, i) => 13 + i);

describe('never fatal', () => {
  for (const target of targetIds)
    it(`${target}, every backend, 1.13 to 1.37`, () => {
      for (const need of needs)
        for (const minor of minors) assertNeverFatal(change(target, need, `v1.${minor}.20`), target, minor);
    });

  it('with nothing to be seen of the present flags either', () => {
    const hidden = { unseen: 'failed', why: 'timeout' } as const;
    for (const target of targetIds)
      for (const need of needs)
        for (const minor of minors)
          assertNeverFatal(change(target, need, `v1.${minor}.20`, hidden), target, minor);
  });

  it('no backend that needs a policy goes without one', () => {
    const open = ['openshift', 'aks', 'gke', 'eks', 'self-hosted', 'managed-unknown', 'talos'];
    for (const target of targetIds.filter((id) => !open.includes(id)))
      for (const need of ['webhook', 'log-backend'] as const)
        assert.match(change(target, need, 'v1.34.0').steps.join('\n'), /kind: Policy/, `${target} ${need}`);
  });

  it('has no steps for AuditSinks where there are none', () => {
    for (const target of targetIds)
      for (const minor of minors.filter((one) => one > 18)) {
        const { steps, summary } = change(target, 'dynamic', `v1.${minor}.0`);
        assert.deepEqual([steps, /1\.13 to 1\.18 only/.test(summary)], [[], true]);
      }
  });

  it('the rules themselves catch what they are for', () => {
    const hand = (code: string): ByHand => ({
      ...change('eks', 'webhook', 'v1.34.0'),
      steps: [`Do:\n\n    ${code}`],
    });
    const fatal: readonly (readonly [string, TargetId, number])[] = [
      ['auditDynamicConfiguration: true', 'kops', 19],
      ['- --audit-log-compress=true', 'kubeadm', 19],
      ['apiVersion: audit.k8s.io/v1beta1', 'k3s', 24],
      ['- {name: x, hostPath: {path: /p, type: FileOrCreate}}', 'kubeadm', 30],
      ['cp a /etc/kubernetes/manifests/kube-apiserver.yaml.bak', 'kubeadm', 30],
      ['roles: [ControlPlane]', 'kops', 22],
      ['path: /etc/kubernetes/audit/policy.yaml', 'kops', 24],
      ['auditLogPath: -', 'kops', 24],
      ['- --audit-webhook-mode=blocking', 'kubeadm', 30],
      ['auditLogMaxAge: -1', 'kops', 30],
      ['extraArgs:\n          audit-log-path: "/x"', 'kubeadm', 31],
      ['- --audit-policy-file=/p', 'kubeadm', 30],
    ];
    for (const [code, target, minor] of fatal)
      assert.throws(() => assertNeverFatal(hand(code), target, minor), assert.AssertionError, code);
  });
});
