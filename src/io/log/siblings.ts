// The names that rotation gives to a log file: those of lumberjack, which the API server rotates by, and of logrotate.

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

interface Backup {
  readonly name: string;
  /** The name before it was packed. */
  readonly plain: string;
  /** What orders those that have a date in their names; '' where a number tells the age. */
  readonly stamp: string;
  /** Grows with the age; 0 where there is a date. */
  readonly number: number;
}

function readName(base: string): (name: string) => Backup | undefined {
  const dot = base.lastIndexOf('.');
  const stem = escaped(dot > 0 ? base.slice(0, dot) : base);
  const extension = escaped(dot > 0 ? base.slice(dot) : '');
  const whole = escaped(base);
  // audit-2026-11-30T10-44-49.123.log; audit-20261130.log and audit.log-20261130 (logrotate's dateext)
  const dated = new RegExp(`^(?:${stem}-(\\d[\\dT:._-]*)${extension}|${whole}[.-](\\d{6}[\\dT:._-]*))$`);
  // audit.log.1; audit.1.log (logrotate's extension)
  const numbered = new RegExp(`^(?:${whole}\\.(\\d{1,5})|${stem}\\.(\\d{1,5})${extension})$`);
  return (name) => {
    const plain = name.replace(/\.gz$/, '');
    const [, before, behind] = dated.exec(plain) ?? [];
    const stamp = before ?? behind;
    if (stamp !== undefined) return { name, plain, stamp, number: 0 };
    const [, last, middle] = numbered.exec(plain) ?? [];
    const number = last ?? middle;
    return number === undefined ? undefined : { name, plain, stamp: '', number: Number(number) };
  };
}

// Dates before numbers: with both, nothing tells which is older.
function byAge(a: Backup, b: Backup): number {
  if ((a.stamp === '') !== (b.stamp === '')) return a.stamp === '' ? 1 : -1;
  if (a.stamp !== b.stamp) return a.stamp < b.stamp ? -1 : 1;
  return b.number - a.number;
}

/**
 * The rotated files of a log, the oldest first.
 * @param base name of the log itself
 * @param names names in its folder
 */
export function backupsOf(base: string, names: readonly string[]): readonly string[] {
  const read = readName(base);
  const found = names.flatMap((name) => (name === base ? [] : (read(name) ?? [])));
  // while it is packed a file is there twice, and only the plain one is whole
  const whole = found.filter(({ name, plain }) => name === plain || !names.includes(plain));
  return whole.sort(byAge).map(({ name }) => name);
}

/**
 * When a log was renamed to `name`, in milliseconds: nothing in it is younger. Undefined where the name does not tell:
 * only lumberjack writes UTC.
 */
export function rotatedAt(base: string, name: string): number | undefined {
  const stamp = readName(base)(name)?.stamp ?? '';
  const [, date, hours, minutes, seconds] =
    /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})$/.exec(stamp) ?? [];
  const at = Date.parse(`${date}T${hours}:${minutes}:${seconds}Z`);
  return Number.isNaN(at) ? undefined : at;
}
