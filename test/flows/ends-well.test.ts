// Whatever happens to enable and disable, on the imitated node: a command is a flow in this process, killed by cutting
// its world off, so that nothing that it still has to say or to hear comes through.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { obstacles } from '../../src/audit/check/check.ts';
import { Failure } from '../../src/errors.ts';
import { endsWellContract } from '../contract/ends-well.contract.ts';
import { phaseOf } from '../contract/ends-well/stand.ts';
import type { Fault, Process, Run, Stand, Wishes } from '../contract/ends-well/stand.ts';
import { mortal } from './mortal.ts';
import { here, openScene, type Scene } from './scene.ts';

const saidOf = (error: unknown): string => {
  if (error instanceof Failure) return `${error.code}: ${error.message}`;
  throw error;
};

class ImitatedStand implements Stand {
  readonly scene: Scene;
  readonly stop: () => Promise<void>;

  constructor(scene: Scene) {
    this.scene = scene;
    this.stop = () => scene.stop();
  }

  path(inside: string): string {
    return join(this.scene.cluster.node.root, inside);
  }

  run(command: 'enable' | 'disable', { resume = false, policy, yes = false }: Wishes = {}): Run {
    const { scene } = this;
    const said: string[] = [];
    const ctrlC = new AbortController();
    const { world, kill } = mortal(scene.world(ctrlC.signal));
    const nodes = { ...here, resume };
    const how = { yes, tell: (text: string): unknown => said.push(text) };
    const enabled = async (): Promise<string> => {
      const { outcome, checks } = await scene.enable(
        {
          ...how,
          nodes: { ...nodes, rehearseOnly: false },
          ...(policy !== undefined && { policy: { file: 'policy.yaml', text: policy } }),
        },
        world,
      );
      if (outcome !== 'refused') return 'done';
      return `refused: ${obstacles(checks).map(({ id, evidence }) => `${id}: ${evidence}`)}`;
    };
    const disabled = (): Promise<string> => scene.disable({ ...how, nodes }, world).then(() => 'done');
    const ended = (command === 'enable' ? enabled() : disabled()).catch(saidOf);
    return { ended, kill, told: () => said.join('\n'), interrupt: () => ctrlC.abort() };
  }

  async status(): Promise<readonly string[]> {
    const { checks } = await this.scene.status();
    return checks.filter(({ result }) => result === 'bad').map(({ id }) => id);
  }

  async state(): Promise<Readonly<Record<string, string>>> {
    const { redirect, ...state } = this.scene.state();
    return { ...state, redirect: redirect === 'undefined' ? 'none' : String(redirect) };
  }

  async serves(): Promise<boolean> {
    return this.scene.cluster.node.listens(6443);
  }

  /** Scripts are processes of this machine that name the node's folder; API servers are those of the imitated /proc. */
  processes(): readonly Process[] {
    const scripts = processesIn('/proc').filter(
      ({ command }) => command.includes(`root=${this.path('')}`) && command.startsWith('/bin/sh '),
    );
    const servers = processesIn(this.path('/proc'));
    return [...scripts.map(({ pid, command }) => ({ pid: -pid, command })), ...servers];
  }

  reboot(): Promise<void> {
    return this.scene.cluster.node.reboot(50);
  }

  loseNetwork(): Promise<void> {
    return this.scene.cluster.loseNetwork(500);
  }
}

function processesIn(proc: string): readonly Process[] {
  return readdirSync(proc)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(join(proc, pid, 'cmdline'), 'utf8')
          .split('\0')
          .join(' ');
        return [{ pid: Number(pid), command }];
      } catch {
        return []; // it has ended meanwhile
      }
    });
}

const nodeOf = (stand: Stand): Scene['cluster']['node'] => (stand as ImitatedStand).scene.cluster.node;

const faults: Readonly<Record<string, (stand: Stand) => Fault>> = {
  'the disk is full': (stand) => ({
    show: async () => {
      nodeOf(stand).fillDisk();
      return async () => nodeOf(stand).fillDisk(false);
    },
    ends: /^(target-unsupported|refused|rolled-back)/,
  }),
  'the disk fills up once the guard is armed': (stand) => ({
    show: async () => {
      const watching = setInterval(() => {
        if (phaseOf(stand) === 'armed') nodeOf(stand).fillDisk();
      }, 5);
      return async () => {
        clearInterval(watching);
        nodeOf(stand).fillDisk(false);
      };
    },
    ends: /^(rolled-back|target-unsupported|undo-failed)/,
  }),
  'the image of the helper is missing': (stand) => ({
    show: async () => {
      nodeOf(stand).missImages(({ metadata }) => metadata.name.includes('-stage-'));
      return async () => nodeOf(stand).missImages(() => false);
    },
    ends: /^(target-unsupported|rolled-back)/,
  }),
  'the image of the twin is missing': (stand) => ({
    show: async () => {
      nodeOf(stand).missImages(({ metadata }) => metadata.name.includes('-twin-'));
      return async () => nodeOf(stand).missImages(() => false);
    },
    ends: /^(target-unsupported|rolled-back)/,
  }),
  'admission forbids the twin, and the outage is agreed to': (stand) => ({
    show: async () => {
      const { cluster } = (stand as ImitatedStand).scene;
      cluster.admit(({ kind, metadata }) =>
        kind === 'Pod' && metadata.name.includes('-twin-') ? 'no second API server' : undefined,
      );
      return async () => cluster.admit();
    },
    wishes: { yes: true },
    ends: /^done/,
  }),
  'admission forbids the twin': (stand) => ({
    show: async () => {
      const { cluster } = (stand as ImitatedStand).scene;
      cluster.admit(({ kind, metadata }) =>
        kind === 'Pod' && metadata.name.includes('-twin-') ? 'no second API server' : undefined,
      );
      return async () => cluster.admit();
    },
    ends: /^confirmation-needed/,
  }),
  'the twin is out of memory': (stand) => ({
    show: async () => {
      nodeOf(stand).runOutOfMemory(({ metadata }) => metadata.name.includes('-twin-'), 30);
      return async () => nodeOf(stand).runOutOfMemory(() => false, 0);
    },
    ends: /^(target-unsupported|rolled-back)/,
  }),
  'the kubelet is slow': (stand) => ({
    show: async () => {
      nodeOf(stand).slowKubelet(300);
      return async () => nodeOf(stand).slowKubelet(0);
    },
    ends: /^(done|rolled-back)/,
  }),
};

endsWellContract(
  {
    name: 'the imitated node',
    patienceMs: 60_000,
    everyMs: 5,
    isSlow: false,
    atOnce: 1,
    start: async () => new ImitatedStand(await openScene()),
    faults,
  },
  [21, 23],
);
