// Knows how to stand for Sematext with real parts: Logagent receives, OpenSearch stores and is searched.
// One thing is made up: OpenSearch has no account, so a thin proxy before it checks the apiKey the way
// Sematext's search does (header "apiKey KEY", or Basic with the user apiKey) and lets only searches through.
// Strings are mapped as Sematext documents it, with a .raw copy that is not analysed.
// Not as at Sematext: strings are analysed by the standard analyzer (theirs splits at whitespace; this small
// distribution has no such tokenizer), any token is a known App, @timestamp stays null (theirs: time of arrival).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { exchange, type Reply } from './http.ts';
import { startLogagent } from './logagent.ts';
import { bodyOf, serve, type Loopback } from './loopback.ts';
import { startOpenSearch, type OpenSearch } from './opensearch.ts';

/** A running stand for Sematext. */
export interface Sematext {
  /** Without a path: events go to `${receiverUrl}/TOKEN/`. */
  readonly receiverUrl: string;
  /** Without a path: searches go to `${searchUrl}/TOKEN/_search`. */
  readonly searchUrl: string;
  /** The account's key, the only one that may search. */
  readonly apiKey: string;
  /** Every search so far: its path and whether its key was right. */
  searches(): readonly { path: string; allowed: boolean }[];
  /** The events of a token with an auditID, read past the proxy: the test's own eyes. */
  eventsWith(token: string, auditId: string): Promise<Record<string, unknown>[]>;
  /** Every event of a token, as `auditID stage`. */
  eventsOf(token: string): Promise<string[]>;
  /** Removes every event of a token. */
  forget(token: string): Promise<void>;
  /** Ends the receiver, which ships what it has; gives what starts it again at the same address. */
  stopReceiver(): Promise<() => Promise<void>>;
  log(): string;
  stop(): Promise<void>;
}

/**
 * Starts OpenSearch, Logagent before it, and the search proxy.
 * @param account.address where the receiver listens; loopback when left out. Elsewhere it also takes what agents post, as
 *   Sematext's receiver of logs does, which is another host there
 */
export async function startSematext(account: { apiKey?: string; address?: string } = {}): Promise<Sematext> {
  const apiKey = account.apiKey ?? '00000000-e2e0-4000-8000-0000000a91e7';
  const engine = await startOpenSearch();
  const searches: { path: string; allowed: boolean }[] = [];
  try {
    await mapStrings(engine);
    const address = account.address === undefined ? {} : { address: account.address };
    let logagent = await startLogagent({ search: engine.url, ...address });
    const port = Number(new URL(logagent.receiverUrl).port);
    const front =
      account.address === undefined
        ? undefined
        : await bothReceivers(engine, logagent.receiverUrl, account.address);
    const proxy = await searchProxy(engine, apiKey, (path, allowed) => searches.push({ path, allowed }));
    return {
      receiverUrl: front?.url ?? logagent.receiverUrl,
      searchUrl: proxy.url,
      apiKey,
      searches: () => searches,
      eventsWith: (token, auditId) => eventsWith(engine, token, auditId),
      eventsOf: (token) => eventsOf(engine, token),
      stopReceiver: async () => {
        await logagent.stop();
        return async () => {
          logagent = await startLogagent({ search: engine.url, ...address, port });
        };
      },
      forget: async (token) => void (await exchange(`${engine.url}/${token}`, { method: 'DELETE' })),
      log: () => `${logagent.log()}\n${engine.log()}`,
      stop: async () => {
        await Promise.all([proxy.close(), front?.close(), logagent.stop()]);
        await engine.stop();
      },
    };
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

async function mapStrings(engine: OpenSearch): Promise<void> {
  const raw = { raw: { type: 'keyword', ignore_above: 1024 } };
  const mapping = { type: 'text', fields: raw };
  const body = {
    index_patterns: ['*'],
    settings: { number_of_shards: 1, number_of_replicas: 0 },
    // Logagent names the type; a mapping of another type would have its events refused, and it says nothing then.
    mappings: { logs: { dynamic_templates: [{ strings: { match_mapping_type: 'string', mapping } }] } },
  };
  const reply = await exchange(`${engine.url}/_template/sematext?include_type_name=true`, {
    method: 'PUT',
    body,
  });
  if (reply.status !== 200) throw new Error(`the mapping was refused: ${reply.body}`);
}

/** What agents post goes to the engine, all else to Logagent. */
function bothReceivers(engine: OpenSearch, receiverUrl: string, address: string): Promise<Loopback> {
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url: path = '/', headers } = request;
    const body = await bodyOf(request);
    const to = path.endsWith('/_bulk') ? engine.url : receiverUrl;
    const type = headers['content-type'];
    const passed = { method, ...(body && { body }), ...(type && { headers: { 'content-type': type } }) };
    const { status, body: text } = await exchange(`${to}${path}`, { ...passed, timeoutMs: 60_000 });
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  };
  return serve((request, response) => {
    pass(request, response).catch((error: unknown) => response.destroy(error as Error));
  }, address);
}

type Note = (path: string, allowed: boolean) => void;

function searchProxy(engine: OpenSearch, apiKey: string, note: Note): Promise<Loopback> {
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url: path = '/' } = request;
    const body = await bodyOf(request);
    const answer = (status: number, text: string): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    };
    const allowed = keyOf(request.headers.authorization) === apiKey;
    note(path, allowed);
    if (!allowed) return answer(401, '{"error":"Unauthorized","status":401}');
    if (!/^\/[0-9a-f-]{36}\/_search(\?|$)/.test(path))
      return answer(404, '{"error":"Not Found","status":404}');
    const found = await exchange(`${engine.url}${emptyWhenUnknown(path)}`, {
      method,
      ...(body && {
        body,
        headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
      }),
    });
    answer(found.status, found.body);
  };
  return serve((request, response) => {
    pass(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
}

/** An App without events is empty at Sematext; at OpenSearch there is no index until the first one. */
function emptyWhenUnknown(path: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}ignore_unavailable=true&allow_no_indices=true`;
}

function keyOf(authorization = ''): string | undefined {
  const [scheme, value = ''] = authorization.split(' ');
  if (scheme === 'apiKey') return value;
  if (scheme?.toLowerCase() !== 'basic') return undefined;
  const [user, ...key] = Buffer.from(value, 'base64').toString().split(':');
  return user === 'apiKey' ? key.join(':') : undefined;
}

async function eventsWith(
  engine: OpenSearch,
  token: string,
  auditId: string,
): Promise<Record<string, unknown>[]> {
  const { hits } = await search(engine, token, { size: 100, query: { match_phrase: { auditID: auditId } } });
  return hits.hits.map((hit) => hit._source).filter((event) => event['auditID'] === auditId);
}

/** By scrolling, for a search shows ten thousand at most. */
async function eventsOf(engine: OpenSearch, token: string): Promise<string[]> {
  const query = { size: 5_000, sort: ['_doc'], _source: ['auditID', 'stage'] };
  const events: string[] = [];
  let page = await search(engine, token, query, '&scroll=1m');
  while (page.hits.hits.length > 0) {
    events.push(
      ...page.hits.hits.map(({ _source: one }) => `${String(one['auditID'])} ${String(one['stage'])}`),
    );
    const body = { scroll: '1m', scroll_id: page._scroll_id };
    page = pageIn(await exchange(`${engine.url}/_search/scroll`, { method: 'POST', body }));
  }
  return events;
}

interface Page {
  readonly _scroll_id?: string;
  readonly hits: { readonly hits: readonly { readonly _source: Record<string, unknown> }[] };
}

function pageIn({ status, body }: Reply): Page {
  if (status !== 200) throw new Error(`the search was refused: ${body}`);
  return JSON.parse(body) as Page;
}

async function search(engine: OpenSearch, token: string, query: object, more = ''): Promise<Page> {
  await exchange(`${engine.url}/${token}/_refresh?ignore_unavailable=true`, { method: 'POST' });
  const path = `${emptyWhenUnknown(`/${token}/_search`)}${more}`;
  return pageIn(await exchange(`${engine.url}${path}`, { method: 'POST', body: query }));
}
