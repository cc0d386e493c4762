// A policy out of answers: the rules of the preset `recommended`, less or more as whoever asks wants it. Whatever the
// answers are: ways into containers, Secrets and tokens, and failed logins are recorded; Secrets never above Metadata.
import type { ServerVersion } from '../facts.ts';
import { elsewhere, ignored, otherReads, rightsAlways, title, within, workloads } from './init-rules.ts';
import type { Answers } from './init-answers.ts';
import { textOf } from './presets/lines.ts';
import type { Lines } from './presets/lines.ts';
import * as pieces from './presets/pieces.ts';

/** The policy for these answers, as commented YAML, which an API server of that version starts with. */
export function policyFrom(answers: Answers, version: ServerVersion): string {
  const { omitManagedFields } = answers;
  const lines: readonly Lines[] = [
    title(answers, version),
    pieces.kind,
    pieces.fewerStages,
    ...(omitManagedFields ? [pieces.noManagedFields] : []),
    pieces.rules,
    pieces.intoContainers,
    pieces.healthProbes,
    pieces.discovery,
    pieces.heartbeats,
    pieces.oldLeaders,
    pieces.events,
    pieces.questions,
    pieces.controlPlaneReads,
    pieces.kubeletReads,
    pieces.secretsAndTokens,
    ...readsOf(answers),
    ...rightsOf(answers),
    ...ignored(answers),
    ...(answers.bodies === 'workloads' ? workloads(answers) : []),
    ...(answers.namespaces.length === 0 ? [pieces.rest] : [...within(answers), elsewhere]),
  ];
  return textOf(lines, version);
}

function readsOf({ reads }: Answers): readonly Lines[] {
  return reads === 'all' ? [pieces.addOnReads, pieces.informers] : [otherReads[reads]];
}

// Where rules below leave something out, rights come before them.
function rightsOf({ bodies: wanted, namespaces, ignoredUsers }: Answers): readonly Lines[] {
  const withBodies = wanted === 'none' ? [] : [pieces.rightsBefore37, pieces.rights];
  if (namespaces.length === 0 && ignoredUsers.length === 0) return withBodies;
  // from 1.37 on the rule with bodies has every write
  return [...withBodies, wanted === 'none' ? rightsAlways : { ...rightsAlways, to: 36 }];
}
