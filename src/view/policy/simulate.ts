// What `policy simulate` reports, for people: totals, tables with bars, what changes, and what is not known.
import type { NamedRow, RuleRow, Simulated } from '../../audit/policy/simulate/report.ts';
import { cut, padded } from '../columns.ts';
import { fold, mark, paint } from '../paint.ts';
import type { Terminal } from '../paint.ts';
import { viewComparison } from './comparison.ts';
import { bytes, count, heading, shortUser } from './figures.ts';

/** The report; as wide as the terminal. */
export function viewSimulation(result: Simulated, terminal: Terminal): string {
  return [
    ...totals(result, terminal),
    ...table('Rules (line)', result.rules.map(ruleLine), terminal),
    ...deadRules(result, terminal),
    ...table('Levels', result.levels.map(line), terminal),
    ...table(
      'Users',
      result.users.map((row) => line({ ...row, name: shortUser(row.name) })),
      terminal,
    ),
    ...table('Verbs', result.verbs.map(line), terminal),
    ...table('Resources', result.resources.map(line), terminal),
    ...(result.against === undefined ? [] : viewComparison(result.against, result.recorded, terminal)),
    ...unknowns(result, terminal),
    '',
  ].join('\n');
}

function totals(result: Simulated, terminal: Terminal): readonly string[] {
  const { policy, kubernetes, logs, span, log, recorded } = result;
  const row = (name: string, { events, requests, bytes: size, unsized }: typeof log): string =>
    `  ${name.padEnd(11)}${count(events).padStart(14)}${count(requests).padStart(14)}${bytes(size, unsized).padStart(12)}`;
  const day = recorded.perDay;
  const title = `${policy} on ${logs.join(', ')}, as Kubernetes ${kubernetes} decides`;
  return [
    paint(terminal, 'bold', fold(title, terminal, 0)),
    ...(span === undefined
      ? []
      : [`  ${fold(`${span.from} to ${span.to}, ${duration(span.seconds)}`, terminal, 2)}`]),
    '',
    paint(
      terminal,
      'dim',
      `  ${''.padEnd(11)}${'events'.padStart(14)}${'requests'.padStart(14)}${'size'.padStart(12)}`,
    ),
    row('in the log', log),
    row('recorded', recorded),
    ...(day === undefined
      ? []
      : [
          `  ${'per day'.padEnd(11)}${count(day.events).padStart(14)}${''.padStart(14)}${bytes(day.bytes, recorded.unsized).padStart(12)}`,
        ]),
  ];
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} seconds`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(0)} minutes`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} hours` : `${(seconds / 86_400).toFixed(1)} days`;
}

type Line = Pick<NamedRow, 'decided' | 'events' | 'bytes' | 'unsized' | 'perDay'> & {
  readonly label: string;
};

const line = ({ name, ...row }: NamedRow): Line => ({ ...row, label: name });
const ruleLine = ({ rule, level, what, line: at, ...row }: RuleRow): Line => ({
  ...row,
  label: ruleLabel({ rule, level, what, ...(at !== undefined && { line: at }) }),
});

const ruleLabel = ({
  rule,
  line: at,
  level,
  what,
}: Pick<RuleRow, 'rule' | 'line' | 'level' | 'what'>): string =>
  `${at === undefined ? '' : `${rule} (${at}) `}${level} ${what}`;

const barRoom = 10;
const numbers = 9;

function table(title: string, rows: readonly Line[], terminal: Terminal): readonly string[] {
  const shown = rows.filter(({ decided }) => decided > 0);
  if (shown.length === 0) return [];
  const daily = shown.some(({ perDay }) => perDay !== undefined);
  const room = Math.max(20, Math.min(72, terminal.width - 3 * numbers - barRoom - 4));
  const most = Math.max(1, ...shown.map(({ bytes: size }) => size));
  const lines = shown.map((row) => {
    const { events, bytes: size } = row.perDay ?? row;
    const bar = '█'.repeat(Math.round((row.bytes / most) * barRoom));
    const label = padded(cut(row.label, room), room);
    const cells = [count(row.decided), count(events), bytes(size, row.unsized)];
    const text = `  ${label}${cells.map((cell) => cell.padStart(numbers)).join('')} `;
    return (row.events === 0 ? paint(terminal, 'dim', text) : text) + paint(terminal, 'cyan', bar);
  });
  const head = ['in log', daily ? 'ev./day' : 'recorded', daily ? 'size/day' : 'size'];
  return ['', heading(title, head, { room, numbers }, terminal), ...lines.map((text) => text.trimEnd())];
}

function deadRules({ deadRules: dead }: Simulated, terminal: Terminal): readonly string[] {
  if (dead.length === 0) return [];
  const lines = dead.map((rule) => `  ${cut(ruleLabel(rule), Math.max(20, terminal.width - 2))}`);
  return ['', paint(terminal, 'bold', 'Rules that decided nothing in this log'), ...lines];
}

function unknowns({ unknowns: all }: Simulated, terminal: Terminal): readonly string[] {
  const lines = all.map(({ message }) => `  ${mark(terminal, 'unknown')} ${fold(message, terminal, 4)}`);
  return ['', paint(terminal, 'bold', 'What this log cannot say'), ...lines];
}
