// Batches of events out of the pieces of a log.
import type { Event } from '../../audit/event/event.ts';
import { Reader } from '../../audit/event/shapes.ts';
import type { Block } from '../../io/line-block.ts';
import type { Piece } from '../../io/log/lines.ts';
import type { Position } from '../../io/log/mark.ts';
import type { Batch } from './source.ts';

/** What could not be read of one source: the first line with its reason, then how many, each time ten times as many. */
export class UnreadLines {
  private told = 0;

  /** Sentences about what was not told of yet; `file` is the one that was read last. */
  notes({ unread: { count, first } }: Reader, file: string): readonly string[] {
    if (first === undefined || count < this.told * 10) return [];
    const before = this.told;
    this.told = before === 0 ? 1 : count;
    if (before > 0) return [`${file}: ${count} lines could not be read so far.`];
    return [`${file}: line ${first.line} could not be read: ${first.why}.`];
  }

  /** At the end: how many there were, where that was not told. */
  rest({ unread: { count } }: Reader, file: string): readonly string[] {
    return count > Math.max(1, this.told) ? [`${file}: ${count} lines could not be read.`] : [];
  }
}

/**
 * The events of a log that is read from a place on, with a position behind each batch.
 * @param whole whether every byte of an event matters
 * @throws what `pieces` throws
 */
export async function* logBatches(pieces: AsyncIterable<Piece>, whole: boolean): AsyncGenerator<Batch> {
  const reader = new Reader(whole);
  const unread = new UnreadLines();
  let file = '';
  for await (const piece of pieces) {
    file = piece.file;
    const before = { unread: reader.unread.count, pending: reader.pending };
    const events = reader.read(piece);
    const notes = [...piece.notes, ...unread.notes(reader, file)];
    const position = behind(piece, reader, before);
    yield { events, ...(position && { position }), ...(notes.length > 0 && { notes }) };
  }
  reader.end();
  const notes = [...unread.notes(reader, file), ...unread.rest(reader, file)];
  if (notes.length > 0) yield { events: [], notes };
}

/**
 * Where a later run goes on behind a piece that was read: before the half line, or the value over many lines, whose rest
 * is still to come. Undefined where that began in an earlier piece.
 */
function behind(
  piece: Piece,
  { unread, pending }: Reader,
  before: { readonly unread: number; readonly pending: number | undefined },
): Position | undefined {
  if (piece.unended && unread.count > before.unread) return undefined;
  if (pending === undefined) return piece.position;
  return pending === before.pending ? undefined : piece.before(pending);
}

/** The events of a file that is read once, to its end. @throws what `blocks` throws */
export async function* blockBatches(
  name: string,
  blocks: AsyncIterable<Block>,
  reader: Reader,
): AsyncGenerator<Batch> {
  const unread = new UnreadLines();
  let before = 0;
  const batch = (events: readonly Event[], notes: readonly string[]): Batch => {
    const more = reader.unread.count - before;
    before += more;
    return { events, ...(more > 0 && { unread: more }), ...(notes.length > 0 && { notes }) };
  };
  for await (const block of blocks) {
    const events = reader.read(block);
    yield batch(events, unread.notes(reader, name));
  }
  reader.end();
  const notes = [...unread.notes(reader, name), ...unread.rest(reader, name)];
  if (notes.length > 0) yield batch([], notes);
}
