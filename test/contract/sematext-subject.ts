// A receiver and a search under contract: how they are asked, and the events they are given.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { secrets } from '../support/secrets.ts';
import type { Reply } from './subject.ts';

/** A receiver and a search under test. */
export interface SematextSubject {
  readonly receiverUrl: string;
  readonly searchUrl: string;
  readonly apiKey: string;
  /**
   * What a search answers for a token that never got a document: 404 as OpenSearch itself does, or an empty result.
   */
  readonly unknownToken: 404 | 200;
  stop(): Promise<void>;
}

/** Any JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** One hit of a search. */
export interface Hit {
  readonly _index: string;
  readonly _id: string;
  readonly _source: Json;
  readonly sort?: readonly (string | number)[];
}

/** What a search found. */
export interface Found {
  readonly total: { readonly value: number; readonly relation: string };
  readonly hits: readonly Hit[];
}

/** The token that all documents of the contract belong to. */
export const token: string = secrets.token;
const patienceMs = 45_000;

/** One request, its answer read to the end. */
export async function send(
  method: string,
  url: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const init = { method, headers, ...(body !== undefined && { body }) };
  const response = await fetch(url, init);
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    text: await response.text(),
  };
}

/** An event as an API server sends it. */
export function eventOf(auditID: string, more: Json = {}): Json {
  const time = new Date().toISOString().replace('Z', '123Z');
  return {
    level: 'Metadata',
    auditID,
    stage: 'ResponseComplete',
    requestURI: '/api/v1/namespaces/default/pods',
    verb: 'list',
    user: { username: 'jane', groups: ['system:authenticated'] },
    sourceIPs: ['192.0.2.7'],
    userAgent: 'contract/1',
    objectRef: { resource: 'pods', namespace: 'default', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 200 },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
    ...more,
  };
}

/** A body of events. */
export function listOf(...items: Json[]): string {
  return JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items });
}

/** One search, whatever it answers. */
export async function ask(
  subject: SematextSubject,
  body: Json,
  authorization?: string,
  of = token,
): Promise<Reply> {
  const headers = {
    'content-type': 'application/json',
    authorization: authorization ?? `apiKey ${subject.apiKey}`,
  };
  return send('POST', `${subject.searchUrl}/${of}/_search`, JSON.stringify(body), headers);
}

/** One search that is answered. */
export async function find(subject: SematextSubject, body: Json): Promise<Found> {
  const reply = await ask(subject, body);
  assert.equal(reply.status, 200, reply.text);
  return (JSON.parse(reply.text) as { hits: Found }).hits;
}

/** The query for one event. */
export function byId(auditID: string): Json {
  return { bool: { must: [{ match_phrase: { auditID } }] } };
}

/** What a query finds once it finds so many. */
export async function arrived(subject: SematextSubject, query: Json, count: number): Promise<Found> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const reply = await ask(subject, { query, size: 100 });
    const found = reply.status === 200 ? (JSON.parse(reply.text) as { hits: Found }).hits : undefined;
    if (found && found.hits.length >= count) return found;
    if (Date.now() > deadline) assert.fail(`not ${count} documents in ${patienceMs} ms: ${reply.text}`);
    await sleep(50);
  }
}
