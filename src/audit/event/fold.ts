// One request, one event: holds back the first stages of a request until its last one comes, which says everything
// that they said. A request that takes long is shown when it began and again when it ended.
import type { Event } from './event.ts';

const isLast = ({ stage }: Event): boolean => stage === 'ResponseComplete' || stage === 'Panic';

/** More unfinished requests than this are not held back, whatever their age. */
const mostHeld = 50_000;

/** Folds the stages of requests by auditID. */
export class Fold {
  private readonly patienceMs: number;
  private readonly held = new Map<string, Event>();
  /** Requests whose end was seen, of this batch and of the one before: a list that is newest first gives it first. */
  private ended = new Set<string>();
  private endedBefore = new Set<string>();
  private newest = '';
  /** What was held in this batch. */
  private fresh: string[] = [];

  /** @param patienceMs how long an unfinished request is held back, by the time of the events */
  constructor(patienceMs: number) {
    this.patienceMs = patienceMs;
  }

  /** What can be shown after one more event: itself, when it is a last stage. */
  take(event: Event): Event | undefined {
    const { auditId } = event;
    if (event.at > this.newest) this.newest = event.at;
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

  /** After a batch: the requests that have been unfinished for too long. The others are held without their batch. */
  overdue(): readonly Event[] {
    this.endedBefore = this.ended;
    this.ended = new Set();
    const limit = Date.parse(this.newest) - this.patienceMs;
    const crowd = this.held.size - mostHeld;
    const due = [...this.held.values()].filter(({ at }, i) => i < crowd || !(Date.parse(at) >= limit));
    for (const { auditId } of due) this.held.delete(auditId);
    for (const auditId of this.fresh) {
      const event = this.held.get(auditId);
      if (event !== undefined) this.held.set(event.auditId, detach(event));
    }
    this.fresh = [];
    return due;
  }

  /** At the end: all that is still held. */
  rest(): readonly Event[] {
    const all = [...this.held.values()];
    this.held.clear();
    return all;
  }

  private hold(event: Event): void {
    const before = this.held.get(event.auditId);
    if (before === undefined || before.stage === 'RequestReceived') {
      this.held.set(event.auditId, event);
      this.fresh.push(event.auditId);
    }
  }
}

/** The same event in memory of its own: a slice of a string keeps the whole string, here a batch of lines. */
export const detach = (event: Event): Event => JSON.parse(JSON.stringify(event)) as Event;
