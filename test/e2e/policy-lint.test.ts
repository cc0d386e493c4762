// policy lint held against real API servers: what their discovery is read as, and that what it knows of Kubernetes
// without a cluster is what they serve.
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { knownResources } from '../../src/audit/policy/lint/known-resources.ts';
import { presetNames } from '../../src/audit/policy/presets.ts';
import { discover } from '../../src/flows/policy/discovery.ts';
import { lint } from '../../src/flows/policy/lint.ts';
import type { LintResult } from '../../src/flows/policy/lint.ts';
import { openWorld } from '../../src/io/world.ts';
import type { World } from '../../src/io/world.ts';
import { temporary } from '../support/secrets.ts';
import { startApiServer } from './support/api-server.ts';
import type { ApiServer } from './support/api-server.ts';
import { startEtcd } from './support/etcd.ts';
import type { Etcd } from './support/etcd.ts';

const everything: Readonly<Record<string, readonly string[]>> = {
  '1.37.2': ['--runtime-config=api/all=true', '--feature-gates=AllAlpha=true,AllBeta=true'],
  '1.18.19': ['--runtime-config=api/all=true', '--feature-gates=EphemeralContainers=true'],
};
const policy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    resources:
      - resources: [pods/log, pods/logs, widgets]
      - group: apps
        resources: [Deployment, deployments/scale, "*/scale"]
      - group: rbac.authorization.k8s.io
        resources: [roles, pods]
      - group: example.com
  - level: Metadata
`;
const found = [
  'unknown-resource rules[0].resources[0].resources[1]',
  'unknown-resource rules[0].resources[0].resources[2]',
  'resource-name rules[0].resources[1].resources[0]',
  'wrong-group rules[0].resources[2].resources[1]',
  'unknown-group rules[0].resources[3].group',
];

for (const version of ['1.37.2', '1.18.19'] as const)
  describe(`policy lint with kube-apiserver ${version}`, function () {
    this.timeout(180_000);
    let etcd: Etcd;
    let api: ApiServer;
    before(async () => {
      etcd = await startEtcd();
      api = await startApiServer({ version, etcd, extraFlags: everything[version] ?? [] });
    });
    after(async () => {
      await api.stop();
      await etcd.stop();
    });
    const world = (): World => {
      const { stdin, stderr } = process;
      const connection = { kubeconfig: api.adminKubeconfig };
      const { signal } = new AbortController();
      setMaxListeners(0, signal); // as src/cli/cancel.ts has it
      return openWorld({ connection, signal, stdin, stderr, noInput: true, env: {} });
    };
    const linted = async (...files: readonly string[]): Promise<LintResult> =>
      (
        await lint(world(), {
          files,
          version: undefined,
          cluster: true,
          fix: false,
          strict: true,
          ignore: [],
        })
      ).result;

    it('reads all that it serves', async () => {
      const { groups, unread } = await discover(await world().cluster());
      assert.deepEqual(unread, []);
      assert.ok(groups.size > 12);
      const pods = groups.get('')?.find(({ resource }) => resource === 'pods');
      assert.deepEqual([pods?.kind, pods?.shortNames], ['Pod', ['po']]);
      assert.ok(pods?.subresources.includes('exec'));
    });

    it('knows every resource and subresource of it without asking', async () => {
      const { groups } = await discover(await world().cluster());
      const unknown = [...groups].flatMap(([group, rows]) =>
        rows.flatMap(({ resource, kind, shortNames, subresources }) => {
          const row = knownResources.get(group)?.find((one) => one.resource === resource);
          const names = [...shortNames, ...subresources];
          const known = [...(row?.shortNames ?? []), ...(row?.subresources ?? [])];
          return row?.kind === kind && names.every((name) => known.includes(name))
            ? []
            : [`${group}/${resource}`];
        }),
      );
      assert.deepEqual(unknown, []);
    });

    it('finds what there is not', async () => {
      const path = join(temporary().path, 'policy.yaml');
      writeFileSync(path, policy);
      const { kubernetes, files } = await linted(path);
      assert.deepEqual(kubernetes, { version: version.slice(0, 4), from: 'cluster' });
      const [file] = files;
      assert.deepEqual(
        file?.problems.map(({ id, path: at }) => `${id} ${at}`),
        found,
      );
      assert.deepEqual(file?.unjudged, []);
    });

    it('has nothing against the presets', async () => {
      const { counts, files } = await linted(...presetNames);
      assert.deepEqual([counts.errors, counts.warnings], [0, 0], JSON.stringify(files));
    });
  });
