// One run of the embedded API server, from start to stop: what a restart makes anew, and the settings it was started
// with.
import type { User } from './access.ts';
import type { Admit } from './admission.ts';
import { always, type Auditing, type Backend, type Rule } from './audit-trail.ts';
import { Counters } from './counters.ts';
import { DynamicBackends } from './dynamic-backends.ts';
import { kindsOf, type Kind, type Release } from './kinds.ts';
import type { Kubelets } from './kubelets.ts';
import { LogBackend } from './log-backend.ts';
import { separators, type Flags } from './server-flags.ts';
import type { ObjectStore } from './store.ts';
import { WebhookBackend, type Pace } from './webhook-backend.ts';

/** The static backends of one run: who is recorded how, and where that goes. */
export interface StaticAudit {
  readonly rule: Rule;
  /** Where a webhook is called. */
  readonly webhook?: { readonly url: string; readonly authority?: string };
  /** Takes a line of the audit log, without its newline. @throws what the file system says */
  readonly log?: (line: string) => void;
}

/** Settings of one run. */
export interface Settings {
  readonly release: Release;
  readonly auditSinks: { readonly served: boolean; readonly honoured: boolean };
  /** By bearer token. */
  readonly users: ReadonlyMap<string, User>;
  readonly audit: StaticAudit | undefined;
  readonly pace: Pace;
  /** What the command line gives. */
  readonly flags: Flags;
  /** Absent: no node of the cluster runs anything. */
  readonly kubelets?: Kubelets;
  /** Pod Security of namespaces without a label for it; default privileged, as kubeadm leaves it. */
  readonly podSecurity?: 'privileged' | 'baseline' | 'restricted';
  readonly admit?: Admit;
}

/** One run. */
export interface Process {
  readonly settings: Settings;
  readonly kinds: readonly Kind[];
  readonly store: ObjectStore;
  readonly counters: Counters;
  readonly auditing: Auditing;
  readonly startedAt: number;
  /** The separator that this run's /flagz text uses. */
  readonly separator: string;
  /** Fires when the run ends. */
  readonly ended: AbortController;
}

/** Minor version of a release. */
export function minorOf(release: Release): number {
  return Number(release.split('.')[1]);
}

function ruleOf({ auditSinks, audit }: Settings): Rule | undefined {
  // dynamic auditing evaluates everything at the highest level, and filters for each backend afterwards
  return auditSinks.honoured ? always('RequestResponse') : audit?.rule;
}

/** The static backends; beside the dynamic one they get nothing here: the real 1.18.19 still writes its log file. */
function staticBackends({ audit, release, pace }: Settings, counters: Counters): Backend[] {
  const backends: Backend[] = [];
  if (audit?.log) backends.push(new LogBackend(audit.log, counters));
  if (audit?.webhook) {
    const rest = { level: 'RequestResponse', plugin: 'webhook', asksTimeout: minorOf(release) > 18 } as const;
    backends.push(new WebhookBackend({ ...audit.webhook, ...rest }, pace, counters));
  }
  return backends;
}

/** Begins a run over a store that may have seen others. */
export function startProcess(settings: Settings, store: ObjectStore): Process {
  const kinds = kindsOf(settings.release, settings.auditSinks.served);
  const counters = new Counters();
  const { pace, release } = settings;
  const backends = settings.auditSinks.honoured ? [] : staticBackends(settings, counters);
  const sinks = kinds.find(({ resource }) => resource === 'auditsinks');
  if (settings.auditSinks.honoured && sinks) backends.push(new DynamicBackends(store, sinks, pace, counters));
  return {
    settings,
    kinds,
    store,
    counters,
    auditing: { rule: ruleOf(settings), backends, counters, wholeStatus: minorOf(release) >= 24 },
    startedAt: Date.now(),
    separator: separators[Math.floor(Math.random() * separators.length)] ?? ':',
    ended: new AbortController(),
  };
}

/** Ends a run as a killed process does: what has not been delivered is gone. */
export function endProcess(run: Process): void {
  run.ended.abort();
  for (const backend of run.auditing.backends) backend.stop();
}

/** Sends the events that wait, and ends when they have arrived or are lost. */
export async function drainProcess(run: Process): Promise<void> {
  await Promise.all(run.auditing.backends.map((backend) => backend.drain()));
}
