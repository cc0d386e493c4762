// Knows one HTTP exchange with Node's own client: send, read all, never follow, never retry.
import { request as plain, type Agent } from 'node:http';
import { request as secure } from 'node:https';

/** What to send. */
export interface Sending {
  method?: string;
  headers?: Record<string, string>;
  /** A string as it is; anything else as JSON. */
  body?: unknown;
  /** PEM of the authority to trust, for https. */
  ca?: string;
  timeoutMs?: number;
  /** Keeps connections; without, each request has one of its own. */
  agent?: Agent;
}

/** What came back. */
export interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** Sends one request and reads the whole reply. */
export function exchange(url: string, sending: Sending = {}): Promise<Reply> {
  const { method = 'GET', body, ca, timeoutMs = 10_000, agent = false } = sending;
  const json = body !== undefined && typeof body !== 'string';
  const text = json ? JSON.stringify(body) : (body as string | undefined);
  const headers = { ...(json ? { 'content-type': 'application/json' } : {}), ...sending.headers };
  const send = url.startsWith('https:') ? secure : plain;
  return new Promise((resolve, reject) => {
    const request = send(url, { method, headers, ca, agent, timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.once('timeout', () => request.destroy(new Error(`no reply from ${url} in ${timeoutMs} ms`)));
    request.once('error', reject);
    request.end(text);
  });
}
