// One POST as Go's HTTP client makes it on behalf of an audit webhook: redirects followed (301 to 303 as a GET
// without body, 307 and 308 as they were), the answer's body read and not looked at.
import { once } from 'node:events';
import { request as plain, type IncomingMessage } from 'node:http';
import { request as secure } from 'node:https';

/** What to send and how. */
export interface Send {
  readonly url: URL;
  readonly body: string;
  readonly userAgent: string;
  /** PEM of the authority to trust instead of the system's. */
  readonly authority?: string;
  readonly timeoutMs: number;
}

/** The last answer. */
export interface Sent {
  readonly status: number;
  /** Whole seconds of Retry-After, when it is a number. */
  readonly retryAfter: number | undefined;
}

const followed = new Set([301, 302, 303, 307, 308]);

function open(send: Send, method: string): Promise<IncomingMessage> {
  const { url, body, userAgent, authority, timeoutMs } = send;
  const sending = method === 'POST';
  const headers = {
    accept: 'application/json, */*',
    'accept-encoding': 'gzip',
    'user-agent': userAgent,
    ...(sending && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
  };
  const options = {
    method,
    headers,
    signal: AbortSignal.timeout(timeoutMs),
    ...(authority && { ca: authority }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = (url.protocol === 'https:' ? secure : plain)(url, options, resolve);
    outgoing.on('error', reject);
    outgoing.end(sending ? body : undefined);
  });
}

async function drained(answer: IncomingMessage): Promise<IncomingMessage> {
  answer.resume();
  await once(answer, 'end');
  return answer;
}

/** Sends, follows at most ten redirects, and says how it ended. @throws when there was no answer */
export async function post(send: Send): Promise<Sent> {
  let method = 'POST';
  let { url } = send;
  for (let hop = 0; hop <= 10; hop += 1) {
    const answer = await drained(await open({ ...send, url }, method));
    const status = answer.statusCode ?? 0;
    const { location } = answer.headers;
    if (!followed.has(status) || location === undefined) {
      const seconds = answer.headers['retry-after'] ?? '';
      return { status, retryAfter: /^\d+$/.test(seconds) ? Number(seconds) : undefined };
    }
    if (status <= 303) method = 'GET';
    url = new URL(location, url);
  }
  throw new Error('stopped after 10 redirects');
}
