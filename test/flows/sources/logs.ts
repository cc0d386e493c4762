// A cluster whose API servers write events to their containers' logs, as far as the source asks it; logs break, are
// rotated away and restarted as a test wants.
import { Failure } from '../../../src/errors.ts';
import type { Answer, ApiRequest, Streamed, StreamingCluster, World } from '../../../src/io/world.ts';

/** A line with the time that the runtime gave it. */
interface Line {
  readonly atMs: number;
  readonly text: string;
}

/** The log of one container, and of the one before it. */
export class FakeLog {
  lines: Line[] = [];
  previous: Line[] | undefined;
  /** The next so many requests are forbidden. */
  forbidden = 0;
  /** How many bytes the next answer gives before it breaks off; undefined: it comes whole. */
  breakAfter: number | undefined;
  readonly asked: URLSearchParams[] = [];

  write(text: string, atMs: number): void {
    this.lines.push({ text, atMs });
  }

  /** Another container: the log begins anew. */
  restart(): void {
    [this.previous, this.lines] = [this.lines, []];
  }

  /** The kubelet shows the newest file alone. */
  rotate(): void {
    this.lines = [];
  }

  answer(query: URLSearchParams): Streamed {
    this.asked.push(query);
    if (this.forbidden-- > 0) return { ...refused(403, 'pods/log is forbidden'), chunks: bytes('') };
    const lines = query.get('previous') === 'true' ? this.previous : this.lines;
    if (lines === undefined)
      return { ...refused(400, 'previous terminated container not found'), chunks: bytes('') };
    // whole seconds, as the API server hands them on
    const since = Math.floor(Date.parse(query.get('sinceTime') ?? '1970-01-01T00:00:00Z') / 1000) * 1000;
    const young = lines.filter(({ atMs }) => atMs >= since);
    const text = young.map((line) => `${line.text}\n`).join('');
    const { breakAfter } = this;
    this.breakAfter = undefined;
    return { status: 200, headers: {}, text: '', ms: 1, chunks: bytes(text, breakAfter) };
  }
}

const refused = (code: number, message: string): Answer => ({
  status: code,
  headers: {},
  text: JSON.stringify({ kind: 'Status', message, reason: 'BadRequest', code }),
  ms: 1,
});

async function* bytes(text: string, breakAfter = Infinity): AsyncGenerator<Uint8Array> {
  const all = Buffer.from(text);
  for (let at = 0; at < Math.min(all.length, breakAfter); at += 700)
    yield all.subarray(at, Math.min(at + 700, breakAfter));
  if (breakAfter < all.length)
    throw new Failure('cluster-answer', 'The answer of the API server api broke off.');
}

const podOf = (name: string, path: string): object => ({
  metadata: { name, namespace: 'kube-system' },
  spec: { nodeName: 'node', containers: [{ command: ['kube-apiserver', `--audit-log-path=${path}`] }] },
});

/**
 * A world with such API servers.
 * @param logs each by the name of its pod
 * @param slept told of every wait, which is over at once
 */
export function worldOf(
  logs: Readonly<Record<string, FakeLog | string>>,
  slept: (ms: number) => void = () => undefined,
): World {
  const pods = Object.entries(logs).map(([name, log]) => podOf(name, typeof log === 'string' ? log : '-'));
  const request = ({ path }: ApiRequest): Promise<Answer> =>
    Promise.resolve({
      status: 200,
      headers: {},
      text: JSON.stringify({ items: path.includes('component') ? pods : [] }),
      ms: 1,
    });
  const stream = ({ path }: ApiRequest): Promise<Streamed> => {
    const [, name = '', query] = /\/pods\/([^/]+)\/log\?(.*)$/.exec(path) ?? [];
    const log = logs[name];
    if (!(log instanceof FakeLog)) throw new Error(`nobody may ask for ${path}`);
    return Promise.resolve(log.answer(new URLSearchParams(query)));
  };
  const cluster: StreamingCluster = { host: 'api', request, stream };
  const clock = {
    now: () => new Date('2026-11-22T18:00:00Z'),
    sleep: async (ms: number) => slept(ms),
    rest: async () => undefined,
  };
  // only what is asked of it
  return { cluster: () => Promise.resolve(cluster), clock } as Partial<World> as World;
}
