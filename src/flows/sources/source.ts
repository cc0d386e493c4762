// What `tail` reads from, whatever it is: batches of events in their order, where to go on behind each, and what the
// user should know.
import type { Event } from '../../audit/event/event.ts';

/** What was read at once; an empty one says that the source waits. */
export interface Batch {
  /** In the source's own order. */
  readonly events: readonly Event[];
  /** Where a later run goes on behind these events, to be written as JSON; no secrets. Absent where it is as before. */
  readonly position?: object;
  /** How many lines that are no event came with these; left out where there were none. */
  readonly unread?: number;
  /** Sentences for the user: what could not be read, what must have been lost. */
  readonly notes?: readonly string[];
}

/** One place that events come from. */
export interface Source {
  /** The same in every run, and fit for a sentence: a path, a node, an API server's pod, the host of the search. */
  readonly name: string;
  /**
   * Everything there is and then the end; or, followed, all that comes until the run is cancelled, with an empty batch
   * once in a while.
   * @throws Failure when it cannot be read | interrupted
   */
  batches(): AsyncIterable<Batch>;
}
