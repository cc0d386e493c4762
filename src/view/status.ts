// The status as text, for a person and for JUnit.
import type { Finding } from '../audit/check/check.ts';
import type { StatusResult } from '../audit/results.ts';
import type { State } from '../audit/check/state.ts';
import { viewFindings } from './checks.ts';
import { junit } from './junit.ts';
import type { JunitCase } from './junit.ts';
import { mark, paint } from './paint.ts';
import type { Mark, Terminal } from './paint.ts';

const words: Record<State, readonly [Mark, string]> = {
  off: ['bad', 'off: no API server has an audit backend'],
  'configured-not-running': ['bad', 'configured, but not running'],
  'running-nothing-delivered': ['bad', 'running, but nothing is delivered'],
  'running-delivery-unknown': ['unknown', 'running; whether events arrive could not be looked at'],
  'delivering-with-losses': ['warn', 'delivering, with losses'],
  'delivering-losses-unknown': ['unknown', 'delivering; whether all of it arrives could not be looked at'],
  delivering: ['ok', 'delivering'],
  unknown: ['unknown', 'unknown: too little could be seen'],
};

/** The state in one line, then the checks. */
export function viewStatus(result: StatusResult, terminal: Terminal, wide = false): string {
  const [kind, text] = words[result.state];
  const { controlPlane, server, apiServers } = result;
  const lines = [
    `${mark(terminal, kind)} ${paint(terminal, 'bold', `Audit logs: ${text}`)}`,
    `  ${server} · ${controlPlane.confidence === 'medium' ? 'probably ' : ''}${controlPlane.name}`,
  ];
  if (wide)
    for (const { name, backends, flagsFrom } of apiServers)
      lines.push(
        `  ${name}: ${backends === undefined ? 'backend unknown' : backends.join(', ') || 'no backend'} (flags: ${flagsFrom})`,
      );
  return [...lines, '', viewFindings(result.checks, terminal, wide), ''].join('\n');
}

/** JUnit: a test case per check. */
export function viewJunit({ checks, at }: StatusResult): string {
  return junit({ name: 'sematext-audit status', timestamp: at, cases: checks.map(junitCase) });
}

function junitCase({ id, title, result, evidence, hint }: Finding): JunitCase {
  const name = `${id}: ${title}`;
  const body = hint === undefined ? evidence : `${evidence}\n${hint}`;
  if (result === 'ok') return { name };
  if (result === 'skipped') return { name, outcome: { kind: 'skipped', message: body } };
  return { name, outcome: { kind: result === 'bad' ? 'failure' : 'error', message: evidence, body } };
}
