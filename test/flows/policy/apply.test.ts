// policy apply on the imitated node: the policy changes and nothing else does, whatever was enabled, whatever goes wrong.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentName } from '../../../src/audit/agent/places.ts';
import { readRecord } from '../../../src/audit/plan/record.ts';
import type { AuditRecord } from '../../../src/audit/plan/record.ts';
import { names } from '../../../src/audit/names.ts';
import { preset } from '../../../src/audit/policy/presets.ts';
import type { NodesOptions } from '../../../src/demo/node/nodes.ts';
import type { PolicyChoice } from '../../../src/flows/policy/open.ts';
import { ask } from '../../demo/node/ask.ts';
import { eventually } from '../../demo/node/pods.ts';
import { watchAvailability } from '../../support/availability.ts';
import { version } from '../../support/facts.ts';
import { failure } from '../../support/failure.ts';
import { secrets, witness } from '../../support/secrets.ts';
import { mortal } from '../mortal.ts';
import { here, openScene, type Scene } from '../scene.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
const file = (text: string): PolicyChoice => ({ file: 'policy.yaml', text });

/** Writes of ConfigMaps, and of nothing else the reads of Secrets. */
const ofSecrets = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: Metadata, verbs: [create], resources: [{group: "", resources: [configmaps]}]}
  - {level: Metadata, verbs: [list], resources: [{group: "", resources: [secrets]}]}
  - {level: None}
`;
const broken = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Everything}]\n';
const unprovable = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None}]\n';

describe('policy apply', function () {
  this.timeout(300_000);
  let scene: Scene;
  let original: Readonly<Record<string, string>>;
  const begin = async (options: NodesOptions = {}): Promise<void> => {
    scene = await openScene(options);
    original = scene.state();
  };
  afterEach(() => scene.stop());

  const record = (): AuditRecord => {
    const map = scene.cluster.objects
      .all()
      .find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === names.object);
    return readRecord(map) ?? assert.fail('no record');
  };
  const onNode = (name: string): string => {
    const path = `/etc/kubernetes/sematext-audit/${record().change?.hash}/${name}`;
    assert.ok(scene.manifest().includes(`--audit-policy-file=${path.replace(name, 'policy.yaml')}`));
    return readFileSync(join(scene.cluster.node.root, path), 'utf8');
  };
  const swaps = (): number => scene.told.filter((text) => text.includes('Swapping the manifest')).length;
  const recordedOf = (path: string): number =>
    scene.sematext.documents(secrets.token).filter((event) => event['requestURI'] === path).length;
  /** The state without what a run calls itself: a failed one leaves word of its end. */
  const nameless = (): Readonly<Record<string, string>> => {
    const runs = new Set([
      `ConfigMap kube-system/${names.object}`,
      ...['alive', 'last'].map((one) => `/var/lib/sematext-audit/${one}`),
    ]);
    return Object.fromEntries(Object.entries(scene.state()).filter(([name]) => !runs.has(name)));
  };

  it('exchanges the policy of the webhook alone, without a failed request, and disable gives back the original', async () => {
    await begin();
    await scene.enable();
    const [first, kubeconfig] = [record(), onNode('webhook.kubeconfig')];
    await ask(scene.cluster, 'GET', '/api/v1/secrets?limit=11');
    await ask(scene.cluster, 'GET', `${configMaps}?limit=12`);
    await eventually('both events', () => recordedOf(`${configMaps}?limit=12`) > 0);
    const before = swaps();
    const watching = watchAvailability(scene.cluster);
    const result = await scene.apply({ policy: file(ofSecrets) });
    assert.equal(result.outcome, 'enabled', JSON.stringify(result.checks));
    assert.equal(result.proof?.verdict, 'delivered');
    const { asked, missed } = await watching.stop();
    assert.ok(asked > 10, `${asked} requests`);
    assert.deepEqual(missed, []);
    assert.equal(swaps() - before, 1);
    assert.equal(onNode('policy.yaml'), ofSecrets);
    assert.equal(onNode('webhook.kubeconfig'), kubeconfig);
    const { run, at, change, ...same } = record();
    const { run: firstRun, at: _at, change: firstChange, ...firstRest } = first;
    assert.deepEqual(same, firstRest);
    assert.deepEqual({ ...change, hash: '' }, { ...firstChange, hash: '' });
    assert.notEqual(run, firstRun);
    assert.ok(at > first.at);
    await ask(scene.cluster, 'GET', `${configMaps}?limit=13`);
    await ask(scene.cluster, 'GET', '/api/v1/secrets?limit=14');
    await eventually('the event', () => recordedOf('/api/v1/secrets?limit=14') > 0);
    assert.equal(recordedOf(`${configMaps}?limit=13`), 0);
    const status = await scene.status();
    assert.equal(status.checks.find(({ id }) => id === 'change-in-force')?.result, 'ok');
    assert.deepEqual(
      status.checks.filter(({ result: said }) => said === 'bad').map(({ id }) => id),
      [],
    );
    assert.equal((await scene.disable()).outcome, 'disabled');
    assert.deepEqual(scene.state(), original);
  });

  it('keeps the file and the agent of the log backend, however they were chosen', async () => {
    await begin();
    const logPath = '/var/log/kubernetes/own/events.log';
    const agent = { kind: 'logagent', image: 'registry.example.com/logagent:1' } as const;
    await scene.enable({ backend: 'log-backend', logPath, agent, wait: false });
    const ofAgent = (): unknown[] =>
      scene.cluster.objects.all().filter(({ metadata }) => metadata.name === agentName);
    const [agents, first] = [ofAgent(), record()];
    assert.equal(agents.length, 3);
    // the token is in the Secret of the agent
    const world = scene.world(undefined, { SEMATEXT_API_KEY: scene.sematext.apiKey });
    const result = await scene.apply({ policy: { preset: 'minimal' }, wait: false }, world);
    assert.equal(result.outcome, 'enabled', JSON.stringify(result.checks));
    assert.equal(onNode('policy.yaml'), preset('minimal', version('v1.37.2')));
    assert.match(scene.manifest(), new RegExp(`--audit-log-path=${logPath}`));
    assert.deepEqual(ofAgent(), agents);
    const { change, objects, token, receiver } = record();
    assert.deepEqual([objects, token, receiver], [first.objects, first.token, first.receiver]);
    assert.deepEqual([change?.log, change?.agent], [logPath, 'logagent']);
    await scene.disable();
    assert.deepEqual(scene.state(), original);
  });

  it('needs no token where nothing ships the log', async () => {
    await begin();
    await scene.enable({ backend: 'log-backend' }); // with a token at hand, which is for nothing here
    const same = await scene.apply({ policy: { preset: 'recommended' } }, scene.world());
    assert.equal(same.outcome, 'unchanged');
    const result = await scene.apply({ policy: file(ofSecrets) }, scene.world());
    assert.equal(result.outcome, 'enabled', JSON.stringify(result.checks));
    assert.equal(onNode('policy.yaml'), ofSecrets);
    assert.equal((await scene.apply({ policy: file(ofSecrets) })).outcome, 'unchanged');
    await scene.disable();
    assert.deepEqual(scene.state(), original);
  });

  it('has nothing to do with the policy that is in force, and shows what it would do with another', async () => {
    await begin();
    await scene.enable();
    const enabled = nameless();
    assert.equal((await scene.apply({ policy: { preset: 'recommended' } })).outcome, 'unchanged');
    // nothing is asked for a dry run
    const alone = scene.world();
    const same = await scene.apply({ policy: { preset: 'recommended' }, dryRun: true }, alone);
    assert.deepEqual([same.outcome, same.plan.steps], ['planned', []]);
    const other = await scene.apply({ policy: { preset: 'minimal' }, dryRun: true }, alone);
    assert.deepEqual(
      other.plan.steps.map(({ action }) => action.do),
      ['replace', 'turn', 'replace', 'tidy', 'replace'],
    );
    const tried = await scene.apply({
      policy: { preset: 'minimal' },
      nodes: { ...here, rehearseOnly: true },
    });
    assert.equal(tried.outcome, 'rehearsed');
    assert.deepEqual(nameless(), enabled);
  });

  it('refuses a policy that no API server takes, and one that nothing can be proved by', async () => {
    await begin();
    await scene.enable();
    const enabled = scene.state();
    for (const [text, ...ids] of [
      [broken, 'policy-accepted'],
      [unprovable, 'policy-clear', 'policy-records'],
    ] as const) {
      const { outcome, checks } = await scene.apply({ policy: file(text) });
      assert.equal(outcome, 'refused');
      assert.deepEqual(
        checks.filter(({ result }) => result === 'bad').map((one) => [one.id, one.code]),
        ids.map((id) => [id, 'policy-invalid']),
      );
    }
    assert.deepEqual(scene.state(), enabled);
  });

  it('refuses another token and another receiver than those that run, and asks for one that is not given', async () => {
    await begin();
    await scene.enable();
    const enabled = scene.state();
    const policy = { preset: 'minimal' } as const;
    const other = await failure(() =>
      scene.apply({ policy }, scene.world(undefined, scene.keys(secrets.otherToken))),
    );
    assert.equal(other.code, 'usage');
    assert.match(other.message, /^The Logs token is another one than events are sent with\.$/);
    assert.match(other.suggestions.join('\n'), /enable --webhook --policy/);
    const dry = await failure(() =>
      scene.apply({ policy, dryRun: true }, scene.world(undefined, scene.keys(secrets.otherToken))),
    );
    assert.equal(dry.code, 'usage');
    const sink = { token: {}, apiKey: {}, region: 'eu' } as const;
    const elsewhere = await failure(() => scene.apply({ policy, sink }));
    assert.equal(elsewhere.code, 'usage');
    assert.match(elsewhere.message, /^Events go to 127\.0\.0\.1:\d+, and what was named is .*\.eu\.sematext/);
    const without = await failure(() => scene.apply({ policy }, scene.world()));
    assert.equal(without.code, 'token-missing');
    assert.deepEqual(scene.state(), enabled);
  });

  it('says what to do where it has enabled nothing', async () => {
    await begin();
    const none = await failure(() => scene.apply({ policy: { preset: 'minimal' } }));
    assert.equal(none.code, 'usage');
    assert.match(none.message, /no run of enable is recorded/);
    assert.match(none.suggestions.join(), /enable --webhook --policy POLICY/);
    assert.deepEqual(scene.state(), original);
  });

  it('leaves alone what somebody else set up', async () => {
    await begin();
    await scene.enable();
    const { objects } = scene.cluster;
    const map = objects.all().find(({ metadata }) => metadata.name === names.object);
    objects.drop(map ?? assert.fail('no record'));
    const theirs = scene.state();
    const foreign = await failure(() => scene.apply({ policy: { preset: 'minimal' } }));
    assert.equal(foreign.code, 'target-unsupported');
    assert.match(foreign.message, /--audit-policy-file=\/etc\/\S+ on /);
    assert.match(foreign.suggestions.join('\n'), /where it is kept[^]*take over: .*enable --webhook/);
    assert.deepEqual(scene.state(), theirs);
  });

  it('says that AuditSinks have no rules', async () => {
    await begin();
    await scene.enable();
    const map = scene.cluster.objects.all().find(({ metadata }) => metadata.name === names.object);
    const dynamic = { ...record(), backend: 'dynamic' };
    scene.cluster.objects.put({
      ...(map ?? assert.fail()),
      data: { 'record.json': JSON.stringify(dynamic) },
    });
    const refused = await failure(() => scene.apply({ policy: { preset: 'minimal' } }));
    assert.equal(refused.code, 'target-unsupported');
    assert.match(refused.suggestions.join(), /enable --dynamic --level/);
  });

  it('does not guess what runs where the record cannot be read', async () => {
    await begin();
    await scene.enable();
    scene.cluster.faults.status(403, undefined, { when: ({ path }) => path === names.recordPath });
    const blind = await failure(() => scene.apply({ policy: { preset: 'minimal' } }));
    assert.equal(blind.code, 'cluster-forbidden');
    assert.match(blind.message, /^What runs is not known/);
    scene.cluster.faults.heal();
  });

  it('leaves the first policy running when the twin says no, and when the new API server does', async () => {
    await begin();
    await scene.enable();
    const [enabled, kept] = [nameless(), record()];
    const { node } = scene.cluster;
    const policy = file(ofSecrets);
    node.runOutOfMemory(({ metadata }) => metadata.name.includes('twin'), 50);
    const twin = await failure(() => scene.apply({ policy }));
    assert.equal(twin.code, 'rolled-back', twin.message);
    assert.deepEqual([nameless(), record()], [enabled, kept]);
    node.runOutOfMemory(() => false, 0);
    const swapsBefore = swaps();
    const spoiled = failure(() => scene.apply({ policy, timeoutMs: 5_000 }));
    await eventually('the swap', () => swaps() > swapsBefore);
    scene.sematext.faults.receiver.status(500, undefined, { when: ({ method }) => method === 'POST' });
    const server = await spoiled;
    scene.sematext.faults.receiver.heal();
    assert.equal(server.code, 'rolled-back', server.message);
    assert.deepEqual([nameless(), record()], [enabled, kept]);
    assert.equal((await scene.apply({ policy: { preset: 'recommended' } })).outcome, 'unchanged');
    await scene.disable();
    assert.deepEqual(scene.state(), original);
  });
  const phase = (): string => {
    const path = join(scene.cluster.node.root, 'var/lib/sematext-audit/tx/phase');
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  };

  /** Kills an apply once its transaction is that far. */
  const killedAt = async (at: string): Promise<void> => {
    const { world, kill } = mortal(scene.world(undefined, scene.keys()));
    let over = false;
    void scene.apply({ policy: file(ofSecrets) }, world).finally(() => (over = true));
    await eventually(`the phase ${at}`, () => phase() === at || over);
    assert.ok(!over, 'it was over before');
    kill();
    await sleep(50);
  };

  for (const at of ['staged', 'carried', 'swapped'])
    it(`goes on with --resume after it was killed ${at}, and can be taken back`, async () => {
      await begin();
      await scene.enable();
      await killedAt(at);
      assert.equal(record().state, 'open');
      const policy = file(ofSecrets);
      const busy = await failure(() => scene.apply({ policy }));
      assert.equal(busy.code, 'another-run');
      const nodes = { ...here, resume: true, rehearseOnly: false };
      const result = await scene.apply({ policy, nodes });
      assert.equal(result.outcome, 'enabled', JSON.stringify(result.checks));
      assert.equal(onNode('policy.yaml'), ofSecrets);
      assert.equal(record().state, 'done');
      await scene.disable();
      assert.deepEqual(scene.state(), original);
    });

  it('can be killed and taken back by disable --resume at once', async () => {
    await begin();
    await scene.enable();
    await killedAt('swapped');
    await scene.disable({ nodes: { ...here, resume: true } });
    assert.deepEqual(scene.state(), original);
  });

  it('does not take a run for whole that has made no agent yet', async () => {
    await begin();
    await scene.enable({
      backend: 'log-backend',
      agent: { kind: 'logagent', image: undefined },
      wait: false,
    });
    const { objects } = scene.cluster;
    const map = objects.all().find(({ metadata }) => metadata.name === names.object) ?? assert.fail();
    objects.put({ ...map, data: { 'record.json': JSON.stringify({ ...record(), state: 'open' }) } });
    const daemonSet = objects.all().find(({ kind }) => kind === 'DaemonSet') ?? assert.fail();
    objects.drop(daemonSet);
    const nodes = { ...here, resume: true, rehearseOnly: false };
    const refused = await failure(() => scene.apply({ policy: { preset: 'minimal' }, nodes }));
    assert.equal(refused.code, 'another-run');
    assert.match(refused.message, /DaemonSet sematext-audit-agent is not there/);
    assert.match(refused.suggestions.join(), /enable --log-backend --resume/);
    objects.put(daemonSet);
    assert.equal(
      (await scene.apply({ policy: { preset: 'minimal' }, nodes, wait: false })).outcome,
      'enabled',
    );
  });

  it('tells nobody the token', async () => {
    await begin();
    await scene.enable();
    witness(JSON.stringify(await scene.apply({ policy: { preset: 'minimal' } })));
    for (const text of scene.told) witness(text);
    assert.ok(scene.told.length > 10);
  });
});
