// The log backend of the API server: each event one line of JSON, written before the request goes on (apiserver
// plugin/pkg/audit/log, mode blocking).
import type { AuditEvent } from './audit-event.ts';
import type { Counters } from './counters.ts';

/** Writes events as lines; an event that cannot be written is counted as lost, and its request goes on. */
export class LogBackend {
  readonly #write: (line: string) => void;
  readonly #counters: Counters;

  constructor(write: (line: string) => void, counters: Counters) {
    this.#write = write;
    this.#counters = counters;
  }

  take(event: AuditEvent): void {
    try {
      this.#write(JSON.stringify({ kind: 'Event', apiVersion: 'audit.k8s.io/v1', ...event }));
    } catch {
      this.#counters.add('apiserver_audit_error_total', { plugin: 'log' });
    }
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  stop(): void {
    // nothing waits here
  }
}
