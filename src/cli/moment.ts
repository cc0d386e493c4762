// A point in time as users write it: so long ago (90s, 2h), or a time in RFC 3339.
import { Failure } from '../errors.ts';
import { milliseconds } from './duration.ts';

/** Milliseconds before now, or a time in RFC 3339 and UTC. */
export type Moment = { readonly agoMs: number } | { readonly at: string };

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * The point in time that a text names.
 * @throws Failure usage when it names none
 */
export function momentOf(text: string): Moment {
  const time = rfc3339.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(time)) return { at: text.endsWith('Z') ? text : new Date(time).toISOString() };
  if (!/^\d/.test(text) || /^\d{4}-/.test(text))
    throw new Failure('usage', `"${text}" is not a time.`, [
      'Write it like 2026-11-22T17:03:43Z, or 2h ago as 2h.',
    ]);
  return { agoMs: milliseconds(text) };
}
