// Several sources as one, in the order of the events' own times: an event waits until every source has one that is
// later, or has nothing to say for a while.
import type { Event } from '../../audit/event/event.ts';
import type { Clock } from '../../io/world.ts';
import type { Batch, Source } from './source.ts';

/** What all sources together gave at once. */
export interface Merged {
  /** By time. */
  readonly events: readonly Event[];
  /** Of each source that got further: where it goes on behind these events. */
  readonly positions: Readonly<Record<string, object>>;
  readonly notes: readonly string[];
}

/** One source, and its batch that waits for the others. */
class Lane {
  readonly name: string;
  private readonly iterator: AsyncIterator<Batch>;
  private asked: Promise<void> | undefined;
  private batch: Batch | undefined;
  private events: readonly Event[] = [];
  ended = false;

  constructor(source: Source) {
    this.name = source.name;
    this.iterator = source.batches()[Symbol.asyncIterator]();
  }

  /** Its latest time at hand; undefined when it has nothing. */
  get newest(): string | undefined {
    return this.batch === undefined
      ? undefined
      : this.events.reduce((latest, { at }) => (at > latest ? at : latest), '');
  }

  /** Resolves when it has something at hand, or has ended. */
  ready(): Promise<void> {
    if (this.batch !== undefined || this.ended) return Promise.resolve();
    this.asked ??= this.ask();
    return this.asked;
  }

  /** Notes of the batch at hand, once. */
  notes(): readonly string[] {
    const { notes = [] } = this.batch ?? {};
    if (this.batch !== undefined && notes.length > 0) this.batch = { ...this.batch, notes: [] };
    return notes;
  }

  /** Its events up to a time, and its position when these were the last ones at hand. */
  take(until: string): { readonly events: readonly Event[]; readonly position: object | undefined } {
    const events = this.events.filter(({ at }) => at <= until);
    this.events = this.events.filter(({ at }) => at > until);
    if (this.events.length > 0 || this.batch === undefined) return { events, position: undefined };
    const { position } = this.batch;
    this.batch = undefined;
    return { events, position };
  }

  private async ask(): Promise<void> {
    const next = await this.iterator.next();
    this.asked = undefined;
    if (next.done === true) this.ended = true;
    else [this.batch, this.events] = [next.value, next.value.events];
  }
}

/**
 * The batches of all sources, until the last one ends.
 * @param patienceMs how long an event waits for sources that say nothing; with Infinity they end, and are waited for
 * @throws what a source throws
 */
export async function* merged(
  sources: readonly Source[],
  patienceMs: number,
  clock: Clock,
): AsyncGenerator<Merged> {
  let lanes = sources.map((source) => new Lane(source));
  while (lanes.length > 0) {
    const all = Promise.all(lanes.map((lane) => lane.ready()));
    all.catch(() => undefined); // of a source that breaks while nobody waits: it breaks again when it is asked
    await (patienceMs === Infinity ? all : Promise.race([all, clock.sleep(patienceMs)]));
    const times = lanes.flatMap(({ newest }) => (newest === undefined ? [] : [newest]));
    yield gathered(lanes, times.length === 0 ? '' : times.reduce((a, b) => (a < b ? a : b)));
    lanes = lanes.filter(({ ended }) => !ended);
  }
}

function gathered(lanes: readonly Lane[], until: string): Merged {
  const notes = lanes.flatMap((lane) => lane.notes());
  const taken = lanes.map((lane) => ({ name: lane.name, ...lane.take(until) }));
  const events = taken.flatMap((one) => one.events);
  const positions = taken.flatMap(({ name, position }) => (position ? [[name, position] as const] : []));
  // one source keeps its own order
  if (lanes.length > 1) events.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return { events, notes, positions: Object.fromEntries(positions) };
}
