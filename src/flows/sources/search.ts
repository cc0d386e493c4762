// `tail` out of Sematext's search: everything from a time on in the order of the events' own times, and, followed, what
// comes after and what comes late. docs/following-the-search.md says what that costs.
import { eventsIn } from '../../audit/event/shapes.ts';
import type { Selection } from '../../audit/event/match.ts';
import { bodyOf, cut, pageSize } from '../../audit/sink/event-pages.ts';
import type { Ability, Asked, Hit, Page, Span } from '../../audit/sink/event-pages.ts';
import { eventQuery } from '../../audit/sink/event-query.ts';
import type { Clause } from '../../audit/sink/event-query.ts';
import { readPosition, writePosition } from '../../audit/sink/position.ts';
import { Seen } from '../../audit/sink/seen.ts';
import { hostOf } from '../../audit/sink/sematext.ts';
import { Failure } from '../../errors.ts';
import { searchPage } from '../../io/event-search.ts';
import { HttpError } from '../../io/http.ts';
import type { SinkAccess } from '../../io/sematext.ts';
import type { World } from '../../io/world.ts';
import { Patience } from './patience.ts';
import type { Batch, Source } from './source.ts';

export interface SearchOptions {
  /**
   * What may be asked for at once; what is found is more than what matches, and still to be matched. Where there is a
   * position, that says from when on, and `since` is not asked.
   */
  readonly selection: Selection;
  readonly follow: boolean;
  /** How long after its time an event may become searchable, milliseconds; 5 minutes when left out. */
  readonly lateMs?: number;
  /** Between two polls, milliseconds; 5 seconds when left out. The first polls are sooner. */
  readonly everyMs?: number;
  /** Where an earlier run ended; anything, it is checked. */
  readonly position?: unknown;
}

/**
 * The events in the search.
 * `batches()` @throws Failure usage (position) | search-refused | search-unreachable (not followed) | interrupted
 */
export function searchSource(world: World, access: SinkAccess, options: SearchOptions): Source {
  return { name: hostOf(access.sink.search ?? ''), batches: () => batches(world, access, options) };
}

/** Then every `everyMs`. */
const firstPollMs = 1000;

async function* batches(world: World, access: SinkAccess, options: SearchOptions): AsyncGenerator<Batch> {
  const { follow, everyMs = 5000 } = options;
  const reading = await open(world, access, options);
  const patience = new Patience(world.clock, follow);
  for (let polls = 0; ; polls++) {
    let wait = Math.min(everyMs, firstPollMs * 2 ** polls);
    try {
      for await (const batch of reading.poll()) {
        const back = patience.answered();
        yield back === undefined ? batch : { ...batch, notes: [back, ...(batch.notes ?? [])] };
      }
      if (!follow) return;
    } catch (error) {
      const { waitMs, note } = patience.failed(error);
      if (isTooLarge(error)) reading.readLess();
      yield { events: [], ...(note !== undefined && { notes: [note] }) };
      wait = waitMs;
    }
    await world.clock.sleep(wait);
  }
}

// io reads no answer that is longer than its cap; events with bodies of requests may make one
const isTooLarge = (error: unknown): boolean =>
  error instanceof Failure && error.cause instanceof HttpError && error.cause.reason === 'too-large';

const everything = { from: undefined, head: undefined, seen: [] };

async function open(
  world: World,
  access: SinkAccess,
  { selection, lateMs = 5 * 60_000, position }: SearchOptions,
): Promise<Reading> {
  const digest = await world.hasher();
  const query = eventQuery(selection);
  const { since, until } = selection;
  const own = {
    app: digest(access.token ?? '').slice(0, 12),
    asked: digest(JSON.stringify(query)).slice(0, 12),
  };
  const start =
    position === undefined
      ? { ...everything, asked: own.asked, ...(since !== undefined && { from: Date.parse(since) }) }
      : readPosition(position, own.app);
  // other filters count other documents: all of the last minutes are read again, and known events left out
  const seen = start.asked === own.asked ? start.seen : start.seen.map((bucket) => ({ ...bucket, count: 0 }));
  return new Reading({ world, access, query, own }, new Seen(digest, lateMs, { ...start, seen }), {
    // a millisecond more, since digits after it were cut off
    to: until === undefined ? undefined : Date.parse(until) + 1,
  });
}

interface Place {
  readonly world: World;
  readonly access: SinkAccess;
  readonly query: Clause;
  readonly own: { readonly app: string; readonly asked: string };
}

/** From what is asked at first to what any search understands. */
const abilities: readonly Ability[] = [true, false].flatMap((filters) =>
  [true, false].flatMap((counts) => [true, false].map((times) => ({ times, counts, filters }))),
);
const abilityAt = (level: number): Ability =>
  abilities[level] ?? { times: true, counts: false, filters: false };
const unfiltered: Selection = { filters: [], failed: false, writes: false, byPeople: false };

/** Without counts, how often the last minutes are read again. */
const againMs = 60_000;

class Reading {
  private readonly place: Place;
  private readonly seen: Seen;
  private readonly end: Pick<Span, 'to'>;
  /** Of `abilities`, which one the search was found to have. */
  private level = 0;
  private notes: string[] = [];
  private size = pageSize;
  /** Whether there is a position yet: even a run that sees nothing says where the next one begins. */
  private placed = false;
  /** When the last minutes were read again without counts, epoch ms. */
  private readAgain: number;

  constructor(place: Place, seen: Seen, end: Pick<Span, 'to'>) {
    [this.place, this.seen, this.end] = [place, seen, end];
    this.readAgain = this.now();
  }

  /** From the next page on. */
  readLess(): void {
    this.size = Math.max(1, Math.floor(this.size / 10));
  }

  /** All that came since the last poll, at least one batch. */
  async *poll(): AsyncGenerator<Batch> {
    const { seen } = this;
    const all = { from: seen.from, ...this.end };
    const counted = seen.spans(this.now());
    const shownFrom = seen.head === undefined ? undefined : seen.head + 1;
    const fresh = { ...all, from: shownFrom ?? all.from };
    const page = await this.ask({ span: all, size: this.size, counted, shownFrom });
    for (const span of this.grown(counted, page)) {
      const again = { span, size: this.size, without: seen.again(span) };
      yield* this.pages(again, await this.ask(again));
    }
    yield* this.pages({ span: fresh, size: this.size }, page);
  }

  /** The spans to be read again. */
  private grown(counted: readonly Span[], { counts }: Page): readonly Span[] {
    if (counted.length === 0 || counts?.length === 0) return [];
    const { counts: counting } = abilityAt(this.level);
    if (counting && counts?.length === counted.length) return this.seen.grown(counted, counts);
    if (counting) this.lower(this.level + 2); // it heeds a part of what it is asked, and says nothing
    if (this.now() - this.readAgain < againMs) return [];
    this.readAgain = this.now();
    return [{ from: counted[0]?.from, to: counted.at(-1)?.to }];
  }

  private async *pages(asked: Asked, first: Page): AsyncGenerator<Batch> {
    let now = asked;
    for (let page = first; ; page = await this.ask(now)) {
      const { hits, next, passed } = cut(page, now.size, this.size);
      if (passed) this.notes.push('Of one moment only 10 000 events could be had; there are more.');
      yield this.batch(hits);
      if (next === undefined) return;
      now = { ...now, ...next };
    }
  }

  private batch(hits: readonly Hit[]): Batch {
    const fresh = hits.filter((hit) => this.seen.take(hit));
    const events = fresh.flatMap(({ source }) => eventsIn(source) ?? []);
    this.seen.forget(this.now());
    const notes = this.notes.splice(0);
    const changed = hits.length > 0 || !this.placed;
    this.placed = true;
    const { app, asked } = this.place.own;
    return {
      events: events.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)),
      ...(changed && { position: writePosition(app, { ...this.seen.position(), asked }) }),
      ...(notes.length > 0 && { notes }),
    };
  }

  /** One page, asked in words that the search understands. */
  private async ask(asked: Asked): Promise<Page> {
    const { world, access, query } = this.place;
    const refused = new Set<string>();
    for (let level = this.level; level < abilities.length; level++) {
      const ability = abilityAt(level);
      const body = bodyOf(ability, ability.filters ? query : eventQuery(unfiltered), asked);
      if (refused.has(JSON.stringify(body))) continue; // what was left out was not in it
      const page = await searchPage(world, access, body);
      if (page !== undefined) {
        this.lower(level);
        return page;
      }
      refused.add(JSON.stringify(body));
    }
    throw new Failure('search-unreachable', `${hostOf(access.sink.search ?? '')} answered HTTP 400.`, [
      'see that --search-url leads to a search',
    ]);
  }

  private lower(level: number): void {
    const [was, is] = [abilityAt(this.level), abilityAt(level)];
    this.level = level;
    if (was.counts && !is.counts)
      this.notes.push(
        'The search does not count events: what comes late is read once a minute, which costs more.',
      );
    if (was.filters && !is.filters)
      this.notes.push('The search does not understand the filters: all events are read and filtered here.');
  }

  private now(): number {
    return this.place.world.clock.now().getTime();
  }
}
