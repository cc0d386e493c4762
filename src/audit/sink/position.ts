// Where a run that read from the search goes on: plain JSON without secrets, and never trusted when it is read.
import { Failure } from '../../errors.ts';

/** Of one event among those of ten seconds: a wrong one in a hundred years where there are a thousand a second. */
export const digestLength = 14;

/** What one run leaves for the next; times are epoch ms. */
export interface Position {
  /** From when on events may still come. */
  readonly from: number | undefined;
  /** Time of the newest event. */
  readonly head: number | undefined;
  /** Digest of the filters: what was counted by others says nothing. */
  readonly asked: string;
  readonly seen: readonly {
    /** Number of ten seconds since the epoch. */
    readonly bucket: number;
    readonly count: number;
    readonly events: readonly string[];
  }[];
}

const version = 1;

/**
 * A position as it is kept.
 * @param app digest of the App's token
 */
export function writePosition(app: string, { from, head, asked, seen }: Position): object {
  return {
    version,
    app,
    asked,
    ...(from !== undefined && { from: new Date(from).toISOString() }),
    ...(head !== undefined && { head: new Date(head).toISOString() }),
    seen: seen.map(({ bucket, count, events }) => [bucket, count, events.join('')]),
  };
}

/**
 * A position out of a file.
 * @param value anything
 * @param app digest of the token of the App that is read now
 * @throws Failure usage
 */
export function readPosition(value: unknown, app: string): Position {
  const fields = isFields(value) ? value : {};
  mustBeOf(fields, app);
  const { asked, seen } = fields;
  if (typeof asked !== 'string' || !/^[0-9a-f]{1,64}$/.test(asked) || !Array.isArray(seen))
    throw unreadable();
  const [from, head] = [timeOf(fields['from']), timeOf(fields['head'])];
  if (from !== undefined && head !== undefined && from > head + 1) throw unreadable();
  return { asked, from, head, seen: seen.map(bucketOf) };
}

function mustBeOf({ version: found, app: of }: Fields, app: string): void {
  if (typeof found === 'number' && found > version)
    throw refused('was written by a newer version of this tool', 'update this tool');
  if (found !== version || typeof of !== 'string') throw unreadable();
  if (of !== app) throw refused('belongs to another App', 'give the Logs token that it began with');
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refused = (what: string, next: string): Failure =>
  new Failure('usage', `The position in Sematext's search ${what}.`, [next, 'begin anew with --since']);
const unreadable = (): Failure => refused('cannot be read', 'give the file as it was written');

function timeOf(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const time =
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(time)) throw unreadable();
  return time;
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const digits = new RegExp(`[0-9a-f]{${digestLength}}`, 'g');

function bucketOf(value: unknown): Position['seen'][number] {
  const [bucket, count, joined] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  if (!isCount(bucket) || !isCount(count) || typeof joined !== 'string') throw unreadable();
  const events = joined.match(digits) ?? [];
  if (events.length * digestLength !== joined.length) throw unreadable();
  return { bucket, count, events };
}
