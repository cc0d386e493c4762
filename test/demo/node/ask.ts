// One request of an administrator to an embedded API server or to imitated nodes.
import { request } from 'node:https';
import { adminToken } from '../../../src/demo/api-server.ts';
import { bodyOf } from '../../contract/subject.ts';

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Over a connection of its own. @throws Error when there is no answer */
export function ask(
  { url, ca }: { readonly url: string; readonly ca: string },
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const sent = bodyOf(body);
  const headers = { authorization: `Bearer ${adminToken}`, ...sent.headers };
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}${path}`, { method, headers, ca, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject); // an answer that began and broke off is none: the request itself has no error then
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.on('error', reject).end(sent.text);
  });
}
