// What can happen, at which step, and who comes then.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command, Fault, Run, Stand, Subject, Wishes } from './stand.ts';
import { isTwin, killAll, read } from './stand.ts';
import { guarded, phases, steps } from './steps.ts';

/** Who comes after it: nobody, until the node has done what it does by itself; or a command with --resume. */
export type Next = 'nobody' | Command;

/** One line of the matrix. */
export interface Case {
  readonly title: string;
  readonly command: Command;
  readonly wishes: Wishes;
  /** At which step it happens; undefined: before the command. */
  readonly step: string | undefined;
  /** Makes it happen; resolves when it is over. */
  readonly happens: (at: { readonly stand: Stand; readonly run: Run }) => Promise<void>;
  /** How the command ends; undefined when it is killed. */
  readonly ends: RegExp | undefined;
  readonly next: Next;
  readonly fault?: (stand: Stand) => Fault;
}

const commands: readonly Command[] = ['enable', 'disable'];

/** The command may get through, or say that it did not; a crash is neither. */
const anyhow =
  /^(done|rolled-back|undo-failed|interrupted|another-run|target-unsupported|config-rejected|not-delivered|cluster-[a-z]+|unhealthy)\b/;

interface Interruption {
  readonly what: string;
  readonly steps: (command: Command) => readonly string[];
  readonly happens: (step: string) => Case['happens'];
  readonly ends: Case['ends'];
  readonly nexts: readonly Next[];
  /** Whether a subject that is slow may leave two of three steps out: the others have the same there. */
  readonly similar?: true;
}

const all = (command: Command): readonly string[] => Object.keys(steps[command]);

const interruptions: readonly Interruption[] = [
  {
    what: 'the tool is killed',
    steps: all,
    happens:
      () =>
      async ({ run }) =>
        run.kill(),
    ends: undefined,
    nexts: ['nobody', 'enable', 'disable'],
  },
  {
    what: 'Ctrl-C',
    steps: all,
    happens:
      () =>
      async ({ run }) =>
        run.interrupt(),
    ends: /^(done|interrupted)/, // what is decided is brought to its end
    nexts: ['disable'],
    similar: true, // to the tool that is killed, which is tried at each
  },
  {
    what: 'the helper is killed',
    steps: (command) => phases[command],
    happens: (phase) => killing(({ command }) => command.includes(`transaction.sh ${phase} `)),
    ends: anyhow,
    nexts: ['disable'],
  },
  {
    what: 'the guard is killed',
    steps: () => guarded,
    happens: () => killing(({ command }) => command.includes('/guard.sh run=')),
    ends: anyhow,
    nexts: ['disable'],
  },
  {
    what: 'the twin is killed',
    steps: () => ['twin', ...guarded],
    happens: () => killing(isTwin),
    ends: anyhow,
    nexts: ['disable'],
    similar: true, // to the reboot, with which it goes too
  },
  {
    what: 'the node is rebooted',
    steps: all,
    happens:
      () =>
      ({ stand }) =>
        stand.reboot(),
    ends: anyhow,
    nexts: ['enable'],
  },
  {
    what: 'the node is rebooted and the tool is killed',
    steps: () => [...guarded, 'twin'],
    happens:
      () =>
      async ({ stand, run }) => {
        run.kill();
        await stand.reboot();
      },
    ends: undefined,
    nexts: ['nobody'],
  },
  {
    what: 'the network is lost',
    steps: all,
    happens:
      () =>
      ({ stand }) =>
        stand.loseNetwork(),
    ends: anyhow,
    nexts: ['disable'],
    similar: true,
  },
  {
    what: 'a second operator comes',
    steps: all,
    happens:
      () =>
      async ({ stand }) => {
        const said = await stand.run('enable').ended;
        // before there is a record nobody can know of the other; whoever is later then, is told
        if (!anyhow.test(said)) throw new Error(`the second operator was told: ${said}`);
      },
    ends: anyhow,
    nexts: ['disable'],
    similar: true,
  },
];

/** A process is killed as soon as there is one. */
function killing(such: Parameters<typeof killAll>[1]): Case['happens'] {
  return async ({ stand, run }) => {
    let over = false;
    void run.ended.then(() => (over = true));
    while (killAll(stand, such) === 0 && !over) await sleep(2);
  };
}

/** Faults that any node can show. */
const faults: Readonly<Record<string, Partial<Case> & Pick<Case, 'happens' | 'ends'>>> = {
  'a policy that no API server takes': {
    wishes: { policy: 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n  - level: Everything\n' },
    happens: async () => undefined,
    ends: /^refused/,
  },
  'a configuration that the twin does not start with': {
    step: 'stage',
    happens: ({ stand, run }) => spoiling(stand, run),
    ends: /^(config-rejected|rolled-back)/,
  },
  'a configuration that the new API server does not start with': {
    step: 'carry',
    happens: ({ stand, run }) => spoiling(stand, run),
    ends: /^rolled-back/,
  },
};

/** Breaks the policy on the node, as soon as it is there. */
async function spoiling(stand: Stand, run: Run): Promise<void> {
  const { writeFileSync } = await import('node:fs');
  let over = false;
  void run.ended.then(() => (over = true));
  for (let hash = ''; hash === '' && !over; await sleep(2)) {
    hash = /^config=([0-9a-f]{12})$/m.exec(read(stand, '/var/lib/sematext-audit/tx/plan'))?.[1] ?? '';
    const policy = `/etc/kubernetes/sematext-audit/${hash}/policy.yaml`;
    if (hash !== '') writeFileSync(stand.path(policy), 'rules: none\n');
  }
}

/** The whole matrix of a subject, in an order in which any nth of it has something of everything. */
export function casesOf(subject: Pick<Subject, 'faults' | 'isSlow'>): readonly Case[] {
  const { isSlow } = subject;
  const interrupted = commands.flatMap((command, nth) =>
    interruptions.flatMap(({ what, steps: at, happens, ends, nexts, similar }) =>
      at(command)
        .map((step, i) => ({ step, comes: isSlow ? nexts.filter((_, n) => n === i % nexts.length) : nexts }))
        .filter((_, i) => !isSlow || !similar || i % 3 === nth)
        .flatMap(({ step, comes }) =>
          comes.map((next) => ({
            title: `${command}: ${what} at ${step}, then ${next === 'nobody' ? next : `${next} --resume`}`,
            ...{ command, wishes: {}, step, happens: happens(step), ends, next },
          })),
        ),
    ),
  );
  const common = Object.entries(faults).map(([what, fault]) => ({
    title: `enable: ${what}`,
    ...{ command: 'enable', wishes: {}, step: undefined, next: 'disable' },
    ...fault,
  }));
  const own = Object.entries(subject.faults).map(([what, fault]) => ({
    title: `enable: ${what}`,
    ...{ command: 'enable', wishes: {}, step: undefined, next: 'disable', ends: /./, fault }, // the fault knows how
    happens: async () => undefined,
  }));
  return [...interrupted, ...common, ...own] as readonly Case[];
}
