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
  /** As in Batch; of files that are read once. */
  readonly unread?: number;
}

/** So many events of a source wait for the others at the most, give or take a batch. */
const mostWaiting = 5_000;

/** One source, read ahead while the others are waited for. */
class Lane {
  readonly name: string;
  /** Batches in their order, with those of their events that still wait. */
  private readonly queue: { readonly batch: Batch; events: readonly Event[] }[] = [];
  private readonly goesOn: boolean;
  private readonly changed: () => void;
  private drained: () => void = () => undefined;
  private stopped = false;
  ended = false;
  failed: { readonly error: unknown } | undefined;
  /** Whether it has no events to give now, or has said nothing for so long that nobody waits for it. */
  silent = false;

  /**
   * @param goesOn whether it has no end, so that an empty batch says that it waits
   * @param changed told of everything that is new
   */
  constructor(source: Source, goesOn: boolean, changed: () => void) {
    [this.name, this.goesOn, this.changed] = [source.name, goesOn, changed];
    void this.read(source); // what it throws is `failed`
  }

  get hasSome(): boolean {
    return this.queue.length > 0;
  }

  /** Whether the others wait for it. */
  get isAwaited(): boolean {
    return !this.hasSome && !this.ended && !this.silent;
  }

  /** Up to when its events are at hand; undefined where that says nothing about the others. */
  get newest(): string | undefined {
    const events = this.queue.flatMap((one) => one.events);
    if (events.length > 0) return events.reduce(later, '');
    return this.hasSome && !this.goesOn ? '' : undefined;
  }

  /** Its events up to a time, its notes, and the position behind the batches that are done with. */
  take(until: string): Required<Pick<Batch, 'events' | 'notes'>> & Pick<Batch, 'position'> {
    const notes = this.queue.flatMap(({ batch }) => batch.notes ?? []);
    const events = this.queue.flatMap((one) => one.events.filter(({ at }) => at <= until));
    for (const one of this.queue)
      Object.assign(one, {
        batch: { ...one.batch, notes: [] },
        events: one.events.filter(({ at }) => at > until),
      });
    const waiting = this.queue.findIndex((one) => one.events.length > 0);
    const done = this.queue.splice(0, waiting < 0 ? this.queue.length : waiting);
    this.drained();
    const position = done.reduce<object | undefined>((last, { batch }) => batch.position ?? last, undefined);
    return { events, notes, ...(position !== undefined && { position }) };
  }

  /** Nobody wants more of it. */
  stop(): void {
    this.stopped = true;
    this.drained();
  }

  private async read(source: Source): Promise<void> {
    try {
      for await (const batch of source.batches()) {
        this.queue.push({ batch, events: batch.events });
        this.silent = this.goesOn && batch.events.length === 0;
        this.changed();
        while (this.waiting() > mostWaiting && !this.stopped)
          await new Promise<void>((resolve) => (this.drained = resolve));
        if (this.stopped) return;
      }
    } catch (error) {
      this.failed = { error };
    }
    this.ended = true;
    this.changed();
  }

  private waiting(): number {
    return this.queue.reduce((sum, { events }) => sum + events.length, 0);
  }
}

const later = (latest: string, { at }: Event): string => (at > latest ? at : latest);

/**
 * The batches of all sources, until the last one ends; where some wait, an empty one once in a while.
 * @param patienceMs how long an event waits for sources that say nothing; with Infinity they end, and are waited for
 * @throws what a source throws: at once where they go on for ever, else when the others have ended
 */
export async function* merged(
  sources: readonly Source[],
  patienceMs: number,
  clock: Clock,
): AsyncGenerator<Merged> {
  let wake = (): void => undefined;
  const lanes = sources.map((source) => new Lane(source, patienceMs < Infinity, () => wake()));
  const change = async (): Promise<true> => {
    await new Promise<void>((resolve) => (wake = resolve));
    return true;
  };
  const changes = async (ms: number): Promise<boolean> =>
    ms === Infinity ? change() : Promise.race([change(), clock.sleep(ms).then(() => false)]);
  try {
    for (let since = clock.now().getTime(); ; since = clock.now().getTime()) {
      let left = patienceMs;
      while (isAwaited(lanes) && left > 0 && (await changes(left)))
        left = patienceMs - (clock.now().getTime() - since);
      for (const lane of lanes) lane.silent ||= lane.isAwaited;
      if (lanes.some(({ hasSome, ended }) => hasSome || !ended)) yield gathered(lanes);
      if (isOver(lanes, patienceMs)) return;
    }
  } finally {
    for (const lane of lanes) lane.stop();
  }
}

/** Whether it is too early to give what is at hand. */
function isAwaited(lanes: readonly Lane[]): boolean {
  const some = lanes.some(({ hasSome, failed }) => hasSome || failed !== undefined);
  const open = lanes.some(({ ended }) => !ended);
  return open && (!some || lanes.some((lane) => lane.isAwaited));
}

/** Whether all is given. @throws what a source has thrown, when it is its time */
function isOver(lanes: readonly Lane[], patienceMs: number): boolean {
  const over = lanes.every(({ ended, hasSome }) => ended && !hasSome);
  const [failed] = lanes.flatMap((lane) => lane.failed ?? []);
  if (failed !== undefined && (over || patienceMs < Infinity)) throw failed.error;
  return over;
}

function gathered(lanes: readonly Lane[]): Merged {
  const times = lanes.flatMap(({ newest }) => newest ?? []);
  const until = times.reduce((a, b) => (a < b ? a : b), times[0] ?? '');
  const taken = lanes.map((lane) => ({ name: lane.name, ...lane.take(until) }));
  const events = taken.flatMap((one) => one.events);
  // one source keeps its own order
  if (lanes.length > 1) events.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return {
    events,
    notes: taken.flatMap(({ notes }) => notes),
    positions: Object.fromEntries(
      taken.flatMap(({ name, position }) => (position ? [[name, position]] : [])),
    ),
  };
}
