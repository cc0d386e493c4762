// Reads a policy as an API server of a version does at its start, and tells what it would refuse, and what it would
// take without a word and not as it was meant.
import type { ServerVersion } from '../facts.ts';
import type { Found, PolicyProblem } from './problem.ts';
import { decoding, readPolicy } from './read.ts';
import type { Reading } from './read.ts';
import { rejections } from './rejected.ts';

/**
 * Every problem of a policy's text, in the order of the text; none of severity `error` when an API server of that
 * version starts with it.
 */
export function checkPolicy(text: string, version: ServerVersion): readonly PolicyProblem[] {
  return problemsIn(text, readPolicy(text, version), version.minor);
}

/** The same of a text that was read. */
export function problemsIn(text: string, reading: Reading, minor: number): readonly PolicyProblem[] {
  const at = locator(text, reading);
  return [
    ...reading.found.map((found) => at(found.id, decoding[found.id], found)),
    ...rejectedIn(reading, minor).map(({ id, ...found }) => at(id, 'error', found)),
  ].sort(inOrder);
}

/** Problems in the order of the text. */
export const inOrder = (a: PolicyProblem, b: PolicyProblem): number => a.line - b.line || a.column - b.column;

/** Makes a problem of what was found in a text: with its place. */
export function locator(
  text: string,
  { offsetOf }: Reading,
): (id: string, severity: PolicyProblem['severity'], found: Found) => PolicyProblem {
  const at = positions(text);
  return (id, severity, { path, message, hint, place }) => ({
    ...{ id, severity, path, message },
    ...at(offsetOf(place ?? path)),
    ...(hint !== undefined && { hint }),
  });
}

/** Where in a text an offset is; both from 1 on. */
export function positions(text: string): (offset: number) => { line: number; column: number } {
  const starts = [0, ...[...text.matchAll(/\r\n|\r|\n/g)].map(({ 0: line, index }) => index + line.length)];
  return (offset) => {
    const line = starts.findLastIndex((start) => start <= offset);
    return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
  };
}

/** What validation finds in a policy that could be decoded. */
function rejectedIn(reading: Reading, minor: number): readonly (Found & { id: string })[] {
  const { policy } = reading;
  if (policy === undefined) return [];
  const isKnown = wellTyped(reading);
  return rejections.flatMap(({ id, ask }) =>
    ask(policy, minor)
      .filter(isKnown)
      .map((one) => ({ ...one, id })),
  );
}

/** What has no value because it has the wrong type is told once; nor is anything told about what would be in it. */
export function wellTyped({ found }: Reading): (one: Found) => boolean {
  const mistyped = found.flatMap(({ id, path }) => (id === 'wrong-type' ? [path] : []));
  return ({ path, place = path }) =>
    !mistyped.some(
      (above) => place === above || place.startsWith(`${above}.`) || place.startsWith(`${above}[`),
    );
}
