// Whether and how a request is audited: the level, the events of its stages, the counters, and the handing over to
// the backends (apiserver pkg/endpoints/filters/audit.go, pkg/audit/metrics.go).
import type { Level, Stage } from '../../audit/backend/audit-sink.ts';
import { atLeast, microTime, objectRef, recordedAgent, sourceIPs } from './audit-event.ts';
import type { AuditEvent, Identity } from './audit-event.ts';
import type { Counters } from './counters.ts';
import type { RequestInfo } from './request-info.ts';

/** What takes events. */
export interface Backend {
  take(event: AuditEvent): void;
  drain(): Promise<void>;
  stop(): void;
}

/** What is known of a request when its trail begins. */
export interface Asked {
  readonly auditId: string;
  readonly info: RequestInfo;
  readonly requestURI: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly peer: string;
  readonly received: string;
  /** Absent when nobody could be authenticated. */
  readonly user?: Identity;
}

/** What came of it. */
export interface Outcome {
  readonly code: number;
  readonly responseObject?: unknown;
}

/** How deeply one request is recorded, and which of its stages are not. */
export interface Depth {
  readonly level: Level;
  readonly omitStages: readonly Stage[];
}

/** What an audit policy says of a request. */
export type Rule = (asked: Asked) => Depth;

/** The same for every request. */
export function always(level: Level): Rule {
  return () => ({ level, omitStages: [] });
}

/** How one process audits. */
export interface Auditing {
  /** Undefined when no auditing is wired up. */
  readonly rule: Rule | undefined;
  readonly backends: readonly Backend[];
  readonly counters: Counters;
  /** From 1.24 on, message and details of a refusal are recorded too. */
  readonly wholeStatus: boolean;
}

/** The trail of one request: its events, in order. */
export class Trail {
  readonly #auditing: Auditing;
  readonly #depth: Depth;
  readonly #first: AuditEvent;
  readonly #annotations: Record<string, string> = {};
  #named: Record<string, string> = {};
  #requestObject: unknown;
  #impersonated: Identity | undefined;

  constructor(auditing: Auditing, depth: Depth, asked: Asked) {
    const { auditId: auditID, info, requestURI, headers, peer, received, user } = asked;
    const agent = headers['user-agent'];
    const ref = objectRef(info);
    this.#auditing = auditing;
    this.#depth = depth;
    this.#first = {
      level: depth.level,
      auditID,
      stage: 'RequestReceived',
      requestURI,
      verb: info.verb,
      user: user ? { username: user.username, groups: user.groups } : {},
      sourceIPs: sourceIPs(headers, peer),
      ...(agent !== undefined && { userAgent: recordedAgent(agent) }),
      ...(ref && { objectRef: ref }),
      requestReceivedTimestamp: received,
      stageTimestamp: received,
    };
  }

  received(): void {
    this.#emit(this.#first);
  }

  annotate(key: string, value: string): void {
    this.#annotations[key] ??= value;
  }

  impersonated(identity: Identity): void {
    this.#impersonated = identity;
  }

  /** The body, as it was decoded. */
  sent(object: unknown): void {
    if (atLeast(this.#depth.level, 'Request')) this.#requestObject = object;
  }

  /** What is known of the object only after the body was read. */
  named(fields: Record<string, string>): void {
    this.#named = fields;
  }

  stage(stage: Stage, outcome: Outcome): void {
    const ref = this.#first.objectRef;
    const annotated = Object.keys(this.#annotations).length > 0;
    const whole = atLeast(this.#depth.level, 'RequestResponse');
    this.#emit({
      ...this.#first,
      stage,
      ...(this.#impersonated && { impersonatedUser: this.#impersonated }),
      ...(ref && { objectRef: { ...ref, ...this.#named } }),
      responseStatus: this.#statusOf(outcome),
      ...(this.#requestObject !== undefined && { requestObject: this.#requestObject }),
      ...(whole && outcome.responseObject !== undefined && { responseObject: outcome.responseObject }),
      stageTimestamp: microTime(),
      ...(annotated && { annotations: { ...this.#annotations } }),
    });
  }

  #statusOf({ code, responseObject }: Outcome): Record<string, unknown> {
    const answer = (responseObject ?? {}) as Record<string, unknown>;
    if (answer['kind'] !== 'Status') return { metadata: {}, code };
    const { status, reason, message, details } = answer;
    const more = this.#auditing.wholeStatus ? { message, details } : {};
    const all = Object.entries({ status, reason, ...more }).filter(([, value]) => value !== undefined);
    return { metadata: {}, ...Object.fromEntries(all), code };
  }

  #emit(event: AuditEvent): void {
    if (this.#depth.omitStages.includes(event.stage)) return;
    this.#auditing.counters.add('apiserver_audit_event_total');
    for (const backend of this.#auditing.backends) backend.take(event);
  }
}

/** Begins the trail of a request that is audited; counts its level in any case. */
export function begin(auditing: Auditing, asked: Asked): Trail | undefined {
  const depth = auditing.rule?.(asked);
  if (depth === undefined) return undefined;
  auditing.counters.add('apiserver_audit_level_total', { level: depth.level });
  return depth.level === 'None' ? undefined : new Trail(auditing, depth, asked);
}
