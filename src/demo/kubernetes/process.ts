// One run of the embedded API server, from start to stop: what a restart makes anew, and the settings it was started
// with.
import type { Level } from '../../audit/backend/audit-sink.ts';
import type { User } from './access.ts';
import type { Auditing, Backend } from './audit-trail.ts';
import { Counters } from './counters.ts';
import { DynamicBackends } from './dynamic-backends.ts';
import { kindsOf, type Kind, type Release } from './kinds.ts';
import { separators, type FlagChoice } from './server-flags.ts';
import type { ObjectStore } from './store.ts';
import { WebhookBackend, type Pace } from './webhook-backend.ts';

/** Settings of one run. */
export interface Settings {
  readonly release: Release;
  readonly auditSinks: { readonly served: boolean; readonly honoured: boolean };
  /** By bearer token. */
  readonly users: ReadonlyMap<string, User>;
  readonly webhook: { readonly url: string; readonly policyLevel: Level } | undefined;
  readonly pace: Pace;
  readonly flags: Readonly<Record<string, string>>;
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

/** What decides on the flags of a run. */
export function flagChoice({ release, auditSinks, webhook, flags }: Settings): FlagChoice {
  return { release, auditSinks, webhook: webhook !== undefined, extra: flags };
}

function levelOf({ auditSinks, webhook }: Settings): Level | undefined {
  // dynamic auditing evaluates everything at the highest level, and filters for each backend afterwards
  return auditSinks.honoured ? 'RequestResponse' : webhook?.policyLevel;
}

/** Begins a run over a store that may have seen others. */
export function startProcess(settings: Settings, store: ObjectStore): Process {
  const kinds = kindsOf(settings.release, settings.auditSinks.served);
  const counters = new Counters();
  const { webhook, pace, release } = settings;
  const backends: Backend[] = [];
  // a static webhook beside the dynamic backend gets nothing: seen on a real 1.18.19, where only the log file does
  if (webhook && !settings.auditSinks.honoured) {
    const asksTimeout = minorOf(release) > 18;
    const target = { url: webhook.url, level: webhook.policyLevel, plugin: 'webhook' as const, asksTimeout };
    backends.push(new WebhookBackend(target, pace, counters));
  }
  const sinks = kinds.find(({ resource }) => resource === 'auditsinks');
  if (settings.auditSinks.honoured && sinks) backends.push(new DynamicBackends(store, sinks, pace, counters));
  const level = levelOf(settings);
  return {
    settings,
    kinds,
    store,
    counters,
    auditing: { level, backends, counters, wholeStatus: minorOf(release) >= 24 },
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
