// `tail`: events from where they are to who reads them: selected, their stages folded, none lost and none twice.
import type { Event } from '../audit/event/event.ts';
import { Fold } from '../audit/event/fold.ts';
import { literals, matcher } from '../audit/event/match.ts';
import type { Filter, Selection } from '../audit/event/match.ts';
import { redacted } from '../audit/event/redact.ts';
import { Reader } from '../audit/event/shapes.ts';
import type { Unread } from '../audit/event/shapes.ts';
import { Tally } from '../audit/event/summary.ts';
import type { Summary } from '../audit/event/summary.ts';
import { interrupted } from '../io/clock.ts';
import type { World } from '../io/world.ts';

type Moment = { readonly agoMs: number } | { readonly at: string };

export interface TailRequest {
  /** Paths; `-` is standard input. */
  readonly files: readonly string[];
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

/**
 * The wanted events, in batches and in the order that they were written.
 * @param tell sentences for the user: what could not be read
 * @throws Failure usage when a file cannot be read | interrupted
 */
export async function* tail(
  world: World,
  request: TailRequest,
  tell: (text: string) => void,
  { patienceMs }: Use = shown,
): AsyncGenerator<readonly Event[]> {
  const selection = selectionAt(request, world.clock.now().getTime());
  const { stage, request: wanted } = matcher(selection);
  const [fold, counts] = request.allStages ? [] : [new Fold(patienceMs), stage];
  let left = request.limit ?? Infinity;
  const limited = (events: readonly Event[]): readonly Event[] => {
    const some = events.filter(wanted).slice(0, left);
    left -= some.length;
    return some;
  };
  for (const path of request.files) {
    const reader = new Reader(request.whole, counts);
    for await (const block of world.lines(path, literals(selection))) {
      if (world.signal.aborted) throw interrupted();
      const events = reader.read(block).filter(stage);
      yield limited(fold === undefined ? events : folded(fold, events));
      if (left === 0) break;
    }
    if (left > 0) reader.end();
    report(path, reader.unread, tell);
    if (left === 0) return;
  }
  for (const events of restOf(fold)) yield limited(events);
}

const restOf = (fold: Fold | undefined): Iterable<readonly Event[]> => fold?.rest() ?? [];

function folded(fold: Fold, events: readonly Event[]): readonly Event[] {
  const ready = events.map((event) => fold.take(event)).filter((event) => event !== undefined);
  return [...fold.overdue(), ...ready];
}

function report(path: string, { count, first }: Unread, tell: (text: string) => void): void {
  if (first === undefined) return;
  const source = path === '-' ? 'standard input' : path;
  const lines = count === 1 ? '' : `${count} lines could not be read, the first is `;
  tell(`${source}: ${lines}line ${first.line}${count === 1 ? ' could not be read' : ''}: ${first.why}.`);
}

/** The selection with its times worked out. */
function selectionAt({ since, until, ...rest }: TailRequest, now: number): Selection {
  const at = (moment: Moment): string =>
    'at' in moment ? moment.at : new Date(now - moment.agoMs).toISOString();
  const { filters, failed, writes, byPeople } = rest;
  return {
    ...{ filters, failed, writes, byPeople },
    ...(since !== undefined && { since: at(since) }),
    ...(until !== undefined && { until: at(until) }),
  };
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
