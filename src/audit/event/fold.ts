// One request, one event: holds back the first stages of a request until its last one comes, which says everything
// that they said. A request that takes long is shown when it began and again when it ended.
import { isLast } from './event.ts';
import type { Event } from './event.ts';

/** More unfinished requests than this are not held back, whatever their age. */
const mostHeld = 2_000;

/** Of so many that were not held to their end it is known that they were given. */
const mostGiven = 16_000;

/** So many are given at once at the end. */
const mostAtOnce = 1000;

/** An unfinished request. */
interface Held {
  /** Time of its stage; NaN where it has none. */
  readonly ms: number;
  readonly isFirst: boolean;
  /** Its event, or the event's text once two batches have passed: it ends soon, or late. */
  readonly event: Event | string;
}

/** Folds the stages of requests by auditID. */
export class Fold {
  private readonly patienceMs: number;
  private readonly held = new Map<string, Held>();
  /** Requests whose end was seen, of this batch and of the one before: a list that is newest first gives it first. */
  private ended = new Set<string>();
  private endedBefore = new Set<string>();
  private newest = '';
  /** The time of the longest held, or earlier. */
  private oldestMs = Infinity;
  /** Where nothing is to be given before its end: what was given all the same, and must not be given again. */
  private readonly given = new Set<number>();
  /** What was held in this batch and in the one before. */
  private fresh: string[] = [];
  private freshBefore: string[] = [];

  /** @param patienceMs how long an unfinished request is held back, by the time of the events */
  constructor(patienceMs: number) {
    this.patienceMs = patienceMs;
  }

  /** What can be shown after one more event: itself, when it is a last stage. */
  take(event: Event): Event | undefined {
    const { auditId } = event;
    if (event.at > this.newest) this.newest = event.at;
    if (this.given.size > 0 && this.given.has(digest(auditId))) return undefined;
    if (isLast(event)) {
      this.held.delete(auditId);
      this.ended.add(auditId);
      return event;
    }
    if (!this.ended.has(auditId) && !this.endedBefore.has(auditId)) this.hold(event);
    return undefined;
  }

  /** Time has passed, whether events came or not. */
  pass(at: string): void {
    if (at > this.newest) this.newest = at;
  }

  /** After a batch: the requests that have been unfinished for too long. The others are soon held without their batch. */
  overdue(): readonly Event[] {
    this.endedBefore = this.ended;
    this.ended = new Set();
    const due = this.due(Date.parse(this.newest) - this.patienceMs);
    this.pack(this.freshBefore);
    this.freshBefore = this.fresh;
    this.fresh = [];
    return due;
  }

  /** At the end: all that is still held. */
  *rest(): Generator<readonly Event[]> {
    let some: Event[] = [];
    for (const held of this.held.values()) {
      some.push(unpacked(held));
      if (some.length === mostAtOnce) {
        yield some;
        some = [];
      }
    }
    this.held.clear();
    yield some;
  }

  /** Lets go of a batch. */
  private pack(auditIds: readonly string[]): void {
    for (const auditId of auditIds) {
      const held = this.held.get(auditId);
      if (held === undefined || typeof held.event === 'string') continue;
      this.held.delete(auditId); // the key is a slice of the batch as well
      this.held.set(ownMemory(auditId), { ...held, event: JSON.stringify(held.event) });
    }
  }

  private due(limit: number): readonly Event[] {
    let crowd = this.held.size - mostHeld;
    if (crowd <= 0 && this.oldestMs >= limit) return [];
    const due: Event[] = [];
    this.oldestMs = Infinity;
    for (const [auditId, held] of this.held) {
      if (crowd-- > 0 || !(held.ms >= limit)) {
        this.held.delete(auditId);
        due.push(unpacked(held));
        if (this.patienceMs === Infinity && this.given.size < mostGiven) this.given.add(digest(auditId));
      } else this.oldestMs = Math.min(this.oldestMs, held.ms);
    }
    return due;
  }

  private hold(event: Event): void {
    const { auditId, stage } = event;
    if (this.held.get(auditId)?.isFirst === false) return;
    const ms = Date.parse(event.at);
    this.held.set(auditId, { ms, isFirst: stage === 'RequestReceived', event });
    this.fresh.push(auditId);
    if (!(ms >= this.oldestMs)) this.oldestMs = Number.isNaN(ms) ? -Infinity : ms;
  }
}

/** 53 bits of a text, by two of FNV's kind: the texts themselves would take several times as much. */
function digest(text: string): number {
  let [one, other] = [0x811c9dc5, 0x9747b28c];
  for (let i = 0; i < text.length; i++) {
    one = Math.imul(one ^ text.charCodeAt(i), 0x01000193);
    other = Math.imul(other ^ text.charCodeAt(i), 0x85ebca6b);
  }
  return (one >>> 0) * 2 ** 21 + (other >>> 11);
}

const unpacked = ({ event }: Held): Event =>
  typeof event === 'string' ? (JSON.parse(event) as Event) : event;

/** The same text in memory of its own: a slice of a string keeps the whole string, here a batch of lines. */
export const ownMemory = (text: string): string => JSON.parse(JSON.stringify(text)) as string;
