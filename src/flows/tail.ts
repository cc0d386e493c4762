// `tail`: events from where they are to who reads them: selected, their stages folded, none lost and none twice.
import type { Event } from '../audit/event/event.ts';
import { Fold } from '../audit/event/fold.ts';
import { matcher } from '../audit/event/match.ts';
import type { Filter, Matcher, Selection } from '../audit/event/match.ts';
import { redacted } from '../audit/event/redact.ts';
import { Tally } from '../audit/event/summary.ts';
import type { Summary } from '../audit/event/summary.ts';
import { Failure } from '../errors.ts';
import { interrupted } from '../io/clock.ts';
import type { Positions, World } from '../io/world.ts';
import { openSources } from './sources/open.ts';
import type { Origin } from './sources/open.ts';
import type { Merged } from './sources/merge.ts';

type Moment = { readonly agoMs: number } | { readonly at: string };

export interface TailRequest {
  readonly from: Origin;
  /** Goes on with what comes, until the run is cancelled. */
  readonly follow: boolean;
  readonly filters: readonly Filter[];
  readonly failed: boolean;
  readonly writes: boolean;
  readonly byPeople: boolean;
  readonly since?: Moment;
  readonly until?: Moment;
  /** Every stage of a request instead of its last one. */
  readonly allStages: boolean;
  /** Events are shown whole (`objectOf`), and one that is not JSON to its end is none. */
  readonly whole: boolean;
  /** At most so many, the first ones. */
  readonly limit?: number;
  /** A file that keeps where reading ended, for the next run. */
  readonly resumeFrom?: string;
}

/** How the events are used. */
interface Use {
  /** How long an unfinished request holds back its first stage, by the time of the events, milliseconds. */
  readonly patienceMs: number;
}

/** What takes longer is shown when it began, and again when it ended. */
const shown: Use = { patienceMs: 5000 };
/** What began and ended is one, however long it took. */
const counted: Use = { patienceMs: Infinity };

/** Events that are followed may be so much older than they are read. */
const latenessMs = 30_000;
/** Whoever gives nothing for so long has nothing more for now. */
const idleMs = 2_000;
/** How often positions are kept. */
const keepMs = 5_000;

/**
 * The wanted events, in batches: of one source in its order, of several by time. What was begun and not ended when the
 * run is cancelled comes last.
 * @param tell sentences for the user: what could not be read, what must be lost
 * @throws Failure usage when a file cannot be read, and those of the sources | interrupted
 */
export async function* tail(
  world: World,
  request: TailRequest,
  tell: (text: string) => void,
  { patienceMs }: Use = shown,
): AsyncGenerator<readonly Event[]> {
  const keeper = await Keeper.open(world, request.resumeFrom);
  const resumable = request.resumeFrom !== undefined;
  const wish = { ...request, positions: keeper.before, resumable, tell };
  const { selection, batches } = await openSources(world, wish);
  const picked = new Picker(request, selection, patienceMs);
  try {
    for await (const batch of batches) {
      if (world.signal.aborted) throw interrupted();
      for (const note of batch.notes) tell(note);
      if (request.follow) picked.pass(world.clock.now().getTime(), batch.events.length > 0);
      yield picked.of(batch.events);
      await keeper.keep(batch.positions);
      if (picked.full) return;
    }
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'interrupted' || !request.follow) throw error;
    yield* picked.rest();
    await keeper.keep({}, 'now');
    throw error;
  }
  yield* picked.rest();
  await keeper.keep({}, 'now');
}

/** What is wanted of the events, as they come. */
class Picker {
  private readonly matcher: Matcher;
  private readonly fold: Fold | undefined;
  private left: number;
  /** When events came last, or reading began. */
  private cameMs = 0;

  constructor({ allStages, limit }: TailRequest, selection: Selection, patienceMs: number) {
    this.matcher = matcher(selection);
    this.fold = allStages ? undefined : new Fold(patienceMs);
    this.left = limit ?? Infinity;
  }

  get full(): boolean {
    return this.left === 0;
  }

  /** Time has passed. While there is something to read, its own times say how late it is. */
  pass(nowMs: number, came: boolean): void {
    if (came || this.cameMs === 0) this.cameMs = nowMs;
    if (nowMs - this.cameMs > idleMs) this.fold?.pass(new Date(nowMs - latenessMs).toISOString());
  }

  of(events: readonly Event[]): readonly Event[] {
    const { fold } = this;
    const staged = events.filter(this.matcher.stage);
    if (fold === undefined) return this.limited(staged);
    const ready = staged.map((event) => fold.take(event)).filter((event) => event !== undefined);
    return this.limited([...fold.overdue(), ...ready]);
  }

  /** What was begun and not ended. */
  *rest(): Generator<readonly Event[]> {
    for (const events of this.fold?.rest() ?? []) yield this.limited(events);
  }

  private limited(events: readonly Event[]): readonly Event[] {
    const some = events.filter(this.matcher.request).slice(0, this.left);
    this.left -= some.length;
    return some;
  }
}

/** Keeps positions, of those events only that were shown. */
class Keeper {
  /** Where the run before ended; empty without a file. */
  readonly before: Positions;
  private readonly world: World;
  private readonly write: ((positions: Positions) => Promise<void>) | undefined;
  private positions: Positions;
  private kept = 0;

  private constructor(world: World, before: Positions, write?: (positions: Positions) => Promise<void>) {
    [this.world, this.before, this.positions, this.write] = [world, before, before, write];
  }

  static async open(world: World, path: string | undefined): Promise<Keeper> {
    if (path === undefined) return new Keeper(world, {});
    const file = await world.positions(path);
    const before = await file.read();
    await file.write(before); // what cannot be written is said before anything is shown
    return new Keeper(world, before, file.write);
  }

  async keep(positions: Merged['positions'], when?: 'now'): Promise<void> {
    if (this.write === undefined) return;
    this.positions = { ...this.positions, ...positions };
    const now = this.world.clock.now().getTime();
    if (when !== 'now' && now - this.kept < keepMs) return;
    this.kept = now;
    await this.write(this.positions);
  }
}

/** The wanted events counted. @throws as `tail` does */
export async function summarise(
  world: World,
  request: TailRequest,
  tell: (text: string) => void,
): Promise<Summary> {
  const tally = new Tally();
  for await (const events of tail(world, request, tell, counted))
    for (const event of events) tally.add(event);
  return tally.summary();
}

/** An event as an object to be shown: as it was recorded, its secrets masked unless asked for. */
export function objectOf({ json }: Event, showSecrets: boolean): object {
  const event = JSON.parse(json) as object;
  return showSecrets ? event : redacted(event);
}
