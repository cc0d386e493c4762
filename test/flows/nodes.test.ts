// enable and disable on control-plane nodes: the whole road on the imitated node, with clients that keep asking.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { defaultSettings } from '../../src/audit/backend/dynamic.ts';
import type { DisableResult, EnableResult } from '../../src/audit/results.ts';
import { sinkOf } from '../../src/audit/sink/sematext.ts';
import type { KubeObject } from '../../src/demo/kubernetes/object.ts';
import { startNode } from '../../src/demo/node/nodes.ts';
import type { NodesOptions, OneNode } from '../../src/demo/node/nodes.ts';
import { startSematext } from '../../src/demo/sematext.ts';
import type { Sematext } from '../../src/demo/sematext.ts';
import { Failure } from '../../src/errors.ts';
import { disable } from '../../src/flows/disable.ts';
import { enable } from '../../src/flows/enable.ts';
import type { EnableRequest } from '../../src/flows/enable.ts';
import { status } from '../../src/flows/status.ts';
import { openClock } from '../../src/io/clock.ts';
import { openWorld } from '../../src/io/world.ts';
import type { Clock, World } from '../../src/io/world.ts';
import { watchAvailability } from '../support/availability.ts';
import { secrets } from '../support/secrets.ts';

/** A second of a flow's waits takes so long, in seconds: the imitated node is faster than that. */
const pace = 0.05;

/** A clock on which waiting is short, and told to have been as long as was asked. */
function hurried(signal: AbortSignal): Clock {
  const real = openClock(signal);
  let ahead = 0;
  const sooner = (wait: (ms: number) => Promise<void>) => async (ms: number) => {
    await wait(ms * pace);
    ahead += ms * (1 - pace);
  };
  return { now: () => new Date(Date.now() + ahead), sleep: sooner(real.sleep), rest: sooner(real.rest) };
}

class Scene {
  readonly cluster: OneNode;
  readonly sematext: Sematext;
  readonly told: string[] = [];
  readonly #home = mkdtempSync(join(tmpdir(), 'sematext-audit-nodes-'));

  constructor(cluster: OneNode, sematext: Sematext) {
    this.cluster = cluster;
    this.sematext = sematext;
  }

  world(signal = new AbortController().signal): World {
    const kubeconfig = join(this.#home, 'config');
    writeFileSync(kubeconfig, this.cluster.kubeconfig(), { mode: 0o600 });
    const options = {
      connection: { kubeconfig },
      signal,
      stdin: new PassThrough(),
      stderr: new PassThrough(),
      noInput: true,
      env: { HOME: '/nonexistent', PATH: process.env['PATH'] },
    };
    return { ...openWorld(options), clock: hurried(signal) };
  }

  async enable(change: Partial<EnableRequest> = {}, world = this.world()): Promise<EnableResult> {
    const { receiverUrl, searchUrl, apiKey } = this.sematext;
    return enable(world, {
      backend: 'webhook',
      access: { sink: sinkOf('us', receiverUrl, searchUrl), token: secrets.token, apiKey },
      settings: defaultSettings,
      policy: { preset: 'recommended' },
      logPath: '/var/log/kubernetes/audit/audit.log',
      agent: { kind: 'none', image: undefined },
      setSwitches: false,
      nodes: { ...here, rehearseOnly: false },
      dryRun: false,
      wait: true,
      timeoutMs: 60_000,
      distribution: undefined,
      yes: false,
      tool: 'test/0',
      tell: (text) => this.told.push(text),
      ...change,
    });
  }

  async disable(more: object = {}, world = this.world()): Promise<DisableResult> {
    return disable(world, {
      dryRun: false,
      yes: false,
      nodes: { ...here, ...more },
      tell: (text) => this.told.push(text),
    });
  }

  /** All that this tool could have changed: files of the node, and objects of the cluster. */
  state(): Readonly<Record<string, string>> {
    const { root } = this.cluster.node;
    const files = ['etc/kubernetes', 'var/lib/sematext-audit', 'var/lib/sematext-audit-agent'].flatMap(
      (folder) =>
        filesIn(join(root, folder)).map(
          (path) => [path.slice(root.length), readFileSync(path, 'utf8')] as const,
        ),
    );
    const objects = this.cluster.objects
      .all()
      .filter(
        ({ kind, metadata }) =>
          /^(ConfigMap|Secret|Pod|Namespace|DaemonSet)$/.test(kind) && !isMirror(metadata),
      )
      .map(
        (object) =>
          [
            `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`,
            JSON.stringify(object['data'] ?? ''),
          ] as const,
      );
    return Object.fromEntries([...files, ...objects, ['redirect', String(this.cluster.node.carriedTo)]]);
  }

  manifest(): string {
    return readFileSync(join(this.cluster.node.manifests, 'kube-apiserver.yaml'), 'utf8');
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
    await this.sematext.stop();
    rmSync(this.#home, { recursive: true, force: true });
  }
}

const here = { helperImage: undefined, noTwin: false, resume: false, only: undefined, local: false } as const;

const isMirror = ({ annotations }: KubeObject['metadata']): boolean =>
  annotations?.['kubernetes.io/config.mirror'] !== undefined;

function filesIn(folder: string): readonly string[] {
  let entries: readonly string[];
  try {
    entries = readdirSync(folder);
  } catch {
    return []; // not there, which is a state of its own
  }
  return entries.flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesIn(path) : [path];
  });
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: 'it did not fail' });
}

describe('enable and disable on control-plane nodes', function () {
  this.timeout(300_000);
  let scene: Scene;
  let before: Readonly<Record<string, string>>;
  const begin = async (options: NodesOptions = {}): Promise<void> => {
    scene = new Scene(
      await startNode({ scriptPace: 0.2, ...options }),
      await startSematext({ tokens: [secrets.token], delayMs: 5 }),
    );
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
    assert.equal(
      (
        await status(scene.world(), { access: { sink: sinkOf('us') }, skip: [], window: 900, interval: 0 })
      ).checks.find(({ id }) => id === 'change-in-force')?.result,
      'ok',
    );
    assert.equal((await scene.enable()).outcome, 'unchanged');
    assert.equal((await scene.disable()).outcome, 'disabled');
    const { asked, missed } = await watching.stop();
    assert.ok(asked > 20, `${asked} requests`);
    assert.deepEqual(missed, []);
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

  it('ends old or new, and leaves nothing, wherever it is interrupted', async () => {
    await begin();
    const count = { requests: 0 };
    const counted = (world: World, stop: (n: number) => void): World => ({
      ...world,
      cluster: async () => {
        const cluster = await world.cluster();
        return {
          ...cluster,
          request: (request) => {
            count.requests += 1;
            stop(count.requests);
            return cluster.request(request);
          },
        };
      },
    });
    await scene.enable(
      {},
      counted(scene.world(), () => undefined),
    );
    const whole = count.requests;
    await scene.disable();
    for (let at = 5; at < whole; at += Math.ceil(whole / 6)) {
      count.requests = 0;
      const ctrlC = new AbortController();
      const failure = await failureOf(
        scene.enable(
          {},
          counted(scene.world(ctrlC.signal), (n) => n === at && ctrlC.abort()),
        ),
      );
      assert.equal(failure.code, 'interrupted', `at request ${at} of ${whole}: ${failure.message}`);
      assert.deepEqual(scene.state(), before, `at request ${at} of ${whole}`);
    }
  });
});
