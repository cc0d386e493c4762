// Knows how different clients ask an API server, over and over. As Go's client does, a GET is sent again, once, when
// the connection it was sent on was an old one and ended before a byte of the answer (net/http, shouldRetryRequest);
// every other error counts.
import { request, Agent } from 'node:https';
import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tally } from './tally.ts';

/** Where to ask, as whom. PEM. */
export interface Target {
  readonly url: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** How one client asks. */
export interface Asking {
  readonly target: Target;
  readonly everyMs: number;
  readonly tally: Tally;
  readonly signal: AbortSignal;
  /** Of the ConfigMap that writes changes and watch watches; of this process alone. */
  readonly mark: string;
}

const timeoutMs = 5000;
const configMaps = '/api/v1/namespaces/default/configmaps';

/** The clients, by what they do. */
export const clients = {
  /** GET /readyz, a new connection each time. */
  'new-connections': (asking: Asking) => every(asking, () => get(asking, '/readyz')),
  /** GET /readyz, HTTP/1.1 on a kept connection. */
  'kept-http1': (asking: Asking) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    return every(asking, () => get(asking, '/readyz', agent)).finally(() => agent.destroy());
  },
  /** GET /readyz, HTTP/2 on a kept connection. */
  'kept-http2': http2,
  /** A list of ConfigMaps, a new connection each time. */
  lists: (asking: Asking) => every(asking, () => get(asking, '/api/v1/configmaps')),
  /** A PATCH that counts up, on a kept connection; at the end the last acknowledged one must be there. */
  writes,
  /** A watch of what `writes`, which must run beside it, writes; again, from where it was, when it ends. */
  watch,
} satisfies Record<string, (asking: Asking) => Promise<void>>;

export type ClientName = keyof typeof clients;

async function every({ tally, everyMs, signal }: Asking, ask: () => Promise<unknown>): Promise<void> {
  while (!signal.aborted) {
    const next = sleep(everyMs);
    await ask().then(
      () => tally.answered(),
      (error: unknown) => tally.failed(error),
    );
    await next;
  }
}

interface Sent {
  method: string;
  path: string;
  agent?: Agent;
  body?: unknown;
}

class OldConnection extends Error {}

async function get({ target }: Asking, path: string, agent?: Agent): Promise<string> {
  const sent = { method: 'GET', path, ...(agent && { agent }) };
  return send(target, sent).catch((error: unknown) => {
    if (!(error instanceof OldConnection)) throw error;
    return send(target, sent);
  });
}

function send(target: Target, { method, path, agent, body }: Sent): Promise<string> {
  const { url, ...identity } = target;
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': type(method) };
    const options = { ...identity, method, headers, agent: agent ?? false, timeout: timeoutMs };
    const sent = request(`${url}${path}`, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => {
        if ((response.statusCode ?? 0) < 300) resolve(text);
        else reject(new Error(`${response.statusCode} ${text.slice(0, 200)}`));
      });
    });
    sent.once('timeout', () => sent.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    sent.once('error', (error) => reject(sent.reusedSocket ? new OldConnection(error.message) : error));
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const type = (method: string): string =>
  method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';

async function http2(asking: Asking): Promise<void> {
  const { url, ...identity } = asking.target;
  let session: ClientHttp2Session | undefined;
  const ask = async (): Promise<void> => {
    const old = session !== undefined && !session.closed && !session.destroyed;
    if (!session || !old) {
      session = connect(url, identity);
      session.on('error', () => undefined); // its requests fail with it, and are counted
    }
    await stream(session).catch((error: unknown) => {
      session?.destroy();
      session = undefined;
      if (old) return ask();
      throw error;
    });
  };
  await every(asking, ask);
  session?.destroy();
}

function stream(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = session.request({ ':path': '/readyz' });
    let status: number | undefined;
    sent.setTimeout(timeoutMs, () => {
      sent.close(constants.NGHTTP2_CANCEL);
      reject(new Error(`no answer in ${timeoutMs} ms`));
    });
    sent.once('response', (headers) => (status = headers[':status']));
    sent.once('error', reject);
    sent.once('close', () => {
      if (status === 200) resolve();
      else reject(new Error(`HTTP/2 stream ended with status ${status}, code ${sent.rstCode}`));
    });
    sent.resume();
  });
}

async function writes(asking: Asking): Promise<void> {
  const { target, mark, tally } = asking;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await send(target, {
    method: 'POST',
    path: configMaps,
    body: { metadata: { name: mark }, data: { n: '0' } },
  });
  const path = `${configMaps}/${mark}`;
  let acknowledged = 0;
  await every(asking, async () => {
    const next = acknowledged + 1; // a failed one again, so that a watch sees every number
    await send(target, { method: 'PATCH', path, agent, body: { data: { n: String(next) } } });
    acknowledged = next;
  });
  agent.destroy();
  const { data } = JSON.parse(await get(asking, path)) as { data: { n: string } };
  if (Number(data.n) < acknowledged) tally.complain(`write ${acknowledged} was lost, ${data.n} is there`);
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
    await follow(asking, `${configMaps}?${fields}`, see).catch((error: unknown) => tally.failed(error));
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
      if (response.statusCode !== 200) reject(new Error(`watch was answered ${response.statusCode}`));
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
