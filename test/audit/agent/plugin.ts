// Runs the Logagent plugin without Logagent: a folder as an API server leaves it, and a receiver that answers as told.
import { appendFileSync, mkdirSync, renameSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { secrets, temporary, witness } from '../../support/secrets.ts';

const require = createRequire(import.meta.url);

/** What the tests touch of the plugin; one that is not stopped is as good as killed. */
export interface Plugin {
  readonly positions: { load(): Promise<void> };
  start(): void;
  stop(done: () => void): void;
  pass(): Promise<number>;
  wait: (ms: number) => Promise<void>;
}
type PluginClass = new (section: object) => Plugin;
const AuditFiles = require('../../../src/audit/agent/audit-files.cjs') as PluginClass;

export interface Sent {
  readonly id: string;
  readonly event: Record<string, unknown>;
}

/** The answer to a bulk request: a status for all, or one for each document. */
export type Verdict = Whole | readonly number[];
interface Whole {
  readonly status: number;
  readonly text?: string;
  /** Of the header x-logsene-error. */
  readonly error?: string;
}

export interface Receiver {
  readonly url: string;
  /** Every document that was taken, in order; again when it was taken again. */
  readonly taken: Sent[];
  readonly paths: string[];
  /** Answers to the next requests; then everything is taken. */
  readonly verdicts: ((sent: readonly Sent[]) => Verdict)[];
  /** audit IDs that arrived, each once for each different document. */
  ids(): string[];
  close(): Promise<void>;
}

/** @param port any free one when not given */
export async function startReceiver(port = 0): Promise<Receiver> {
  const [taken, paths, verdicts]: [Sent[], string[], Receiver['verdicts']] = [[], [], []];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      paths.push(request.url ?? '');
      const sent = documentsIn(Buffer.concat(chunks).toString());
      const verdict = verdicts.shift()?.(sent) ?? sent.map(() => 201);
      if ('status' in verdict) {
        const { status, text, error } = verdict;
        response.writeHead(status, { ...(error && { 'x-logsene-error': error }) }).end(text);
        return;
      }
      taken.push(...sent.filter((_, i) => (verdict[i] ?? 0) < 400));
      const items = verdict.map((status) => ({
        index: { status, error: { type: 'mapper_parsing_exception' } },
      }));
      response.writeHead(200).end(JSON.stringify({ items }));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const at = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${at.port}`,
    taken,
    paths,
    verdicts,
    ids: () => [...new Map(taken.map(({ id, event }) => [id, String(event['auditID'])])).values()],
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function documentsIn(body: string): Sent[] {
  const lines = body.trimEnd().split('\n');
  return lines.flatMap((line, i) => {
    if (i % 2 === 1) return [];
    const { index } = JSON.parse(line) as { index: { _id: string } };
    return [{ id: index._id, event: JSON.parse(lines[i + 1] ?? '') as Record<string, unknown> }];
  });
}

export interface Stage {
  readonly folder: string;
  readonly state: string;
  /** Appends events with these audit IDs to a file, audit.log when none is named. */
  write(ids: readonly string[], file?: string): void;
  raw(text: string, file?: string): void;
  /** As an API server does when a file is full. */
  rotate(time: string, file?: string): void;
  /** A new plugin on the same state, as after a restart of the pod. */
  plugin(more?: object): Promise<Plugin>;
  /** What it said, and for how long it waited. */
  readonly said: string[];
  readonly waits: number[];
}

export const event = (auditID: string, more: object = {}): string =>
  JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID,
    stage: 'ResponseComplete',
    requestURI: '/api/v1/pods',
    stageTimestamp: '2026-03-04T05:06:07.123456Z',
    ...more,
  });

/** @param url of the receiver */
export function stageFor(url: string): Stage {
  const { path } = temporary();
  const [folder, state] = [join(path, 'log'), join(path, 'state')];
  mkdirSync(folder);
  const [said, waits]: [string[], number[]] = [[], []];
  const raw = (text: string, file = 'audit.log'): void => appendFileSync(join(folder, file), text);
  const plugin: Stage['plugin'] = async (more = {}) => {
    process.env['LOGS_TOKEN'] = secrets.token;
    const files = [join(folder, 'audit.log'), join(folder, 'audit-twin.log')];
    const made = new AuditFiles({ files, state, url, ...more });
    delete process.env['LOGS_TOKEN'];
    made.wait = async (ms) => void waits.push(ms);
    await made.positions.load();
    return made;
  };
  return {
    folder,
    state,
    said,
    waits,
    raw,
    plugin,
    write: (ids, file) => raw(ids.map((id) => `${event(id)}\n`).join(''), file),
    rotate: (time, file = 'audit.log') =>
      renameSync(join(folder, file), join(folder, `${file.slice(0, -4)}-${time}.log`)),
  };
}

/** Collects what plugins say, in place of the console, and searches it for secrets. */
export async function listening<T>(said: string[], work: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = (text: string) => {
    said.push(text);
    witness(text);
  };
  try {
    return await work();
  } finally {
    console.log = log;
  }
}
