// What enable and disable found, did, or would do.
import type { ByHand } from '../audit/target/byhand.ts';
import type { Plan } from '../audit/plan/step.ts';
import type { DisableResult, EnableResult } from '../audit/results.ts';
import { obstacles } from '../audit/check/check.ts';
import { viewFindings } from './checks.ts';
import { fold, mark, paint } from './paint.ts';
import type { Terminal } from './paint.ts';
import { viewTestEvent } from './test-event.ts';

/** The steps of a plan, numbered, with what takes each back. */
export function viewPlan({ steps, notes }: Plan, terminal: Terminal): string {
  const lines = steps.map(({ title, undo }, i) => {
    const back = undo.do === 'delete' ? 'deletes it' : 'puts back what was there before';
    return `  ${i + 1}. ${title}${paint(terminal, 'dim', `  (undo ${back})`)}`;
  });
  return [...lines, ...notes.map((note) => `  ${mark(terminal, 'warn')} ${fold(note, terminal, 4)}`)].join(
    '\n',
  );
}

/** What enable did. */
export function viewEnable(result: EnableResult, terminal: Terminal): string {
  if (result.outcome === 'refused') return viewRefusal(result, terminal);
  const { outcome, plan, proof, notes, backend, auditSink } = result;
  const url = auditSink.spec.webhook.clientConfig.url ?? '';
  const head = {
    planned: `Plan (${backend.name} backend; nothing was changed):`,
    enabled: `${mark(terminal, 'ok')} AuditSink ${auditSink.metadata.name} sends audit events to ${url}`,
    unchanged: `${mark(terminal, 'ok')} Everything is as asked already; nothing was changed.`,
  }[outcome];
  const body =
    outcome === 'planned' && plan.steps.length === 0 ? '  nothing to do' : viewPlan(plan, terminal);
  const shown = outcome === 'planned' ? body : viewPlan({ steps: [], notes: plan.notes }, terminal);
  return [
    viewFindings(obstaclesAndWarnings(result), terminal, false),
    head,
    shown,
    ...(proof === undefined
      ? notes.map((note) => `  ${fold(note, terminal, 2)}`)
      : [viewTestEvent(proof, terminal)]),
    '',
  ]
    .filter((part, i, all) => part !== '' || i === all.length - 1)
    .join('\n');
}

function obstaclesAndWarnings({ checks }: EnableResult): EnableResult['checks'] {
  return checks.filter(({ result }) => result === 'bad' || result === 'unknown');
}

function viewRefusal(result: EnableResult, terminal: Terminal): string {
  const { server, controlPlane, backend, checks, byHand } = result;
  const blocked = obstacles(checks);
  const parts = [
    paint(terminal, 'bold', `Nothing was changed. ${server} · ${controlPlane.name}`),
    ...(blocked.length > 0
      ? [viewFindings(blocked, terminal, false)]
      : [fold(`Backend: ${backend.name}. ${backend.why}`, terminal, 0)]),
    ...(byHand === undefined ? [] : [viewByHand(byHand, terminal)]),
  ];
  return `${parts.join('\n\n')}\n`;
}

function viewByHand({ summary, steps, warnings, page }: ByHand, terminal: Terminal): string {
  return [
    fold(`By hand: ${summary}`, terminal, 0),
    ...steps.flatMap((step) => step.split('\n').map((line) => viewLine(line, terminal))),
    ...warnings.map((warning) => `  ${mark(terminal, 'warn')} ${fold(warning, terminal, 4)}`),
    paint(terminal, 'dim', `  ${page}`),
  ].join('\n');
}

// a line that starts with four spaces is code: to be copied, so never folded
function viewLine(line: string, terminal: Terminal): string {
  return line.startsWith('    ') || line === '' ? line : `  ${fold(line, terminal, 2)}`;
}

/** What disable did. */
export function viewDisable({ outcome, plan }: DisableResult, terminal: Terminal): string {
  if (outcome === 'nothing-to-do') return 'Nothing to disable: no record, and no AuditSink of ours.\n';
  const head = outcome === 'planned' ? 'Plan (nothing was changed):' : `${mark(terminal, 'ok')} Taken back:`;
  const body =
    outcome === 'planned' ? viewPlan(plan, terminal) : plan.steps.map(({ title }) => `  ${title}`).join('\n');
  return `${head}\n${body}\n`;
}
