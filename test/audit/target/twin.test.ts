// The twin of an API server: the same process in all that clients see, and in nobody's way.
import assert from 'node:assert/strict';
import { stringify } from 'yaml';
import { diff } from '../../../src/audit/diff.ts';
import { flagsFromArgv } from '../../../src/audit/flags.ts';
import { applyChange, readManifest } from '../../../src/audit/target/manifest.ts';
import { twinPod } from '../../../src/audit/target/twin.ts';
import { Unusable } from '../../../src/audit/target/unusable.ts';
import { golden } from './golden.ts';
import { logChange, manifest, manifestNames, webhookChange } from './manifests.ts';

const options = { run: '0123456789abcdef', node: 'cp-1.example.com', port: 7443 };

type Containers = readonly { readonly command?: readonly string[]; readonly args?: readonly string[] }[];

function flagsOfTwin(text: string): Readonly<Record<string, string>> {
  const containers = twinPod(text, options).spec['containers'] as Containers;
  return flagsFromArgv(containers.flatMap(({ command = [], args = [] }) => [...command, ...args]));
}

describe('twinPod', () => {
  for (const name of ['kubeadm-1.37.yaml', 'kubeadm-1.18.yaml', 'kops.yaml', 'hyperkube.yaml'])
    it(`is what it should be for ${name}`, () => {
      const text = applyChange(manifest(name), logChange);
      const pod = stringify(twinPod(text, options), { indentSeq: false, lineWidth: 0 });
      golden(`test/golden/manifests/twin-${name}.diff`, diff(text, pod, name));
    });

  it('changes only these flags', () => {
    for (const name of manifestNames) {
      const text = applyChange(manifest(name), logChange);
      const before = readManifest(text).flags;
      const after = flagsOfTwin(text);
      const changed = Object.keys(after).filter((flag) => after[flag] !== before[flag]);
      const mayHave = ['audit-log-path', 'endpoint-reconciler-type', 'secure-port'];
      assert.deepEqual(changed.filter((flag) => flag !== 'insecure-port').toSorted(), mayHave, name);
      assert.deepEqual(
        Object.keys(before).filter((flag) => !(flag in after)),
        [],
        name,
      );
      assert.equal(after['secure-port'], '7443');
      assert.equal(after['endpoint-reconciler-type'], 'none');
      assert.equal(after['audit-log-path'], '/var/log/kubernetes/audit/audit-twin.log');
    }
  });

  it('writes its log beside the other, whatever the name', () => {
    const text = applyChange(manifest('kubeadm-1.37.yaml'), logChange).replace(
      'audit/audit.log',
      'audit/k8s',
    );
    assert.equal(flagsOfTwin(text)['audit-log-path'], '/var/log/kubernetes/audit/k8s-twin');
  });

  it('writes no file where the real one writes none, and stdout as that one', () => {
    assert.equal(flagsOfTwin(manifest('kubeadm-1.37.yaml'))['audit-log-path'], undefined);
    assert.equal(flagsOfTwin(manifest('hyperkube.yaml'))['audit-log-path'], '-');
  });

  it('sends to the webhook at once, where there is one', () => {
    const wait = 'audit-webhook-batch-max-wait';
    const text = applyChange(manifest('kubeadm-1.37.yaml'), webhookChange);
    assert.equal(flagsOfTwin(text)[wait], '1s');
    assert.equal(flagsOfTwin(text.replace('--allow-privileged=true', `--${wait}=60s`))[wait], '1s');
    assert.equal(flagsOfTwin(manifest('kubeadm-1.37.yaml'))[wait], undefined);
  });

  const insecure: readonly (readonly [
    what: string,
    image: string,
    flag: string | undefined,
    port: string | undefined,
  ])[] = [
    ['1.19, which opens 8080 by itself', 'k8s.gcr.io/kube-apiserver:v1.19.16', undefined, '0'],
    ['1.20, which has none', 'k8s.gcr.io/kube-apiserver:v1.20.0', undefined, undefined],
    ['1.18 with another port', 'k8s.gcr.io/kube-apiserver:v1.18.0', '8081', '0'],
    ['an image that says nothing, with a port', 'example.com:5000/api@sha256:00', '8080', '0'],
    ['an image that says nothing, without', 'example.com:5000/v1.2.3/api', undefined, undefined],
  ];
  for (const [what, image, flag, port] of insecure)
    it(`closes the insecure port of ${what}`, () => {
      const own = flag === undefined ? '--v=0' : `--insecure-port=${flag}`;
      const text = manifest('kubeadm-1.37.yaml')
        .replace('registry.k8s.io/kube-apiserver:v1.37.2', image)
        .replace('--allow-privileged=true', own);
      assert.equal(flagsOfTwin(text)['insecure-port'], port);
    });

  it('keeps what confines the process, and what it needs around it', () => {
    const text = manifest('kubeadm-1.37.yaml')
      .replace(
        '  annotations:\n',
        '  annotations:\n    seccomp.security.alpha.kubernetes.io/pod: runtime/default\n',
      )
      .replace(
        '  priorityClassName',
        '  hostAliases: [{ip: 192.0.2.9, hostnames: [etcd]}]\n  priorityClassName',
      )
      .replace(
        '    resources:',
        '    env: [{name: A, value: b}]\n    securityContext: {runAsUser: 7}\n    resources:',
      )
      .replace('  hostNetwork', '  terminationGracePeriodSeconds: 90\n  hostNetwork');
    const { metadata, spec } = twinPod(text, options);
    assert.equal(metadata.annotations?.['seccomp.security.alpha.kubernetes.io/pod'], 'runtime/default');
    assert.deepEqual(spec['hostAliases'], [{ ip: '192.0.2.9', hostnames: ['etcd'] }]);
    assert.deepEqual(spec['securityContext'], { seccompProfile: { type: 'RuntimeDefault' } });
    assert.equal(spec['terminationGracePeriodSeconds'], 90);
    const [container] = spec['containers'] as Record<string, unknown>[];
    assert.deepEqual(container?.['env'], [{ name: 'A', value: 'b' }]);
    assert.deepEqual(container?.['securityContext'], { runAsUser: 7 });
  });

  it('is an urgent pod where the manifest names no class', () => {
    assert.equal(twinPod(manifest('bare.yaml'), options).spec['priorityClassName'], 'system-node-critical');
  });

  it('has none of the labels that select an API server', () => {
    const { labels } = twinPod(manifest('kubeadm-1.37.yaml'), options).metadata;
    assert.deepEqual(labels, {
      'app.kubernetes.io/managed-by': 'kubectl-sematext-audit',
      'app.kubernetes.io/component': 'twin',
    });
  });

  it('refuses what cannot be changed', () => {
    assert.throws(() => twinPod('kind: Pod', options), Unusable);
  });
});
