// A server under contract: how it is asked, and how its answers are read.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

/** admin may do everything; limited has no role of its own; unknown has a token that nobody gave; anonymous none. */
export type Who = 'admin' | 'limited' | 'unknown' | 'anonymous';

export interface Sending {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a string as it is. */
  readonly body?: unknown;
  /** Default admin. */
  readonly user?: Who;
}

export interface Reply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** An API server under test. */
export interface Subject {
  readonly version: string;
  /** Whether it was started with AuditSinks served and honoured. */
  readonly auditSinks: boolean;
  /** How long after an AuditSink was made events may still miss it. */
  readonly settleMs: number;
  request(method: string, path: string, sending?: Sending): Promise<Reply>;
  stop(): Promise<void>;
}

/** How to start one: dumb, or auditing everything at RequestResponse to this URL (by an AuditSink where there are). */
export interface Setup {
  readonly webhook?: string;
  readonly auditSinks?: boolean;
}

export type Start = (setup: Setup) => Promise<Subject>;

/** A kind of server to put under contract. */
export interface Kind {
  readonly version: string;
  readonly start: Start;
}

/** Whether a version has AuditSinks. */
export function hasAuditSinks(version: string): boolean {
  const minorVersion = Number(version.split('.')[1]);
  return minorVersion >= 13 && minorVersion <= 18;
}

/** Minor version of a subject. */
export function minor(subject: Subject): number {
  return Number(subject.version.split('.')[1]);
}

/** The answer's object. */
export function parsed(reply: Reply): Record<string, unknown> {
  return JSON.parse(reply.text) as Record<string, unknown>;
}

/** The answer is a Status that refuses, with this code, reason and message. */
export function refuses(reply: Reply, code: number, reason: string, message?: string | RegExp): void {
  const status = parsed(reply);
  assert.equal(reply.status, code, reply.text);
  const { kind, apiVersion, status: outcome } = status;
  assert.deepEqual({ kind, apiVersion, outcome }, { kind: 'Status', apiVersion: 'v1', outcome: 'Failure' });
  assert.equal(status['code'], code);
  assert.equal(status['reason'], reason);
  if (typeof message === 'string') assert.equal(status['message'], message);
  else if (message) assert.match(String(status['message']), message);
}

/** A name that no other test uses. */
export function fresh(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`;
}

/** A body as it is sent, with the headers that describe it. Its length is said, or a DELETE would lose it. */
export function bodyOf(body: unknown): { text: string | undefined; headers: Record<string, string> } {
  if (body === undefined) return { text: undefined, headers: {} };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const length = String(Buffer.byteLength(text));
  return { text, headers: { 'content-type': 'application/json', 'content-length': length } };
}
