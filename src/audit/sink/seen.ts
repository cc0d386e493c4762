// What was seen of a search that shows events late and twice. Events become searchable seconds to minutes after they
// happened, in no order, so the last minutes are counted again and again, in buckets of ten seconds; a bucket in which
// there are more documents than were seen is read again. API servers that try again have an event stored twice: the
// second one has another id and is the same event.
import type { Hit, Span } from './event-pages.ts';
import { digestLength } from './position.ts';
import type { Position } from './position.ts';

const bucketMs = 10_000;
/** Beyond this, ahead of our clock, nothing is expected: one API server's clock is wrong. */
const aheadMs = 60_000;

interface Bucket {
  /** Documents of an earlier run, of which only the events are known. */
  unnamed: number;
  readonly ids: Set<string>;
  /** Digests of the events. */
  readonly events: Set<string>;
}

const bucketOf = (at: number): number => Math.floor(at / bucketMs);
const countOf = ({ unnamed, ids }: Bucket): number => unnamed + ids.size;

/** Documents and events of the last minutes. */
export class Seen {
  private readonly digest: (text: string) => string;
  private readonly lateMs: number;
  private readonly buckets = new Map<number, Bucket>();
  private newest: number | undefined;
  private oldest: number | undefined;

  /**
   * @param digest of a text: `digestLength` hexadecimal digits or more
   * @param lateMs how long after its time an event may become searchable
   * @param start where an earlier run ended, or only from when on events are wanted
   */
  constructor(digest: (text: string) => string, lateMs: number, start: Omit<Position, 'asked'>) {
    this.digest = digest;
    this.lateMs = lateMs;
    this.oldest = start.from;
    this.newest = start.head;
    for (const { bucket, count, events } of start.seen)
      this.buckets.set(bucket, { unnamed: count, ids: new Set(), events: new Set(events) });
  }

  /** Time of the newest event, epoch ms. */
  get head(): number | undefined {
    return this.newest;
  }

  /** From when on events may still come, epoch ms. */
  get from(): number | undefined {
    return this.oldest;
  }

  /** Notes a document. @returns whether its event was not seen before */
  take({ id, at, source }: Hit): boolean {
    if (Number.isNaN(at)) return false; // in no order with the others, so it would come again each time
    const index = bucketOf(at);
    const bucket = this.buckets.get(index) ?? { unnamed: 0, ids: new Set(), events: new Set() };
    this.buckets.set(index, bucket);
    this.newest = Math.max(this.newest ?? at, at);
    bucket.ids.add(id);
    const { auditID, stage, stageTimestamp } = source;
    const event = this.digest(JSON.stringify([auditID, stage, stageTimestamp])).slice(0, digestLength);
    const known = bucket.events.has(event);
    bucket.events.add(event);
    return !known;
  }

  /**
   * What is to be counted: all up to the newest event. What an API server writes whose clock is ahead of all others is
   * one span, however long.
   * @param now epoch ms
   */
  spans(now: number): readonly Span[] {
    if (this.newest === undefined) return [];
    const end = this.newest + 1;
    const ahead = (bucketOf(now + aheadMs) + 1) * bucketMs;
    const all: Span[] = [];
    for (let from = this.oldest ?? bucketOf(end) * bucketMs; from < end;) {
      const to = from >= ahead ? end : Math.min((bucketOf(from) + 1) * bucketMs, end);
      all.push({ from, to });
      from = to;
    }
    return all;
  }

  /** The spans that have more documents than were seen, side by side ones as one. */
  grown(spans: readonly Span[], counts: readonly number[]): readonly Span[] {
    const grown: Span[] = [];
    for (const [i, span] of spans.entries()) {
      if ((counts[i] ?? 0) <= this.in(span).reduce((sum, bucket) => sum + countOf(bucket), 0)) continue;
      const before = grown.at(-1);
      if (before?.to !== span.from) grown.push(span);
      else grown[grown.length - 1] = { from: before?.from, to: span.to };
    }
    return grown;
  }

  /** Before a span is read again: the ids of its documents, as far as they are known; the others will be. */
  again(span: Span): readonly string[] {
    const buckets = this.in(span);
    for (const bucket of buckets) bucket.unnamed = 0;
    return buckets.flatMap(({ ids }) => [...ids]);
  }

  /** Forgets what is older than events can come late. @param now epoch ms */
  forget(now: number): void {
    if (this.newest === undefined) return;
    // a clock that is far ahead must not make all others late
    const first = bucketOf(Math.min(this.newest, now) - this.lateMs);
    this.oldest = Math.max(this.oldest ?? -Infinity, first * bucketMs);
    for (const index of this.buckets.keys()) if (index < first) this.buckets.delete(index);
  }

  /** Where a later run goes on. */
  position(): Omit<Position, 'asked'> {
    const seen = [...this.buckets].map(([bucket, one]) => ({
      bucket,
      count: countOf(one),
      events: [...one.events],
    }));
    return { from: this.oldest, head: this.newest, seen };
  }

  private in({ from = -Infinity, to = Infinity }: Span): readonly Bucket[] {
    const all = [...this.buckets].filter(([index]) => index >= bucketOf(from) && index < to / bucketMs);
    return all.map(([, bucket]) => bucket);
  }
}
