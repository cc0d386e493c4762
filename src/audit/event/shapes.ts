// The shapes that audit events come in: one a line as the API server writes them, behind the prefixes of a container's
// log (CRI, Docker), an EventList, an answer of the search or its single hits, with the keys as the receiver stored
// them, and all of these written over many lines.
import { eventOf, isEvent, isLast } from './event.ts';
import type { Event } from './event.ts';
import { Scanner } from './scan.ts';

/** Whole lines of one source. */
export interface Lines {
  /** Each ends with a newline. */
  readonly text: string;
  /** Whether each character is known to be one byte. */
  readonly ascii?: boolean;
  /** The number of each line, counted from 1. */
  readonly numbers: (index: number) => number;
}

/** Lines that were none of the shapes. */
export interface Unread {
  readonly count: number;
  /** Number and reason of the first. */
  readonly first?: { readonly line: number; readonly why: string };
}

// kube-apiserver's own log (klog, text or JSON) shares its container's log with the events
const klog = /^[IWEF]\d{4} \d{2}:\d{2}:\d{2}\./;
// CRI: time, stream, tag P(artial) or F(ull); https://github.com/kubernetes/design-proposals-archive, kubelet-cri-logging
const cri = /^\d{4}-\d{2}-\d{2}T\S+ (stdout|stderr) ([PF])(?::\S*)? /;
/** The most that is gathered of a value that is written over many lines, or of a line that came in parts; characters. */
const mostGathered = 256 * 1024 * 1024;

/** A line that is the first stage of a request, put off until it is known whether the last one stands near it. */
interface Begun {
  readonly auditId: string;
  readonly start: number;
  readonly end: number;
  readonly number: number;
  /** Where its event would stand. */
  readonly place: number;
}

interface ReaderOptions {
  readonly mixed?: boolean;
  readonly measured?: boolean;
  readonly counts?: ((last: Event) => boolean) | undefined;
}

/** Reads the lines of one source, in their order. */
export class Reader {
  private readonly whole: boolean;
  private readonly mixed: boolean;
  private readonly measured: boolean;
  private readonly counts: ((last: Event) => boolean) | undefined;
  private unreadCount = 0;
  private first: { line: number; why: string } | undefined;
  /** A line that a container's log split, until its last part comes. */
  private parts = '';
  private partsFrom = 0;
  /** A value over many lines, until the line that closes it. */
  private open: { lines: string[]; size: number; from: number; closing: string } | undefined;

  /**
   * @param whole whether every byte of an event matters, since it is shown whole; else only what a line says
   * @param mixed whether others write between the events: what is no JSON is theirs, and not unread
   * @param measured whether events come with their size instead, and with nothing else that no policy is asked about
   * @param counts where stages are folded: whether a last stage counts. A first stage whose last one stands among the
   * same lines and counts may be left out: nothing of it would be shown
   */
  constructor(whole: boolean, { mixed = false, measured = false, counts }: ReaderOptions = {}) {
    this.mixed = mixed;
    this.measured = measured;
    this.whole = whole;
    this.counts = whole ? undefined : counts;
  }

  /** What could not be read so far. */
  get unread(): Unread {
    return { count: this.unreadCount, ...(this.first !== undefined && { first: this.first }) };
  }

  /** Number of the line with which a value began whose rest is still to come. */
  get pending(): number | undefined {
    return this.open?.from ?? (this.parts === '' ? undefined : this.partsFrom);
  }

  /** The events of some lines. */
  read({ text, numbers, ascii }: Lines): Event[] {
    const events: Event[] = [];
    const begun: Begun[] = [];
    const ended = new Set<string>();
    const scanner = new Scanner(text);
    const one = this.quickly(scanner, ascii === true);
    for (let start = 0, index = 0, end = 0; start < text.length; start = end + 1, index++) {
      end = text.indexOf('\n', start);
      const quick = this.open === undefined && !this.whole;
      const auditId = quick && this.counts !== undefined ? scanner.begun(start, end) : undefined;
      if (auditId !== undefined) {
        begun.push({ auditId, start, end, number: numbers(index), place: events.length });
        continue;
      }
      const event = quick ? one(start, end) : undefined;
      if (event === undefined) this.line(text.slice(start, end).replace(/\r$/, ''), numbers(index), events);
      else events.push(event);
      if (event !== undefined && isLast(event) && this.counts?.(event) === true) ended.add(event.auditId);
    }
    return this.withBegun(
      events,
      begun.filter(({ auditId }) => !ended.has(auditId)),
      scanner,
      text,
    );
  }

  private quickly(scanner: Scanner, ascii: boolean): (start: number, end: number) => Event | undefined {
    return this.measured
      ? (start, end) => scanner.asked(start, end, ascii)
      : (start, end) => scanner.event(start, end);
  }

  /** The events with those first stages in their places whose last ones are not among them. */
  private withBegun(
    events: readonly Event[],
    begun: readonly Begun[],
    scanner: Scanner,
    text: string,
  ): Event[] {
    const all: Event[] = [];
    let next = 0;
    for (const { start, end, number, place } of begun) {
      while (next < place) all.push(...events.slice(next, (next = place)));
      const event = scanner.event(start, end);
      if (event === undefined) this.line(text.slice(start, end), number, all);
      else all.push(event);
    }
    all.push(...events.slice(next));
    return all;
  }

  /** To be called after the last line: what was begun and never ended is unread. */
  end(): void {
    if (this.open !== undefined) this.refuse(this.open.from, 'it was never closed');
    this.open = undefined;
  }

  private line(text: string, number: number, events: Event[]): void {
    if (this.open !== undefined) this.gather(text, events);
    else if (text.trim() === '' || klog.test(text)) return;
    else if (text === '{' || text === '[')
      this.open = { lines: [text], size: 1, from: number, closing: text === '{' ? '}' : ']' };
    else if (/^\s*[[{"]/.test(text)) this.value(text, number, events);
    else this.containerLine(text, number, events);
  }

  private gather(text: string, events: Event[]): void {
    const { open } = this;
    if (open === undefined) return;
    open.lines.push(text);
    open.size += text.length;
    const closed = text === open.closing || text === `${open.closing},`;
    if (!closed && open.size < mostGathered) return;
    this.open = undefined;
    if (closed) this.value(open.lines.join('\n').replace(/,$/, ''), open.from, events);
    else this.refuse(open.from, 'it is too long');
  }

  private containerLine(text: string, number: number, events: Event[]): void {
    const [prefix, stream, tag] = cri.exec(text) ?? [];
    if (prefix === undefined) return this.mixed ? undefined : this.refuse(number, 'it is no JSON');
    if (stream === 'stderr') return; // klog's stream
    this.joined(text.slice(prefix.length), tag === 'F', number, events);
  }

  private joined(part: string, last: boolean, number: number, events: Event[]): void {
    if (this.parts === '') this.partsFrom = number;
    this.parts += part;
    if (!last && this.parts.length < mostGathered) return;
    const whole = this.parts;
    this.parts = '';
    if (whole.startsWith('{')) this.value(whole, number, events);
    else if (whole.trim() !== '' && !klog.test(whole)) this.refuse(number, 'it is no JSON');
  }

  private value(text: string, number: number, events: Event[]): void {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return this.refuse(number, 'it is no whole JSON');
    }
    const docker = dockerLine(value);
    if (docker?.stream === 'stderr') return;
    if (docker !== undefined)
      return this.joined(docker.log.replace(/\n$/, ''), docker.log.endsWith('\n'), number, events);
    const found = eventsIn(value, text);
    if (found === undefined) this.refuse(number, 'it is no audit event');
    else events.push(...found);
  }

  private refuse(line: number, why: string): void {
    this.unreadCount++;
    this.first ??= { line, why };
  }
}

// Docker's json-file driver: {"log":"…\n","stream":"stdout","time":"…"}; a part of a long line has no newline
function dockerLine(value: unknown): { log: string; stream: unknown } | undefined {
  const { log, stream } = (value ?? {}) as { log?: unknown; stream?: unknown };
  return typeof log === 'string' && typeof stream === 'string' ? { log, stream } : undefined;
}

/**
 * The events in a parsed value: the value itself, the items of an EventList, the documents of a search answer.
 * @param text the value's text, where it is at hand
 * @returns undefined when there is none and it is no such list
 */
export function eventsIn(value: unknown, text?: string): readonly Event[] | undefined {
  if (Array.isArray(value)) return all(value);
  if (isEvent(value)) return [eventOf(value, text ?? JSON.stringify(value))];
  const { items, hits, _source, message, ts } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (Array.isArray(items)) return all(items);
  if (Array.isArray((hits as { hits?: unknown } | undefined)?.hits))
    return all((hits as { hits: unknown[] }).hits);
  if (_source !== undefined) return eventsIn(_source);
  // a document that could not be taken apart on its way holds the line as it was
  if (typeof message === 'string' && message.startsWith('{')) return inMessage(message);
  return typeof ts === 'number' ? [] : undefined; // klog as JSON: --logging-format=json
}

function all(values: readonly unknown[]): readonly Event[] | undefined {
  const found = values.map((one) => eventsIn(one));
  return values.length > 0 && found.every((one) => one === undefined)
    ? undefined
    : found.flatMap((one) => one ?? []);
}

function inMessage(message: string): readonly Event[] | undefined {
  try {
    return eventsIn(JSON.parse(message), message);
  } catch {
    return undefined;
  }
}
