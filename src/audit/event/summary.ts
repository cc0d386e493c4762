// Events counted instead of shown: who did it, what was done, how it ended, and when.
import type { Event } from './event.ts';
import { ownMemory } from './fold.ts';

/** One row of a count. */
export interface Row {
  readonly name: string;
  readonly count: number;
}

export interface Summary {
  readonly events: number;
  /** Most first. */
  readonly who: readonly Row[];
  readonly what: readonly Row[];
  readonly codes: readonly Row[];
  /** By minute of the event's own time, RFC 3339 in UTC; a minute without events has no row. */
  readonly minutes: readonly Row[];
}

/** Names beyond these many are counted as one, so that a counter of endless names stays small. */
const mostNames = 20_000;
const others = '(others)';

class Counter {
  private readonly counts = new Map<string, number>();

  add(name: string): void {
    const count = this.counts.get(name);
    if (count !== undefined) this.counts.set(name, count + 1);
    else if (this.counts.size < mostNames) this.counts.set(ownMemory(name), 1);
    else this.counts.set(others, (this.counts.get(others) ?? 0) + 1);
  }

  rows(): Row[] {
    return [...this.counts].map(([name, count]) => ({ name, count }));
  }

  mostFirst(): Row[] {
    return this.rows().sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  }
}

/** Counts requests as they come. */
export class Tally {
  private events = 0;
  private readonly who = new Counter();
  private readonly what = new Counter();
  private readonly codes = new Counter();
  private readonly minutes = new Counter();

  add(event: Event): void {
    this.events++;
    this.who.add(event.asUser === '' ? event.user : `${event.user} as ${event.asUser}`);
    const { verb, resource, subresource, uri } = event;
    const path = uri.replace(/\?.*/s, '');
    this.what.add(`${verb} ${resource === '' ? path : resource + (subresource && `/${subresource}`)}`);
    this.codes.add(event.code === 0 ? event.stage : String(event.code));
    if (event.at !== '') this.minutes.add(`${event.at.slice(0, 16)}Z`);
  }

  summary(): Summary {
    return {
      events: this.events,
      who: this.who.mostFirst(),
      what: this.what.mostFirst(),
      codes: this.codes.mostFirst(),
      minutes: this.minutes.rows().sort((a, b) => (a.name < b.name ? -1 : 1)),
    };
  }
}
