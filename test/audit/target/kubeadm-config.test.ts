// A change in the ClusterConfiguration that kubeadm renders manifests from, in each of its versions.
import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { diff } from '../../../src/audit/diff.ts';
import { flagsFromKubeadm } from '../../../src/audit/kubeadm.ts';
import { kubeadmConfig } from '../../../src/audit/target/kubeadm-config.ts';
import { draws } from '../../support/draws.ts';
import type { Draws } from '../../support/draws.ts';
import { golden } from './golden.ts';
import { flagNames, logChange, refusal, switches, webhookChange } from './manifests.ts';

/** As `kubeadm config print init-defaults` of 1.37 and 1.30 have it. */
const list = `apiServer: {}
apiVersion: kubeadm.k8s.io/v1beta4
caCertificateValidityPeriod: 87600h0m0s
certificatesDir: /etc/kubernetes/pki
clusterName: kubernetes
controllerManager: {}
dns: {}
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
networking:
  dnsDomain: cluster.local
  serviceSubnet: 10.96.0.0/12
scheduler: {}
`;
const map = `apiServer:
  timeoutForControlPlane: 4m0s
apiVersion: kubeadm.k8s.io/v1beta3
certificatesDir: /etc/kubernetes/pki
clusterName: kubernetes
controllerManager: {}
kind: ClusterConfiguration
kubernetesVersion: v1.30.4
scheduler: {}
`;
const withArgs = map.replace(
  'apiServer:\n',
  `apiServer:
  extraArgs: # set by ops
    audit-log-maxage: "7"
    authorization-mode: Node,RBAC   # as ever
  extraVolumes:
  - hostPath: /etc/pki
    mountPath: /etc/pki
    name: pki
`,
);
const withList = list.replace(
  'apiServer: {}\n',
  `apiServer:
  extraArgs:
  - name: audit-log-maxage
    value: '1'
  - {name: authorization-mode, value: "Node,RBAC"}
  - name: audit-log-maxage
    value: '7'
`,
);
const texts: readonly (readonly [what: string, text: string])[] = [
  ['v1beta4', list],
  ['v1beta3', map],
  ['v1beta2', map.replace('v1beta3', 'v1beta2')],
  ['v1beta1', map.replace('v1beta3', 'v1beta1').replace(/apiServer:\n.*\n/, 'apiServer: {}\n')],
  ['arguments in a map', withArgs],
  ['arguments in a list', withList],
  ['carriage returns', withArgs.replaceAll('\n', '\r\n')],
  ['no last line end', map.slice(0, -1).replace(/(apiServer:\n.*)\n([^]*)/, '$2\n$1')],
  ['an empty list', list.replace('apiServer: {}', 'apiServer:\n    extraArgs: []\n    extraVolumes: []')],
  ['null', list.replace('apiServer: {}', 'apiServer:')],
  ['brackets', JSON.stringify(parse(withList))],
];
const previous = { 'audit-log-maxage': '7' };
const oldOf = (text: string): Record<string, string> => (text.includes('maxage') ? previous : {});

describe('kubeadmConfig', () => {
  for (const [what, text] of texts) {
    it(`writes a change into ${what}`, () => {
      const next = kubeadmConfig(text, logChange);
      const { apiServer: before, ...rest } = parse(text);
      const { apiServer, ...others } = parse(next);
      assert.deepEqual(others, rest);
      assert.deepEqual(flagsFromKubeadm(next), {
        ...flagsFromKubeadm(text),
        ...Object.fromEntries(logChange.flags),
      });
      assert.deepEqual(apiServer.extraVolumes, [
        ...(before?.extraVolumes ?? []),
        {
          name: 'sematext-audit-config',
          hostPath: '/etc/kubernetes/sematext-audit',
          mountPath: '/etc/kubernetes/sematext-audit',
          readOnly: true,
          pathType: 'Directory',
        },
        {
          name: 'sematext-audit-log',
          hostPath: '/var/log/kubernetes/audit',
          mountPath: '/var/log/kubernetes/audit',
          pathType: 'DirectoryOrCreate',
        },
      ]);
      const values: readonly unknown[] = Array.isArray(apiServer.extraArgs)
        ? apiServer.extraArgs.map(({ value }: { value: unknown }) => value)
        : Object.values(apiServer.extraArgs);
      assert.ok(values.length > 2 && values.every((value) => typeof value === 'string'));
    });

    it(`writes it once, and takes it out to the byte, of ${what}`, () => {
      const next = kubeadmConfig(text, logChange);
      assert.equal(kubeadmConfig(next, logChange), next);
      assert.equal(kubeadmConfig(next, undefined, flagNames(logChange), oldOf(text)), text);
    });
  }

  it('looks as kubeadm would write it', () => {
    const shown = [list, withArgs].map((text) =>
      diff(text, kubeadmConfig(text, logChange), 'ClusterConfiguration'),
    );
    golden('test/golden/manifests/kubeadm-config.diff', shown.join('\n'));
  });

  it('leaves {} where apiServer was missing', () => {
    const text = map.replace(/apiServer:\n.*\n/, '');
    const next = kubeadmConfig(text, webhookChange);
    assert.deepEqual(flagsFromKubeadm(next), Object.fromEntries(webhookChange.flags));
    assert.equal(kubeadmConfig(next, undefined, flagNames(webhookChange)), `${text}apiServer: {}\n`);
  });

  it('takes out what an earlier change had and this one lacks', () => {
    const next = kubeadmConfig(kubeadmConfig(list, logChange), webhookChange, flagNames(logChange));
    assert.deepEqual(flagsFromKubeadm(next), Object.fromEntries(webhookChange.flags));
    assert.doesNotMatch(next, /sematext-audit-log/);
    const only = kubeadmConfig(next, switches, flagNames(webhookChange));
    assert.equal(only, kubeadmConfig(list, switches));
  });

  it('gives an earlier value back, of the entry that counts, and brings back none that is gone', () => {
    const next = kubeadmConfig(withList, logChange);
    assert.match(next, /value: '1'[^]*value: '30'/);
    const without = next.replace("  - name: audit-log-maxage\n    value: '30'\n", '').replace("'1'", "'9'");
    const back = kubeadmConfig(without, undefined, flagNames(logChange), previous);
    assert.deepEqual(flagsFromKubeadm(back), { 'audit-log-maxage': '7', 'authorization-mode': 'Node,RBAC' });
    const none = kubeadmConfig(list, undefined, flagNames(logChange), previous);
    assert.equal(none, list);
  });

  it('knows a flag that is spelt with underscores', () => {
    const text = withArgs.replace('audit-log-maxage', 'audit_log_maxage');
    const next = kubeadmConfig(text, logChange);
    assert.match(next, /audit_log_maxage: "30"/);
    assert.doesNotMatch(next, /audit-log-maxage/);
  });

  it('leaves a value as it is that is right, quotes or not', () => {
    const text = withArgs.replace('"7"', '30');
    assert.match(kubeadmConfig(text, logChange), /audit-log-maxage: 30\n/);
  });

  it('needs no volume where the folder is there already', () => {
    const text = withArgs.replaceAll('/etc/pki', '/var/log/kubernetes/audit/');
    assert.doesNotMatch(kubeadmConfig(text, logChange), /sematext-audit-log/);
  });

  const chance = (draw: Draws): string => {
    const flag = (name: string, value: string): string =>
      draw.pick(`${name}: "${value}"`, `${name}: '${value}' # x`);
    const args = ['v', 'audit-log-maxage', 'profiling'].filter(() => draw.below(2) === 0);
    const indent = draw.pick('  ', '    ');
    const inMap = args.map((name) => `${indent}${indent}${flag(name, '7')}`);
    const inList = args.flatMap((name) => [
      `${indent}- ${flag('name', name)}`,
      `${indent}  ${flag('value', '7')}`,
    ]);
    const form = draw.pick(inMap, inList);
    const api = [
      `apiVersion: kubeadm.k8s.io/${form === inMap ? draw.pick('v1beta2', 'v1beta3') : 'v1beta4'}`,
      'kind: ClusterConfiguration',
      ...(args.length === 0
        ? [draw.pick('apiServer: {}', 'apiServer:', `apiServer:\n${indent}certSANs: [a]`)]
        : ['apiServer:', ...draw.pick([], [`${indent}# why`]), `${indent}extraArgs:`, ...form]),
      ...draw.pick([], ['# end', 'dns: {}']),
    ];
    return api.join(draw.pick('\n', '\r\n')) + draw.pick('', '\n');
  };

  it('is undone to the byte whatever it was', () => {
    for (let seed = 0; seed < 60; seed++) {
      const text = chance(draws(seed));
      const next = kubeadmConfig(text, logChange);
      assert.equal(flagsFromKubeadm(next)?.['audit-log-maxage'], '30', `seed ${seed}`);
      assert.equal(kubeadmConfig(next, undefined, flagNames(logChange), oldOf(text)), text, `seed ${seed}`);
    }
  });

  const refusals: readonly (readonly [what: string, text: string, why: string])[] = [
    [
      'MasterConfiguration',
      'apiVersion: kubeadm.k8s.io/v1alpha1\nkind: MasterConfiguration\n',
      'it is a MasterConfiguration, of kubeadm 1.11 or older',
    ],
    [
      'another kind',
      map.replace('kind: ClusterConfiguration', 'kind: InitConfiguration'),
      'it is no ClusterConfiguration',
    ],
    [
      'an older version',
      map.replace('v1beta3', 'v1alpha3'),
      'its apiVersion kubeadm.k8s.io/v1alpha3 is not known here',
    ],
    [
      'a newer version',
      map.replace('v1beta3', 'v1beta5'),
      'its apiVersion kubeadm.k8s.io/v1beta5 is not known here',
    ],
    ['no version', map.replace(/apiVersion.*\n/, ''), 'its apiVersion undefined is not known here'],
    ['several documents', `${map}---\n${map}`, 'it holds several documents'],
    [
      'a key twice',
      `${map}apiServer: {}\n`,
      'a key is there twice: Map keys must be unique at line 10, column 1',
    ],
    ['nothing', '', 'it is empty'],
    ['a list for a map', withList.replace('v1beta4', 'v1beta3'), 'apiServer.extraArgs is no map'],
    ['a map for a list', withArgs.replace('v1beta3', 'v1beta4'), 'apiServer.extraArgs is no list'],
    ['anchors', map.replace('apiServer:', 'apiServer: &a'), 'apiServer.extraArgs is made with YAML anchors'],
    [
      'another folder in the way',
      withArgs.replace('mountPath: /etc/pki', 'mountPath: /var/log/kubernetes/audit'),
      'its volume pki is mounted at /var/log/kubernetes/audit already',
    ],
    [
      'our name on another volume',
      withArgs.replace('name: pki', 'name: sematext-audit-log'),
      'its volume sematext-audit-log is not as this tool makes it',
    ],
  ];
  for (const [what, text, why] of refusals)
    it(`refuses ${what}`, () => assert.throws(() => kubeadmConfig(text, logChange), refusal(why)));
});
