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
  const reading = readPolicy(text, version);
  const problem = (id: string, severity: PolicyProblem['severity'], found: Found): PolicyProblem => {
    const { path, message, hint, place } = found;
    const at = positionOf(text, reading.offsetOf(place ?? path));
    return { id, severity, path, ...at, message, ...(hint !== undefined && { hint }) };
  };
  return [
    ...reading.found.map((found) => problem(found.id, decoding[found.id], found)),
    ...rejectedIn(reading, version.minor).map(({ id, ...found }) => problem(id, 'error', found)),
  ].sort((a, b) => a.line - b.line || a.column - b.column);
}

// What has no value because it has the wrong type is told once; nor is anything told about what would be in it.
function rejectedIn({ policy, found }: Reading, minor: number): readonly (Found & { id: string })[] {
  if (policy === undefined) return [];
  const mistyped = found.flatMap(({ id, path }) => (id === 'wrong-type' ? [path] : []));
  const isMistyped = (path: string): boolean =>
    mistyped.some((above) => path === above || path.startsWith(`${above}.`) || path.startsWith(`${above}[`));
  return rejections
    .flatMap(({ id, ask }) => ask(policy, minor).map((one) => ({ ...one, id })))
    .filter(({ path, place }) => !isMistyped(place ?? path));
}

/** Where in a text an offset is; both from 1 on. */
export function positionOf(text: string, offset: number): { line: number; column: number } {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
