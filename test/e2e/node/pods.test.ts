// The pods and the Secret of the node script, as real API servers of both ends of the range take them.
import assert from 'node:assert/strict';
import { guardManifest, helperPod, secretFor } from '../../../src/node/helper-pod.ts';
import { phaseArguments } from '../../../src/node/protocol.ts';
import { startApiServer, type ApiServer } from '../support/api-server.ts';
import { startEtcd, type Etcd } from '../support/etcd.ts';

const run = '0b5c1c5e-6d0f-4a55-9a3c-4f7c2b1d8e90';
const image = 'registry.k8s.io/kube-apiserver:v1.37.2';
const args = phaseArguments('swap', run, {});
const helper = { run, node: 'control-1.example', image, phase: 'swap', args, secret: 's' } as const;

for (const version of ['1.37.2', '1.18.19'] as const)
  describe(`what is created for the node script, by kube-apiserver ${version}`, function () {
    this.timeout(120_000);
    let etcd: Etcd;
    let server: ApiServer;

    before(async () => {
      etcd = await startEtcd();
      server = await startApiServer({ version, etcd, extraFlags: ['--allow-privileged=true'] });
      const metadata = {
        name: 'sematext-audit',
        labels: { 'pod-security.kubernetes.io/enforce': 'privileged' },
      };
      await post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata });
    });
    after(async () => {
      await (server as ApiServer | undefined)?.stop();
      await (etcd as Etcd | undefined)?.stop();
    });
    const post = (path: string, object: object): ReturnType<ApiServer['request']> =>
      server.request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(object),
      });

    const guard = (arch: string): object => {
      const pod = JSON.parse(guardManifest({ run, image, arch })) as { spec: object };
      return { ...pod, spec: { ...pod.spec, nodeName: helper.node } };
    };
    for (const [what, kind, object] of [
      ['the helper', 'pods', helperPod({ ...helper, arch: 'amd64' })],
      [
        'the helper with an image of its own',
        'pods',
        helperPod({ ...helper, arch: 'arm64', helperImage: 'busybox:1' }),
      ],
      ['the guard', 'pods', guard('amd64')],
      [
        'the Secret',
        'secrets',
        secretFor({ run, name: 's', files: { 'config.policy.yaml': 'x', 'transaction.sh': '' } }),
      ],
    ] as const)
      it(`accepts ${what} as it is meant`, async () => {
        const { namespace } = (object as { metadata: { namespace: string } }).metadata;
        const reply = await post(`/api/v1/namespaces/${namespace}/${kind}?dryRun=All`, object);
        assert.equal(reply.status, 201, reply.body);
        const { spec } = JSON.parse(reply.body) as { spec?: Record<string, unknown> };
        // Unknown fields are dropped in silence: what was meant must be in what came back.
        if (kind === 'pods') assertHas(spec, (object as { spec: object }).spec, 'spec');
      });
  });

/** Everything in `meant` is in `got`, which may have defaults besides. */
function assertHas(got: unknown, meant: unknown, where: string): void {
  if (Array.isArray(meant)) {
    assert.ok(Array.isArray(got), where);
    meant.forEach((one, index) => assertHas(got[index], one, `${where}[${index}]`));
  } else if (typeof meant === 'object' && meant !== null) {
    const fields = got as Record<string, unknown> | undefined;
    for (const [name, value] of Object.entries(meant)) assertHas(fields?.[name], value, `${where}.${name}`);
  } else assert.deepEqual(got, meant, where);
}
