// A batching audit backend that POSTs EventLists to one URL: filtering, batching, the retries of a failed send, and
// the count of what was lost (apiserver plugin/pkg/audit/{buffered,webhook,dynamic/enforced}, pkg/util/webhook). It has no throttle, so
// its buffer never overflows as a real one's can.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Level, Stage } from '../../audit/backend/audit-sink.ts';
import { lowered, type AuditEvent } from './audit-event.ts';
import type { Counters } from './counters.ts';
import { post, type Send, type Sent } from './go-client.ts';

/** What one backend sends where. */
export interface WebhookTarget {
  /** As configured; a trailing slash, the query and the fragment are not part of what is called. */
  readonly url: string;
  readonly authority?: string;
  readonly level: Level;
  /** Stages to send; absent: all. */
  readonly stages?: readonly Stage[];
  /** Label of its losses in apiserver_audit_error_total. */
  readonly plugin: 'webhook' | 'dynamic_webhook';
  /** Whether the URL is called with ?timeout=30s; the static webhook of 1.18 is not. */
  readonly asksTimeout: boolean;
}

/** How fast things go; the real ones are 30 s and 10 s. */
export interface Pace {
  /** The longest an event waits for others. */
  readonly batchMs: number;
  /** The first pause before a failed batch is sent again; grows by half each time. */
  readonly retryMs: number;
}

const batchSize = 400;
const tries = 5;
const timeoutMs = 30_000;

/** The URL that is really called. */
export function calledUrl(configured: string, asksTimeout: boolean): URL {
  const url = new URL(configured);
  url.pathname = url.pathname.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
  url.search = asksTimeout ? '?timeout=30s' : '';
  url.hash = '';
  return url;
}

/** One target's events on their way. */
export class WebhookBackend {
  readonly #target: WebhookTarget;
  readonly #pace: Pace;
  readonly #counters: Counters;
  readonly #send: Send;
  #waiting: AuditEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #underway = new Set<Promise<void>>();
  #stopped = new AbortController();

  constructor(target: WebhookTarget, pace: Pace, counters: Counters) {
    this.#target = target;
    this.#pace = pace;
    this.#counters = counters;
    this.#send = {
      url: calledUrl(target.url, target.asksTimeout),
      body: '',
      userAgent: target.plugin === 'webhook' ? 'Go-http-client/1.1' : 'kube-apiserver-admission',
      timeoutMs,
      ...(target.authority && { authority: target.authority }),
    };
  }

  /** Takes an event if it is one of this target's; never blocks. */
  take(event: AuditEvent): void {
    if (this.#target.stages && !this.#target.stages.includes(event.stage)) return;
    const own = lowered(event, this.#target.level);
    if (!own) return;
    this.#waiting.push(own);
    if (this.#waiting.length >= batchSize) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), this.#pace.batchMs);
  }

  /** Sends what waits, and ends when all of it has arrived or is lost. */
  async drain(): Promise<void> {
    this.#flush();
    await Promise.all(this.#underway);
  }

  /** Ends at once; what has not arrived is gone. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
    this.#stopped.abort();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#waiting.splice(0, batchSize);
    if (batch.length === 0) return;
    const delivery = this.#sendOff(batch).finally(() => this.#underway.delete(delivery));
    this.#underway.add(delivery);
    if (this.#waiting.length > 0) this.#flush();
  }

  // The policy of an AuditSink is enforced behind the buffer, event by event: a batch leaves as one POST for each.
  async #sendOff(batch: readonly AuditEvent[]): Promise<void> {
    if (this.#target.plugin === 'webhook') return this.#deliver(batch);
    for (const event of batch) await this.#deliver([event]);
  }

  async #deliver(batch: readonly AuditEvent[]): Promise<void> {
    const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items: batch };
    const body = `${JSON.stringify(list)}\n`;
    for (let tried = 1; tried <= tries && !this.#stopped.signal.aborted; tried += 1) {
      if (await this.#attempt(body)) return;
      if (tried < tries) await this.#pause(this.#pace.retryMs * 1.5 ** (tried - 1));
    }
    this.#counters.add('apiserver_audit_error_total', { plugin: this.#target.plugin }, batch.length);
  }

  /** One send; within it, an answer that says when to come again is obeyed, up to ten times. */
  async #attempt(body: string): Promise<boolean> {
    for (let repeated = 0; repeated <= 10 && !this.#stopped.signal.aborted; repeated += 1) {
      const sent = await this.#once(body);
      if (!sent) return false;
      if (sent.status >= 200 && sent.status <= 206) return true;
      const again = sent.status === 429 || sent.status >= 500;
      if (!again || sent.retryAfter === undefined) return false;
      await this.#pause(sent.retryAfter * 1000);
    }
    return false;
  }

  async #once(body: string): Promise<Sent | undefined> {
    const count = (code: string): void =>
      this.#counters.add('rest_client_requests_total', { code, host: this.#send.url.host, method: 'POST' });
    try {
      const sent = await post({ ...this.#send, body });
      count(String(sent.status));
      return sent;
    } catch {
      count('<error>');
      return undefined;
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
  }
}
