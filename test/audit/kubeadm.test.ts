// extraArgs in every version of kubeadm's configuration that the tool can meet.
import assert from 'node:assert/strict';
import type { Flags } from '../../src/audit/facts.ts';
import { flagsFromKubeadm } from '../../src/audit/kubeadm.ts';

const wanted = { 'audit-policy-file': '/etc/p.yaml', 'audit-log-maxage': '30', profiling: 'false' };
const map = (version: string): string => `apiServer:
  extraArgs:
    audit-log-maxage: "30"
    audit-policy-file: /etc/p.yaml
    profiling: "false"
  extraVolumes:
  - hostPath: /etc/p.yaml
    mountPath: /etc/p.yaml
    name: audit
apiVersion: kubeadm.k8s.io/${version}
kind: ClusterConfiguration
kubernetesVersion: v1.18.19
`;
const list = `apiServer:
  extraArgs:
  - name: audit-log-maxage
    value: "10"
  - name: audit-policy-file
    value: /etc/p.yaml
  - name: profiling
    value: "false"
  - name: audit-log-maxage
    value: "30"
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
`;
const head = 'apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\n';

const cases: readonly (readonly [what: string, text: string, flags: Flags | undefined])[] = [
  ['v1beta1: a map', map('v1beta1'), wanted],
  ['v1beta2: a map', map('v1beta2'), wanted],
  ['v1beta3: a map', map('v1beta3'), wanted],
  ['v1beta4: a list, the last of two wins', list, wanted],
  [
    'numbers and booleans without quotes',
    `${head}apiServer: {extraArgs: {v: 4, profiling: false}}`,
    { v: '4', profiling: 'false' },
  ],
  [
    'list entries that are none',
    `${head}apiServer: {extraArgs: [~, 7, {value: x}, {name: v, value: 4}]}`,
    { v: '4' },
  ],
  ['no extraArgs', `${head}apiServer: {timeoutForControlPlane: 4m0s}`, {}],
  ['no apiServer', head, {}],
  ['apiServer is null', `${head}apiServer:\n`, {}],
  ['extraArgs is a word', `${head}apiServer: {extraArgs: x}`, undefined],
  ['another kind', map('v1beta3').replace('ClusterConfiguration', 'InitConfiguration'), undefined],
  ['no YAML', 'a: [', undefined],
  ['a word', 'x', undefined],
  ['nothing', '', undefined],
];

describe('flagsFromKubeadm', () => {
  for (const [what, text, flags] of cases) it(what, () => assert.deepEqual(flagsFromKubeadm(text), flags));
});
