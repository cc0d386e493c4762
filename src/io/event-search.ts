// Pages of events out of the search.
import { readPage } from '../audit/sink/event-pages.ts';
import type { Page } from '../audit/sink/event-pages.ts';
import { hostOf } from '../audit/sink/sematext.ts';
import { Unavailable, askSearch } from './sematext.ts';
import type { SinkAccess } from './sematext.ts';
import type { World } from './world.ts';

/**
 * One page.
 * @param body of the request
 * @returns undefined when the search does not understand the body
 * @throws Failure search-unreachable (Unavailable when it answered) | search-refused | interrupted
 */
export async function searchPage(world: World, access: SinkAccess, body: object): Promise<Page | undefined> {
  const answer = await askSearch(world, access, body);
  if (answer.status === 400) return undefined;
  if (answer.status === 404) return { hits: [], counts: [] }; // an index that never got a document
  const page = answer.status === 200 ? readPage(answer.text) : undefined;
  if (page === undefined) throw new Unavailable(hostOf(access.sink.search ?? ''), answer);
  return page;
}
