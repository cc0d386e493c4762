// The search, as far as this tool asks it: finding, sorting, windows, pages, refusals.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  arrived,
  ask,
  byId,
  eventOf,
  find,
  listOf,
  send,
  token,
  type Found,
  type Json,
  type SematextSubject,
} from './sematext-subject.ts';

/** States it of a subject that runs. */
export function searchContract(subject: () => SematextSubject): void {
  describe('the search', () => {
    const agent = `series-${randomUUID().slice(0, 8)}`;
    const ids = Array.from({ length: 5 }, () => randomUUID());
    const time = (i: number): string => `2026-03-04T05:06:0${i}.000123Z`;
    const mine = { bool: { must: [{ match_phrase: { userAgent: agent } }] } };

    before(async () => {
      const events = ids.map((id, i) =>
        eventOf(id, {
          userAgent: agent,
          stageTimestamp: time(i),
          responseStatus: { metadata: {}, code: 200 + i },
        }),
      );
      await send('POST', `${subject().receiverUrl}/${token}/`, listOf(...events));
      await arrived(subject(), mine, ids.length);
    });

    const idsOf = ({ hits }: Found): unknown[] => hits.map(({ _source }) => _source['auditID']);

    it('finds one event by its ID and no other', async () => {
      assert.deepEqual(idsOf(await find(subject(), { query: byId(ids[2] ?? '') })), [ids[2]]);
      assert.deepEqual(idsOf(await find(subject(), { query: byId(randomUUID()) })), []);
    });

    it('sorts by the time of the stage, both ways', async () => {
      const sorted = async (order: string): Promise<Found> =>
        find(subject(), { query: mine, sort: [{ stageTimestamp: { order } }] });
      assert.deepEqual(idsOf(await sorted('asc')), ids);
      const down = await sorted('desc');
      assert.deepEqual(idsOf(down), ids.toReversed());
      assert.deepEqual(down.hits[0]?.sort, [Date.parse(time(4).replace('123Z', 'Z'))]);
    });

    it('cuts a window out of the time of the stage', async () => {
      const within = async (range: Json): Promise<unknown[]> => {
        const query = { bool: { ...mine.bool, filter: [{ range: { stageTimestamp: range } }] } };
        return idsOf(await find(subject(), { query, sort: [{ stageTimestamp: 'asc' }] }));
      };
      assert.deepEqual(await within({ gte: time(1), lt: time(3) }), ids.slice(1, 3));
      assert.deepEqual(await within({ gt: time(3) }), ids.slice(4));
      assert.deepEqual(await within({ gte: 'now-15m' }), []);
    });

    it('goes on after the last hit of a page', async () => {
      const sort = [{ stageTimestamp: 'asc' }, { 'auditID.raw': 'asc' }];
      const first = await find(subject(), { query: mine, sort, size: 2 });
      assert.deepEqual(idsOf(first), ids.slice(0, 2));
      const more = { query: mine, sort, size: 10, search_after: first.hits.at(-1)?.sort };
      assert.deepEqual(idsOf(await find(subject(), more)), ids.slice(2));
      assert.deepEqual(idsOf(await find(subject(), { query: mine, sort, from: 4 })), ids.slice(4));
    });

    it('counts what it does not show, and shows what is asked for', async () => {
      const body = {
        query: mine,
        size: 1,
        track_total_hits: true,
        _source: ['auditID', 'user.username'],
        sort: [{ stageTimestamp: 'asc' }],
      };
      const { total, hits } = await find(subject(), body);
      assert.deepEqual(total, { value: ids.length, relation: 'eq' });
      assert.deepEqual(hits[0]?._source, { auditID: ids[0], user: { username: 'jane' } });
      assert.equal((await find(subject(), { query: mine, size: 0 })).hits.length, 0);
    });

    it('knows term, exists and what must not be', async () => {
      const found = async (bool: Json): Promise<unknown[]> =>
        idsOf(await find(subject(), { query: { bool }, sort: [{ stageTimestamp: 'asc' }] }));
      const { must } = mine.bool;
      assert.deepEqual(await found({ must, filter: [{ term: { 'responseStatus.code': 203 } }] }), [ids[3]]);
      assert.deepEqual(await found({ must, filter: [{ exists: { field: 'user.username' } }] }), ids);
      assert.deepEqual(await found({ must, filter: [{ exists: { field: 'impersonatedUser' } }] }), []);
      assert.deepEqual(
        await found({ must, must_not: [{ match_phrase: { auditID: ids[0] } }] }),
        ids.slice(1),
      );
    });

    it('knows texts by their beginning, by their picture, and documents by their id', async () => {
      const found = async (filter: Json): Promise<unknown[]> => {
        const query = { bool: { ...mine.bool, filter: [filter] } };
        return idsOf(await find(subject(), { query, sort: [{ stageTimestamp: 'asc' }] }));
      };
      const beginning = String(ids[1]).slice(0, 13);
      assert.deepEqual(await found({ prefix: { 'auditID.raw': { value: beginning } } }), [ids[1]]);
      assert.deepEqual(await found({ wildcard: { 'auditID.raw': { value: `${beginning}*` } } }), [ids[1]]);
      assert.deepEqual(await found({ wildcard: { 'auditID.raw': { value: `${beginning}?` } } }), []);
      assert.deepEqual(await found({ wildcard: { 'user.username.raw': { value: 'j?n*e' } } }), ids);
      assert.deepEqual(await found({ wildcard: { 'user.username.raw': { value: 'J*' } } }), []);
      assert.deepEqual(await found({ wildcard: { 'user.username.raw': { value: 'j\\?ne' } } }), []);
      assert.deepEqual(await found({ wildcard: { 'user.username.keyword': { value: '*' } } }), []);
      assert.deepEqual(await found({ exists: { field: 'user.username.raw' } }), ids);
      assert.deepEqual(await found({ exists: { field: 'user.username.keyword' } }), []);
      const [, second] = (await find(subject(), { query: mine, sort: [{ stageTimestamp: 'asc' }] })).hits;
      assert.deepEqual(await found({ ids: { values: [second?._id, 'nobody'] } }), [ids[1]]);
    });

    it('counts in spans of time, whatever it shows', async () => {
      const span = (from: number, to: number): Json => ({
        range: { stageTimestamp: { gte: time(from).slice(0, 23), lt: time(to).slice(0, 23) } },
      });
      const filters = [span(0, 2), span(2, 3), span(3, 3), { range: { stageTimestamp: { gte: time(3) } } }];
      const reply = await ask(subject(), {
        query: mine,
        post_filter: span(4, 9),
        size: 10,
        track_total_hits: false,
        sort: [{ stageTimestamp: 'asc' }],
        aggs: { spans: { filters: { filters } } },
      });
      const { hits, aggregations } = JSON.parse(reply.text) as { hits: Found; aggregations: unknown };
      const buckets = [2, 1, 0, 2].map((doc_count) => ({ doc_count }));
      assert.deepEqual(aggregations, { spans: { buckets } });
      assert.deepEqual([idsOf(hits), hits.total], [ids.slice(4), undefined]);
    });

    it('sorts by fields that are not there, and goes on behind them', async () => {
      const order = { order: 'asc', unmapped_type: 'keyword' };
      const time = { stageTimestamp: { order: 'asc', unmapped_type: 'date' } };
      const sort = [time, { 'auditID.raw': order }, { 'auditID.keyword': order }];
      const { hits } = await find(subject(), { query: mine, sort, size: 3 });
      assert.deepEqual(hits.at(-1)?.sort?.slice(1), [ids[2], null]);
      const more = { query: mine, sort, size: 3, search_after: hits.at(-1)?.sort };
      assert.deepEqual(idsOf(await find(subject(), more)), ids.slice(3));
    });

    it('refuses what it does not know', async () => {
      const refused = async (body: Json): Promise<unknown> => {
        const reply = await ask(subject(), body);
        return [
          reply.status,
          (JSON.parse(reply.text) as { error: { root_cause: { type: string }[] } }).error.root_cause[0]?.type,
        ];
      };
      assert.deepEqual(await refused({ query: { nonsense: {} } }), [400, 'parsing_exception']);
      assert.deepEqual(await refused({ query: mine, sort: [{ nowhere: 'asc' }] }), [
        400,
        'query_shard_exception',
      ]);
      assert.deepEqual(await refused({ query: mine, sort: [{ auditID: 'asc' }] }), [
        400,
        'illegal_argument_exception',
      ]);
      assert.deepEqual(await refused({ query: mine, from: 9999, size: 10 }), [
        400,
        'illegal_argument_exception',
      ]);
      assert.deepEqual(await refused({ query: { wildcard: { stageTimestamp: { value: '2*' } } } }), [
        400,
        'query_shard_exception',
      ]);
      const unparsed = [400, 'parsing_exception'];
      assert.deepEqual(await refused({ aggs: { spans: { nonsense: {} } } }), unparsed);
      assert.deepEqual(await refused({ nonsense: 1 }), unparsed);
    });
  });
}
