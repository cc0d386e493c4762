// One imitated control-plane node and an embedded Sematext, and the flows against them as a command would call them.
import { setMaxListeners } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { defaultSettings } from '../../src/audit/backend/dynamic.ts';
import type { DisableResult, EnableResult, StatusResult } from '../../src/audit/results.ts';
import { sinkOf } from '../../src/audit/sink/sematext.ts';
import type { KubeObject } from '../../src/demo/kubernetes/object.ts';
import { startNode } from '../../src/demo/node/nodes.ts';
import type { NodesOptions, OneNode } from '../../src/demo/node/nodes.ts';
import { startSematext } from '../../src/demo/sematext.ts';
import type { Sematext } from '../../src/demo/sematext.ts';
import { disable } from '../../src/flows/disable.ts';
import type { DisableRequest } from '../../src/flows/disable.ts';
import { enable } from '../../src/flows/enable.ts';
import type { EnableRequest } from '../../src/flows/enable.ts';
import { applyPolicy } from '../../src/flows/policy/apply.ts';
import type { ApplyRequest } from '../../src/flows/policy/apply.ts';
import { status } from '../../src/flows/status.ts';
import { openClock } from '../../src/io/clock.ts';
import { openWorld } from '../../src/io/world.ts';
import type { Clock, Env, World } from '../../src/io/world.ts';
import { secrets } from '../support/secrets.ts';

/** What a second of a flow's waits takes, in seconds: the imitated node is faster than that. */
const pace = 0.02;

/** What it is told to have taken: more, so that limits come in time, and not all of it, for scripts do not get faster. */
const told = 0.1;

/** Real seconds of a second of the node's scripts: the guard must be able to beat within five of them. */
const scriptPace = 0.3;

/** A clock on which waiting is short. */
function hurried(signal: AbortSignal): Clock {
  const real = openClock(signal);
  let ahead = 0;
  const sooner = (wait: (ms: number) => Promise<void>) => async (ms: number) => {
    await wait(ms * pace);
    ahead += ms * (told - pace);
  };
  return { now: () => new Date(Date.now() + ahead), sleep: sooner(real.sleep), rest: sooner(real.rest) };
}

/** How nodes are worked on where nothing else is said. */
export const here = {
  helperImage: undefined,
  noTwin: false,
  resume: false,
  only: undefined,
  local: false,
} as const;

export class Scene {
  readonly cluster: OneNode;
  readonly sematext: Sematext;
  readonly told: string[] = [];
  readonly #home = mkdtempSync(join(tmpdir(), 'sematext-audit-nodes-'));

  constructor(cluster: OneNode, sematext: Sematext) {
    this.cluster = cluster;
    this.sematext = sematext;
  }

  /** @param env what the user has in the environment besides */
  world(signal = new AbortController().signal, env: Env = {}): World {
    setMaxListeners(0, signal); // as src/cli/cancel.ts has it
    const kubeconfig = join(this.#home, 'config');
    writeFileSync(kubeconfig, this.cluster.kubeconfig(), { mode: 0o600 });
    const options = {
      connection: { kubeconfig },
      signal,
      stdin: new PassThrough(),
      stderr: new PassThrough(),
      noInput: true,
      env: { HOME: '/nonexistent', PATH: process.env['PATH'], ...env },
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

  /** As somebody calls it who has token and key in the environment, unless the world is another. */
  async apply(
    change: Partial<ApplyRequest> & Pick<ApplyRequest, 'policy'>,
    world = this.world(undefined, this.keys()),
  ): Promise<EnableResult> {
    const { receiverUrl, searchUrl } = this.sematext;
    return applyPolicy(world, {
      sink: { token: {}, apiKey: {}, receiverUrl, searchUrl },
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

  /** Token and key as the environment has them. */
  keys(token: string = secrets.token): Env {
    return { LOGS_TOKEN: token, SEMATEXT_API_KEY: this.sematext.apiKey };
  }

  async disable(change: Partial<DisableRequest> = {}, world = this.world()): Promise<DisableResult> {
    const tell = (text: string): unknown => this.told.push(text);
    return disable(world, { dryRun: false, yes: false, nodes: here, tell, ...change });
  }

  status(): Promise<StatusResult> {
    return status(this.world(), { access: { sink: sinkOf('us') }, skip: [], window: 900, interval: 0 });
  }

  /** All that this tool could have changed: files of the node, and objects of the cluster. */
  state(): Readonly<Record<string, string>> {
    const { root } = this.cluster.node;
    const files = ['etc/kubernetes', 'var/lib/sematext-audit', 'var/lib/sematext-audit-agent'].flatMap(
      (folder) =>
        filesIn(join(root, folder)).map((path) => [path.slice(root.length), readOrGone(path)] as const),
    );
    const objects = this.cluster.objects
      .all()
      .filter(
        ({ kind, metadata }) =>
          /^(ConfigMap|Secret|Pod|Namespace|DaemonSet|EndpointSlice)$/.test(kind) && !isMirror(metadata),
      )
      .map(
        (object) =>
          [
            `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`,
            object.kind === 'Secret' ? '' : JSON.stringify(object['data'] ?? ''),
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

/** Starts a node and a Sematext that takes its events. */
export async function openScene(options: NodesOptions = {}): Promise<Scene> {
  const cluster = await startNode({ scriptPace, ...options });
  return new Scene(cluster, await startSematext({ tokens: [secrets.token], delayMs: 5 }));
}

const isMirror = ({ annotations }: KubeObject['metadata']): boolean =>
  annotations?.['kubernetes.io/config.mirror'] !== undefined;

// what a script at work removes may be gone between two looks
function readOrGone(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function filesIn(folder: string): readonly string[] {
  let entries: readonly string[];
  try {
    entries = readdirSync(folder);
  } catch {
    return []; // not there, which is a state of its own
  }
  return entries.flatMap((name) => {
    const path = join(folder, name);
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? filesIn(path) : [path];
  });
}
