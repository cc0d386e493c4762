// The status as text, for a person and for JUnit.
import type { Finding } from '../audit/check/check.ts';
import type { StatusResult } from '../audit/results.ts';
import type { State } from '../audit/check/state.ts';
import { viewFindings } from './checks.ts';
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

const escaped: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const xml = (text: string): string =>
  // these are all that XML 1.0 allows, escaped or not (production Char)
  text
    .replace(/[&<>"]/g, (char) => escaped[char] ?? char)
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?');

/** JUnit: a test case per check; what could not be looked at is an error, never a pass. */
export function viewJunit({ checks, at }: StatusResult): string {
  const count = (kind: Finding['result']): number => checks.filter(({ result }) => result === kind).length;
  const cases = checks.map(({ id, title, result, evidence, hint }) => {
    const open = `    <testcase classname="sematext-audit" name="${xml(`${id}: ${title}`)}"`;
    const body = xml(hint === undefined ? evidence : `${evidence}\n${hint}`);
    if (result === 'ok') return `${open}/>`;
    if (result === 'skipped') return `${open}>\n      <skipped message="${body}"/>\n    </testcase>`;
    const element = result === 'bad' ? 'failure' : 'error';
    return `${open}>\n      <${element} message="${xml(evidence)}">${body}</${element}>\n    </testcase>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite name="sematext-audit status" timestamp="${at}" tests="${checks.length}" failures="${count('bad')}" errors="${count('unknown')}" skipped="${count('skipped')}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}
