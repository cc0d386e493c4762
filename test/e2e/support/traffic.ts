// Knows how to make requests that can be found again by their audit ID, and enough of them to send a batch off.
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiServer } from './api-server.ts';

/** Makes a request that carries an audit ID of our own; returns the ID. */
export async function markedRequest(api: ApiServer, path = '/api/v1/namespaces'): Promise<string> {
  const auditId = randomUUID();
  const reply = await api.request(path, { headers: { 'audit-id': auditId } });
  if (reply.status !== 200) throw new Error(`GET ${path} was answered ${reply.status}: ${reply.body}`);
  return auditId;
}

/**
 * Makes so many requests, a few at a time. An AuditSink waits 30 s for a batch of 400 events and no flag
 * changes that; filling the batch makes it leave now.
 */
export async function fillBatch(api: ApiServer, requests = 400): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const worker = async (): Promise<void> => {
    for (let i = 0; i < requests / 8; i += 1) await api.request('/version', { agent });
  };
  await Promise.all(Array.from({ length: 8 }, worker)).finally(() => agent.destroy());
}

/**
 * Fills batches for as long as something takes; seldom enough that a busy machine keeps up, since 1.18 sends the events
 * of an AuditSink one by one.
 */
export async function whileTrafficFlows<T>(api: ApiServer, something: Promise<T>): Promise<T> {
  let over = false;
  const ended = something.finally(() => (over = true));
  const pump = async (): Promise<void> => {
    while (!over) {
      await fillBatch(api).catch(() => undefined); // an API server may be down on purpose
      await Promise.race([ended.catch(() => undefined), sleep(3000)]);
    }
  };
  const [value] = await Promise.all([ended, pump()]);
  return value;
}
