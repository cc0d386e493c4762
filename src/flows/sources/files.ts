// A file of this machine, or standard input, as a source of events.
import type { Event } from '../../audit/event/event.ts';
import { Reader } from '../../audit/event/shapes.ts';
import type { World } from '../../io/world.ts';
import { blockBatches, logBatches } from './log-batches.ts';
import type { Batch, Source } from './source.ts';

export interface FileWish {
  /** Whether what is written later is wanted too; standard input, packed files and pipes are read to their end. */
  readonly follow: boolean;
  /** Whether batches tell where a later run goes on. Following always does; reading once is quicker without. */
  readonly resumable?: boolean;
  /** Where an earlier run ended; as it was read from wherever it was kept. */
  readonly position?: unknown;
  /** A JSON object in one line that holds none of these is left out; with none given, no line is. */
  readonly literals: readonly string[];
  /** Whether every byte of an event matters. */
  readonly whole: boolean;
  /** As in Reader. */
  readonly measured?: boolean | undefined;
  /** As in Reader; of a file that is read once. */
  readonly counts?: ((last: Event) => boolean) | undefined;
}

/**
 * The events of a file that the user named, packed or not; `-` is standard input.
 * @throws Failure usage, when it is read: the file cannot be had, or `position` is none
 */
export function fileSource(world: World, path: string, wish: FileWish): Source {
  const name = path === '-' ? 'standard input' : path;
  return { name, batches: () => batches(world, path, { ...wish, name }) };
}

async function* batches(
  world: World,
  path: string,
  {
    name,
    follow,
    resumable = false,
    position,
    literals,
    whole,
    measured = false,
    counts,
  }: FileWish & { readonly name: string },
): AsyncGenerator<Batch> {
  const placed = follow || resumable || position !== undefined;
  if (!placed || !(await world.canGrow(path))) {
    yield* blockBatches(name, world.lines(path, literals), new Reader(whole, { counts, measured }));
    return;
  }
  yield* logBatches(world.log({ path }, { follow, literals, position }), whole);
}
