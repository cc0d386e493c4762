// The embedded API server and Sematext, and worlds that look at them as a command would: through a kubeconfig file.
// Clocks are in a hurry: what is slept is told to have passed and hardly takes any time.
import { setMaxListeners } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { names } from '../../src/audit/names.ts';
import { adminToken, startApiServer } from '../../src/demo/api-server.ts';
import type { ApiServer, ApiServerOptions } from '../../src/demo/api-server.ts';
import type { KubeObject } from '../../src/demo/kubernetes/object.ts';
import { startSematext } from '../../src/demo/sematext.ts';
import type { Sematext } from '../../src/demo/sematext.ts';
import { defaultSettings } from '../../src/audit/backend/dynamic.ts';
import { sinkOf } from '../../src/audit/sink/sematext.ts';
import { disable } from '../../src/flows/disable.ts';
import { enable } from '../../src/flows/enable.ts';
import type { EnableRequest } from '../../src/flows/enable.ts';
import { status } from '../../src/flows/status.ts';
import type { StatusRequest, StatusResult } from '../../src/flows/status.ts';
import { testEvent } from '../../src/flows/test-event.ts';
import type { TestEventRequest } from '../../src/flows/test-event.ts';
import type { DisableResult, EnableResult, TestEventResult } from '../../src/audit/results.ts';
import type { SinkAccess } from '../../src/io/sematext.ts';
import { openClock } from '../../src/io/clock.ts';
import { openWorld } from '../../src/io/world.ts';
import type { Clock, Connection, World } from '../../src/io/world.ts';
import { secrets, witness } from '../support/secrets.ts';

export const tool = 'kubectl-sematext_audit/0.0.0';
export const sinkPath = `/apis/auditregistration.k8s.io/v1alpha1/auditsinks/${names.object}`;

/** How nodes are worked on where a test does not say. */
const onNodes = {
  helperImage: undefined,
  noTwin: false,
  resume: false,
  only: undefined,
  local: false,
} as const;

interface Person {
  /** What the terminal answers to a question; nobody is there without it. */
  readonly answers?: string;
  /** Asked anew for each request, so that one world can be cancelled more than once. */
  readonly signal?: () => AbortSignal;
  /** Bearer token of the user. */
  readonly as?: string;
  /** Whatever its certificate: for a second API server, which has one of its own. */
  readonly trustsAll?: boolean;
}

/** A pretended terminal: hands its answer to whoever asks. */
function terminal(answers: string | undefined): { stdin: PassThrough; stderr: PassThrough } {
  const stdin = Object.assign(new PassThrough(), {
    isTTY: answers !== undefined,
    setRawMode: () => undefined,
  });
  const stderr = Object.assign(new PassThrough(), { isTTY: answers !== undefined });
  stderr.on('data', (chunk: Buffer) => {
    witness(chunk.toString());
    if (answers !== undefined && chunk.toString().includes('[y/N]')) stdin.write(`${answers}\n`);
  });
  return { stdin, stderr };
}

/** A clock on which waiting is over at once; what is waited for still gets its turn. */
function hurried(signal: () => AbortSignal): Clock {
  let ahead = 0;
  const quickly =
    (wait: (clock: Clock, ms: number) => Promise<void>) =>
    async (ms: number): Promise<void> => {
      await wait(openClock(signal()), Math.min(ms, 8));
      ahead += Math.max(0, ms - 8);
    };
  return {
    now: () => new Date(Date.now() + ahead),
    sleep: quickly((clock, ms) => clock.sleep(ms)),
    rest: quickly((clock, ms) => clock.rest(ms)),
  };
}

export class Stage {
  readonly server: ApiServer;
  readonly sematext: Sematext;
  readonly #folder: string;
  readonly #first: readonly KubeObject[];

  constructor(server: ApiServer, sematext: Sematext) {
    this.server = server;
    this.sematext = sematext;
    this.#folder = mkdtempSync(join(tmpdir(), 'sematext-audit-stage-'));
    this.#first = server.objects.all();
  }

  get access(): SinkAccess {
    const { receiverUrl, searchUrl, apiKey } = this.sematext;
    return { sink: sinkOf('us', receiverUrl, searchUrl), token: secrets.token, apiKey };
  }

  world({ answers, signal, as, trustsAll }: Person = {}): World {
    const kubeconfig = join(this.#folder, as ?? 'config');
    writeFileSync(kubeconfig, this.server.kubeconfig(as), { mode: 0o600 });
    const fixed = new AbortController().signal;
    const current = (): AbortSignal => {
      const now = signal?.() ?? fixed;
      setMaxListeners(0, now);
      return now;
    };
    const options = {
      connection: trustsAll === true ? this.#bare() : { kubeconfig },
      get signal() {
        return current();
      },
      ...terminal(answers),
      noInput: false,
      env: { HOME: '/nonexistent', PATH: process.env['PATH'] },
    };
    return { ...openWorld(options), clock: hurried(current) };
  }

  #bare(): Connection {
    return {
      kubeconfig: '/dev/null',
      server: this.server.url,
      token: adminToken,
      insecureSkipTlsVerify: true,
    };
  }

  async enable(change: Partial<EnableRequest> = {}, world = this.world()): Promise<EnableResult> {
    const { tell } = this;
    const base = {
      backend: 'dynamic',
      access: this.access,
      settings: defaultSettings,
      dryRun: false,
    } as const;
    const statics = {
      policy: { preset: 'recommended' },
      logPath: '/var/log/kubernetes/audit/audit.log',
      agent: { kind: 'none', image: undefined },
      setSwitches: false,
      nodes: { ...onNodes, rehearseOnly: false },
    } as const;
    const rest = { wait: false, timeoutMs: 60_000, distribution: undefined, yes: true, tool, tell } as const;
    return seen(await enable(world, { ...base, ...statics, ...rest, ...change }));
  }

  async disable(
    change: { yes?: boolean; dryRun?: boolean } = {},
    world = this.world(),
  ): Promise<DisableResult> {
    return seen(
      await disable(world, { dryRun: false, yes: true, nodes: onNodes, tell: this.tell, ...change }),
    );
  }

  async status(change: Partial<StatusRequest> = {}, world = this.world()): Promise<StatusResult> {
    return seen(await status(world, { access: this.access, skip: [], window: 900, interval: 0, ...change }));
  }

  async testEvent(change: Partial<TestEventRequest> = {}, world = this.world()): Promise<TestEventResult> {
    const request = { access: this.access, way: 'through', timeoutMs: 60_000, tool } as const;
    return seen(await testEvent(world, { ...request, ...change }));
  }

  readonly tell = (title: string): void => witness(title);

  /** Everything back to what the cluster began with, or to these objects. */
  reset(to: readonly KubeObject[] = this.#first): void {
    this.server.faults.heal();
    this.sematext.faults.receiver.heal();
    this.sematext.faults.search.heal();
    this.server.objects.clear();
    for (const object of to) this.server.objects.put(object);
  }

  /** The cluster's objects as they can be compared: without what a new write changes by itself. */
  objects(): readonly KubeObject[] {
    return this.server.objects.all().map((object) => {
      const {
        resourceVersion: _v,
        uid: _u,
        creationTimestamp: _t,
        generation: _g,
        ...metadata
      } = object.metadata;
      return { ...object, metadata: { ...metadata, name: object.metadata.name } };
    });
  }

  find(kind: string, name: string = names.object): KubeObject | undefined {
    return this.server.objects.all().find((object) => object.kind === kind && object.metadata.name === name);
  }

  /** The requests of a run that change something: no reviews, no dry runs. */
  async writesOf(run: () => Promise<unknown>): Promise<readonly string[]> {
    const before = this.server.requests.length;
    await run();
    return this.server.requests
      .slice(before)
      .filter(({ method, target }) => method !== 'GET' && !/selfsubjectaccessreviews|dryRun=All/.test(target))
      .map(({ method, target }) => `${method} ${target}`);
  }

  async stop(): Promise<void> {
    await Promise.all([this.server.stop(), this.sematext.stop()]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A result is output: whatever is in it is searched for secrets. */
function seen<T>(result: T): T {
  witness(JSON.stringify(result));
  return result;
}

/** A cluster of 1.18 that honours AuditSinks, unless something else is said. */
export async function openStage(options: ApiServerOptions = {}): Promise<Stage> {
  const old = { version: '1.18.19', auditSinks: { served: true, honoured: true } } as const;
  const [server, sematext] = await Promise.all([
    startApiServer({ ...old, batchMs: 5, retryMs: 5, ...options }),
    startSematext({ apiKey: secrets.apiKey, delayMs: 0 }),
  ]);
  return new Stage(server, sematext);
}
