// Audit events for people: one line each, or counted with bars.
import { redactedUri } from '../audit/event/redact.ts';
import type { Event } from '../audit/event/event.ts';
import type { Row, Summary } from '../audit/event/summary.ts';
import { cut, isSimple, padded } from './columns.ts';
import { paint } from './paint.ts';
import type { Colour, Terminal } from './paint.ts';

/** How lines are written. */
export interface LineStyle extends Terminal {
  /** Also the full time, group, stage, level, user agent and Audit-ID, and never cut. */
  readonly wide: boolean;
  /** Whether lines are cut at the width: they go to a terminal. */
  readonly cut: boolean;
  /** Makes a text one line that is harmless to a terminal. */
  readonly plainLine: (text: string) => string;
}

const userColours: readonly Colour[] = ['cyan', 'green', 'yellow', 'magenta', 'blue'];

// FNV-1a, so that a user has the same colour in every run
function colourOf(user: string): Colour {
  let hash = 0x811c9dc5;
  for (let i = 0; i < user.length; i++) hash = Math.imul(hash ^ user.charCodeAt(i), 0x01000193);
  return userColours[(hash >>> 0) % userColours.length] ?? 'cyan';
}

const short = (user: string): string =>
  user.startsWith('system:serviceaccount:') ? `sa:${user.slice(22).replace(':', '/')}` : user || '-';
const who = ({ user, asUser }: Event): string =>
  asUser === '' ? short(user) : `${short(user)} as ${short(asUser)}`;

function what(event: Event, wide: boolean): string {
  const { resource, subresource, namespace, name, apiGroup, uri } = event;
  if (resource === '') return redactedUri(wide ? uri : uri.replace(/\?.*/s, ''));
  const kind = wide && apiGroup !== '' ? `${resource}.${apiGroup}` : resource;
  const object = namespace === '' ? name : `${namespace}/${name}`;
  return `${kind}${subresource && `/${subresource}`}${object && ` ${object}`}`;
}

function outcome({ code, stage, reason, message, decision }: Event): string {
  if (stage === 'Panic') return `${code} panic`;
  if (code === 0) return stage === 'RequestReceived' ? 'received' : 'started';
  if (code < 400) return stage === 'ResponseStarted' ? `${code} started` : String(code);
  const why = message || reason;
  const forbidden = decision === 'forbid' ? ' forbid' : '';
  return `${code}${forbidden}${why && `: ${why}`}`;
}

const second = 17; // 2026-11-22T17:03:43.315804Z

/** Milliseconds from one time to another; most requests end in the minute that they began in. */
function between(from: string, to: string): number {
  const [start, end] = [Number(from.slice(second, 23)), Number(to.slice(second, 23))];
  const alike = from.length === to.length && from.startsWith(to.slice(0, second)) && to.length >= 24;
  return alike ? Math.round((end - start) * 1000) : Date.parse(to) - Date.parse(from);
}

function took({ received, at, stage }: Event): string {
  if (stage === 'RequestReceived') return '';
  const ms = between(received, at);
  if (!(ms >= 0)) return '';
  if (ms < 1000) return `${ms}ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)}s` : `${Math.round(ms / 60_000)}m`;
}

const isBad = ({ code, stage }: Event): boolean => code >= 400 || stage === 'Panic';

/** One event in one line, without its newline: time, who, did what, to what, from where, how long, outcome. */
export function eventLine(event: Event, style: LineStyle): string {
  const { wide } = style;
  const plain = (text: string): string => (isSimple(text) ? text : style.plainLine(text));
  // 2026-11-22T17:03:43.315804Z: the day and milliseconds, or all of it
  const at = plain(event.at || '-');
  const time = wide ? at : `${at.slice(5, 10)} ${at.slice(11, 23).replace('Z', '')}`;
  const from = plain(event.sourceIps.at(-1) ?? '-');
  const person = plain(who(event));
  const did = plain(`${event.verb} ${what(event, wide)}`);
  const ended = plain(`${took(event).padStart(6)}  ${outcome(event)}`);
  const more = wide ? `  ${event.stage}  ${event.level}  ${event.agent || '-'}  ${event.auditId}` : '';
  const line = `${time}  ${padded(person, 24)}  ${padded(did, 44)}  ${from.padEnd(15)} ${ended}${plain(more)}`;
  const shown = style.cut && !wide ? cut(line, style.width) : line;
  if (!style.colour) return shown;
  return coloured(shown, event, time.length + 2, person.length);
}

function coloured(line: string, event: Event, start: number, length: number): string {
  const style = { colour: true, width: 0 };
  const time = paint(style, 'dim', line.slice(0, start));
  const person = paint(style, colourOf(event.user), line.slice(start, start + length));
  const rest = line.slice(start + length);
  return `${time}${person}${isBad(event) ? paint(style, event.code < 500 ? 'yellow' : 'red', rest) : rest}`;
}

/** Most rows of each part of a summary. */
const mostRows = 24;

/** The counts, each with a bar. */
export function viewSummary(summary: Summary, terminal: Terminal): string {
  const { events, who: people, what: done, codes, minutes } = summary;
  return [
    paint(terminal, 'bold', `${events} ${events === 1 ? 'event' : 'events'}`),
    ...part('Who', people, terminal),
    ...part('What', done, terminal),
    ...part('Outcome', codes, terminal),
    ...part(...overTime(minutes), terminal),
    '',
  ].join('\n');
}

function part(title: string, rows: readonly Row[], terminal: Terminal): readonly string[] {
  if (rows.length === 0) return [];
  const shown = rows.slice(0, mostRows);
  const room = Math.max(20, Math.min(48, terminal.width - 36));
  const most = Math.max(...shown.map(({ count }) => count));
  const lines = shown.map(({ name, count }) => {
    const label = padded(cut(name, room), room);
    const bar = '█'.repeat(Math.max(1, Math.round((count / most) * 20)));
    return `  ${label} ${String(count).padStart(8)} ${paint(terminal, 'cyan', bar)}`;
  });
  const left = rows.slice(shown.length);
  const sum = left.reduce((all, { count }) => all + count, 0);
  const more = left.length === 0 ? [] : [paint(terminal, 'dim', `  and ${left.length} more: ${sum}`)];
  return ['', paint(terminal, 'bold', title), ...lines, ...more];
}

/** A title and at most `mostRows` rows of time: from so many minutes on, several share a row. */
function overTime(minutes: readonly Row[]): [string, readonly Row[]] {
  const first = Date.parse(minutes[0]?.name ?? '');
  const span = (Date.parse(minutes.at(-1)?.name ?? '') - first) / minute + 1;
  const size = spans.find((each) => span / each < mostRows) ?? Math.ceil(span / mostRows);
  const counts = new Map<string, number>();
  for (const { name, count } of minutes) {
    const time = Date.parse(name);
    const label = `${new Date(time - (time % (size * minute))).toISOString().slice(0, 16)}Z`;
    counts.set(label, (counts.get(label) ?? 0) + count);
  }
  const rows = [...counts].map(([name, count]) => ({ name, count }));
  return [size === 1 ? 'Per minute' : `Per ${size} minutes`, rows];
}

const minute = 60_000;
const spans = [1, 5, 15, 60, 360, 1440];
