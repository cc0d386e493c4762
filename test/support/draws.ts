// Chance that is the same in every run: a seed and what is drawn from it.

export interface Draws {
  /** From 0 on, below 1. */
  next(): number;
  /** A whole number from 0 on, below n. */
  below(n: number): number;
  /** One of these. */
  pick<T>(...these: readonly T[]): T;
}

/** Draws of a seed (mulberry32). */
export function draws(seed: number): Draws {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return { next, below, pick: (...these) => these[below(these.length)] as (typeof these)[number] };
}
