// `policy explain`: what a policy does about one request that is said, or about one that a log has an event of.
import type { Event } from '../../audit/event/event.ts';
import type { ServerVersion } from '../../audit/facts.ts';
import { explain } from '../../audit/policy/explain.ts';
import type { Attributes } from '../../audit/policy/policy.ts';
import type { PolicyExplainResult } from '../../audit/policy/results.ts';
import { attributesOf } from '../../audit/policy/request.ts';
import { requestOf } from '../../audit/policy/request-form.ts';
import { NoRequest } from '../../audit/policy/request-words.ts';
import type { RequestForm } from '../../audit/policy/request-words.ts';
import { newestKnown } from '../../audit/versions.ts';
import { Failure } from '../../errors.ts';
import type { World } from '../../io/world.ts';
import { fileSource } from '../sources/files.ts';
import { loadPolicy } from './load.ts';

export interface ExplainRequest {
  readonly policy: string;
  readonly version: ServerVersion | undefined;
  /** In words. */
  readonly form: RequestForm;
  /** The file of a log, `-` for standard input; in the place of words. */
  readonly event: string | undefined;
  /** Which event of it; the first where none is named. */
  readonly auditId: string | undefined;
}

/** What a policy is asked about, and what is known of how it came to that. */
type Subject = Pick<PolicyExplainResult, 'addedGroups' | 'event'> & {
  readonly attributes: Attributes;
  readonly notes: readonly string[];
};

/**
 * @param tell is told what was read otherwise than it may be meant
 * @throws Failure usage when the words make no request or the log has no such event; policy-invalid
 */
export async function explainPolicy(
  world: World,
  request: ExplainRequest,
  tell: (text: string) => void,
): Promise<PolicyExplainResult> {
  const { version = newestKnown } = request;
  mustFit(request);
  const { name, policy, lineOf } = await loadPolicy(world, request.policy, version, tell);
  const subject =
    request.event === undefined
      ? inWords(request.form, version)
      : await recorded(world, request.event, request.auditId, tell);
  const { attributes, addedGroups, event, notes } = subject;
  const { level, rule, passed, hints, ...more } = explain(policy, attributes, version);
  const { stages, omittedBy, omitManagedFields } = more;
  const unlike =
    event !== undefined && event.level !== level
      ? [`The event was recorded at ${event.level}: another policy was in force then.`]
      : [];
  const { user = null, ...asked } = attributes;
  return {
    ...{ policy: name, kubernetes: `1.${version.minor}` },
    request: { user, ...asked },
    addedGroups,
    ...(event && { event }),
    ...{ level, rule },
    ...(rule !== -1 && { line: lineOf(rule) }),
    stages,
    omitStages: omittedBy,
    omitManagedFields,
    passed: passed.map((one) => ({ ...one, line: lineOf(one.rule) })),
    hints: [...new Set([...notes, ...hints, ...unlike])],
  };
}

/** @throws Failure usage when what was said does not go together */
function mustFit({ policy, form, event, auditId }: ExplainRequest): void {
  const said = Object.entries(form).find(([, value]) => value !== undefined && value !== false);
  if (event === undefined && auditId !== undefined)
    throw new Failure('usage', '--audit-id says which event of a log is meant, and none is read.', [
      'Name the log: --event FILE.',
    ]);
  if (event !== undefined && said !== undefined)
    throw new Failure('usage', `--event and ${flagOf(said[0] as keyof RequestForm)} are both said.`, [
      'Say the request in words, or take it from a log.',
    ]);
  if (event === '-' && policy === '-')
    throw new Failure('usage', 'Standard input cannot be both the policy and the log.');
}

const flags: Partial<Record<keyof RequestForm, string>> = { asGroups: 'as-group', apiGroup: 'api-group' };
const flagOf = (field: keyof RequestForm): string => `--${flags[field] ?? field}`;

function inWords(form: RequestForm, version: ServerVersion): Subject {
  try {
    return requestOf(form, version, flagOf);
  } catch (error) {
    if (error instanceof NoRequest) throw new Failure('usage', error.message, [error.next], error);
    throw error;
  }
}

async function recorded(
  world: World,
  path: string,
  auditId: string | undefined,
  tell: (text: string) => void,
): Promise<Subject> {
  const found = await firstEvent(world, path, auditId, tell);
  const name = path === '-' ? 'standard input' : path;
  if (found === undefined)
    throw new Failure(
      'usage',
      `There is no ${auditId === undefined ? 'event' : `event ${auditId}`} in ${name}.`,
      ['See what there is: kubectl sematext-audit tail FILE -o wide'],
    );
  const { event, others } = found;
  if (others)
    tell(`${name} has more than one request; this is about ${event.auditId}. Name another: --audit-id ID.`);
  const notes =
    event.asUser === ''
      ? []
      : [`The policy sees ${event.user}, who sent it, and not ${event.asUser}, whom they acted as.`];
  const { stage, level } = event;
  return {
    attributes: attributesOf(event),
    addedGroups: [],
    notes,
    event: { auditId: event.auditId, stage, level },
  };
}

/** The first event of a request; `others` when events of another one were seen. */
async function firstEvent(
  world: World,
  path: string,
  auditId: string | undefined,
  tell: (text: string) => void,
): Promise<{ event: Event; others: boolean } | undefined> {
  const literals = auditId === undefined ? [] : [auditId];
  let event: Event | undefined;
  const { batches } = fileSource(world, path, { follow: false, literals, whole: false });
  for await (const { events, notes = [] } of batches()) {
    notes.forEach(tell);
    event ??= events.find((one) => auditId === undefined || one.auditId === auditId);
    const id = event?.auditId;
    if (event !== undefined && auditId !== undefined) return { event, others: false };
    if (event !== undefined && events.some((one) => one.auditId !== id)) return { event, others: true };
  }
  return event && { event, others: false };
}
