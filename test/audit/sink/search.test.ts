// What a search is asked, and what its answers mean in every shape that engines give them.
import assert from 'node:assert/strict';
import { queryByAuditId, queryRecent, readHits } from '../../../src/audit/sink/search.ts';

const event = { auditID: 'a', stage: 'ResponseComplete', stageTimestamp: '2026-01-02T03:04:05.000000Z' };
const answer = (hits: unknown): string => JSON.stringify({ took: 1, timed_out: false, hits });
type Hits = ReturnType<typeof readHits>;

const cases: readonly (readonly [what: string, text: string, hits: Hits])[] = [
  [
    'a total that is an object',
    answer({ total: { value: 7, relation: 'eq' }, hits: [{ _source: event }] }),
    { total: 7, events: [event] },
  ],
  [
    'a total that is a number',
    answer({ total: 7, hits: [{ _source: event }] }),
    { total: 7, events: [event] },
  ],
  ['no total', answer({ hits: [{ _source: event }] }), { total: 1, events: [event] }],
  ['a total that is neither', answer({ total: 'many', hits: [] }), { total: 0, events: [] }],
  [
    'no hits',
    answer({ total: { value: 0, relation: 'eq' }, max_score: null, hits: [] }),
    { total: 0, events: [] },
  ],
  [
    'a hit without _source',
    answer({ total: 2, hits: [{ _id: 'x' }, { _source: event }] }),
    { total: 2, events: [event] },
  ],
  [
    'a hit that is null',
    answer({ total: 2, hits: [null, { _source: event }] }),
    { total: 2, events: [event] },
  ],
  [
    'a document that is no event',
    answer({ total: 1, hits: [{ _source: { message: 'hello' } }] }),
    { total: 1, events: [] },
  ],
  [
    'an event of other types',
    answer({ total: 1, hits: [{ _source: { auditID: 7, stage: 'Panic' } }] }),
    { total: 1, events: [] },
  ],
  [
    'an event without its time',
    answer({ total: 1, hits: [{ _source: { auditID: 'a', stage: 'Panic' } }] }),
    { total: 1, events: [{ auditID: 'a', stage: 'Panic', stageTimestamp: '' }] },
  ],
  [
    'more fields than are needed',
    answer({ total: 1, hits: [{ _source: { ...event, user: { username: 'u' } } }] }),
    { total: 1, events: [event] },
  ],
  ['hits that are no list', answer({ total: 1, hits: {} }), undefined],
  ['an error', '{"error":{"type":"index_not_found_exception"},"status":404}', undefined],
  ['hits that are null', '{"hits":null}', undefined],
  ['null', 'null', undefined],
  ['a number', '5', undefined],
  ['a web page', '<html>502 Bad Gateway</html>', undefined],
  ['JSON that broke off', '{"took":3,"hits":{"total":{"val', undefined],
  ['nothing', '', undefined],
];

describe('readHits', () => {
  for (const [what, text, hits] of cases) it(what, () => assert.deepEqual(readHits(text), hits));
});

describe('what a search is asked', () => {
  it('for one request: by its Audit-ID, whatever the mapping', () => {
    assert.deepEqual(queryByAuditId('a-1'), {
      size: 50,
      query: { bool: { must: [{ match_phrase: { auditID: 'a-1' } }] } },
    });
  });

  it('for the recent: events alone, by their own clock, counted to the last', () => {
    const text = JSON.stringify(queryRecent('2026-01-02T03:04:05.000Z'));
    assert.match(text, /"track_total_hits":true/);
    assert.match(text, /"exists":\{"field":"auditID"\}/);
    assert.match(text, /"range":\{"stageTimestamp":\{"gte":"2026-01-02T03:04:05.000Z"\}\}/);
    assert.ok(!text.includes('@timestamp'));
  });
});
