// Knows what `tail -o json` has shown: which stages of which requests, and whether they are all there, each once.
import assert from 'node:assert/strict';

/** auditID and stage of each event in some lines; one that is not whole yet does not count. */
export const keysIn = (lines: string): string[] =>
  lines
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => {
      const { auditID, stage } = JSON.parse(line) as { auditID: string; stage: string };
      return `${auditID} ${stage}`;
    });

/** That all that are wanted were had, and nothing twice; more may have come meanwhile. */
export function assertEachOnce(had: readonly string[], wanted: readonly string[], of: string): void {
  const counts = new Map<string, number>();
  for (const key of had) counts.set(key, (counts.get(key) ?? 0) + 1);
  const twice = [...counts].filter(([, n]) => n > 1);
  const lost = wanted.filter((key) => !counts.has(key));
  const told = `${of}: ${had.length} had, ${wanted.length} wanted, lost ${lost[0]}, twice ${twice[0]?.[0]}`;
  assert.deepEqual([lost.length, twice.length], [0, 0], told);
}
