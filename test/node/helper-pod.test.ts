// The pods that run the scripts. That a real API server takes them: test/e2e/node/pods.test.ts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardManifest, helperPod, secretFor } from '../../src/node/helper-pod.ts';
import { phaseArguments } from '../../src/node/protocol.ts';

const run = '0b5c1c5e-6d0f-4a55-9a3c-4f7c2b1d8e90';
const helper = {
  run,
  node: 'control-1',
  arch: 'amd64',
  image: 'registry.k8s.io/kube-apiserver:v1.37.2',
  phase: 'look',
  args: phaseArguments('look', run, { folder: '/m', log: '/l' }),
  secret: 's',
} as const;

interface Spec {
  readonly containers: readonly [
    {
      readonly image: string;
      readonly command: readonly string[];
      readonly env?: readonly { readonly name: string; readonly value: string }[];
      readonly volumeMounts: readonly {
        readonly name: string;
        readonly mountPath: string;
        readonly readOnly?: boolean;
      }[];
    },
  ];
  readonly volumes: readonly {
    readonly name: string;
    readonly hostPath?: { readonly path: string; readonly type: string };
  }[];
  readonly [key: string]: unknown;
}
const specOf = (pod: { readonly spec: unknown }): Spec => pod.spec as Spec;
const mounts = (spec: Spec): readonly string[] =>
  spec.containers[0].volumeMounts.map(
    ({ mountPath, readOnly }) => mountPath + (readOnly === true ? ' ro' : ''),
  );

describe('the helper pod', () => {
  it('runs one phase on its node, to its end', () => {
    const pod = helperPod(helper);
    const spec = specOf(pod);
    assert.equal(pod.metadata.name, 'sematext-audit-look-0b5c1c5e-control-1');
    assert.equal(pod.metadata.annotations?.['sematext.com/audit-run'], run);
    assert.deepEqual(
      [spec['nodeName'], spec['restartPolicy'], spec['automountServiceAccountToken'], spec['tolerations']],
      ['control-1', 'Never', false, [{ operator: 'Exists' }]],
    );
    assert.deepEqual(spec.containers[0].command, [
      '/bin/sh',
      '/sematext-audit/transaction.sh',
      'look',
      `run=${run}`,
      'folder=/m',
      'log=/l',
      'root=/host',
      'enter=/usr/sbin/chroot /host',
      'files=/sematext-audit',
    ]);
  });

  it("has the API server's image and the host's userland, where the loader of that architecture is", () => {
    const userland = (arch: string): readonly string[] => mounts(specOf(helperPod({ ...helper, arch })));
    assert.deepEqual(userland('arm64'), ['/host', '/usr ro', '/bin ro', '/lib ro', '/sematext-audit ro']);
    for (const arch of ['amd64', 'ppc64le']) assert.ok(userland(arch).includes('/lib64 ro'), arch);
    const spec = specOf(helperPod(helper));
    assert.equal(spec.containers[0].image, helper.image);
    const paths = spec.volumes.flatMap(({ hostPath }) =>
      hostPath ? [`${hostPath.path} ${hostPath.type}`] : [],
    );
    assert.deepEqual(
      paths,
      ['/', '/usr', '/bin', '/lib', '/lib64'].map((path) => `${path} Directory`),
    );
  });

  it("has only the host's root with an image of one's own", () => {
    const spec = specOf(helperPod({ ...helper, helperImage: 'busybox:1' }));
    assert.deepEqual(
      [spec.containers[0].image, mounts(spec)],
      ['busybox:1', ['/host', '/sematext-audit ro']],
    );
  });

  it('has a name of at most 63 characters, another one for another node', () => {
    const nameOn = (node: string): string => helperPod({ ...helper, phase: 'twin-log', node }).metadata.name;
    const long = 'ip-10-0-123-45.eu-central-1.compute.internal.example';
    const names = [`${long}-a`, `${long}-b`, 'x', `${'a'.repeat(19)}.b${'c'.repeat(40)}`].map(nameOn);
    assert.equal(new Set(names).size, names.length);
    // DNS subdomain (k8s.io/apimachinery/pkg/util/validation)
    for (const name of names)
      assert.match(name, /^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
  });
});

describe('the Secret of a phase', () => {
  it('holds the files, and is marked as the run', () => {
    const secret = secretFor({ run, name: 's', files: { 'config.policy.yaml': 'x' } });
    assert.deepEqual(
      [secret.kind, secret.metadata.name, secret.stringData],
      ['Secret', 's', { 'config.policy.yaml': 'x' }],
    );
    assert.equal(secret.metadata.annotations?.['sematext.com/audit-run'], run);
  });
});

describe("the guard's manifest", () => {
  const guard = { run, arch: 'amd64', image: helper.image };
  const specIn = (text: string): Spec => specOf(JSON.parse(text) as { spec: unknown });

  it('is a static pod: it refers to nothing in the API', () => {
    const pod = JSON.parse(guardManifest(guard)) as { metadata: { name: string; namespace: string } };
    assert.deepEqual([pod.metadata.name, pod.metadata.namespace], ['sematext-audit-guard', 'kube-system']);
    const spec = specIn(guardManifest(guard));
    assert.ok(spec.volumes.every(({ hostPath }) => hostPath !== undefined));
    assert.equal(spec['serviceAccountName'], undefined);
    assert.deepEqual([spec['restartPolicy'], spec['priorityClassName']], ['Always', 'system-node-critical']);
  });

  it('runs the script that lies on the node, and goes when there is none', () => {
    const folder = mkdtempSync(join(tmpdir(), 'guard-'));
    try {
      const manifests = "/it's/manifests";
      const [, , command] = specIn(guardManifest({ ...guard, folder: manifests })).containers[0].command;
      // what the pod has at /host is a folder here
      const here = command?.replaceAll('/host', folder).replace('exec sleep 3600', 'echo waits') ?? '';
      const state = join(folder, 'var/lib/sematext-audit');
      const file = join(folder, manifests, 'sematext-audit-guard.yaml');
      mkdirSync(state, { recursive: true });
      mkdirSync(join(folder, manifests), { recursive: true });
      writeFileSync(file, '');
      writeFileSync(join(state, 'guard.sh'), 'printf "%s\\n" "$@"\n');
      const said = (): string => execFileSync('/bin/sh', ['-c', here], { encoding: 'utf8' });
      assert.deepEqual(said().trim().split('\n'), [
        `run=${run}`,
        `folder=${manifests}`,
        `root=${folder}`,
        `enter=/usr/sbin/chroot ${folder}`,
      ]);
      assert.ok(existsSync(file));
      rmSync(join(state, 'guard.sh'));
      assert.equal(said(), 'waits\n');
      assert.ok(!existsSync(file));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
