// The stand-in among the endpoints of the Service kubernetes: when there is one, how it looks, when it goes.
import assert from 'node:assert/strict';
import { nodeName } from '../../src/demo/kubernetes/cluster.ts';
import type { KubeObject } from '../../src/demo/kubernetes/object.ts';
import { Failure } from '../../src/errors.ts';
import { holdEndpoint, leftEndpoints, releaseEndpoint } from '../../src/flows/nodes/endpoint.ts';
import type { Site } from '../../src/flows/nodes/site.ts';
import { manifest } from '../audit/target/manifests.ts';
import { openStage, type Stage } from './stage.ts';

const run = '0a1b2c3d-0000-4000-8000-000000000000';
const advertised = '192.0.2.2';
const turn = { node: nodeName, before: manifest('kubeadm-1.37.yaml'), carry: undefined };
const name = `sematext-audit-0a1b2c3d-${nodeName}`;

for (const [version, api] of [
  ['1.37.2', 'v1'],
  ['1.18.19', 'v1beta1'],
] as const)
  describe(`the stand-in endpoint, ${api}`, () => {
    let stage: Stage;
    let site: Site;
    const told: string[] = [];
    const path = `/apis/discovery.k8s.io/${api}/namespaces/default/endpointslices/${name}`;
    const theirs = (): KubeObject => stage.find('EndpointSlice', 'kubernetes') as KubeObject;
    /** The API servers' slice has these addresses from now on. */
    const have = (...addresses: string[]): void => {
      const endpoints = addresses.map((address) => ({ addresses: [address], conditions: { ready: true } }));
      stage.server.objects.put({ ...theirs(), endpoints });
    };

    before(async () => {
      stage = await openStage({ version, auditSinks: { served: false, honoured: false } });
      const world = stage.world();
      const tell = (title: string): unknown => told.push(title);
      const cluster = await world.cluster();
      site = { world, cluster, clock: world.clock, run, token: undefined, helperImage: undefined, tell };
    });
    beforeEach(() => {
      told.length = 0;
      stage.reset();
    });
    after(() => (stage as Stage | undefined)?.stop());

    it('has the address and the ports of the API server, and goes with the node', async () => {
      have('192.0.2.9', advertised);
      assert.equal(await holdEndpoint(site, turn), path);
      const slice = stage.find('EndpointSlice', name) ?? assert.fail('there is none');
      assert.deepEqual(slice['endpoints'], [{ addresses: [advertised], conditions: { ready: true } }]);
      assert.deepEqual(slice['ports'], theirs()['ports']);
      assert.equal(slice['addressType'], theirs()['addressType']);
      assert.equal(slice.metadata.labels?.['kubernetes.io/service-name'], 'kubernetes');
      const { uid } = (stage.find('Node', nodeName) as KubeObject).metadata;
      assert.deepEqual((slice.metadata as { ownerReferences?: unknown }).ownerReferences, [
        { apiVersion: 'v1', kind: 'Node', name: nodeName, uid },
      ]);
      assert.deepEqual(await leftEndpoints(site), [path]);
    });

    it('is made once, however often that is asked', async () => {
      have(advertised);
      assert.equal(await holdEndpoint(site, turn), path);
      assert.equal(await holdEndpoint(site, turn), path);
    });

    for (const [what, prepare] of [
      ['the address is not among the endpoints', () => have('192.0.2.9')],
      ['the API servers keep no endpoints', () => stage.server.objects.drop(theirs())],
    ] as const)
      it(`is not made where ${what}`, async () => {
        prepare();
        assert.equal(await holdEndpoint(site, turn), undefined);
        assert.deepEqual(await leftEndpoints(site), []);
      });

    it('is not left out where the endpoints cannot be seen', async () => {
      stage.server.faults.status(403, undefined, { when: ({ target }) => target.includes('endpointslices') });
      await assert.rejects(holdEndpoint(site, turn), (error) => error instanceof Failure);
    });

    it('goes once the address is back', async () => {
      have(advertised);
      await holdEndpoint(site, turn);
      have();
      let [asked, early] = [0, 0];
      const slowly = {
        ...site.clock,
        sleep: async (ms: number) => {
          asked += 1;
          if (stage.find('EndpointSlice', name) === undefined) early += 1;
          if (asked === 5) have(advertised);
          await site.clock.sleep(ms);
        },
      };
      await releaseEndpoint({ ...site, clock: slowly }, path);
      assert.equal(stage.find('EndpointSlice', name), undefined);
      assert.deepEqual({ asked, early }, { asked: 5, early: 0 });
    });

    it('stays, and says so, where the address does not come back', async () => {
      have(advertised);
      await holdEndpoint(site, turn);
      have('192.0.2.9');
      await releaseEndpoint(site, path);
      assert.ok(stage.find('EndpointSlice', name));
      assert.match(told.join('\n'), new RegExp(`${advertised} is not among .*${name} stays`));
    });

    it('may have gone already', async () => {
      await releaseEndpoint(site, path);
      assert.deepEqual(told, []);
    });
  });
