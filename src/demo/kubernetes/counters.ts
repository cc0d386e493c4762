// Counters of one API-server process, by family and labels, and how Prometheus writes them.

/** Label values by name. */
export type Labels = Readonly<Record<string, string>>;

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

/** One series: name and labels in alphabetical order, as the real exposition has them. */
export function series(family: string, labels: Labels): string {
  const pairs = Object.keys(labels)
    .sort()
    .map((name) => `${name}="${escaped(labels[name] ?? '')}"`);
  return pairs.length > 0 ? `${family}{${pairs.join(',')}}` : family;
}

/** The counters; a series exists from its first increment, even one of 0. */
export class Counters {
  readonly #values = new Map<string, Map<string, number>>();

  add(family: string, labels: Labels = {}, by = 1): void {
    const all = this.#values.get(family) ?? new Map<string, number>();
    const name = series(family, labels);
    all.set(name, (all.get(name) ?? 0) + by);
    this.#values.set(family, all);
  }

  value(family: string, labels: Labels = {}): number {
    return this.#values.get(family)?.get(series(family, labels)) ?? 0;
  }

  /** The lines of one family, without its HELP and TYPE; empty when it has no series. */
  lines(family: string): string[] {
    const all = [...(this.#values.get(family) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    return all.map(([name, value]) => `${name} ${value}`);
  }
}
