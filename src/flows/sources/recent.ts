// Which events were had already, of the last minutes: what is asked for again after a break comes again.
import type { Event } from '../../audit/event/event.ts';

/** How far apart two events may be, by their own time, and the older one is still known; milliseconds. */
const spanMs = 60_000;

/** Events that were had, as plain JSON. */
export interface Kept {
  /** The latest time of them. */
  readonly at: string;
  /** auditID and stage of each. */
  readonly events: readonly string[];
}

/** Events that were had, by auditID and stage; those of the newest minute at least. */
export class Recent {
  private readonly known: Set<string>;
  /** The same in the order that they came, with their times. */
  private readonly order: { readonly key: string; readonly atMs: number }[];
  /** How many are not in `order` any more. */
  private forgotten = 0;
  /** The latest time of all, as in `Event.at`; empty before there was one. */
  newest: string;

  /** @param kept what a run before has kept */
  constructor({ at, events }: Kept = { at: '', events: [] }) {
    this.newest = at;
    this.known = new Set(events);
    this.order = events.map((key) => ({ key, atMs: Date.parse(at) }));
  }

  has(event: Event): boolean {
    return this.known.has(keyOf(event));
  }

  add(event: Event): void {
    if (event.at > this.newest) this.newest = event.at;
    const key = keyOf(event);
    this.known.add(key);
    this.order.push({ key, atMs: Date.parse(event.at) });
    this.forget(Date.parse(this.newest));
  }

  /** What a later run must know, as it is now; worked out when it is written, which is seldom. */
  kept(): { toJSON(): Kept } {
    const [at, end] = [this.newest, this.forgotten + this.order.length];
    const from = Date.parse(at) - spanMs;
    const events = (): readonly string[] =>
      this.order.slice(0, end - this.forgotten).flatMap(({ key, atMs }) => (atMs >= from ? [key] : []));
    return { toJSON: () => ({ at, events: events() }) };
  }

  private forget(nowMs: number): void {
    const [first] = this.order;
    if (first === undefined || first.atMs >= nowMs - 2 * spanMs) return;
    const young = this.order.findIndex(({ atMs }) => atMs >= nowMs - spanMs);
    for (const { key } of this.order.splice(0, young)) this.known.delete(key);
    this.forgotten += young;
  }
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
