// What is gained and lost from one policy to another, for people. Lost changes by people stand first and in red.
import type {
  Change,
  Changed,
  ChangedRow,
  ComparisonReport,
  Simulated,
} from '../../audit/policy/simulate/report.ts';
import { cut, padded } from '../columns.ts';
import { fold, mark, paint } from '../paint.ts';
import type { Terminal } from '../paint.ts';
import { bytes, count, heading, shortUser } from './figures.ts';

/** @param now what the new policy records */
export function viewComparison(
  { policy, recorded, changes, peopleLose }: ComparisonReport,
  now: Simulated['recorded'],
  terminal: Terminal,
): readonly string[] {
  const sizes = [bytes(recorded.bytes, recorded.unsized), bytes(now.bytes, now.unsized)].join(' → ');
  // of two lower bounds nothing follows
  const exact = recorded.unsized + now.unsized === 0;
  const events = `${count(recorded.events)} → ${count(now.events)}${percent(recorded.events, now.events)}`;
  const totals = `  events ${events}, size ${sizes}${exact ? percent(recorded.bytes, now.bytes) : ''}`;
  return [
    '',
    paint(terminal, 'bold', fold(`Against ${policy}`, terminal, 0)),
    totals,
    ...lossOfPeople(peopleLose, terminal),
    ...titles.flatMap(([name, title]) => part(title, name, changes[name], terminal)),
  ];
}

function percent(before: number, after: number): string {
  if (before === 0) return '';
  const value = Math.round((after / before - 1) * 1000) / 10;
  return ` (${value > 0 ? `+${value}` : String(value).replace('-', '−')} %)`;
}

function lossOfPeople(
  { requests, writes, failed }: ComparisonReport['peopleLose'],
  terminal: Terminal,
): readonly string[] {
  if (requests === 0 && failed === 0) {
    return [`  ${mark(terminal, 'ok')} no request by people is lost`];
  }
  const words = `${some(requests, 'request')}, ${count(writes)} of them changes; ${some(failed, 'failure')}`;
  const text = `lost of people: ${words}`;
  return [`  ${mark(terminal, writes > 0 ? 'bad' : 'warn')} ${fold(text, terminal, 4)}`];
}

const some = (number: number, what: string): string => `${count(number)} ${what}${number === 1 ? '' : 's'}`;

const titles: readonly (readonly [Change, string])[] = [
  ['lost', 'Lost'],
  ['lowered', 'Recorded in less depth'],
  ['raised', 'Recorded in more depth'],
  ['gained', 'Gained'],
];

const numbers = 10;

function part(
  title: string,
  name: Change,
  all: Changed & { readonly rows: readonly ChangedRow[] },
  terminal: Terminal,
): readonly string[] {
  if (all.events === 0) return [];
  const room = Math.max(20, Math.min(80, terminal.width - 3 * numbers - 2));
  const cells = ({ events, bytes: size, unsized, failed }: Changed): string =>
    [count(events), count(failed), bytes(size, unsized)].map((cell) => cell.padStart(numbers)).join('');
  const lines = all.rows.map((row) => {
    const names = new Set([shortUser(row.user), row.verb, row.resource]); // the others have one name
    const label = [...names].join(' ');
    const text = `  ${padded(cut(label, room), room)}${cells(row)}`;
    return name === 'lost' && row.writtenByPerson ? paint(terminal, 'red', text) : text;
  });
  const head = heading(title, ['events', 'failed', 'size'], { room, numbers }, terminal);
  return ['', head, `  ${padded('in all', room)}${cells(all)}`, ...lines];
}
