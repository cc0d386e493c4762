// A search whose documents appear when a test says so, on a clock that stands still but for what is slept: the embedded
// search's own answers without its HTTP, every request kept.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Event } from '../../../src/audit/event/event.ts';
import { sinkOf } from '../../../src/audit/sink/sematext.ts';
import { sematextMapping } from '../../../src/demo/logs/fields.ts';
import type { Mapping } from '../../../src/demo/logs/fields.ts';
import { BadQuery } from '../../../src/demo/logs/query.ts';
import { search } from '../../../src/demo/logs/search.ts';
import { Failure } from '../../../src/errors.ts';
import { searchSource } from '../../../src/flows/sources/search.ts';
import type { SearchOptions } from '../../../src/flows/sources/search.ts';
import type { Batch } from '../../../src/flows/sources/source.ts';
import { interrupted } from '../../../src/io/clock.ts';
import type { Answer, World } from '../../../src/io/world.ts';
import { secrets, witness } from '../../support/secrets.ts';

type Body = Readonly<Record<string, unknown>>;

/** One request and its answer. */
export interface Exchange {
  /** Epoch ms. */
  readonly at: number;
  readonly body: Body;
  readonly hits: number;
  readonly bytes: number;
}

/** What one run showed. */
export interface Shown {
  readonly batches: readonly Batch[];
  readonly ids: readonly string[];
  readonly notes: readonly string[];
  /** The last one, as a file would keep it. */
  readonly position: unknown;
}

/** Instead of an answer, or an error to be thrown; nothing: the real answer. */
export type Fault = (body: Body) => Partial<Answer> | Error | undefined;

export const start = Date.parse('2026-11-30T10:00:00.000Z');

export class Searched {
  now = start;
  fault: Fault = () => undefined;
  mapping: Mapping = sematextMapping;
  readonly exchanges: Exchange[] = [];
  private readonly documents: { id: string; source: Body; from: number }[] = [];
  private aborted = false;

  /**
   * Stores one event.
   * @param at ms after the start, of its stage
   * @param from ms after the start, when a search finds it; at once when left out
   */
  store(auditID: string, at: number, from = at, more: Body = {}): void {
    const stageTimestamp = new Date(start + Math.floor(at))
      .toISOString()
      .replace('Z', `${String(Math.round((at - Math.floor(at)) * 1000)).padStart(3, '0')}Z`);
    const event = { auditID, stage: 'ResponseComplete', level: 'Metadata', verb: 'get', stageTimestamp };
    const id = `doc-${this.documents.length}`;
    this.documents.push({ id, source: { '@timestamp': null, ...event, ...more }, from: start + from });
  }

  /** Everything, or what is shown until so many ms after the start. */
  async run(options: Partial<SearchOptions> = {}, until?: number): Promise<Shown> {
    const batches: Batch[] = [];
    this.aborted = false;
    try {
      for await (const batch of this.batches(until, options)) batches.push(batch);
      assert.equal(until, undefined, 'the end came before the time was over');
    } catch (error) {
      const stopped = error instanceof Failure && error.code === 'interrupted' && until !== undefined;
      if (!stopped) throw error;
    }
    return shown(batches);
  }

  /** So many batches, and then no more. */
  async some(count: number, options: Partial<SearchOptions> = {}): Promise<Shown> {
    const batches: Batch[] = [];
    for await (const batch of this.batches(3_600_000, { follow: true, ...options }))
      if (batches.push(batch) === count) break;
    return shown(batches);
  }

  private batches(until: number | undefined, options: Partial<SearchOptions>): AsyncIterable<Batch> {
    const selection = { filters: [], failed: false, writes: false, byPeople: false };
    const access = { sink: sinkOf('us'), token: secrets.token, apiKey: secrets.apiKey };
    const follow = until !== undefined;
    return searchSource(this.world(until), access, { selection, follow, ...options }).batches();
  }

  private world(until: number | undefined): World {
    const world: Pick<World, 'http' | 'clock' | 'hasher'> = {
      hasher: async () => (text) => createHash('sha256').update(text).digest('hex'),
      http: async ({ body = '' }) => this.answer(JSON.parse(body) as Body),
      clock: {
        now: () => new Date(this.now),
        rest: () => Promise.reject(new Error('nothing is taken back here')),
        sleep: async (ms) => {
          this.now += ms;
          if (until !== undefined && this.now > start + until) this.aborted = true;
          if (this.aborted) throw interrupted();
        },
      },
    };
    return world as World; // the source has no use for the rest of it
  }

  private answer(body: Body): Answer {
    assert.ok(this.exchanges.length < 5000, 'it asks for ever');
    const fault = this.fault(body);
    if (fault instanceof Error) throw fault;
    const text = fault?.text ?? (fault?.status === undefined ? this.found(body) : '');
    const refused = text.startsWith('{"error"') ? 400 : 200;
    const hits = refused === 400 ? [] : (JSON.parse(text || '{}') as { hits?: { hits?: [] } }).hits?.hits;
    this.exchanges.push({ at: this.now, body, hits: hits?.length ?? 0, bytes: text.length });
    return { status: refused, headers: {}, ms: 1, ...fault, text };
  }

  private found(body: Body): string {
    const documents = this.documents.filter(({ from }) => from <= this.now);
    try {
      return JSON.stringify(search(`${secrets.token}_free`, documents, this.mapping, body));
    } catch (error) {
      if (error instanceof BadQuery) return JSON.stringify({ error: error.message, status: 400 });
      throw error;
    }
  }
}

function shown(batches: readonly Batch[]): Shown {
  const events = batches.flatMap((batch): readonly Event[] => batch.events);
  const notes = batches.flatMap((batch) => batch.notes ?? []);
  const position = batches.findLast((batch) => batch.position !== undefined)?.position;
  const kept = JSON.stringify(position);
  witness(`${kept} ${notes.join(' ')} ${events.map(({ json }) => json).join(' ')}`);
  return {
    batches,
    notes,
    ids: events.map(({ auditId }) => auditId),
    position: kept === undefined ? undefined : (JSON.parse(kept) as unknown),
  };
}
