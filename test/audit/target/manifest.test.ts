// The manifest of an API server: what is read from it, and which ones are refused.
import assert from 'node:assert/strict';
import { readManifest } from '../../../src/audit/target/manifest.ts';
import { manifest, refusal, variants } from './manifests.ts';

const kubeadm = manifest('kubeadm-1.37.yaml');
const minimal = manifest('bare.yaml');

describe('readManifest', () => {
  it('reads what kubeadm writes', () => {
    const { flags, ...rest } = readManifest(kubeadm);
    assert.deepEqual(rest, {
      namespace: 'kube-system',
      name: 'kube-apiserver',
      container: 'kube-apiserver',
      image: 'registry.k8s.io/kube-apiserver:v1.37.2',
      securePort: 6443,
      bindAddress: '0.0.0.0',
      advertiseAddress: '192.0.2.2',
      annotations: {
        'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': '192.0.2.2:6443',
      },
      runAsUser: undefined,
      gracePeriod: 30,
    });
    assert.equal(Object.keys(flags).length, 27);
    assert.equal(flags['etcd-servers'], 'https://127.0.0.1:2379');
  });

  it('reads what else may be said: in args, in quotes, as numbers', () => {
    const { securePort, bindAddress, runAsUser, gracePeriod, annotations } = readManifest(
      manifest('command-and-args.yaml'),
    );
    assert.deepEqual(
      { securePort, bindAddress, runAsUser, gracePeriod, annotations },
      { securePort: 8443, bindAddress: '::', runAsUser: 997, gracePeriod: 70, annotations: {} },
    );
  });

  it('takes the user of the container before that of the pod', () => {
    const text = manifest('command-and-args.yaml').replace('volumes: []', 'securityContext: {runAsUser: 1}');
    assert.equal(readManifest(text).runAsUser, 997);
    assert.equal(readManifest(text.replace('runAsUser: 997', 'privileged: false')).runAsUser, 1);
  });

  it('knows defaults: 6443, all addresses, the namespace default', () => {
    const { namespace, securePort, bindAddress, advertiseAddress } = readManifest(minimal);
    assert.deepEqual(
      { namespace, securePort, bindAddress, advertiseAddress },
      { namespace: 'default', securePort: 6443, bindAddress: '0.0.0.0', advertiseAddress: undefined },
    );
  });

  it('reads flags in two words, with underscores, and none', () => {
    const { flags } = readManifest(manifest('hyperkube.yaml'));
    assert.deepEqual(flags, {
      'advertise-address': '192.0.2.2',
      'etcd-servers': 'https://127.0.0.1:2379',
      'feature-gates': 'PodPriority=true,DynamicAuditing=false',
      'audit-log-path': '-',
      'anonymous-auth': 'false',
      profiling: 'true',
    });
  });

  it('reads the same whatever the line ends', () => {
    const text = manifest('by-hand.yaml');
    for (const [what, variant] of variants(text))
      assert.deepEqual(readManifest(variant), readManifest(text), what);
  });

  const edit = (from: string | RegExp, to: string): string => {
    const text = minimal.replace(from, to);
    assert.notEqual(text, minimal);
    return text;
  };
  const command = /command:[^]*/;
  const refusals: readonly (readonly [what: string, text: string, why: string])[] = [
    ['nothing', '', 'it is empty'],
    ['comments alone', '# nothing\n', 'it is empty'],
    ['an empty document', '---\n---\n', 'it is empty'],
    [
      'no YAML',
      'a: [',
      'it is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ] at line 1, column 5',
    ],
    ['a word', 'kube-apiserver', 'the document is no map'],
    ['several documents', `${minimal}\n---\na: b\n`, 'it holds several documents'],
    [
      'a key twice',
      `${minimal}\n    name: x\n`,
      'a key is there twice: Map keys must be unique at line 13, column 5',
    ],
    ['another kind', edit('kind: Pod', 'kind: Deployment'), 'it is not a Pod of v1'],
    ['another version', edit('apiVersion: v1', 'apiVersion: v2'), 'it is not a Pod of v1'],
    ['no name', edit('name: kube-apiserver\nspec', 'labels: {}\nspec'), 'its pod has no name'],
    ['no containers', edit(/containers:[^]*/, 'volumes: []'), 'no container in it runs kube-apiserver'],
    ['containers in a map', edit(/containers:[^]*/, 'containers: {a: b}'), 'spec.containers is no list'],
    [
      'another program',
      edit('- kube-apiserver', '- kube-scheduler'),
      'no container in it runs kube-apiserver',
    ],
    [
      'a health check of its name',
      edit('- kube-apiserver', '- /kube-apiserver-healthcheck'),
      'no container in it runs kube-apiserver',
    ],
    [
      'the name as a value',
      edit('- kube-apiserver', '- --x=/kube-apiserver'),
      'no container in it runs kube-apiserver',
    ],
    ['no command', edit(command, 'args: [--v=2]'), 'no container in it runs kube-apiserver'],
    [
      'two of them',
      `${minimal}\n  - {name: b, command: [kube-apiserver]}\n`,
      'several containers in it run kube-apiserver',
    ],
    [
      'a shell line',
      edit(command, 'command: [/bin/sh, -c, "exec kube-apiserver --v=2 2>&1"]'),
      'a shell starts its API server (sh -c), so its flags are words of a script',
    ],
    [
      'a shell line over lines',
      edit(command, 'command: [bash, -c, "kube-apiserver\\n --v=2"]'),
      'a shell starts its API server (sh -c), so its flags are words of a script',
    ],
    [
      'a shell before it',
      edit(command, 'command: [/bin/bash, run.sh, kube-apiserver]'),
      'a shell starts its API server (sh -c), so its flags are words of a script',
    ],
    [
      'no host network',
      edit('hostNetwork: true', 'hostNetwork: false'),
      'its pod is not in the network of the host',
    ],
    [
      'nothing said of the network',
      edit('  hostNetwork: true\n', ''),
      'its pod is not in the network of the host',
    ],
    [
      'a command that is a word',
      edit(command, 'command: kube-apiserver'),
      'spec.containers.0.command is no list',
    ],
    [
      'a number among the words',
      edit(command, 'command: [kube-apiserver, 5]'),
      'spec.containers.0.command.1 is no text',
    ],
    [
      'no port',
      edit(command, 'command: [kube-apiserver, --secure-port=0]'),
      'its API server has no secure port',
    ],
    [
      'a port that is none',
      edit(command, 'command: [kube-apiserver, --secure-port=x]'),
      'its API server has no secure port',
    ],
    [
      'an anchor on the list',
      edit('command:', 'command: &words'),
      'spec.containers.0.command.0 is made with YAML anchors',
    ],
    [
      'an alias for the list',
      edit(
        /  hostNetwork[^]*/,
        '  hostNetwork: true\n  x: &c [kube-apiserver]\n  containers: [{name: a, command: *c}]',
      ),
      'spec.containers.0.command.0 is made with YAML anchors',
    ],
    [
      'an alias for a word',
      edit(command, 'image2: &v --v=2\n    command: [kube-apiserver, *v]'),
      'spec.containers.0.command.1 is made with YAML anchors',
    ],
    ['an anchor on the pod', `&pod\n${minimal}`, 'metadata.annotations is made with YAML anchors'],
    ['a merge key', edit('spec:', 'x: &x {}\nspec:\n  <<: *x'), 'spec.volumes is made with YAML anchors'],
    [
      'an alias for the volumes',
      `volumes: &v []\n${minimal}`.replace('spec:', 'spec:\n  volumes: *v'),
      'spec.volumes is made with YAML anchors',
    ],
    ['annotations in a list', edit('spec:', '  annotations: []\nspec:'), 'metadata.annotations is no map'],
  ];
  for (const [what, text, why] of refusals)
    it(`refuses ${what}`, () => assert.throws(() => readManifest(text), refusal(why)));

  it('does not mind a shell in another container', () => {
    const text = `${minimal}\n  - {name: b, command: [sh, -c, "pgrep kube-apiserver || exit 1"]}\n`;
    assert.equal(readManifest(text).container, 'kube-apiserver');
  });

  it('takes an empty document at the end, as the kubelet does', () => {
    assert.equal(readManifest(`${minimal}\n---\n`).name, 'kube-apiserver');
  });
});
