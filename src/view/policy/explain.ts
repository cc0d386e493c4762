// `policy explain` as text: the request, what decides about it, and why nothing before did.
import type { PolicyExplainResult } from '../../audit/policy/results.ts';
import { columns } from '../columns.ts';
import { fold, mark, paint } from '../paint.ts';
import type { Terminal } from '../paint.ts';

/** The decision in a few lines, each earlier rule in one or two, then what often surprises. */
export function viewPolicyExplain(result: PolicyExplainResult, terminal: Terminal): string {
  const { level, rule, passed, hints } = result;
  const before = rule === -1 ? 'No rule matches:' : 'The rules before it do not match:';
  const reasons = passed.map(({ rule: index, line, why }) =>
    row(terminal, `rules[${index}], line ${line}`, why),
  );
  return [
    ...requestLines(result, terminal),
    '',
    ...decision(result, terminal),
    ...(level === 'None' ? [] : stageLines(result, terminal)),
    ...(passed.length === 0 ? [] : ['', before, ...reasons]),
    ...(hints.length === 0 ? [] : ['']),
    ...hints.map((hint) => `${mark(terminal, 'warn')} ${fold(hint, terminal, 2)}`),
    '',
  ].join('\n');
}

const indent = 21;

function row(terminal: Terminal, name: string, text: string): string {
  const gap = ' '.repeat(Math.max(1, indent - 2 - columns(name)));
  return `  ${paint(terminal, 'dim', name)}${gap}${fold(text, terminal, indent)}`;
}

/** `get pods/exec.GROUP p in kube-system`. */
export function requestWords({ request }: Pick<PolicyExplainResult, 'request'>): string {
  const { verb, resourceRequest, resource, subresource, apiGroup, name, namespace, path } = request;
  const said = verb === '' ? '(no verb)' : verb;
  if (!resourceRequest) return `${said} ${path}`;
  const what = `${resource}${subresource && `/${subresource}`}${apiGroup && `.${apiGroup}`}`;
  return `${said} ${what}${name && ` ${name}`}${namespace && ` in ${namespace}`}`;
}

function requestLines(result: PolicyExplainResult, terminal: Terminal): readonly string[] {
  const { request, addedGroups, event } = result;
  const groups =
    request.user?.groups.map((group) => (addedGroups.includes(group) ? `${group}*` : group)) ?? [];
  const from =
    event === undefined ? [] : [row(terminal, 'event', `${event.auditId}, ${event.stage} at ${event.level}`)];
  const given = addedGroups.length === 0 ? [] : [row(terminal, '', '* which the API server adds by itself')];
  return [
    paint(terminal, 'bold', fold(requestWords(result), terminal, 0)),
    row(terminal, 'user', request.user?.name ?? 'none: authentication failed'),
    ...(groups.length === 0 ? [] : [row(terminal, 'groups', groups.join(', '))]),
    ...given,
    ...from,
  ];
}

function decision(result: PolicyExplainResult, terminal: Terminal): readonly string[] {
  const { level, rule, line, policy, kubernetes } = result;
  const place = rule === -1 ? 'by default: no rule matches' : `by rules[${rule}], ${policy}:${line}`;
  const sign = mark(terminal, level === 'None' ? 'skipped' : 'ok');
  return [
    `${sign} ${paint(terminal, 'bold', level)} ${fold(`${place}  (Kubernetes ${kubernetes})`, terminal, 4)}`,
  ];
}

function stageLines(
  { level, stages, omitStages, omitManagedFields }: PolicyExplainResult,
  terminal: Terminal,
): readonly string[] {
  const omitted = omitStages.map(({ stage, by }) => `${stage} (by the ${by.join(' and the ')})`);
  const bodies = level === 'Request' || level === 'RequestResponse';
  return [
    row(terminal, 'recorded', stages.join(', ') || 'nothing'),
    ...(omitted.length === 0 ? [] : [row(terminal, 'left out', omitted.join(', '))]),
    ...(bodies && omitManagedFields ? [row(terminal, '', 'managed fields, of the bodies')] : []),
  ];
}
