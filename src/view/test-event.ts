// What became of a test event, hop by hop.
import type { ProbeResult } from '../audit/event/proof.ts';
import type { TestEventResult } from '../audit/results.ts';
import { fold, mark, paint } from './paint.ts';
import type { Mark, Terminal } from './paint.ts';

const verdicts: Record<TestEventResult['verdict'], readonly [Mark, string]> = {
  delivered: ['ok', 'Delivered: the event was found in the search.'],
  'not-delivered': ['bad', 'Not delivered: the event was not found in the search.'],
  'not-verified': ['unknown', 'Not verified: nobody looked whether the event arrived.'],
};
const hopMarks = { passed: 'ok', lost: 'bad', unknown: 'unknown' } as const;

/** The hops of each request, the verdict, and what is to be known about it. */
export function viewTestEvent(result: TestEventResult, terminal: Terminal): string {
  const [kind, text] = verdicts[result.verdict];
  return [
    ...result.probes.map((probe) => viewProbe(probe, terminal)),
    `${mark(terminal, kind)} ${paint(terminal, 'bold', text)}`,
    ...result.notes.map((note) => `  ${fold(note, terminal, 2)}`),
    '',
  ].join('\n');
}

function viewProbe({ request, apiServer, auditId, hops }: ProbeResult, terminal: Terminal): string {
  const through =
    apiServer === 'none' ? '' : ` through ${apiServer === 'api' ? 'the API server' : apiServer}`;
  const lines = hops.map(({ hop, result, evidence, afterMs }) => {
    const after = afterMs === undefined ? '' : paint(terminal, 'dim', ` (${duration(afterMs)})`);
    return `  ${mark(terminal, hopMarks[result])} ${hop.padEnd(10)}  ${fold(evidence, terminal, 16)}${after}`;
  });
  return [`${request}${through}`, paint(terminal, 'dim', `  Audit-ID ${auditId}`), ...lines].join('\n');
}

const duration = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
