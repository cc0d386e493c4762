// The query against the matcher, on an embedded search of each mapping that Apps are known to have: what the matcher
// wants is found, whatever the filters and the events, and "not" never leaves a first stage without its last one.
import assert from 'node:assert/strict';
import { eventsIn } from '../../../src/audit/event/shapes.ts';
import type { Event } from '../../../src/audit/event/event.ts';
import { matcher } from '../../../src/audit/event/match.ts';
import type { Filter, Selection } from '../../../src/audit/event/match.ts';
import { eventQuery } from '../../../src/audit/sink/event-query.ts';
import type { Document } from '../../../src/demo/logs/document.ts';
import { documentOf } from '../../../src/demo/logs/document.ts';
import { sematextMapping } from '../../../src/demo/logs/fields.ts';
import type { Mapping } from '../../../src/demo/logs/fields.ts';
import { parse } from '../../../src/demo/logs/query.ts';
import { draws } from '../../support/draws.ts';
import { randomEvent, randomSelection, selectionOf } from './selections.ts';

const mappings: Readonly<Record<string, Mapping>> = {
  'as at Sematext': sematextMapping,
  'of OpenSearch itself': { copy: 'keyword', ignoreAbove: 256, dates: true },
  'to be kept as they are': { copy: 'none', ignoreAbove: 64, dates: true },
  'with copies of short ones only': { copy: 'raw', ignoreAbove: 64, dates: false },
};

/** The documents that a query finds, and their events. */
function search(documents: readonly Document[], mapping: Mapping, selection: Selection): Set<string> {
  const sources = documents.map(({ source }) => source);
  const finds = parse(eventQuery(selection), { sources, mapping, now: 0 });
  return new Set(documents.filter(finds).map(({ id }) => id));
}

const eventIn = ({ source }: Document): Event => {
  const [event] = eventsIn(source) ?? [];
  assert.ok(event);
  return event;
};

const told = (selection: Selection): string => JSON.stringify(selection.filters);

describe('the query of a selection', () => {
  for (const [name, mapping] of Object.entries(mappings))
    it(`finds all that the matcher wants, with strings mapped ${name}`, () => {
      let [wanted, found, all] = [0, 0, 0];
      for (let seed = 0; seed < 6; seed++) {
        const draw = draws(seed);
        const documents = Array.from({ length: 60 }, (_, i) => {
          const event = randomEvent(draw, i);
          return draw.below(2) === 0
            ? { id: String(i), source: event, from: 0 }
            : { ...documentOf(event, true, 0).document, id: String(i) };
        });
        for (let i = 0; i < 25; i++) {
          const selection = randomSelection(draw);
          const { stage, request } = matcher(selection);
          const ids = search(documents, mapping, selection);
          const want = documents.filter((one) => stage(eventIn(one)) && request(eventIn(one)));
          for (const one of want)
            assert.ok(ids.has(one.id), `${told(selection)} loses ${JSON.stringify(one.source)}`);
          wanted += want.length;
          found += ids.size;
          all += documents.length;
        }
      }
      assert.ok(wanted > 300, `only ${wanted} of ${all} were ever wanted`);
      // much of what is not wanted is not found; without copies of strings there is no picture of them to be asked for
      const most = mapping.copy === 'none' ? 0.7 : 0.5;
      assert.ok(
        found - wanted < (all - wanted) * most,
        `${found} found of ${all}, of which ${wanted} wanted`,
      );
    });

  it('leaves no first stage of a request without the last one, by a "not"', () => {
    let both = 0;
    for (let seed = 0; seed < 300; seed++) {
      const draw = draws(seed);
      const last = randomEvent(draw, 1);
      const { impersonatedUser, annotations, responseStatus, ...first } = last;
      assert.ok(impersonatedUser !== 0 && annotations !== 0 && responseStatus !== 0);
      const { name: _, ...ref } = (first['objectRef'] ?? {}) as { name?: string };
      const stages = [{ ...first, objectRef: ref, stage: 'RequestReceived' }, last];
      const documents = stages.map((source, i) => ({ id: String(i), source, from: 0 }));
      const filters = randomSelection(draw).filters.filter(({ field }) => field !== 'stage');
      const selection = selectionOf({ filters: filters.map((one) => ({ ...one, not: true })) });
      const ids = search(documents, sematextMapping, selection);
      assert.ok(!ids.has('0') || ids.has('1'), `${told(selection)} on ${JSON.stringify(last)}`);
      both += ids.size;
    }
    assert.ok(both > 0 && both < 600, `${both} of 600`);
  });

  const finds = (filter: Partial<Filter> & Pick<Filter, 'field' | 'patterns'>, source: object): boolean => {
    const selection = selectionOf({ filters: [{ not: false, ...filter }] });
    const document = { id: 'x', source: { auditID: 'a', stage: 'ResponseComplete', ...source }, from: 0 };
    return search([document], sematextMapping, selection).size > 0;
  };

  it('asks for nothing that an analyser may leave nothing of', () => {
    assert.ok(finds({ field: 'user-agent', patterns: ['-/-'] }, { userAgent: '-/-' }));
    assert.ok(finds({ field: 'namespace', patterns: [''] }, { verb: 'list' }));
  });

  it('takes signs of OpenSearch for what they are', () => {
    assert.ok(finds({ field: 'by', patterns: ['DOM\\al*'] }, { user: { username: 'DOM\\alice' } }));
    assert.ok(!finds({ field: 'by', patterns: ['DOM\\al*'] }, { user: { username: 'DOMalice' } }));
    // two of our ? are one character there
    assert.ok(finds({ field: 'by', patterns: ['a??'] }, { user: { username: 'a\u{1f600}' } }));
  });

  it('finds the decision under either key', () => {
    for (const key of ['authorization.k8s.io/decision', 'authorization_k8s_io/decision']) {
      assert.ok(finds({ field: 'decision', patterns: ['forbid'] }, { annotations: { [key]: 'forbid' } }));
      assert.ok(!finds({ field: 'decision', patterns: ['forbid'] }, { annotations: { [key]: 'allow' } }));
    }
  });

  it('finds no documents that are not audit events', () => {
    const other = { id: 'x', source: { message: 'hello', level: 'info' }, from: 0 };
    assert.equal(search([other], sematextMapping, selectionOf({})).size, 0);
  });
});
