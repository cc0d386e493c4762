// The search as HTTP: who may ask, which index, and errors in OpenSearch's shape.
import type { Reply, Request } from '../http.ts';
import type { Mapping } from './fields.ts';
import type { IndexStore } from './index-store.ts';
import { BadQuery } from './query.ts';
import { search } from './search.ts';

function json(status: number, object: unknown): Reply {
  const headers = { 'content-type': 'application/json; charset=UTF-8' };
  return { status, headers, body: JSON.stringify(object) };
}

function failure(status: number, type: string, reason: string, more: object = {}): Reply {
  const cause = { type, reason, ...more };
  return json(status, { error: { root_cause: [cause], ...cause }, status });
}

function mayAsk(authorization: string | undefined, apiKey: string): boolean {
  const [, scheme = '', given = ''] = /^(\S+)\s+(.*)$/.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'apikey') return given === apiKey;
  if (scheme.toLowerCase() !== 'basic') return false;
  return Buffer.from(given, 'base64').toString('utf8') === `apiKey:${apiKey}`;
}

function asked(request: Request): Record<string, unknown> {
  const text = request.body.toString('utf8');
  if (!text) return {};
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/json\b/.test(type))
    throw new BadQuery('media_type_header_exception', `Content-Type header [${type}] is not supported`);
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new BadQuery('json_parse_exception', (error as Error).message);
  }
}

/** Answers one request. */
export function answerSearch(
  request: Request,
  store: IndexStore,
  { apiKey, mapping }: { readonly apiKey: string; readonly mapping: Mapping },
): Reply {
  if (!mayAsk(request.headers['authorization'], apiKey)) {
    const reply = json(401, { error: 'Unauthorized', status: 401 });
    return { ...reply, headers: { ...reply.headers, 'www-authenticate': 'Basic realm="Sematext"' } };
  }
  const [, index = '', action, more] = request.path.split('/');
  if (action !== '_search' || more !== undefined)
    return failure(400, 'illegal_argument_exception', `no handler found for uri [${request.target}]`);
  if (request.method !== 'GET' && request.method !== 'POST')
    return json(405, { error: `Incorrect HTTP method for uri [${request.target}]`, status: 405 });
  const documents = store.visible(index);
  if (!documents)
    return failure(404, 'index_not_found_exception', `no such index [${index}]`, {
      index,
      'resource.id': index,
      'resource.type': 'index_or_alias',
      index_uuid: '_na_',
    });
  try {
    return json(200, search(index, documents, mapping, asked(request)));
  } catch (error) {
    if (error instanceof BadQuery) return failure(400, error.type, error.message);
    throw error;
  }
}
