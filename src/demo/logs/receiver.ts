// The audit receiver: Logagent's input-kubernetes-audit, request for request (sematext/logagent-js 3.2.0,
// lib/plugins/input/kubernetesAudit.js). A 200 says that the path held something like a token and the body was JSON.
import type { Reply, Request } from '../http.ts';

const token = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;
const text = { 'content-type': 'text/plain' };

/** Takes an item for a token; `listed` when it stood in a list. @throws TypeError when it is no object */
export type Take = (item: unknown, token: string, listed: boolean) => void;

function takeAll(body: string, into: string, take: Take): void {
  if (body.length === 0) return;
  const docs = JSON.parse(body) as { items?: unknown } | null;
  const { items } = docs as { items?: unknown };
  if (Array.isArray(items) && items.length > 0) for (const item of items) take(item, into, true);
  else take(docs, into, false);
}

/** Answers one request. */
export function answerReceiver(request: Request, take: Take): Reply {
  const first = request.target.split('/')[1] ?? '';
  const found = first.length > 31 ? token.exec(first)?.[0] : undefined;
  if (!found && (first === 'health' || first === 'ping')) return { status: 200, body: 'ok\n' };
  if (!found) return { status: 403, body: `invalid logs token in url ${request.target}` };
  try {
    takeAll(request.body.toString('utf8'), found, take);
    return { status: 200, headers: text, body: 'OK\n' };
  } catch (error) {
    return { status: 500, headers: text, body: `Invalid json input: ${String(error)}\n` };
  }
}
