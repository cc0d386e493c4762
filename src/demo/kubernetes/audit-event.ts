// The audit event (audit.k8s.io/v1) of a request at one of its stages, and what is left of it at a lower level
// (apiserver pkg/audit/request.go, pkg/audit/policy/enforce.go).
import { levels, type Level, type Stage } from '../../audit/backend/audit-sink.ts';
import type { RequestInfo } from './request-info.ts';

/** Who asks. */
export interface Identity {
  readonly username: string;
  readonly groups: readonly string[];
}

/** One event as it stands in an EventList: without kind and apiVersion. */
export interface AuditEvent {
  readonly level: Level;
  readonly auditID: string;
  readonly stage: Stage;
  readonly requestURI: string;
  readonly verb: string;
  readonly user: Partial<Identity>;
  readonly impersonatedUser?: Identity;
  readonly sourceIPs: readonly string[];
  readonly userAgent?: string;
  readonly objectRef?: Readonly<Record<string, string>>;
  readonly responseStatus?: Readonly<Record<string, unknown>>;
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Whether an event of level `a` holds at least what one of level `b` does. */
export function atLeast(a: Level, b: Level): boolean {
  return levels.indexOf(a) >= levels.indexOf(b);
}

/** The event as a backend of a lower level gets it; undefined when that level wants none. */
export function lowered(event: AuditEvent, level: Level): AuditEvent | undefined {
  if (level === 'None') return undefined;
  if (!atLeast(event.level, level)) return event;
  const { requestObject, responseObject, ...rest } = event;
  return {
    ...rest,
    level,
    ...(atLeast(level, 'Request') && requestObject !== undefined && { requestObject }),
    ...(atLeast(level, 'RequestResponse') && responseObject !== undefined && { responseObject }),
  };
}

/** Now, as metav1.MicroTime writes it. */
export function microTime(): string {
  const micros = Math.floor((performance.timeOrigin + performance.now()) * 1000);
  const whole = new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1);
  return `${whole}${String(micros % 1000).padStart(3, '0')}Z`;
}

/** The user agent as it is recorded: cut at 1024 bytes. */
export function recordedAgent(agent: string): string {
  return agent.length > 1024 ? `${agent.slice(0, 1024)}...TRUNCATED` : agent;
}

/** objectRef: only for resource requests, without empty fields. */
export function objectRef(info: RequestInfo): Record<string, string> | undefined {
  if (!info.isResource) return undefined;
  const { resource, namespace, name, subresource } = info;
  const all = { resource, namespace, name, apiGroup: info.group, apiVersion: info.version, subresource };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
}

/** sourceIPs: what the client claims by its headers, then the address it really has. */
export function sourceIPs(headers: Readonly<Record<string, string>>, peer: string): string[] {
  const address = peer.replace(/^::ffff:/, '');
  const claimed = [headers['x-forwarded-for'] ?? '', headers['x-real-ip'] ?? ''];
  const ips = claimed.flatMap((list) => list.split(',').map((ip) => ip.trim())).filter(Boolean);
  return ips.at(-1) === address ? ips : [...ips, address];
}
