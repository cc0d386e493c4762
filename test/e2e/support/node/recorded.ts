// Knows how to tell whether the sink has each write once, from the first that an auditing API server answered.
import assert from 'node:assert/strict';
import { eventually } from '../eventually.ts';
import type { Write } from '../pollers.ts';
import type { Sematext } from '../sematext.ts';

/** Records writes of ConfigMaps in both stages that they have, and nothing else. */
export const policyOfWrites = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: Metadata
    verbs: [create, patch]
    resources: [{group: "", resources: [configmaps]}]
  - level: None
`;

/** The same, and lists of Namespaces, as `markedOn` asks for them. */
export const policyOfMore = policyOfWrites.replace(
  '  - level: None',
  `  - level: Metadata
    verbs: [list]
    resources: [{group: "", resources: [namespaces]}]
  - level: None`,
);

const stages = ['RequestReceived', 'ResponseComplete'];

/**
 * The writes from the first that was recorded on: all of them stand there in each stage, once, and none of those before.
 * Waits for those that are still on their way.
 */
export async function recordedOnce(
  { eventsOf }: Sematext,
  token: string,
  writes: readonly Write[],
): Promise<readonly Write[]> {
  return eventually({
    what: 'every write to be recorded',
    timeoutMs: 90_000,
    everyMs: 2000,
    ask: async () => {
      const counts = new Map<string, number>();
      for (const event of await eventsOf(token)) counts.set(event, (counts.get(event) ?? 0) + 1);
      const times = writes.map(({ auditId }) =>
        stages.map((stage) => counts.get(`${auditId} ${stage}`) ?? 0).join(),
      );
      const first = times.findIndex((seen) => seen !== '0,0');
      const wrong = times.flatMap((seen, i) =>
        seen === (i < first ? '0,0' : '1,1') ? [] : [`${i}: ${seen}`],
      );
      assert.ok(first >= 0, `none of ${writes.length} is there`);
      assert.equal(wrong.join(' '), '', `of ${writes.length} writes, from number ${first} on`);
      return writes.slice(first);
    },
  });
}
