// Which events were had already, of the last minutes: what is asked for again after a break comes again.
import type { Event } from '../../audit/event/event.ts';

/** How far apart two events may be, by their own time, and the older one is still known; milliseconds. */
const spanMs = 60_000;

/** Events that were had, by auditID and stage; those of the newest minute at least. */
export class Recent {
  private young = new Map<string, string>();
  private old = new Map<string, string>();
  /** Where `young` began. */
  private since = '';
  /** The latest time of all, as in `Event.at`; empty before there was one. */
  newest = '';

  /** @param kept what `kept` gave in an earlier run */
  constructor(kept: Kept = { at: '', events: [] }) {
    this.newest = kept.at;
    this.since = kept.at;
    this.young = new Map(kept.events.map((key) => [key, kept.at]));
  }

  has(event: Event): boolean {
    const key = keyOf(event);
    return this.young.has(key) || this.old.has(key);
  }

  add(event: Event): void {
    if (event.at > this.newest) this.newest = event.at;
    if (this.since === '') this.since = this.newest;
    if (Date.parse(this.newest) - Date.parse(this.since) > spanMs) {
      [this.old, this.young] = [this.young, new Map()];
      this.since = this.newest;
    }
    this.young.set(keyOf(event), event.at);
  }

  /** What a later run must know. */
  kept(): Kept {
    const from = Date.parse(this.newest) - spanMs;
    const late = [...this.old, ...this.young].filter(([, at]) => Date.parse(at) >= from);
    return { at: this.newest, events: late.map(([key]) => key) };
  }
}

/** Events that were had, as plain JSON. */
export interface Kept {
  /** The latest time of them. */
  readonly at: string;
  /** auditID and stage of each. */
  readonly events: readonly string[];
}

// memory of its own: a slice would keep the batch of lines that it was cut from
const keyOf = ({ auditId, stage }: Event): string =>
  JSON.parse(JSON.stringify(`${auditId} ${stage}`)) as string;

/** A position that was read from a file, when it is one of these. */
export function keptIn(position: unknown): Kept | undefined {
  const { at, events } = (position ?? {}) as { readonly at?: unknown; readonly events?: unknown };
  if (typeof at !== 'string' || Number.isNaN(Date.parse(at)) || !Array.isArray(events)) return undefined;
  return events.every((one): one is string => typeof one === 'string') ? { at, events } : undefined;
}
