// Knows how different clients ask an API server, over and over. What counts as failed: send.ts.
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { fresh, keptHttp1, keptHttp2, patiently, refusal, type Target, type Way } from './send.ts';
import type { Tally } from './tally.ts';

/** How one client asks. */
export interface Asking {
  readonly target: Target;
  readonly everyMs: number;
  readonly tally: Tally;
  readonly signal: AbortSignal;
  /** Names the ConfigMaps that are written and watched; of this process alone. */
  readonly mark: string;
}

const configMaps = '/api/v1/namespaces/default/configmaps';

/** The clients, by what they do. */
export const clients = {
  /** GETs, a new connection each time. */
  'new-connections': (asking: Asking) => reads(asking, fresh, one),
  /** GETs, HTTP/1.1 on a kept connection. */
  'kept-http1': (asking: Asking) => reads(asking, keptHttp1, one),
  /** GETs, HTTP/2 on a kept connection. */
  'kept-http2': (asking: Asking) => reads(asking, keptHttp2, one),
  /** A list of ConfigMaps, a new connection each time. */
  lists: (asking: Asking) => reads(asking, fresh, '/api/v1/configmaps'),
  /**
   * A PATCH that counts up, HTTP/2 on a kept connection as client-go has it; at the end the last acknowledged one must
   * be there. Not by HTTP/1.1, where a write that crosses the server's closing of an idle connection is lost for every
   * client, whoever restarts the server.
   */
  writes: (asking: Asking) => writes(asking, keptHttp2, asking.mark),
  /** The same of another ConfigMap, a new connection each time. */
  'new-writes': (asking: Asking) => writes(asking, fresh, `${asking.mark}-new`),
  /** A watch of what `writes`, which must run beside it, writes. When it is cut, again, from where it was. */
  watch,
} satisfies Record<string, (asking: Asking) => Promise<void>>;

export type ClientName = keyof typeof clients;

// not /readyz: a server that ends its requests in good order says there that it is going, as it should
const one = '/api/v1/namespaces/default';

async function every({ tally, everyMs, signal }: Asking, ask: () => Promise<unknown>): Promise<void> {
  while (!signal.aborted) {
    const next = sleep(everyMs);
    await patiently(tally, ask).then(
      () => tally.answered(),
      (error: unknown) => tally.failed(error),
    );
    await next;
  }
}

async function reads(asking: Asking, wayTo: (target: Target) => Way, path: string): Promise<void> {
  const way = wayTo(asking.target);
  await every(asking, () => way.send({ method: 'GET', path }));
  way.end();
}

async function writes(asking: Asking, wayTo: (target: Target) => Way, name: string): Promise<void> {
  const { target, tally } = asking;
  const way = wayTo(target);
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { n: '0' } };
  await way.send({ method: 'POST', path: configMaps, body });
  const path = `${configMaps}/${name}`;
  let acknowledged = 0;
  await every(asking, async () => {
    const next = acknowledged + 1; // a failed one again, so that a watch sees every number
    const at = Date.now();
    const { auditId } = await way.send({ method: 'PATCH', path, body: { data: { n: String(next) } } });
    acknowledged = next;
    tally.wrote({ auditId, at });
  });
  way.end();
  const last = JSON.parse((await fresh(target).send({ method: 'GET', path })).body) as typeof body;
  if (Number(last.data.n) < acknowledged)
    tally.complain(`write ${acknowledged} was lost, ${last.data.n} is there`);
}

async function watch(asking: Asking): Promise<void> {
  const { tally, signal, everyMs } = asking;
  let version = '';
  let seen = 0;
  const see = (line: string): void => {
    const { type, object } = JSON.parse(line) as WatchEvent;
    if (type === 'ERROR') {
      version = '';
      throw new Error(line.slice(0, 200));
    }
    const n = Number(object.data?.['n'] ?? 0);
    if (seen > 0 && n > seen + 1) tally.complain(`the watch missed writes ${seen + 1} to ${n - 1}`);
    seen = n;
    version = object.metadata.resourceVersion;
    tally.answered();
  };
  while (!signal.aborted) {
    const fields = `watch=1&fieldSelector=metadata.name%3D${asking.mark}&resourceVersion=${version}`;
    const ask = (): Promise<void> => follow(asking, `${configMaps}?${fields}`, see);
    await patiently(tally, ask).catch((error: unknown) => tally.failed(error));
    await sleep(everyMs);
  }
}

interface WatchEvent {
  type: string;
  object: { metadata: { resourceVersion: string }; data?: Record<string, string> };
}

/** Resolves when a stream of lines that began well has ended, however it ended: clients watch again then. */
function follow({ target, signal }: Asking, path: string, see: (line: string) => void): Promise<void> {
  const { url, ...identity } = target;
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { ...identity, agent: false }, (response) => {
      const error = refusal(response.statusCode ?? 0, response.headers['retry-after'], 'to a watch');
      if (error) return reject(error);
      let rest = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        try {
          lines.forEach(see);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      response.once('close', resolve);
      response.once('error', resolve);
    });
    sent.once('error', reject);
    const end = (): void => {
      resolve();
      sent.destroy();
    };
    signal.addEventListener('abort', end, { once: true });
    sent.once('close', () => signal.removeEventListener('abort', end));
    sent.end();
  });
}
