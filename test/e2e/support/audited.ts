// Knows how to run an API server with a change of its audit, and to make requests whose events can be told apart.
import { randomUUID } from 'node:crypto';
import type { Change } from '../../../src/audit/change.ts';
import { allProbes } from '../../../src/audit/event/probe.ts';
import { recordedProbes } from '../../../src/audit/policy/recorded.ts';
import { version } from '../../support/facts.ts';
import { secrets } from '../../support/secrets.ts';
import { startApiServer, type ApiServer, type ApiServerVersion } from './api-server.ts';
import type { Etcd } from './etcd.ts';
import type { Sending } from './http.ts';
import { place } from './placed.ts';
import { folder } from './running.ts';

/** An event, as far as these tests look at it. */
export interface AuditEvent {
  readonly auditID: string;
  readonly stage: string;
  readonly level: string;
  readonly requestObject?: Record<string, unknown>;
  readonly responseObject?: unknown;
  readonly annotations?: Record<string, string>;
}

/** An API server with a change. */
export interface Audited {
  readonly api: ApiServer;
  /** Folder of its files. */
  readonly dir: string;
  /** Sends a request as admin; returns its audit ID. Throws when it is answered otherwise than expected (default 2xx). */
  ask(path: string, sending?: Omit<Sending, 'ca'>, ...expected: number[]): Promise<string>;
  /** Sends every probe; audit IDs of those that the policy is said to record, and of the others. */
  probe(policy: string): Promise<{ recorded: readonly string[]; dropped: readonly string[] }>;
  stop(): Promise<void>;
}

/** Starts an API server with a change, the token of the tests in it. */
export async function startAudited(server: ApiServerVersion, etcd: Etcd, change: Change): Promise<Audited> {
  const dir = await folder('audited');
  const extraFlags = await place(change, dir.path, secrets.token);
  const api = await startApiServer({ version: server, etcd, extraFlags });
  const ask: Audited['ask'] = async (path, sending = {}, ...expected) => {
    const id = randomUUID();
    const headers = { ...sending.headers, 'audit-id': id };
    const { status, body } = await api.request(path, { ...sending, headers });
    if (expected.length === 0 ? status >= 300 : !expected.includes(status))
      throw new Error(`${sending.method ?? 'GET'} ${path.slice(0, 200)} was answered ${status}: ${body}`);
    return id;
  };
  return {
    api,
    dir: dir.path,
    ask,
    probe: async (policy) => {
      const known = recordedProbes(policy, version(`v${server}`)).map(({ method }) => method);
      const ids = { recorded: [] as string[], dropped: [] as string[] };
      // the read is answered 404: it is meant to
      for (const { method, path, body } of allProbes)
        ids[known.includes(method) ? 'recorded' : 'dropped'].push(
          await ask(path, { method, body }, 201, 404),
        );
      return ids;
    },
    stop: async () => {
      await api.stop();
      await dir.remove();
    },
  };
}
