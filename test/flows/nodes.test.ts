// enable and disable on control-plane nodes: the whole road on the imitated node, with clients that keep asking. What
// happens when it is interrupted: ends-well.test.ts.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from '../../src/demo/kubernetes/object.ts';
import type { NodesOptions } from '../../src/demo/node/nodes.ts';
import { Failure } from '../../src/errors.ts';
import { codeOfEnable } from '../../src/flows/enable.ts';
import type { EnableRequest } from '../../src/flows/enable.ts';
import { watchAvailability } from '../support/availability.ts';
import { here, openScene, type Scene } from './scene.ts';

const serviceName = 'kubernetes.io/service-name';

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: 'it did not fail' });
}

/** What all slices of the service kubernetes hold together. */
function addressesOf(objects: readonly KubeObject[]): string[] {
  return objects
    .filter(
      ({ kind, metadata }) => kind === 'EndpointSlice' && metadata.labels?.[serviceName] === 'kubernetes',
    )
    .flatMap((slice) =>
      (slice['endpoints'] as { addresses: string[] }[]).flatMap(({ addresses }) => addresses),
    );
}

describe('enable and disable on control-plane nodes', function () {
  this.timeout(300_000);
  let scene: Scene;
  let before: Readonly<Record<string, string>>;
  const begin = async (options: NodesOptions = {}): Promise<void> => {
    scene = await openScene(options);
    before = scene.state();
  };
  afterEach(() => scene.stop());

  it('turns the webhook on without one failed request, proves it, and takes it back byte for byte', async () => {
    await begin();
    const watching = watchAvailability(scene.cluster);
    const result = await scene.enable();
    assert.equal(result.outcome, 'enabled', JSON.stringify(result.checks));
    assert.equal(result.proof?.verdict, 'delivered');
    assert.match(
      scene.manifest(),
      /--audit-webhook-config-file=\/etc\/kubernetes\/sematext-audit\/[0-9a-f]{12}\//,
    );
    assert.match(scene.state()['ConfigMap kube-system/kubeadm-config'] ?? '', /audit-webhook-config-file/);
    assert.deepEqual(
      Object.keys(scene.state()).filter((name) => /^(Pod|Secret|Namespace) .*sematext/.test(name)),
      [],
    );
    assert.equal((await scene.status()).checks.find(({ id }) => id === 'change-in-force')?.result, 'ok');
    assert.equal((await scene.enable()).outcome, 'unchanged');
    assert.equal((await scene.disable()).outcome, 'disabled');
    const { asked, missed } = await watching.stop();
    assert.ok(asked > 20, `${asked} requests`);
    assert.deepEqual(missed, []);
    assert.deepEqual(scene.state(), before);
  });

  it('keeps an API server among the endpoints that pods on other nodes are sent to', async () => {
    await begin();
    const { objects } = scene.cluster;
    const held: string[][] = [];
    const end = objects.onChange(({ kind }) => {
      if (kind.kind === 'EndpointSlice') held.push(addressesOf(objects.all()));
    });
    const { address } = scene.cluster.node;
    assert.equal((await scene.enable()).outcome, 'enabled');
    assert.equal((await scene.disable()).outcome, 'disabled');
    end();
    assert.ok(held.length >= 8, `${held.length} changes: in and out of both slices, twice`);
    for (const addresses of held) assert.ok(addresses.includes(address), JSON.stringify(held));
    assert.deepEqual(addressesOf(objects.all()), [address]);
    assert.deepEqual(scene.state(), before);
  });

  it('goes no further where a packet filter keeps connections from the twin, and nobody is refused', async () => {
    await begin();
    scene.cluster.node.filterPorts();
    const watching = watchAvailability(scene.cluster);
    const failure = await failureOf(scene.enable());
    assert.equal(failure.code, 'rolled-back');
    assert.match(failure.message, /control-1: a packet filter of the node drops .* port 7443 \(carry\)\.$/);
    assert.match(failure.suggestions.join(), /let that port in.*--no-twin/);
    const { asked, missed } = await watching.stop();
    assert.ok(asked > 20, `${asked} requests`);
    assert.deepEqual(missed, []);
    assert.deepEqual(scene.state(), before);
  });

  it('tells of an endpoint that a dead run has left, and takes it away', async () => {
    await begin();
    await scene.enable();
    const { objects } = scene.cluster;
    const theirs = objects.all().find(({ kind }) => kind === 'EndpointSlice') ?? assert.fail('no slice');
    const labels = { [serviceName]: 'kubernetes', 'app.kubernetes.io/managed-by': 'kubectl-sematext-audit' };
    objects.put({ ...theirs, metadata: { name: 'sematext-audit-dead', namespace: 'default', labels } });
    const left = (await scene.status()).checks.find(({ id }) => id === 'nothing-left');
    assert.equal(left?.result, 'bad');
    assert.match(left?.evidence ?? '', /sematext-audit-dead/);
    await scene.disable({ nodes: { ...here, resume: true } });
    assert.deepEqual(scene.state(), before);
  });

  it('shows the plan and changes nothing', async () => {
    await begin();
    const result = await scene.enable({ dryRun: true });
    assert.equal(result.outcome, 'planned');
    assert.ok(result.plan.steps.some(({ action }) => action.do === 'turn'));
    assert.deepEqual(scene.state(), before);
  });

  it('stops after the rehearsal when that is all that is wanted', async () => {
    await begin();
    const result = await scene.enable({ nodes: { ...here, rehearseOnly: true } });
    assert.equal(result.outcome, 'rehearsed');
    assert.deepEqual(scene.state(), before);
  });

  it('writes the log file where that is asked for, and finds its own event in it', async () => {
    await begin();
    const result = await scene.enable({ backend: 'log-backend' });
    assert.equal(result.outcome, 'enabled', JSON.stringify(result.checks));
    assert.equal((await scene.disable()).outcome, 'disabled');
    assert.deepEqual(scene.state(), before);
  });

  it('asks before an outage, and has one only when it was agreed to', async () => {
    await begin({ without: ['nft', 'iptables'] });
    const failure = await failureOf(scene.enable());
    assert.equal(failure.code, 'confirmation-needed');
    assert.deepEqual(scene.state(), before);
    const result = await scene.enable({ yes: true });
    assert.equal(result.outcome, 'enabled');
  });

  it('changes a policy later, and touches only what differs', async () => {
    await begin();
    await scene.enable();
    const first = scene.manifest();
    assert.equal((await scene.enable({ policy: { preset: 'minimal' } })).outcome, 'enabled');
    assert.notEqual(scene.manifest(), first);
    const folders = readdirSync(join(scene.cluster.node.root, 'etc/kubernetes/sematext-audit'));
    assert.equal(folders.length, 1);
    assert.ok(scene.manifest().includes(folders[0] ?? 'none'));
    await scene.disable();
    assert.deepEqual(scene.state(), before);
  });

  it('lints a policy of its own first: each warning once, a check that sums up, and an error that refuses', async () => {
    await begin();
    const policyOf = (verb: string): EnableRequest['policy'] => ({
      file: 'p.yaml',
      text: `apiVersion: audit.k8s.io/v1\nrules:\n  - level: None\n    verbs: [${verb}]\n  - level: Metadata\n`,
    });
    const { outcome, checks } = await scene.enable({ policy: policyOf('GET, watch'), dryRun: true });
    const told = scene.told.filter((line) => line.includes('[verb-case]'));
    assert.deepEqual(told, [
      '! p.yaml:4:13: rules[0].verbs[0]: "GET" matches nothing: verbs are in lower case (write get) [verb-case]',
    ]);
    const clear = checks.find(({ id }) => id === 'policy-clear');
    assert.deepEqual([outcome, clear?.result], ['planned', 'bad']);
    assert.equal(clear?.evidence, '1 warning: verb-case (line 4)');
    const refused = await scene.enable({ policy: policyOf('[a]'), dryRun: true });
    assert.deepEqual([refused.outcome, codeOfEnable(refused)], ['refused', 'policy-invalid']);
    scene.told.length = 0;
    await scene.enable({ policy: { preset: 'vendor' }, dryRun: true });
    assert.ok(!scene.told.some((line) => line.startsWith('!')));
  });

  it('leaves everything as it was when the twin says no', async () => {
    await begin();
    scene.cluster.node.runOutOfMemory(({ metadata }) => metadata.name.includes('twin'), 50);
    const failure = await failureOf(scene.enable());
    assert.equal(failure.code, 'rolled-back', failure.message);
    assert.deepEqual(scene.state(), before);
  });

  it('leaves everything as it was when events do not arrive', async () => {
    await begin();
    scene.sematext.faults.receiver.status(500, undefined, { when: ({ method }) => method === 'POST' });
    const failure = await failureOf(scene.enable({ timeoutMs: 5_000 }));
    assert.ok(['rolled-back', 'not-delivered', 'token-refused'].includes(failure.code), failure.message);
    assert.deepEqual(scene.state(), before);
  });
});
