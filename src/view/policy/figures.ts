// Figures of a simulation, as people read them.
import { paint } from '../paint.ts';
import type { Terminal } from '../paint.ts';

/** A number of events: whole below a million, then in millions with three digits. */
export function count(events: number): string {
  if (events < 1_000_000) return events.toLocaleString('en');
  const millions = events / 1e6;
  return `${millions < 999.5 ? millions.toPrecision(3) : Math.round(millions).toLocaleString('en')} M`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes with three digits; behind ≥ where some of them could not be known. */
export function bytes(size: number, unsized: number): string {
  let [value, unit] = [size, 0];
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  const digits = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toPrecision(value >= 9.995 ? 3 : 2);
  return `${unsized > 0 ? '≥' : ''}${digits} ${units[unit] ?? ''}`;
}

/** A service account as NAMESPACE/NAME, and - for nobody. */
export const shortUser = (user: string): string =>
  user.replaceAll(/system:serviceaccount:([^: ]+):/g, 'sa:$1/') || '-';

/** The head of a table: its title, and the names of its columns. */
export function heading(
  title: string,
  columns: readonly string[],
  { room, numbers }: { readonly room: number; readonly numbers: number },
  terminal: Terminal,
): string {
  const names = columns.map((name) => name.padStart(numbers)).join('');
  return (
    paint(terminal, 'bold', title) +
    ' '.repeat(Math.max(1, room + 2 - title.length)) +
    paint(terminal, 'dim', names)
  );
}
