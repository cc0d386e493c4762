// Durations as kubectl's users write them: 90s, 2m, 1h30m, 2d, 500ms; a bare number is seconds.
import { Failure } from '../errors.ts';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const shape = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const part = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;

/**
 * Milliseconds in a duration.
 * @throws Failure usage when the text is none
 */
export function milliseconds(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!shape.test(text))
    throw new Failure('usage', `"${text}" is not a duration.`, ['Write it like 90s, 2m or 1h30m.']);
  return [...text.matchAll(part)].reduce((sum, [, n, unit]) => sum + Number(n) * (units[unit ?? ''] ?? 0), 0);
}
