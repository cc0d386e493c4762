// Sums by name, of a bounded number of names.
import type { Amount } from './kind.ts';

/** Names beyond these many are counted as one. */
const mostNames = 10_000;
/** What stands for all further names. */
export const others = '(others)';

/** A sum that grows. */
export class Sum implements Amount {
  events = 0;
  requests = 0;
  bytes = 0;
  unsized = 0;

  add(amount: Amount): void {
    this.events += amount.events;
    this.requests += amount.requests;
    this.bytes += amount.bytes;
    this.unsized += amount.unsized;
  }

  amount(): Amount {
    const { events, requests, bytes, unsized } = this;
    return { events, requests, bytes, unsized };
  }
}

/** One value for each name. */
export class ByName<T> {
  private readonly values = new Map<string, T>();

  /** @param make the value of a new name; of the one for all further names, where the name is left out */
  of(name: string, make: (name: string | undefined) => T): T {
    const known = this.values.get(name);
    if (known !== undefined) return known;
    const full = this.values.size >= mostNames;
    const key = full ? others : name;
    const value = this.values.get(key) ?? make(full ? undefined : name);
    this.values.set(key, value);
    return value;
  }

  all(): readonly T[] {
    return [...this.values.values()];
  }
}

/** The first rows, and one row for all others. @param join makes one row of many */
export function topOf<T>(rows: readonly T[], top: number, join: (rest: readonly T[]) => T): readonly T[] {
  if (rows.length <= top) return rows;
  return [...rows.slice(0, top), join(rows.slice(top))];
}
