// The dynamic audit backend of 1.13 to 1.18: one webhook backend for each AuditSink that exists, made, replaced and
// ended as the sinks change (apiserver 1.18.19 plugin/pkg/audit/dynamic).
import type { AuditSink } from '../../audit/backend/audit-sink.ts';
import type { AuditEvent } from './audit-event.ts';
import type { Counters } from './counters.ts';
import type { Kind } from './kinds.ts';
import type { KubeObject } from './object.ts';
import type { ObjectStore } from './store.ts';
import { WebhookBackend, type Pace } from './webhook-backend.ts';

function targetUrl({ url, service }: AuditSink['spec']['webhook']['clientConfig']): string {
  if (url !== undefined) return url;
  return `https://${service?.name}.${service?.namespace}.svc:${service?.port ?? 443}${service?.path ?? '/'}`;
}

/** The backends of all sinks in a store. */
export class DynamicBackends {
  readonly #running = new Map<string, { spec: string; backend: WebhookBackend }>();
  readonly #retired = new Set<WebhookBackend>();
  readonly #pace: Pace;
  readonly #counters: Counters;
  readonly #forget: () => void;

  constructor(store: ObjectStore, kind: Kind, pace: Pace, counters: Counters) {
    this.#pace = pace;
    this.#counters = counters;
    for (const sink of store.list(kind)) this.#set(sink);
    this.#forget = store.onChange((change) => {
      if (change.kind.resource !== kind.resource) return;
      if (change.type === 'DELETED') this.#end(change.object.metadata.name);
      else this.#set(change.object);
    });
  }

  take(event: AuditEvent): void {
    for (const { backend } of this.#running.values()) backend.take(event);
  }

  async drain(): Promise<void> {
    const running = [...this.#running.values()].map(({ backend }) => backend);
    await Promise.all([...running, ...this.#retired].map((backend) => backend.drain()));
  }

  stop(): void {
    this.#forget();
    for (const { backend } of this.#running.values()) backend.stop();
    for (const backend of this.#retired) backend.stop();
  }

  #set(object: KubeObject): void {
    const { metadata, spec } = object as unknown as AuditSink; // validated when it was written
    const text = JSON.stringify(spec);
    if (this.#running.get(metadata.name)?.spec === text) return;
    this.#end(metadata.name);
    const { clientConfig } = spec.webhook;
    const { caBundle } = clientConfig;
    const target = {
      url: targetUrl(clientConfig),
      level: spec.policy.level,
      stages: spec.policy.stages ?? [],
      plugin: 'dynamic_webhook' as const,
      asksTimeout: true,
      ...(caBundle && { authority: Buffer.from(caBundle, 'base64').toString() }),
    };
    // a URL that passes the server's lax check and is none all the same: the sink exists and does nothing
    if (!URL.canParse(target.url)) return;
    const backend = new WebhookBackend(target, this.#pace, this.#counters);
    this.#running.set(metadata.name, { spec: text, backend });
  }

  /** What has been taken is still sent; nothing new is taken. */
  #end(name: string): void {
    const ended = this.#running.get(name)?.backend;
    if (!ended) return;
    this.#running.delete(name);
    this.#retired.add(ended);
    void ended.drain().then(() => this.#retired.delete(ended));
  }
}
