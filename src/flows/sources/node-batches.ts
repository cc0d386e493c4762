// The audit file of one node, whatever happens to the way there: what cannot be read is said once, and tried again from
// where it was.
import { Failure } from '../../errors.ts';
import type { Code } from '../../errors.ts';
import type { LogAsked, LogPlace } from '../../io/log/open.ts';
import type { World } from '../../io/world.ts';
import { logBatches } from './log-batches.ts';
import type { Batch } from './source.ts';

const retryMs = 1000;
/** How often a node that is read once is tried. */
const tries = 5;

// what the next try may find otherwise
const passing: readonly Code[] = ['cluster-unreachable', 'cluster-answer', 'cluster-refused'];
// an API server that has just started forbids what it is about to allow
const denials: readonly Code[] = ['cluster-forbidden', 'cluster-unauthorized'];

/**
 * The events of one node's audit file.
 * @throws Failure cluster-forbidden | cluster-unauthorized | usage | interrupted; of a node that is read once also those
 *   of a cluster that cannot be reached, after some tries
 */
export async function* nodeBatches(
  world: World,
  place: LogPlace,
  asked: LogAsked,
  whole: boolean,
): AsyncGenerator<Batch> {
  const state: State = { position: asked.position, failed: 0, read: false };
  for (;;) {
    try {
      const pieces = world.log(place, { ...asked, position: state.position });
      yield* remembered(logBatches(pieces, whole), state, place.path);
      return;
    } catch (error) {
      state.failed++;
      const said = verdict(error, state, place.path, asked.follow);
      yield { events: [], ...(said !== undefined && { notes: [said] }) };
    }
    await world.clock.sleep(retryMs);
  }
}

interface State {
  /** Where the next try begins. */
  position: unknown;
  /** Tries since something was read. */
  failed: number;
  /** Whether anything was ever read. */
  read: boolean;
}

/** The batches, with what is to be known of them when they break off. */
async function* remembered(batches: AsyncIterable<Batch>, state: State, path: string): AsyncGenerator<Batch> {
  let opening = true;
  for await (const batch of batches) {
    state.position = batch.position ?? state.position;
    // that it can be opened says little
    if (!opening && state.failed > 0) yield note(`${path} can be read again.`);
    if (!opening) [state.failed, state.read] = [0, true];
    opening = false;
    yield batch;
  }
}

const note = (text: string): Batch => ({ events: [], notes: [text] });

/** What to say of a failure before the next try. @throws `error`, when that will find the same, or there is none */
function verdict(error: unknown, { failed, read }: State, path: string, follow: boolean): string | undefined {
  const heals = (code: Code): boolean => passing.includes(code) || (read && denials.includes(code));
  if (!(error instanceof Failure) || !heals(error.code)) throw error;
  if (!follow && failed >= tries) throw error;
  return failed === 1 ? `${path} cannot be read now, and is tried again: ${error.message}` : undefined;
}
