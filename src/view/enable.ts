// What enable and disable found, did, or would do.
import type { ByHand } from '../audit/target/byhand.ts';
import { folderOf } from '../audit/change.ts';
import { diff } from '../audit/diff.ts';
import { isTurn } from '../audit/plan/step.ts';
import type { Plan, Step } from '../audit/plan/step.ts';
import type { DisableResult, EnableResult } from '../audit/results.ts';
import { obstacles } from '../audit/check/check.ts';
import { viewFindings } from './checks.ts';
import { fold, mark, paint } from './paint.ts';
import type { Terminal } from './paint.ts';
import { viewTestEvent } from './test-event.ts';

const undoWords: Readonly<Record<Step['undo']['do'], string>> = {
  delete: 'deletes it',
  clear: 'leaves nothing there',
  helm: 'takes it back with helm',
  'turn-back': 'puts the old manifest back, the same way',
  none: '',
  previous: 'puts back what was there before',
  create: 'makes it again',
  replace: 'puts back what was there before',
  adopt: 'puts back what was there before',
  restore: 'puts back what was there before',
};

/** The steps of a plan, numbered, with what takes each back. */
export function viewPlan({ steps, notes }: Plan, terminal: Terminal): string {
  const lines = steps.map((step, i) => {
    const back = undoWords[step.undo.do];
    return `  ${i + 1}. ${step.title}${back && paint(terminal, 'dim', `  (undo ${back})`)}`;
  });
  return [...lines, ...viewNotes(notes, terminal)].join('\n');
}

const viewNotes = (notes: readonly string[], terminal: Terminal): readonly string[] =>
  notes.map((note) => `  ${mark(terminal, 'warn')} ${fold(note, terminal, 4)}`);

/** Every file of every node, as it would change. */
function viewFiles({ steps }: Plan, terminal: Terminal): string {
  const files = steps
    .filter(isTurn)
    .flatMap(({ action: { turn } }) => [
      diff(turn.before, turn.after, `${turn.node}:${turn.manifest}`),
      ...turn.files.map(({ name, content }) =>
        diff('', content, `${turn.node}:${folderOf(turn.hash ?? '')}/${name}`),
      ),
    ]);
  const tint = { '+': 'green', '-': 'red', '@': 'cyan' } as const;
  const line = (text: string): string => {
    const colour = tint[text.charAt(0) as keyof typeof tint];
    return colour === undefined ? text : paint(terminal, colour, text);
  };
  return files.map((file) => file.trimEnd().split('\n').map(line).join('\n')).join('\n');
}

/**
 * What enable did.
 * @param heads other first lines, by outcome
 */
export function viewEnable(
  result: EnableResult,
  terminal: Terminal,
  heads: Partial<Record<EnableResult['outcome'], string>> = {},
): string {
  if (result.outcome === 'refused') return viewRefusal(result, terminal);
  const { outcome, plan, proof, notes } = result;
  return [
    viewFindings(obstaclesAndWarnings(result), terminal, false),
    heads[outcome] ?? headOf(result, terminal),
    ...(outcome === 'planned'
      ? [plan.steps.length === 0 ? '  nothing to do' : viewPlan(plan, terminal), viewFiles(plan, terminal)]
      : viewNotes(plan.notes, terminal)),
    ...(proof === undefined
      ? notes.map((note) => `  ${fold(note, terminal, 2)}`)
      : [viewTestEvent(proof, terminal)]),
    '',
  ]
    .filter((part, i, all) => part !== '' || i === all.length - 1)
    .join('\n');
}

function headOf(result: EnableResult, terminal: Terminal): string {
  const { backend, auditSink, plan } = result;
  const nodes = plan.steps.filter(isTurn).map(({ action }) => action.turn.node);
  const url = auditSink?.spec.webhook.clientConfig.url;
  const what =
    url === undefined
      ? `The ${backend.name} backend is on${nodes.length === 0 ? '' : ` on ${nodes.join(', ')}`}`
      : `AuditSink ${auditSink?.metadata.name} sends audit events to ${url}`;
  return {
    planned: `Plan (${backend.name} backend; nothing was changed):`,
    enabled: `${mark(terminal, 'ok')} ${what}`,
    rehearsed: `${mark(terminal, 'ok')} The twins on ${nodes.join(', ')} took the change and delivered; nothing was changed.`,
    unchanged: `${mark(terminal, 'ok')} Everything is as asked already; nothing was changed.`,
    refused: '',
  }[result.outcome];
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
